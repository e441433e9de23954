package io.callstream.kafka.source;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;

/** The rows of a CSV file as records. */
final class CsvRecords extends ReadRecords {
  private static final CSVFormat FORMAT =
      CSVFormat.RFC4180.builder().setIgnoreEmptyLines(true).build();

  /**
   * The parser's message for a file that ends inside quotes, with the line where the quotes start.
   */
  private static final Pattern OPEN_QUOTES =
      Pattern.compile("\\(startline (\\d+)\\) EOF reached before encapsulated token finished.*");

  /** Each row is in memory as one string per column. These limits bound its size. */
  private static final int MAX_ROW_CHARS = 4 << 20;

  private static final int MAX_COLUMNS = 10_000;

  private final PeekableInput in;
  private final CompactJson json = new CompactJson();
  private final Utf8Reader text;
  private @Nullable CSVParser csv;
  private @Nullable Iterator<CSVRecord> rows;
  private final ColumnNames fields;
  private String[] names = {};
  private int columns;
  private final NestedColumns nested = new NestedColumns();

  /** Which columns are in {@link #nested}. */
  private boolean[] isNested = {};

  /** The number of lines before the header row. */
  private int linesBefore;

  private long otherRows;
  private long firstOtherRow;

  CsvRecords(String source, PeekableInput in, ColumnNames fields) {
    super(source, in);
    this.fields = fields;
    this.in = in;
    this.text = new Utf8Reader(in, MAX_ROW_CHARS);
  }

  @Override
  byte @Nullable [] read() throws IOException {
    try {
      Iterator<CSVRecord> all = rows == null ? start() : rows;
      text.startRecord();
      return all.hasNext() ? object(all.next()) : null;
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } catch (IllegalStateException e) {
      // Some versions of the parser report a failed read as this exception.
      throw e.getCause() instanceof IOException io ? io : new IOException(e);
    }
  }

  private Iterator<CSVRecord> start() throws IOException {
    CsvDialect dialect = CsvDialect.of(in, fields);
    for (int i = 0; i < dialect.preamble(); i++) {
      linesBefore += in.read() == '\n' ? 1 : 0;
    }
    csv = FORMAT.builder().setDelimiter(dialect.delimiter()).build().parse(text);
    Iterator<CSVRecord> all = csv.iterator();
    if (!all.hasNext()) {
      throw new IOException("it is empty, and a row with the names of the columns is expected");
    }
    names = all.next().values();
    columns = names.length;
    requireColumns(columns);
    if (names[0].startsWith("{") || names[0].startsWith("[")) {
      throw new UnreadableSourceException(
          "its first line is JSON, where CSV has the names of the columns. Read it with the layout"
              + " json or ndjson.");
    }
    fields.nameFields(names);
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < columns; i++) {
      names[i] = names[i].isEmpty() ? unnamed(i) : names[i];
      if (names[i].startsWith("\"")) {
        throw new UnreadableSourceException(
            "the name of column "
                + (i + 1)
                + " has white space before its quotes. Export it without white space around"
                + " delimiters.");
      }
      if (!seen.add(names[i])) {
        throw new UnreadableSourceException(
            "two columns have the same name, the second is column "
                + (i + 1)
                + ". Give each column a different name.");
      }
    }
    isNested = new boolean[columns];
    for (int i = 0; i < columns; i++) {
      isNested[i] = NestedColumns.isNested(names[i]) && fields.has(names[i]);
      if (isNested[i]) {
        nested.add(names[i], i);
      }
    }
    rows = all;
    return all;
  }

  private byte[] object(CSVRecord row) throws RecordLimitException {
    requireColumns(row.size());
    if (row.size() != columns) {
      firstOtherRow = otherRows == 0 ? row.getRecordNumber() - 1 : firstOtherRow;
      otherRows++;
    }
    if (row.size() > names.length) {
      int named = names.length;
      names = Arrays.copyOf(names, row.size());
      for (int i = named; i < names.length; i++) {
        names[i] = unnamed(i);
      }
    }
    json.startObject();
    for (int i = 0; i < row.size(); i++) {
      if (i >= columns || !isNested[i]) {
        json.addTextField(names[i], row.get(i));
      }
    }
    nested.write(json, column -> column < row.size() ? row.get(column) : null);
    return json.endObject();
  }

  private static void requireColumns(int columns) throws RecordLimitException {
    if (columns > MAX_COLUMNS) {
      throw new RecordLimitException(
          "one row has " + columns + " columns; there may be " + MAX_COLUMNS);
    }
  }

  private static String unnamed(int index) {
    return "column_" + (index + 1);
  }

  private long csvLine() {
    return csv == null ? 1 : Math.max(1, csv.getCurrentLineNumber());
  }

  @Override
  public List<String> remarks() {
    return otherRows == 0
        ? List.of()
        : List.of(
            String.format(
                Locale.ROOT,
                "rows with more or fewer fields than the %,d columns: %,d, the first is record %,d",
                columns,
                otherRows,
                firstOtherRow));
  }

  @Override
  String place() {
    return "line " + (linesBefore + csvLine());
  }

  @Override
  String reason(IOException e) {
    String message = super.reason(e);
    Matcher open = OPEN_QUOTES.matcher(message);
    if (open.matches()) {
      return "the file ends inside quotes that start in line "
          + (linesBefore + Long.parseLong(open.group(1)))
          + ". It is truncated, or the closing quote is missing";
    }
    return message.contains("encapsulated token and delimiter")
        ? "text follows a closing quote"
        : message;
  }
}
