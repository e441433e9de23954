package io.callstream.internal.sink;

import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.sink.AlignedTable.Align;
import io.callstream.internal.sink.AlignedTable.Column;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Measure.ValueType;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Formats results and the accounting for people. Days of the week have their names. Texts cannot
 * control a terminal: control characters and similar characters appear as U+FFFD. Immutable and
 * thread-safe.
 */
public final class TextTables {
  /** The width of tables where there is no terminal, in columns. */
  public static final int DEFAULT_WIDTH = 80;

  /** The share of the count that the largest row of a table has at least. */
  private static final double MIN_SHARE = 0.005;

  /** The measures of spikes that narrow tables do not show, so that they show whole types. */
  private static final Set<String> OPTIONAL = Set.of("spread", "history");

  private static final int MAX_TEXT = 46;
  private static final int DECIMALS = 3;
  private static final String GAP = "  ";
  private static final String INDENT = " ".repeat("accounting: ".length());

  private final ZoneId zone;
  private final int width;
  private final TerminalStyle style;

  /**
   * Creates a formatter.
   *
   * @param zone the zone of windows
   * @param width the maximum width in terminal columns. A table of more than about eight dimensions
   *     may exceed it.
   */
  public TextTables(ZoneId zone, int width, TerminalStyle style) {
    this.zone = zone;
    this.width = width;
    this.style = style;
  }

  /**
   * Returns a table of the rows with the highest counts. Numbers are right-aligned, each row starts
   * with its rank, and the line above the table shows the total number of rows. For a statistic
   * with a count, each row has its share of the sum of all counts. Below the rows, the table shows
   * the sum of the other rows and the total. Windows appear with their start, and codes with their
   * description.
   */
  public String top(Results results, int rows) {
    return new Content(results).top(rows);
  }

  /**
   * Returns the table of {@link #top(Results, int)}, or a text that replaces a table without
   * meaning, whose largest row has less than 0.5 % of the sum of all counts. Only a statistic of
   * more than 200 rows can have such a table. A table of all rows always has a meaning.
   *
   * @param rows the number of rows of the table
   * @param advice how to see the rows
   */
  public String topOrAdvice(Results results, int rows, String advice) {
    Content content = new Content(results);
    return content.insteadOfTop(rows, advice).orElseGet(() -> content.top(rows));
  }

  /** Returns a text that is safe for a terminal, truncated or padded to a width. */
  public static String cell(String text, int width) {
    String shown = TerminalText.cut(text, width);
    return shown + " ".repeat(width - TerminalText.columns(shown));
  }

  /** Returns the accounting, with a line for each statistic if the width is enough. */
  public String accounting(Accounting accounting) {
    List<String> sum = new ArrayList<>();
    sum.add(style.bold("accounting:") + format(" %,d received", accounting.received()));
    addPositive(sum, "+ %s", accounting.additionalCalls(), "additional call");
    sum.add(format("= %,d rejected", accounting.rejected()));
    sum.add("+ " + Plural.of(accounting.duplicates(), "duplicate"));
    sum.add("+ " + Plural.of(accounting.calls(), "call"));
    StringBuilder text = new StringBuilder(wrapped(INDENT, " ", sum));
    List<String> remarks = new ArrayList<>();
    remarks.add(
        Plural.of(accounting.ambiguousTimes(), "ambiguous time") + " (when clocks went back)");
    accounting
        .unknown()
        .forEach((lookup, number) -> remarks.add(format("%,d unknown %s", number, lookup)));
    text.append(indented(remarks));
    List<String> others = new ArrayList<>();
    addPositive(others, "%s of earlier calls", accounting.corrections(), "correction");
    addPositive(
        others,
        "%s (too far ahead to close windows)",
        accounting.unconfirmedTimes(),
        "unconfirmed time");
    others.forEach(other -> text.append(indented(List.of(other))));
    for (Map.Entry<String, Accounting.Contributions> entry : accounting.statistics().entrySet()) {
      Accounting.Contributions contributions = entry.getValue();
      List<String> parts = new ArrayList<>();
      parts.add(format("%s: %,d counted", entry.getKey(), contributions.counted()));
      parts.add(format("%,d late", contributions.late()));
      addPositive(parts, "%,d filtered", contributions.filtered());
      addPositive(parts, "%,d retracted", contributions.retracted());
      addPositive(parts, "%,d before it was added", contributions.earlier());
      text.append(indented(parts));
    }
    return text.toString();
  }

