package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.CallFormat;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The format of the rows of a CSV file, detected from its first line.
 *
 * @param delimiter the character that separates values
 * @param preamble the number of bytes before the header row: empty lines, and Excel's line {@code
 *     sep=;}
 */
record CsvDialect(char delimiter, int preamble) {
  private static final List<Character> DELIMITERS = List.of(',', ';', '\t', '|');
  private static final Pattern EXCEL_LINE =
      Pattern.compile("\"?sep=(.)\"?", Pattern.CASE_INSENSITIVE);

  /** The field names of calls. */
  private static final Set<String> FIELDS =
      CallFormat.all().stream()
          .flatMap(format -> format.fieldNames().stream())
          .collect(Collectors.toUnmodifiableSet());

  /** The fields that distinguish the formats: the id and the time. */
  private static final Set<String> KEYS =
      CallFormat.all().stream()
          .flatMap(format -> Stream.of(format.timeField(), format.idField().orElseThrow()))
          .collect(Collectors.toUnmodifiableSet());

  /** The number of known names that make an arbitrary line a header. */
  private static final int ENOUGH_NAMES = 2;

  /**
   * A line.
   *
   * @param end the start of the next line, or the end of the bytes that can be examined
   */
  private record Line(String text, int end) {
    /** Returns the first line after {@code start} that is not empty. */
    static Line after(PeekableInput in, int start) {
      int first = start;
      while (in.lookAt(first) == '\n' || in.lookAt(first) == '\r') {
        first++;
      }
      return at(in, first);
    }

    private static Line at(PeekableInput in, int start) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      int i = start;
      int b = in.lookAt(i);
      while (b >= 0 && b != '\n' && b != '\r') {
        bytes.write(b);
        b = in.lookAt(++i);
      }
      i += b == '\r' && in.lookAt(i + 1) == '\n' ? 2 : b < 0 ? 0 : 1;
      return new Line(bytes.toString(UTF_8), i);
    }
  }

  /** Returns whether a character can separate values. */
  static boolean isDelimiter(int character) {
    return DELIMITERS.contains((char) character);
  }

  /** Returns whether a source starts with field names and no line of JSON follows. */
  static boolean isHeader(PeekableInput in) {
    Line first = Line.after(in, 0);
    boolean isExcel = EXCEL_LINE.matcher(first.text()).matches();
    Line header = isExcel ? Line.after(in, first.end()) : first;
    boolean isHeader = false;
    for (char delimiter : DELIMITERS) {
      isHeader |= knownNames(header.text(), delimiter) >= ENOUGH_NAMES;
    }
    int next = header.end();
    while (isHeader && (in.lookAt(next) == '\n' || in.lookAt(next) == '\r')) {
      next++;
    }
    return isHeader && in.lookAt(next) != '{';
  }

  /**
   * Finds the delimiter. Excel's line names it. Otherwise it is the delimiter that splits the
   * header into the most known field names, or else the only delimiter in the header.
   *
   * @throws UnreadableSourceException if none of these rules finds a delimiter
   */
  static CsvDialect of(PeekableInput in) throws UnreadableSourceException {
    Line first = Line.after(in, 0);
    Matcher excel = EXCEL_LINE.matcher(first.text());
    if (excel.matches()) {
      char delimiter = excel.group(1).charAt(0);
      if (!isDelimiter(delimiter)) {
        throw new UnreadableSourceException(
            "its first line, 'sep=', sets a delimiter that is not a comma, a semicolon, a tab or a"
                + " vertical bar. Export it with one of these.");
      }
      return new CsvDialect(delimiter, first.end());
    }
    char best = ',';
    int most = knownNames(first.text(), best);
    for (char delimiter : DELIMITERS) {
      int known = knownNames(first.text(), delimiter);
      if (known > most) {
        best = delimiter;
        most = known;
      }
    }
    return new CsvDialect(most > 0 ? best : onlyDelimiter(first.text()), 0);
  }

  /** Returns the delimiter of a header without a known name. */
  private static char onlyDelimiter(String header) throws UnreadableSourceException {
    List<Character> present = new ArrayList<>();
    for (char delimiter : DELIMITERS) {
      if (split(header, delimiter).size() > 1) {
        present.add(delimiter);
      }
    }
    if (present.contains(',') || present.isEmpty()) {
      return ',';
    }
    if (present.size() > 1) {
      throw new UnreadableSourceException(
          "its first line has no comma and several other delimiters. Put a line such as 'sep=;'"
              + " before it.");
    }
    return present.get(0);
  }

  private static int knownNames(String header, char delimiter) {
    return (int)
        split(header, delimiter).stream()
            .map(CsvDialect::fieldNamed)
            .filter(FIELDS::contains)
            .distinct()
            .count();
  }

  private static List<String> split(String line, char delimiter) {
    List<String> values = new ArrayList<>();
    StringBuilder value = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (c == '"') {
        quoted = !quoted;
      } else if (c == delimiter && !quoted) {
        values.add(value.toString());
        value.setLength(0);
      } else {
        value.append(c);
      }
    }
    values.add(value.toString());
    return values;
  }

  /**
   * Removes white space around column names. If the columns are those of a known format, names in
   * words, such as {@code Crime Id}, become field names.
   */
  static void nameFields(String[] columns) {
    boolean isKnown = Stream.of(columns).map(CsvDialect::fieldNamed).anyMatch(KEYS::contains);
    for (int i = 0; i < columns.length; i++) {
      columns[i] = isKnown ? fieldNamed(columns[i]) : columns[i].strip();
    }
  }

  private static String fieldNamed(String column) {
    String name = column.strip();
    String field = name.toLowerCase(Locale.ROOT).replaceAll("[ _-]+", "_");
    return FIELDS.contains(field) ? field : name;
  }
}
