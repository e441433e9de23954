package io.callstream.spark;

/**
 * The keys of the rows between tasks. The first letter of a key defines the kind of the row:
 * partial results of a window or their merged updates, calls that may be duplicates, the report of
 * a task, or dead letters.
 */
final class RowKey {
  private static final char WINDOW = 's';
  private static final char CANDIDATES = 'c';
  private static final char REPORT = 'r';
  private static final char LETTERS = 'd';
  private static final char LETTER_FILE = 'f';

  private RowKey() {}

  static String window(int statistic, long windowStart) {
    return WINDOW + "/" + statistic + "/" + windowStart;
  }

  static String candidates(int bucket) {
    return CANDIDATES + "/" + bucket;
  }

  static String report(String task) {
    return REPORT + "/" + task;
  }

  static String letters(String task) {
    return LETTERS + "/" + task;
  }

  static String letterFile(String task) {
    return LETTER_FILE + "/" + task;
  }

  static boolean isWindow(String key) {
    return key.charAt(0) == WINDOW;
  }

  static boolean isCandidates(String key) {
    return key.charAt(0) == CANDIDATES;
  }

  static boolean isReport(String key) {
    return key.charAt(0) == REPORT;
  }

  static boolean isLetters(String key) {
    return key.charAt(0) == LETTERS;
  }

  static boolean isLetterFile(String key) {
    return key.charAt(0) == LETTER_FILE;
  }

  static int statistic(String windowKey) {
    return Integer.parseInt(windowKey, 2, windowKey.indexOf('/', 2), 10);
  }

  static long windowStart(String windowKey) {
    return Long.parseLong(windowKey, windowKey.indexOf('/', 2) + 1, windowKey.length(), 10);
  }
}
