package io.callstream.internal.sink;

import io.callstream.internal.aggregate.BlockResults;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.statistic.Column;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Formats results as tables for people. RowFormatter in a table cannot control a terminal: control
 * characters and similar characters appear as U+FFFD.
 */
public final class TextTables {
  private static final int MAX_CELL = 46;
  private static final int MIN_CELL = 4;
  private static final int DECIMALS = 6;
  private static final String GAP = "  ";

  private TextTables() {}

  /**
   * Returns a table of the rows with the highest counts. Numbers are right-aligned, each row starts
   * with its rank, and the line above the table shows the total number of rows. For a statistic
   * with a count, each row has its share of the sum of all counts. Below the rows, the table shows
   * the sum of the other rows and the total. Windows appear with their start.
   *
   * @param width the maximum width in terminal columns; long texts are truncated first, then lines
   */
  public static String top(Results results, int rows, ZoneId zone, int width) {
    return new Table(results, zone).top(rows, width);
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
            accounting: %,d received%s = %,d rejected + %,d duplicates + %,d calls
                        %,d ambiguous times (when clocks went back)%s
            """,
            accounting.received(),
            positive(" + %,d additional calls", accounting.additionalCalls()),
            accounting.rejected(),
            accounting.duplicates(),
            accounting.calls(),
            accounting.ambiguousTimes(),
            accounting.unknown().entrySet().stream()
                .map(lookup -> format(", %,d unknown %s", lookup.getValue(), lookup.getKey()))
                .collect(Collectors.joining())));
    if (accounting.corrections() > 0) {
      text.append(
          format("            %,d corrections of earlier calls\n", accounting.corrections()));
    }
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
              "            %s: %,d counted, %,d late%s%s%s\n",
              entry.getKey(),
              contributions.counted(),
              contributions.late(),
              positive(", %,d filtered", contributions.filtered()),
              positive(", %,d retracted", contributions.retracted()),
              positive(", %,d before it was added", contributions.earlier())));
    }
    return text.toString();
  }

  private static String positive(String pattern, long number) {
    return number > 0 ? format(pattern, number) : "";
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  private static final class Table {
    private final Results results;
    private final Statistic statistic;
    private final List<Column> columns;
    private final boolean counts;
    private final boolean shares;

    /** Whether all rows are in this process. Otherwise, only the first ones can be shown. */
    private final boolean whole;

    private final DateTimeFormatter minutes;
    private final DateTimeFormatter exact;

    /** Each line has the rank, a cell for each of the columns, and the share. */
    private final List<List<String>> lines = new ArrayList<>();

    Table(Results results, ZoneId zone) {
      this.results = results;
      this.statistic = results.statistic();
      // The end of a window follows from its start.
      this.columns =
          statistic.typedColumns().stream()
              .filter(
                  column ->
                      column.role() != Column.Role.WINDOW || column.name().equals("window_start"))
              .toList();
      this.whole = results instanceof BlockResults;
      // Spikes are not all groups, so they have no meaningful sums.
      this.counts =
          statistic.baseline().isEmpty()
              && statistic.measures().stream().anyMatch(Measure.Count.class::isInstance);
      this.shares =
          whole
              && counts
              && statistic.measures().stream().noneMatch(Measure.Share.class::isInstance);
      this.minutes = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mmx", Locale.ROOT).withZone(zone);
      this.exact = RowFormatter.times(zone);
    }

    String top(int rows, int width) {
      if (!whole) {
        addHeader();
        results.top(rows).forEach(row -> add(lines.size(), row, 0));
        int shown = lines.size() - 1;
        return format("%s: the first %,d rows\n", statistic.name(), shown)
            + (shown == 0 ? "" : aligned(width));
      }
      long number = 0;
      long total = 0;
      for (ResultRow row : (Iterable<ResultRow>) results.stream()::iterator) {
        number++;
        total += row.count();
      }
      boolean cut = number > rows;
      String title =
          format(
              cut && rows > 0 ? "%1$s: top %2$,d of %3$,d rows%5$s\n" : "%1$s: %3$,d %4$s%5$s\n",
              statistic.name(),
              rows,
              number,
              number == 1 ? "row" : "rows",
              results
                  .countedSince()
                  .map(
                      s ->
                          format(
                              ", counted since batch %d (%s)", s.batch(), minutes.format(s.time())))
                  .orElse(""));
      if (number == 0 || rows == 0) {
        return title;
      }
      addHeader();
      long counted = 0;
      for (ResultRow row : first(rows)) {
        counted += row.count();
        add(lines.size(), row, total);
      }
      if (counts && columns.size() > statistic.measures().size()) {
        if (cut) {
          addSum(format("… %,d more", number - rows), total - counted, total);
        }
        addSum("total", total, total);
      }
      return title + aligned(width);
    }

    /** Returns the rows with the highest counts, or the highest scores of spikes. */
    private List<ResultRow> first(int rows) {
      return statistic.baseline().isEmpty()
          ? results.top(rows)
          : results.stream()
              .sorted(Comparator.comparingDouble(Table::score).reversed())
              .limit(rows)
              .toList();
    }

    private static double score(ResultRow row) {
      return (double) row.value("score").orElse(0.0);
    }

    private void addHeader() {
      List<String> header = new ArrayList<>(List.of("#"));
      columns.forEach(column -> header.add(column.name()));
      if (shares) {
        header.add("share");
      }
      lines.add(header);
    }

    private void add(int rank, ResultRow row, long total) {
      List<String> line = new ArrayList<>(List.of(Integer.toString(rank)));
      for (Column column : columns) {
        line.add(row.value(column).map(value -> text(column, value)).orElse(""));
      }
      if (shares) {
        line.add(percent((double) row.count() / total));
      }
      lines.add(line);
    }

    private void addSum(String label, long count, long total) {
      List<String> line = new ArrayList<>(List.of("", label));
      int others = columns.size() - statistic.measures().size() - 1;
      line.addAll(Collections.nCopies(others, ""));
      for (Measure measure : statistic.measures()) {
        line.add(measure instanceof Measure.Count ? format("%,d", count) : "");
      }
      if (shares) {
        line.add(percent((double) count / total));
      }
      lines.add(line);
    }

    private String time(Instant start) {
      return (start.toEpochMilli() % 60_000 == 0 ? minutes : exact).format(start);
    }

    private String text(Column column, Object value) {
      if (value instanceof Instant start) {
        return time(start);
      }
      if (value instanceof Double share && RowFormatter.isShare(statistic, column)) {
        return percent(share);
      }
      return value instanceof Duration duration
          ? duration.toString().substring("PT".length()).toLowerCase(Locale.ROOT)
          : RowFormatter.readable(value, DECIMALS);
    }

    private static String percent(double share) {
      return format("%.2f%%", share * 100);
    }

    private String aligned(int width) {
      int[] widths = widths(width);
      StringBuilder table = new StringBuilder();
      for (int l = 0; l < lines.size(); l++) {
        List<String> line = lines.get(l);
        StringBuilder text = new StringBuilder();
        for (int c = 0; c < widths.length; c++) {
          String cell = TerminalText.cut(line.get(c), widths[c]);
          String padding = " ".repeat(widths[c] - TerminalText.columns(cell));
          // A line with a sum has no rank. Its label is in the first column, which may be of any
          // type.
          boolean left =
              is(Column.Type.TEXT, c)
                  || is(Column.Type.TIME, c)
                  || (c == 1 && line.get(0).isEmpty());
          text.append(GAP).append(left ? cell + padding : padding + cell);
        }
        append(table, text, width);
        if (l == 0) {
          StringBuilder rule = new StringBuilder();
          for (int columnWidth : widths) {
            rule.append(GAP).append("-".repeat(columnWidth));
          }
          append(table, rule, width);
        }
      }
      return table.toString();
    }

    private static void append(StringBuilder table, StringBuilder line, int width) {
      table.append(TerminalText.cut(line.toString().stripTrailing(), width)).append('\n');
    }

    /** Returns the widths of the columns. Only texts are narrowed. */
    private int[] widths(int width) {
      int[] widths = new int[lines.get(0).size()];
      long sum = 0;
      for (int c = 0; c < widths.length; c++) {
        for (List<String> line : lines) {
          String cell = TerminalText.cut(line.get(c), MAX_CELL);
          widths[c] = Math.max(widths[c], TerminalText.columns(cell));
        }
        sum += GAP.length() + widths[c];
      }
      int widest = widestText(widths);
      while (sum > width && widest >= 0) {
        widths[widest]--;
        sum--;
        widest = widestText(widths);
      }
      return widths;
    }

    /** Returns the widest column of texts, or -1 if all have their minimum width. */
    private int widestText(int[] widths) {
      int widest = -1;
      for (int c = 0; c < widths.length; c++) {
        if (is(Column.Type.TEXT, c) && widths[c] > (widest < 0 ? MIN_CELL : widths[widest])) {
          widest = c;
        }
      }
      return widest;
    }

    private boolean is(Column.Type type, int c) {
      return c > 0 && c <= columns.size() && columns.get(c - 1).type() == type;
    }
  }
}
