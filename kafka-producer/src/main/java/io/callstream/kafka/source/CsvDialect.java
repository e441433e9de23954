package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

  /**
   * A line.
   *
   * @param start its offset ahead
   * @param end the offset of the line break, or of the end of the bytes that can be examined
   */
  private record Line(int start, String text, int end) {
    /** Returns the first line after {@code offset} that is not empty. */
    static Line after(PeekableInput in, int offset) {
      int start = offset;
      while (in.lookAt(start) == '\n' || in.lookAt(start) == '\r') {
        start++;
      }
      int end = start;
      while (in.lookAt(end) >= 0 && in.lookAt(end) != '\n' && in.lookAt(end) != '\r') {
        end++;
      }
      String text = new String(in.bytes, in.start + start, end - start, UTF_8);
      return new Line(start, text, end);
    }
  }

  static boolean isDelimiter(int character) {
    return DELIMITERS.contains((char) character);
  }

  /** Returns whether a source starts with field names and no line of JSON follows. */
  static boolean isHeader(PeekableInput in, ColumnNames names) {
    Line first = Line.after(in, 0);
    boolean isExcel = EXCEL_LINE.matcher(first.text()).matches();
    Line header = isExcel ? Line.after(in, first.end()) : first;
    return names.isHeader(split(header.text(), bestDelimiter(header.text(), names)))
        && in.lookAt(Line.after(in, header.end()).start()) != '{';
  }

  /**
   * Finds the delimiter. Excel's line names it. Otherwise it is the delimiter that splits the
   * header into the most known field names, or else the only delimiter in the header.
   *
   * @throws UnreadableSourceException if none of these rules finds a delimiter
   */
  static CsvDialect of(PeekableInput in, ColumnNames names) throws UnreadableSourceException {
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
    char best = bestDelimiter(first.text(), names);
    boolean isKnown = names.known(split(first.text(), best)) > 0;
    return new CsvDialect(isKnown ? best : onlyDelimiter(first.text()), 0);
  }

  /** Returns the delimiter that splits a header into the most known names. */
  private static char bestDelimiter(String header, ColumnNames names) {
    return Collections.max(
        DELIMITERS, Comparator.comparingInt(delimiter -> names.known(split(header, delimiter))));
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
}
