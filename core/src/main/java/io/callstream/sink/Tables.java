package io.callstream.sink;

import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import java.time.ZoneId;
import java.util.Locale;
import java.util.Map;

/**
 * Results as tables for people. Whatever texts they hold, a table controls no terminal: control
 * characters and the like show as U+FFFD.
 */
public final class Tables {
  private Tables() {}

  /**
   * Returns a table of the rows with the highest counts, as wide as it has to be.
   *
   * @see #top(Results, int, ZoneId, int)
   */
  public static String top(Results results, int rows, ZoneId zone) {
    return top(results, rows, zone, Integer.MAX_VALUE);
  }

  /**
   * Returns a table of the rows with the highest counts: numbers to the right, a rank in front, how
   * many rows there are in all above it. A statistic that counts gets each row's share of the sum
   * of all counts, and below the rows what the others have, and the sum. Windows show their start.
   *
   * @param rows how many rows at most
   * @param zone the zone in which times are shown
   * @param width how many columns of a terminal it may take; long texts are cut for that, then
   *     lines
   */
  public static String top(Results results, int rows, ZoneId zone, int width) {
    return new Table(results, zone).top(rows, width);
  }

  /**
   * Returns a text as a cell of a table that goes by columns of a terminal: harmless, cut or filled
   * up with spaces to a width.
   *
   * @param width how many columns; at least 1
   */
  public static String cell(String text, int width) {
    String shown = TerminalText.cut(text, width);
    return shown + " ".repeat(width - TerminalText.columns(shown));
  }

  /** Returns where every record went, in lines. */
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
