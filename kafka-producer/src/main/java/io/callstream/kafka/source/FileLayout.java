package io.callstream.kafka.source;

import java.util.Locale;
import java.util.Optional;

/** The layout of the records in a file. */
public enum FileLayout {
  /**
   * One JSON array in UTF-8, or a sequence of JSON objects with or without white space between
   * them. Each element of the array, or each object, is a record as compact JSON: the same values,
   * names and order, the digits of each number unchanged, and no white space between tokens.
   */
  JSON,
  /**
   * Lines. The bytes of each line are a record, whether they are JSON or not, without the line end
   * ({@code \n} or {@code \r\n}). An empty line is an empty record. The end of the last line does
   * not start another line.
   */
  NDJSON,
  /**
   * Values separated by a comma, a semicolon, a tab or a vertical bar, with quotes as in RFC 4180,
   * in UTF-8. The first row contains the column names. Excel's line {@code sep=;} may precede it.
   * Each further row is a record: a compact JSON object with the names as keys and text as values.
   *
   * <ul>
   *   <li>White space around a name is removed. If the columns are those of a format of this
   *       library, or of {@linkplain CallSource#forFormat the format of the records}, a name in
   *       words, such as {@code Crime Id}, becomes the name of the field, {@code crime_id}. Case,
   *       white space and punctuation do not matter for this.
   *   <li>A column whose name is a path, such as {@code item.name} or {@code point.coordinates[0]},
   *       becomes a value at that path in nested objects and arrays, if the format of the records
   *       has the path.
   *   <li>A column without a name is called {@code column_} and its number, counted from 1.
   *   <li>If a row has fewer fields than the first row, the record does not have the missing keys.
   *       If a row has more fields, the further fields are in columns without a name. Both are
   *       reported ({@link CallRecords#remarks()}).
   *   <li>Empty lines are skipped.
   * </ul>
   */
  CSV;

  /**
   * Returns the layout that the extension of a file name indicates, ignoring {@code .gz} or {@code
   * .bz2}.
   */
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
