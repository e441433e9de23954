package io.callstream.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** The arguments {@code key=value} of a main. Not thread-safe. */
final class KeyValues {
  private final Map<String, String> given = new TreeMap<>();
  private final Map<String, String> untaken = new TreeMap<>();

  KeyValues(String[] args) {
    for (String arg : args) {
      int equals = arg.indexOf('=');
      if (equals < 0) {
        throw new IllegalArgumentException("'" + arg + "' is not of the form key=value");
      }
      given.put(arg.substring(0, equals), arg.substring(equals + 1));
    }
    untaken.putAll(given);
  }

  String take(String key, String otherwise) {
    String value = untaken.remove(key);
    return value == null ? otherwise : value;
  }

  long take(String key, long otherwise) {
    return Long.parseLong(take(key, Long.toString(otherwise)));
  }

  double take(String key, double otherwise) {
    return Double.parseDouble(take(key, Double.toString(otherwise)));
  }

  /** Takes all whose keys begin so, without that beginning. */
  Map<String, String> takeAll(String prefix) {
    Map<String, String> taken = new LinkedHashMap<>();
    given.forEach(
        (key, value) -> {
          if (key.startsWith(prefix)) {
            untaken.remove(key);
            taken.put(key.substring(prefix.length()), value);
          }
        });
    return taken;
  }

  /** Refuses keys that nobody took. */
  void requireAllTaken() {
    if (!untaken.isEmpty()) {
      throw new IllegalArgumentException("Unknown options: " + untaken.keySet());
    }
  }

  /** Returns all, for the record. */
  @Override
  public String toString() {
    return given.toString();
  }
}
