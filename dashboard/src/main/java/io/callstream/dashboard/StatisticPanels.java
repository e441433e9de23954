package io.callstream.dashboard;

import static io.callstream.dashboard.Formats.number;
import static io.callstream.dashboard.Formats.text;

import io.callstream.dashboard.Snapshot.Period;
import io.callstream.dashboard.Snapshot.Ranking;
import io.callstream.dashboard.Snapshot.Spikes;
import io.callstream.dashboard.Snapshot.Table;
import io.callstream.dashboard.Snapshot.Timeline;
import io.callstream.dashboard.Snapshot.Week;
import io.callstream.dashboard.SvgChart.Shape;
import java.time.DayOfWeek;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Writes the panels of the report that show results of statistics. */
final class StatisticPanels {
  private static final int SHADES = 10;
  private static final DateTimeFormatter DAY = Formats.pattern("EEE d MMM yyyy");

  /** The maximum number of hours, and of days, in a table. */
  private static final int TABLE_PERIODS = 72;

  private final HtmlWriter html;
  private final ZoneId zone;

  StatisticPanels(HtmlWriter html, ZoneId zone) {
    this.html = html;
    this.zone = zone;
  }

  /** Writes the panels of the standard statistics. */
  void writeAll(Snapshot snapshot) {
    snapshot.types().ifPresent(types -> ranking("panel tall", "Top crime types", types, "types"));
    snapshot.calls().ifPresent(this::timeline);
    snapshot.week().ifPresent(this::week);
    snapshot.dispositions().ifPresent(d -> ranking("panel", "Dispositions", d, "dispositions"));
    snapshot.locations().ifPresent(l -> ranking("panel", "Densest locations", l, "addresses"));
    snapshot.spikes().ifPresent(this::spikes);
  }

  /** Writes the panel of another statistic. */
  void writeTable(Table table) {
    html.openPanel("panel", table.name());
    html.note(
        table.rows() > table.cells().size()
            ? text("The first %d of %,d rows", table.cells().size(), table.rows())
            : text("%,d rows", table.rows()));
    html.table(table.columns(), table.cells(), table.numbersFrom());
    html.close("section").line();
  }

  private void ranking(String className, String title, Ranking ranking, String groups) {
    html.openPanel(className, title);
    int shown = ranking.entries().size();
    html.note(
        ranking.groups() > shown
            ? text(
                "The top %d of %,d %s; the others have %,d calls",
                shown, ranking.groups(), groups, ranking.rest())
            : text("%,d %s", ranking.groups(), groups));
    long highest = ranking.entries().stream().mapToLong(Ranking.Entry::count).max().orElse(1);
    html.open("ol class=bars role=list").line();
    ranking.entries().forEach(entry -> bar(entry, ranking.share(entry), highest));
    html.close("ol").line();
    html.close("section").line();
  }

  private void bar(Ranking.Entry entry, double share, long highest) {
    html.open("li").open("span class=name dir=auto");
    html.text(entry.name().isEmpty() ? "(none)" : entry.name());
    if (!entry.description().isEmpty()) {
      html.text(" ").element("small", entry.description());
    }
    html.close("span").open("span class=track aria-hidden=true");
    String length = text("--part:%.4f", (double) entry.count() / highest);
    html.element("span", "", "class", "bar", "style", length).close("span");
    html.element("span", number(entry.count()), "class", "count");
    html.element("span class=share", Formats.percent(share)).close("li").line();
  }

  private void timeline(Timeline calls) {
    DateTimeFormatter day = DAY.withZone(zone);
    DateTimeFormatter minute = Formats.MINUTE.withZone(zone);
    html.openPanel("panel wide", "Calls over time");
    if (!calls.hours().isEmpty()) {
      html.element("h3", "By hour").line();
      html.chart("chart", SvgChart.of(Shape.LINE, calls.hours(), minute));
      html.element("h3", "By day").line();
      html.chart("chart short", SvgChart.of(Shape.BARS, calls.days(), day));
    }
    periodsTable("hour", "Hour from", calls.hours(), minute);
    periodsTable("day", "Day", calls.days(), day);
    html.close("section").line();
  }

