package io.callstream.lookup;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The sources of tables in this library. {@code KafkaLookups} adds a compacted topic. */
public final class LookupSources {
  private LookupSources() {}

  /**
   * Returns a CSV file: text in UTF-8 with commas, whose first row has the names of the columns. A
   * run reads the file when it starts, and again before a batch if the file has changed. Replace
   * the file by a rename, so that a run never reads half of it. The run fails if the file is
   * missing or not valid, or if two rows have the same key.
   */
  public static LookupSource csv(Path file) {
    return new CsvLookup(file);
  }

  /**
   * Returns a table that does not change.
   *
   * @param rows the values of each row by its key, in the order of {@link LookupTable#columns()};
   *     copied
   */
  public static LookupSource fixed(Map<String, List<String>> rows) {
    MemoryLookup fixed = inMemory();
    fixed.replace(rows);
    return fixed;
  }

  /** Returns a table in memory without rows, for tests and for tables that a program keeps. */
  public static MemoryLookup inMemory() {
    return new MemoryLookup(new TreeMap<>());
  }
}
