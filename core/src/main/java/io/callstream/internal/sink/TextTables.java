package io.callstream.internal.sink;

import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import java.time.ZoneId;
import java.util.Locale;
import java.util.Map;

/**
 * Formats results as tables for people. RowFormatter in a table cannot control a terminal: control
 * characters and similar characters appear as U+FFFD.
 */
public final class TextTables {
  private TextTables() {}

  /** Returns a table of the rows with the highest counts, of any width. */
  public static String top(Results results, int rows, ZoneId zone) {
    return top(results, rows, zone, Integer.MAX_VALUE);
  }

  /**
   * Returns a table of the rows with the highest counts. Numbers are right-aligned, each row starts
   * with its rank, and the line above the table shows the total number of rows. For a statistic
   * with a count, each row has its share of the sum of all counts. Below the rows, the table shows
   * the sum of the other rows and the total. Windows appear with their start.
   *
   * @param width the maximum width in terminal columns; long texts are truncated first, then lines
   */
  public static String top(Results results, int rows, ZoneId zone, int width) {
    return new TextTable(results, zone).top(rows, width);
  }

  /** Returns a text that is safe for a terminal, truncated or padded to a width. */
  public static String cell(String text, int width) {
    String shown = TerminalText.cut(text, width);
    return shown + " ".repeat(width - TerminalText.columns(shown));
  }

  public static String accounting(Accounting accounting) {
    StringBuilder text = new StringBuilder();
    text.append(
        format(
            """
            accounting: %,d received = %,d rejected + %,d duplicates + %,d calls
                        %,d ambiguous times (when clocks went back), %,d unknown dispositions
            """,
            accounting.received(),
            accounting.rejected(),
            accounting.duplicates(),
            accounting.calls(),
            accounting.ambiguousTimes(),
            accounting.unknownDispositions()));
    if (accounting.unconfirmedTimes() > 0) {
      text.append(
          format(
              "            %,d unconfirmed times (too far ahead to close windows)\n",
              accounting.unconfirmedTimes()));
    }
    for (Map.Entry<String, Accounting.Contributions> entry : accounting.statistics().entrySet()) {
      Accounting.Contributions contributions = entry.getValue();
      text.append(
          format(
              "            %s: %,d counted, %,d late%s\n",
              entry.getKey(),
              contributions.counted(),
              contributions.late(),
              contributions.filtered() > 0
                  ? format(", %,d filtered", contributions.filtered())
                  : ""));
    }
    return text.toString();
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