  /** Writes the latest periods as a table, newest first. */
  private void periodsTable(
      String unit, String column, List<Period> periods, DateTimeFormatter labels) {
    int from = Math.max(0, periods.size() - TABLE_PERIODS);
    List<List<String>> rows = new ArrayList<>();
    for (Period period : periods.subList(from, periods.size())) {
      rows.add(0, List.of(labels.format(period.start()), number(period.count())));
    }
    html.collapsedTable(
        "Calls by " + unit + " as a table",
        from == 0
            ? ""
            : text(
                "The latest %d of the %,d %ss in the chart, newest first",
                rows.size(), periods.size(), unit),
        "Calls by " + unit,
        "scroll columns",
        List.of(column, "Calls"),
        rows);
  }

  private void week(Week week) {
    html.openPanel("panel wide", "Day of the week and hour");
    html.note("Calls by local time");
    heatMap(week);
    weekTable(week);
    html.close("section").line();
  }

  private void heatMap(Week week) {
    html.open("table class=heat").open("thead").open("tr");
    html.element("td class=corner", "");
    for (int hour = 0; hour < 24; hour++) {
      html.element("th scope=col" + (hour % 3 == 0 ? " class=third" : ""), "" + hour);
    }
    html.close("tr").close("thead").line().open("tbody").line();
    long highest = Math.max(1, week.max());
    for (DayOfWeek day : DayOfWeek.values()) {
      html.open("tr");
      html.element("th scope=row", name(day, TextStyle.SHORT), "abbr", name(day, TextStyle.FULL));
      for (long count : week.counts().get(day.getValue() - 1)) {
        long shade = Math.min(SHADES - 1, count * SHADES / highest);
        html.element("td class=h" + shade, Formats.compact(count));
      }
      html.close("tr").line();
    }
    html.close("tbody").close("table").line();
    html.open("p class=legend aria-hidden=true").text("0 ");
    for (int shade = 0; shade < SHADES; shade++) {
      html.element("span class=h" + shade, "");
    }
    html.text(" " + number(highest)).close("p").line();
  }

  /** Writes all numbers of the week as a table; on a phone the heat map has no numbers. */
  private void weekTable(Week week) {
    List<String> columns = new ArrayList<>(List.of("Hour"));
    for (DayOfWeek day : DayOfWeek.values()) {
      columns.add(name(day, TextStyle.SHORT));
    }
    List<List<String>> rows = new ArrayList<>();
    for (int hour = 0; hour < 24; hour++) {
      List<String> row = new ArrayList<>(List.of(hour + ":00"));
      for (List<Long> day : week.counts()) {
        row.add(number(day.get(hour)));
      }
      rows.add(row);
    }
    html.collapsedTable(
        "The week as a table", "", "Calls by day of the week and hour", "scroll", columns, rows);
  }

  private static String name(DayOfWeek day, TextStyle style) {
    return day.getDisplayName(style, Locale.ENGLISH);
  }

  private void spikes(Spikes spikes) {
    html.openPanel("panel spikes", "Spikes");
    if (spikes.spikes().isEmpty()) {
      html.note("No group has had unusually many calls.");
    } else {
      html.note("Unusually many calls, newest first");
      html.table(
          List.of("From", "Group", "Calls", "Usual", "Score"),
          spikes.spikes().stream().map(this::row).toList(),
          2);
    }
    html.close("section").line();
  }

  private List<String> row(Spikes.Spike spike) {
    return List.of(
        Formats.time(spike.window().start(), zone),
        spike.name(),
        number(spike.count()),
        text("%.1f", spike.expected()),
        text("%.1f", spike.score()));
  }
}