  private static void addPositive(List<String> parts, String pattern, long number, String noun) {
    if (number > 0) {
      parts.add(format(pattern, Plural.of(number, noun)));
    }
  }

  private static void addPositive(List<String> parts, String pattern, long number) {
    if (number > 0) {
      parts.add(format(pattern, number));
    }
  }

  private String indented(List<String> parts) {
    List<String> indented = new ArrayList<>(parts);
    indented.set(0, INDENT + parts.get(0));
    return wrapped(INDENT + GAP, ", ", indented);
  }

  /** Returns parts in lines that fit the width. The first line has no indent. */
  private String wrapped(String indent, String separator, List<String> parts) {
    StringBuilder lines = new StringBuilder();
    StringBuilder line = new StringBuilder(parts.get(0));
    for (int i = 1; i < parts.size(); i++) {
      String part = parts.get(i);
      String end = i + 1 < parts.size() ? separator.stripTrailing() : "";
      if (columns(line + separator + part + end) > width) {
        lines.append((line + separator).stripTrailing()).append('\n');
        line = new StringBuilder(indent + part);
      } else {
        line.append(separator).append(part);
      }
    }
    return lines.append(line).append('\n').toString();
  }

  private static int columns(String text) {
    return TerminalText.columns(text.replaceAll("\u001b\\[\\d+m", ""));
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  private static String percent(double share) {
    return format("%.2f%%", share * 100);
  }

  /**
   * Returns a duration in seconds, with a decimal if it is shorter than a minute, and with three if
   * it is shorter than 0.1 s.
   */
  private static String text(Duration duration) {
    long millis = Math.abs(duration.toMillis());
    double unit = millis < 100 ? 1 : millis < 60_000 ? 100 : 1_000;
    Duration rounded = Duration.ofMillis(Math.round(duration.toMillis() / unit) * (long) unit);
    return rounded.toString().substring("PT".length()).toLowerCase(Locale.ROOT);
  }

  private static String text(Measure measure, Object value) {
    if (measure instanceof Measure.Share && value instanceof Double share) {
      return percent(share);
    }
    return value instanceof Duration duration
        ? text(duration)
        : RowFormatter.readable(value, DECIMALS);
  }

  /** What a table of a statistic shows. */
  private final class Content {
    private final Results results;
    private final Statistic statistic;
    private final boolean hasSpikes;
    private final boolean counts;
    private final boolean shares;

    /** Whether all rows are in this process. Otherwise, only the first ones can be shown. */
    private final boolean whole;

    private final DateTimeFormatter minutes;
    private final DateTimeFormatter exact;
    private long number;
    private long total;

    Content(Results results) {
      this.results = results;
      this.statistic = results.statistic();
      this.whole = results instanceof BlockResults;
      // Spikes are not all groups, so they have no meaningful sums.
      this.hasSpikes = statistic.baseline().isPresent();
      this.counts =
          !hasSpikes && statistic.measures().stream().anyMatch(Measure.Count.class::isInstance);
      this.shares =
          whole
              && counts
              && statistic.measures().stream().noneMatch(Measure.Share.class::isInstance);
      this.minutes = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mmx", Locale.ROOT).withZone(zone);
      this.exact = RowFormatter.times(zone);
      if (whole) {
        for (ResultRow row : (Iterable<ResultRow>) results.stream()::iterator) {
          number++;
          total += row.count();
        }
      }
    }

    Optional<String> insteadOfTop(int rows, String advice) {
      if (!whole || hasSpikes || number <= rows) {
        return Optional.empty();
      }
      ResultRow largest = results.top(1).get(0);
      if (largest.count() >= MIN_SHARE * total) {
        return Optional.empty();
      }
      String title =
          title(
              format(
                  "%,d rows, the largest %,d (%s)",
                  number, largest.count(), percent((double) largest.count() / total)));
      String key =
          String.join(
              GAP, keys(largest).stream().map(text -> TerminalText.cut(text, MAX_TEXT)).toList());
      return Optional.of(
          title
              + (GAP + TerminalText.cut(key, width - GAP.length())).stripTrailing()
              + "\n"
              + wrapped(GAP, " ", List.of((GAP + advice).split("(?<=\\S) "))));
    }

    String top(int rows) {
      AlignedTable table = new AlignedTable(keyColumns(), measureColumns());
      if (!whole) {
        results.top(rows).forEach(row -> add(table, row));
        return title("the first " + Plural.of(table.size(), "row"))
            + (table.size() == 0 ? "" : table.text(width, style));
      }
      boolean cut = number > rows;
      String all = Plural.of(number, hasSpikes ? "spike" : "row");
      String since =
          results
              .countedSince()
              .map(
                  s -> format(", counted since batch %d (%s)", s.batch(), minutes.format(s.time())))
              .orElse("");
      String title = title((cut && rows > 0 ? format("top %,d of ", rows) : "") + all + since);
      if (number == 0 || rows == 0) {
        return title;
      }
      long counted = 0;
      for (ResultRow row : first(rows)) {
        counted += row.count();
        add(table, row);
      }
      if (counts && keyColumns().size() > 1) {
        if (cut) {
          addSum(table, format("… %,d more", number - rows), total - counted);
        }
        addSum(table, "total", total);
      }
      return title + table.text(width, style);
    }

    private String title(String text) {
      return style.bold(statistic.name() + ":") + " " + text + "\n";
    }

    private List<Column> keyColumns() {
      List<Column> columns = new ArrayList<>(List.of(new Column("#", Align.NUMBER)));
      if (statistic.window().isPresent()) {
        // The end of a window follows from its start.
        columns.add(new Column("window_start", Align.NAME));
      }
      for (Dimension dimension : statistic.dimensions()) {
        Align align =
            switch (dimension.kind()) {
              case TEXT -> Align.TEXT;
              case NUMBER -> dimension.isDayOfWeek() ? Align.NAME : Align.NUMBER;
            };
        columns.add(
            new Column(dimension.name(), dimension.codes().isPresent() ? Align.TEXT : align));
      }
      return columns;
    }

    private List<Column> measureColumns() {
      List<Column> columns = new ArrayList<>();
      for (Measure measure : statistic.measures()) {
        boolean isText = measure.valueType() == ValueType.TEXT;
        boolean optional = hasSpikes && OPTIONAL.contains(measure.name());
        columns.add(new Column(measure.name(), isText ? Align.TEXT : Align.NUMBER, optional));
        if (shares && measure instanceof Measure.Count) {
          columns.add(new Column("share", Align.NUMBER));
        }
      }
      return columns;
    }

    /** Returns the rows with the highest counts, or the highest scores of spikes. */
    private List<ResultRow> first(int rows) {
      return hasSpikes
          ? results.stream()
              .sorted(Comparator.comparingDouble(this::score).reversed())
              .limit(rows)
              .toList()
          : results.top(rows);
    }

    private double score(ResultRow row) {
      return (double) row.value("score").orElse(0.0);
    }

    private void add(AlignedTable table, ResultRow row) {
      List<String> cells = new ArrayList<>(List.of(Integer.toString(table.size() + 1)));
      cells.addAll(keys(row));
      for (int i = 0; i < statistic.measures().size(); i++) {
        Measure measure = statistic.measures().get(i);
        cells.add(row.values().get(i).map(value -> text(measure, value)).orElse(""));
        if (shares && measure instanceof Measure.Count) {
          cells.add(percent((double) row.count() / total));
        }
      }
      table.addRow(cells);
    }

    private void addSum(AlignedTable table, String label, long count) {
      List<String> cells = new ArrayList<>();
      for (Measure measure : statistic.measures()) {
        boolean isCount = measure instanceof Measure.Count;
        cells.add(isCount ? format("%,d", count) : "");
        if (shares && isCount) {
          cells.add(percent((double) count / total));
        }
      }
      table.addSum(label, cells);
    }

    /** Returns the window and the dimensions of a row. */
    private List<String> keys(ResultRow row) {
      List<String> keys = new ArrayList<>();
      row.window().ifPresent(window -> keys.add(time(window.start())));
      for (Dimension dimension : statistic.dimensions()) {
        String shown = RowFormatter.shown(dimension, row.dimension(dimension.name()));
        keys.add(row.description(dimension).map(d -> shown + " " + d).orElse(shown).strip());
      }
      return keys;
    }

    private String time(Instant start) {
      return (start.toEpochMilli() % 60_000 == 0 ? minutes : exact).format(start);
    }
  }
}
