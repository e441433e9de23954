package io.callstream.benchmarks;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** The {@code key=value} arguments of a main class. Not thread-safe. */
final class Arguments {
  private final Map<String, String> all = new TreeMap<>();
  private final Map<String, String> unread = new TreeMap<>();

  /**
   * Passes that are not measured.
   *
   * @param topic the topic; it may be empty if {@code times} is 0
   * @param records the number of records in the topic
   * @param times the number of passes
   */
  record WarmUp(String topic, long records, int times) {}

  /** Reads the arguments from index {@code from}. */
  Arguments(String[] args, int from) {
    for (String arg : Arrays.asList(args).subList(from, args.length)) {
      int equals = arg.indexOf('=');
      if (equals < 0) {
        throw new IllegalArgumentException("'" + arg + "' is not of the form key=value");
      }
      all.put(arg.substring(0, equals), arg.substring(equals + 1));
    }
    unread.putAll(all);
  }

  String get(String key, String defaultValue) {
    String value = unread.remove(key);
    return value == null ? defaultValue : value;
  }

  long get(String key, long defaultValue) {
    return Long.parseLong(get(key, Long.toString(defaultValue)));
  }

  int get(String key, int defaultValue) {
    return Integer.parseInt(get(key, Integer.toString(defaultValue)));
  }

  /** Returns the argument {@code warm=topic:records[:times]}. */
  WarmUp warmUp() {
    String[] parts = get("warm", ":0:0").split(":", -1);
    return new WarmUp(
        parts[0], Long.parseLong(parts[1]), parts.length > 2 ? Integer.parseInt(parts[2]) : 1);
  }

  /** Returns the arguments whose keys start with {@code prefix}, without the prefix. */
  Map<String, String> withPrefix(String prefix) {
    Map<String, String> found = new LinkedHashMap<>();
    all.forEach(
        (key, value) -> {
          if (key.startsWith(prefix)) {
            unread.remove(key);
            found.put(key.substring(prefix.length()), value);
          }
        });
    return found;
  }

  /** Rejects arguments that were not read. */
  void requireAllRead() {
    if (!unread.isEmpty()) {
      throw new IllegalArgumentException("Unknown options: " + unread.keySet());
    }
  }

  @Override
  public String toString() {
    return all.toString();
  }
}
