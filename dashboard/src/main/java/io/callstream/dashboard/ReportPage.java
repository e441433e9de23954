package io.callstream.dashboard;

import io.callstream.dashboard.Snapshot.Ranking;
import io.callstream.dashboard.Snapshot.Spikes;
import io.callstream.dashboard.Snapshot.Table;
import io.callstream.dashboard.Snapshot.TimeLine;
import io.callstream.dashboard.Snapshot.Week;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.Latency;
import io.callstream.progress.StabilityVerdict;
import io.callstream.progress.StabilityVerdict.Finding;
import java.text.NumberFormat;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** A snapshot as a page of HTML, with the style sheet of the dashboard in it. */
final class ReportPage {
  private static final int SHADES = 10;
  private static final DateTimeFormatter HOUR =
      DateTimeFormatter.ofPattern("EEE d MMM yyyy HH:mm", Locale.ENGLISH);
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ENGLISH);
  private static final DateTimeFormatter MOMENT =
      DateTimeFormatter.ofPattern("d MMM HH:mm", Locale.ENGLISH);
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("EEE d MMM yyyy", Locale.ENGLISH);

  /** How many hours, and how many days, stand in tables. */
  static final int TABLE_POINTS = 72;

  private final Snapshot snapshot;
  private final List<RunHistory.Point> history;
  private final StringBuilder html = new StringBuilder(1 << 16);
  private int sections;

  private ReportPage(Snapshot snapshot, List<RunHistory.Point> history) {
    this.snapshot = snapshot;
    this.history = history;
  }

  /**
   * Returns the page.
   *
   * @param history the throughput over the run; empty if nobody kept it
   */
  static String of(Snapshot snapshot, List<RunHistory.Point> history) {
    ReportPage page = new ReportPage(snapshot, history);
    page.write();
    return page.html.toString();
  }

  private void write() {
    html.append(
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>Calls for service</title>
        <style>
        """);
    html.append(Assets.text("dashboard.css")).append("</style>\n</head>\n<body>\n");
    header();
    html.append("<main>\n");
    snapshot
        .failure()
        .ifPresent(why -> html.append("<p class=\"alert\">").append(escaped(why)).append("</p>\n"));
    figures();
    html.append("<div class=\"panels\">\n");
    snapshot.types().ifPresent(types -> ranking("Top crime types", types, "types", "panel tall"));
    snapshot.calls().ifPresent(this::timeLine);
    snapshot.week().ifPresent(this::week);
    snapshot.dispositions().ifPresent(d -> ranking("Dispositions", d, "dispositions", "panel"));
    snapshot.locations().ifPresent(l -> ranking("Densest locations", l, "addresses", "panel"));
    snapshot.spikes().ifPresent(this::spikes);
    pipeline();
    accounting();
    html.append("</div>\n<div class=\"panels others\">\n");
    snapshot.others().forEach(this::other);
    html.append("</div>\n</main>\n</body>\n</html>\n");
  }

  private void header() {
    html.append("<header>\n<div><h1>Calls for service</h1><p class=\"source\">")
        .append(escaped(snapshot.source()))
        .append("</p></div>\n<p class=\"source\">Report of ")
        .append(time(snapshot.time(), snapshot.zone()))
        .append(
            switch (snapshot.state()) {
              case RUNNING -> ", while the pipeline was running";
              case FINISHED -> ", at the end of the run";
              case FAILED -> ", after the run had failed";
            })
        .append("</p>\n</header>\n");
  }

  private void figures() {
    Accounting all = snapshot.accounting();
    html.append("<dl class=\"figures\">\n");
    figure("Calls", number(all.calls()));
    figure("Records received", number(all.received()));
    figure("Rejected", number(all.rejected()));
    figure(
        "Late",
        number(all.statistics().values().stream().mapToLong(Contributions::late).max().orElse(0)));
    figure("Duplicates", number(all.duplicates()));
    html.append("</dl>\n");
  }

  private void figure(String name, String value) {
    html.append("<div><dt>").append(name).append("</dt><dd>").append(value).append("</dd></div>\n");
  }

  private void ranking(String title, Ranking ranking, String what, String panel) {
    begin(panel, title);
    int shown = ranking.entries().size();
    note(
        ranking.groups() > shown
            ? format(
                "The first %d of %,d %s; the others have %,d calls",
                shown, ranking.groups(), what, ranking.rest())
            : format("%,d %s", ranking.groups(), what));
    long most = ranking.entries().stream().mapToLong(Ranking.Entry::count).max().orElse(1);
    html.append("<ol class=\"bars\" role=\"list\">\n");
    for (Ranking.Entry entry : ranking.entries()) {
      String name = entry.name().isEmpty() ? "(none)" : entry.name();
      html.append("<li><span class=\"name\" dir=\"auto\">").append(escaped(name));
      if (!entry.description().isEmpty()) {
        html.append(" <small>").append(escaped(entry.description())).append("</small>");
      }
      html.append("</span><span class=\"track\" aria-hidden=\"true\"><span class=\"bar\" style=\"")
          .append(format("--part:%.4f", (double) entry.count() / most))
          .append("\"></span></span><span class=\"count\">")
          .append(number(entry.count()))
          .append("</span><span class=\"share\">")
          .append(percent(ranking.share(entry)))
          .append("</span></li>\n");
    }
    html.append("</ol>\n");
    end();
  }

  private void timeLine(TimeLine calls) {
    begin("panel wide", "Calls over time");
    DateTimeFormatter hour = HOUR.withZone(snapshot.zone());
    picture("By hour", calls.hours(), h -> hour.format(h.start()), h -> h.count(), true);
    picture("By day", calls.days(), d -> DAY.format(d.date()), d -> d.count(), false);
    points("hour", calls.hours(), h -> hour.format(h.start()), h -> h.count());
    points("day", calls.days(), d -> DAY.format(d.date()), d -> d.count());
    end();
  }

  /** Writes the latest points as a table, the newest first, and how many there are besides. */
  private <T> void points(
      String what, List<T> points, Function<T, String> name, Function<T, Long> count) {
    int from = Math.max(0, points.size() - TABLE_POINTS);
    List<List<String>> rows = new ArrayList<>();
    for (T point : points.subList(from, points.size())) {
      rows.add(0, List.of(name.apply(point), number(count.apply(point))));
    }
    html.append(format("<details><summary>Calls by %s as a table</summary>\n", what));
    if (from > 0) {
      note(
          format(
              "The latest %d of the %,d %ss of the picture, the newest first",
              rows.size(), points.size(), what));
    }
    html.append(
        format(
            "<div class=\"scroll columns\" tabindex=\"0\" role=\"region\" aria-label=\"Calls by"
                + " %s\">\n",
            what));
    table(List.of(what.equals("hour") ? "Hour from" : "Day", "Calls"), rows, 1);
    html.append("</div></details>\n");
  }

  private <T> void picture(
      String title,
      List<T> points,
      Function<T, String> name,
      Function<T, Long> count,
      boolean line) {
    if (points.isEmpty()) {
      return;
    }
    html.append("<h3>").append(title).append("</h3>\n");
    html.append("<div class=\"chart").append(line ? "" : " short").append("\">");
    html.append(
        Picture.of(points.stream().map(count).toList(), points.stream().map(name).toList(), line));
    html.append("</div>\n");
  }

  private void week(Week week) {
    begin("panel wide", "Day of the week and hour");
    note("Calls by local time");
    html.append("<table class=\"heat\"><thead><tr><td class=\"corner\"></td>");
    for (int hour = 0; hour < 24; hour++) {
      html.append("<th scope=\"col\"")
          .append(hour % 3 == 0 ? " class=\"third\">" : ">")
          .append(hour)
          .append("</th>");
    }
    html.append("</tr></thead>\n<tbody>\n");
    long most = Math.max(1, week.max());
    for (DayOfWeek day : DayOfWeek.values()) {
      html.append("<tr><th scope=\"row\" abbr=\"")
          .append(day.getDisplayName(TextStyle.FULL, Locale.ENGLISH))
          .append("\">")
          .append(day.getDisplayName(TextStyle.SHORT, Locale.ENGLISH))
          .append("</th>");
      for (long count : week.counts().get(day.getValue() - 1)) {
        html.append("<td class=\"h")
            .append(Math.min(SHADES - 1, count * SHADES / most))
            .append("\">")
            .append(shortened(count))
            .append("</td>");
      }
      html.append("</tr>\n");
    }
    html.append("</tbody></table>\n<p class=\"legend\" aria-hidden=\"true\">0 ");
    for (int shade = 0; shade < SHADES; shade++) {
      html.append("<span class=\"h").append(shade).append("\"></span>");
    }
    html.append(' ').append(number(most)).append("</p>\n");
    hours(week);
    end();
  }

  /** Writes the week as a table with all figures, which has room for them on a phone. */
  private void hours(Week week) {
    List<String> columns = new ArrayList<>(List.of("Hour"));
    for (DayOfWeek day : DayOfWeek.values()) {
      columns.add(day.getDisplayName(TextStyle.SHORT, Locale.ENGLISH));
    }
    List<List<String>> rows = new ArrayList<>();
    for (int hour = 0; hour < 24; hour++) {
      List<String> row = new ArrayList<>(List.of(hour + ":00"));
      for (List<Long> day : week.counts()) {
        row.add(number(day.get(hour)));
      }
      rows.add(row);
    }
    html.append("<details><summary>The week as a table</summary>\n");
    html.append(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\""
            + " aria-label=\"Calls by day of the week and hour\">\n");
    table(columns, rows, 1);
    html.append("</div></details>\n");
  }

  private void spikes(Spikes spikes) {
    begin("panel spikes", "Spikes");
    if (spikes.window().isEmpty()) {
      note("No hour is over yet.");
    } else {
      String hour = HOUR.withZone(snapshot.zone()).format(spikes.window().get().start());
      note(
          spikes.days() < SpikeSearch.MIN_DAYS
              ? format(
                  "Too early to tell: the hour from %s has %d days before it, and %d are needed.",
                  hour, spikes.days(), SpikeSearch.MIN_DAYS)
              : format(
                  "The hour from %s beside the same hour of %d days before. %s%s",
                  hour,
                  spikes.days(),
                  SpikeSearch.LEFT_OUT,
                  spikes.spikes().isEmpty() ? " Nothing stands out." : ""));
    }
    if (!spikes.spikes().isEmpty()) {
      table(
          List.of("Type", "Calls", "Usually", "Deviations"),
          spikes.spikes().stream()
              .map(
                  s ->
                      List.of(
                          s.type(),
                          number(s.count()),
                          format("%.1f", s.usual()),
                          format("+%.1f", s.score())))
              .toList(),
          1);
    }
    end();
  }

  private void pipeline() {
    begin("panel half", "The pipeline");
    Optional<StabilityVerdict> verdict = snapshot.verdict();
    if (verdict.isEmpty()) {
      note("Whether it keeps up is not known: that takes six batches with records.");
    } else if (verdict.get().stable()) {
      html.append("<p class=\"verdict good\">It keeps up.</p>\n");
    } else {
      html.append("<p class=\"verdict bad\">It falls behind.</p>\n<ul class=\"findings\">\n");
      for (Finding finding : verdict.get().findings()) {
        html.append("<li>")
            .append(escaped(finding.evidence() + ". " + finding.advice()))
            .append("</li>\n");
      }
      html.append("</ul>\n");
    }
    if (!history.isEmpty()) {
      throughput();
    }
    snapshot.progress().ifPresent(this::lastBatch);
    end();
  }

  private void throughput() {
    Instant start = history.get(0).start();
    Instant end = history.get(history.size() - 1).end();
    Duration span = Duration.between(start, end);
    long records = history.stream().mapToLong(RunHistory.Point::records).sum();
    long batches = history.stream().mapToLong(RunHistory.Point::batches).sum();
    html.append("<h3>Throughput over the run, records per second</h3>\n");
    note(
        format(
            "%,d records in %,d %s and %,.1f s: %,.0f per second on average",
            records,
            batches,
            batches == 1 ? "batch" : "batches",
            span.toMillis() / 1e3,
            records * 1e9 / span.toNanos()));
    DateTimeFormatter clock = (span.toDays() > 0 ? MOMENT : CLOCK).withZone(snapshot.zone());
    List<Instant> times = new ArrayList<>(List.of(start));
    history.forEach(point -> times.add(point.end()));
    html.append("<div class=\"chart short\">")
        .append(
            Picture.steps(
                history.stream().map(point -> Math.round(point.perSecond())).toList(),
                times,
                clock::format))
        .append("</div>\n");
  }

  private void lastBatch(Progress batch) {
    html.append("<h3>The last batch</h3>\n");
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("Number", number(batch.batch())));
    rows.add(List.of("Records", number(batch.inputRows())));
    rows.add(List.of("Result rows told", number(batch.outputRows())));
    rows.add(List.of("Took", number(batch.batchDuration().toMillis()) + " ms"));
    rows.add(List.of("Latency, mean", latency(batch, Latency::mean)));
    rows.add(List.of("Latency, greatest", latency(batch, Latency::greatest)));
    rows.add(List.of("In, records per second", rate(batch.inputRowsPerSecond())));
    rows.add(List.of("Out, rows per second", rate(batch.outputRowsPerSecond())));
    rows.add(
        List.of(
            "Processing, records per second of batch time", rate(batch.processedRowsPerSecond())));
    rows.add(List.of("Lag, offsets", number(batch.lag())));
    rows.add(
        List.of(
            "Watermark", batch.watermark().map(w -> time(w, snapshot.zone())).orElse("none yet")));
    rows.add(List.of("State, rows", number(batch.state().rows())));
    rows.add(List.of("State, bytes", number(batch.state().memoryBytes())));
    table(List.of("Figure", "Value"), rows, 1);
  }

  private static String latency(Progress batch, Function<Latency, Duration> figure) {
    return batch.latency().map(l -> number(figure.apply(l).toMillis()) + " ms").orElse("–");
  }

  private void accounting() {
    begin("panel half", "Where every record went");
    Accounting all = snapshot.accounting();
    List<List<String>> records =
        new ArrayList<>(
            List.of(
                List.of("Received", number(all.received())),
                List.of("− rejected", number(all.rejected())),
                List.of("− duplicates", number(all.duplicates())),
                List.of("= calls", number(all.calls())),
                List.of("of them: time occurs twice", number(all.ambiguousTimes())),
                List.of("of them: disposition unknown", number(all.unknownDispositions()))));
    if (all.unconfirmedTimes() > 0) {
      records.add(List.of("time not confirmed", number(all.unconfirmedTimes())));
    }
    table(List.of("Records", "Number"), records, 1);
    html.append("<h3>By statistic</h3>\n");
    List<List<String>> rows = new ArrayList<>();
    for (Map.Entry<String, Contributions> entry : all.statistics().entrySet()) {
      Contributions of = entry.getValue();
      rows.add(
          List.of(entry.getKey(), number(of.counted()), number(of.late()), number(of.filtered())));
    }
    table(List.of("Statistic", "Counted", "Late", "Filtered"), rows, 1);
    end();
  }

  private void other(Table table) {
    begin("panel", table.name());
    note(
        table.rows() > table.cells().size()
            ? format("The first %d of %,d rows", table.cells().size(), table.rows())
            : format("%,d rows", table.rows()));
    table(table.columns(), table.cells(), table.numbersFrom());
    end();
  }

  private void begin(String panel, String title) {
    String id = "title-" + ++sections;
    html.append("<section class=\"")
        .append(panel)
        .append("\" aria-labelledby=\"")
        .append(id)
        .append("\">\n<h2 id=\"")
        .append(id)
        .append("\">")
        .append(escaped(title))
        .append("</h2>\n");
  }

  private void end() {
    html.append("</section>\n");
  }

  private void note(String text) {
    html.append("<p class=\"note\">").append(escaped(text)).append("</p>\n");
  }

  private void table(List<String> columns, List<List<String>> rows, int numbersFrom) {
    html.append("<table><thead><tr>");
    for (int i = 0; i < columns.size(); i++) {
      html.append(i < numbersFrom ? "<th scope=\"col\">" : "<th scope=\"col\" class=\"number\">")
          .append(escaped(columns.get(i)))
          .append("</th>");
    }
    html.append("</tr></thead>\n<tbody>\n");
    for (List<String> row : rows) {
      html.append("<tr>");
      for (int i = 0; i < row.size(); i++) {
        String tag = i == 0 ? "th" : "td";
        html.append('<')
            .append(tag)
            .append(i == 0 ? " scope=\"row\"" : "")
            .append(i < numbersFrom ? " dir=\"auto\">" : " class=\"number\">")
            .append(escaped(row.get(i)))
            .append("</")
            .append(tag)
            .append('>');
      }
      html.append("</tr>\n");
    }
    html.append("</tbody></table>\n");
  }

  private static String time(Instant moment, ZoneId zone) {
    return HOUR.withZone(zone).format(moment);
  }

  private static String number(long number) {
    return format("%,d", number);
  }

  /** Returns a count in four characters or so: 9999, 12K, 1.2M. */
  static String shortened(long count) {
    if (count < 10_000) {
      return Long.toString(count);
    }
    NumberFormat compact =
        NumberFormat.getCompactNumberInstance(Locale.US, NumberFormat.Style.SHORT);
    compact.setMaximumFractionDigits(Long.toString(count).length() % 3 == 1 ? 1 : 0);
    return compact.format(count);
  }

  private static String rate(double perSecond) {
    return Double.isFinite(perSecond) ? format("%,.0f", perSecond) : "–";
  }

  private static String percent(double part) {
    return format("%.1f %%", part * 100);
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  /** Returns text that no browser takes for markup, between tags and in quotes. */
  static String escaped(String text) {
    StringBuilder safe = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> safe.append("&amp;");
        case '<' -> safe.append("&lt;");
        case '>' -> safe.append("&gt;");
        case '"' -> safe.append("&quot;");
        case '\'' -> safe.append("&#39;");
        default -> safe.append(c);
      }
    }
    return safe.toString();
  }
}
