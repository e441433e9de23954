package io.callstream.lookup;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A table in memory. A change applies to batches that start after it. Thread-safe. */
public final class MemoryLookup implements LookupSource {
  /** Never modified. A change replaces it. */
  private volatile Map<String, List<String>> rows;

  MemoryLookup(Map<String, List<String>> rows) {
    this.rows = rows;
  }

  /** Adds a row, or replaces the row of the key. */
  public synchronized void put(String key, String... values) {
    Map<String, List<String>> next = new TreeMap<>(rows);
    next.put(key, List.of(values));
    rows = next;
  }

  /** Removes the row of a key, if there is one. */
  public synchronized void remove(String key) {
    Map<String, List<String>> next = new TreeMap<>(rows);
    next.remove(key);
    rows = next;
  }

  /** Replaces all rows. */
  public synchronized void replace(Map<String, List<String>> all) {
    Map<String, List<String>> next = new TreeMap<>();
    all.forEach((key, values) -> next.put(key, List.copyOf(values)));
    rows = next;
  }

  @Override
  public String description() {
    return "a table in memory";
  }

  @Override
  public Reader open(LookupTable table) {
    return new Reader() {
      private @Nullable Map<String, List<String>> last;

      @Override
      public Optional<Map<String, List<String>>> poll() {
        Map<String, List<String>> now = rows;
        boolean isNew = now != last;
        last = now;
        return isNew ? Optional.of(now) : Optional.empty();
      }
    };
  }
}
