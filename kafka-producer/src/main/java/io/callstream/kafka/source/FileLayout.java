package io.callstream.kafka.source;

import java.util.Locale;
import java.util.Optional;

/** How the records of a file follow each other. */
public enum FileLayout {
  /**
   * One JSON array in UTF-8, or JSON objects that follow each other with or without white space.
   * Each element of the array, or each object, is a record, as compact JSON: the same values, names
   * and order, the digits of each number unchanged, and no white space between tokens.
   */
  JSON,
  /**
   * Lines. The bytes of each line are a record, whether they are JSON or not, without the line's
   * end ({@code \n} or {@code \r\n}). An empty line is an empty record. The end of the last line
   * does not start another one.
   */
  NDJSON,
  /**
   * Values that are separated by a comma, a semicolon, a tab or a vertical bar, with quotes as of
   * RFC 4180, in UTF-8. The first row names the columns. Excel's line {@code sep=;} may precede it.
   * Each further row is a record: a compact JSON object with the names as keys and text as values.
   *
   * <ul>
   *   <li>White space around a name is removed. If the columns are those of a format of this
   *       library, a name in words, such as {@code Crime Id}, becomes that of the field, {@code
   *       crime_id}.
   *   <li>A column without a name is called {@code column_} and its number, counted from 1.
   *   <li>A row with fewer fields than the first row has no keys for the rest, and further fields
   *       are in columns without a name. Both are reported ({@link CallRecords#remarks()}).
   *   <li>Empty lines are skipped.
   * </ul>
   */
  CSV;

  /** Returns what the end of a file's name promises, before {@code .gz} or {@code .bz2}. */
  static Optional<FileLayout> ofName(String fileName) {
    String name = fileName.toLowerCase(Locale.ROOT);
    if (name.endsWith(".gz") || name.endsWith(".bz2")) {
      name = name.substring(0, name.lastIndexOf('.'));
    }
    if (name.endsWith(".json")) {
      return Optional.of(JSON);
    }
    if (name.endsWith(".ndjson") || name.endsWith(".jsonl")) {
      return Optional.of(NDJSON);
    }
    return name.endsWith(".csv") ? Optional.of(CSV) : Optional.empty();
  }
}
