package io.callstream.kafka.source;

import java.util.Locale;
import java.util.Optional;

/** How the records of a file follow each other. */
public enum FileLayout {
  /**
   * One JSON array in UTF-8. Each of its elements is a record, as compact JSON: the same values,
   * names and order, every number in the file's own digits, no white space between tokens.
   */
  JSON_ARRAY,
  /**
   * Lines. Each line's bytes are a record as they stand, whether JSON or not, without the line's
   * end ({@code \n} or {@code \r\n}). An empty line is a record of no bytes; the end of the last
   * line starts no further one.
   */
  NDJSON,
  /**
   * Comma-separated values as of RFC 4180, in UTF-8. The first row names the columns. Each further
   * row is a record: a compact JSON object with the names as keys and text as values. Columns that
   * a row lacks are left out; a column without a name is called {@code column_} and its number,
   * counted from 1. Lines without a character are skipped.
   */
  CSV;

  /** Returns what the end of a file's name says, once {@code .gz} or {@code .bz2} is taken off. */
  static Optional<FileLayout> ofName(String fileName) {
    String name = fileName.toLowerCase(Locale.ROOT);
    if (name.endsWith(".gz") || name.endsWith(".bz2")) {
      name = name.substring(0, name.lastIndexOf('.'));
    }
    if (name.endsWith(".json")) {
      return Optional.of(JSON_ARRAY);
    }
    if (name.endsWith(".ndjson") || name.endsWith(".jsonl")) {
      return Optional.of(NDJSON);
    }
    return name.endsWith(".csv") ? Optional.of(CSV) : Optional.empty();
  }
}
