package io.callstream.kafka.source;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;

/** The rows of comma-separated values. */
final class CsvRecords extends ReadRecords {
  private static final CSVFormat FORMAT =
      CSVFormat.RFC4180.builder().setIgnoreEmptyLines(true).build();
  private static final int BYTE_ORDER_MARK = 0xef_bb_bf;

  /** A row is in memory as one text for each column, which is what these bound. */
  private static final int MAX_ROW_CHARS = 4 << 20;

  private static final int MAX_COLUMNS = 10_000;

  private final PeekableInput in;
  private final CompactJson json = new CompactJson();
  private final Utf8Reader text;
  private @Nullable CSVParser csv;
  private @Nullable Iterator<CSVRecord> rows;
  private String[] names = {};

  CsvRecords(String source, PeekableInput in) {
    super(source, in);
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
      // Some versions of the parser report a read that failed this way.
      throw e.getCause() instanceof IOException io ? io : new IOException(e);
    }
  }

  private Iterator<CSVRecord> start() throws IOException {
    if (((in.peek(0) << 16) | (in.peek(1) << 8) | in.peek(2)) == BYTE_ORDER_MARK) {
      in.skipNBytes(3);
    }
    csv = FORMAT.parse(text);
    Iterator<CSVRecord> all = csv.iterator();
    if (!all.hasNext()) {
      throw new IOException("a row with the names of the columns is expected first");
    }
    names = all.next().values();
    requireColumns(names.length);
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < names.length; i++) {
      names[i] = names[i].isBlank() ? unnamed(i) : names[i];
      if (!seen.add(names[i])) {
        throw new IOException("two columns have the same name, the second is column " + (i + 1));
      }
    }
    rows = all;
    return all;
  }

  private byte[] object(CSVRecord row) throws RecordLimitException {
    requireColumns(row.size());
    if (row.size() > names.length) {
      int named = names.length;
      names = Arrays.copyOf(names, row.size());
      for (int i = named; i < names.length; i++) {
        names[i] = unnamed(i);
      }
    }
    json.startObject();
    for (int i = 0; i < row.size(); i++) {
      json.addTextField(names[i], row.get(i));
    }
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

  @Override
  String place() {
    return "line " + (csv == null ? 1 : Math.max(1, csv.getCurrentLineNumber()));
  }
}
