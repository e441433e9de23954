package io.callstream.dashboard;

import static io.callstream.dashboard.Formats.number;
import static io.callstream.dashboard.Formats.text;

import io.callstream.dashboard.CallHours.Day;
import io.callstream.dashboard.CallHours.Hour;
import io.callstream.dashboard.Findings.DayUsual;
import io.callstream.dashboard.Findings.Response;
import io.callstream.dashboard.Findings.Shift;
import io.callstream.dashboard.Findings.Spike;
import io.callstream.dashboard.Findings.Subject;
import io.callstream.dashboard.Snapshot.Ranking;
import io.callstream.dashboard.Snapshot.Table;
import io.callstream.dashboard.SvgChart.Look;
import io.callstream.dashboard.SvgChart.Period;
import io.callstream.dashboard.SvgChart.Shape;
import io.callstream.internal.sink.Plural;
import java.time.DayOfWeek;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Writes the findings of the report, each with its picture, and the other pictures. */
final class StatisticPanels {
  private static final int FINDINGS = 5;
  private static final int SHADES = 10;
  private static final int LATEST_HOURS = 14 * 24;
  private static final int DAYS_OF_WEEK = 7;
  private static final int HOURS_OF_DAY = 24;

  /** The maximum number of columns of a table that shares a row of the page with another one. */
  private static final int NARROW_COLUMNS = 5;

  /** The maximum number of days in a table. */
  private static final int TABLE_DAYS = 72;

  private static final String PALE = "pale: not complete, or clocks change";

  private final HtmlWriter html;
  private final Snapshot snapshot;
  private final Findings findings;
  private final ZoneId zone;
  private final DateTimeFormatter day;

  StatisticPanels(HtmlWriter html, Snapshot snapshot) {
    this.html = html;
    this.snapshot = snapshot;
    findings = snapshot.findings();
    zone = snapshot.zone();
    day = Formats.pattern("EEE d MMM yyyy").withZone(zone);
  }

  /** Writes the first findings, and returns the subjects of the panels that have been written. */
  Set<Subject> writeFindings() {
    Set<Subject> written = new LinkedHashSet<>();
    findings.sentences().keySet().stream().limit(FINDINGS).forEach(written::add);
    written.forEach(
        subject -> {
          html.openPanel(subject == Subject.TYPES ? "panel wide" : "panel half", subject.title);
          html.open("p class=finding")
              .markup(findings.sentences().getOrDefault(subject, ""))
              .close("p")
              .line();
          draw(subject);
          html.close("section").line();
        });
    return written;
  }

  private void draw(Subject subject) {
    switch (subject) {
      case BUSIEST_HOUR -> findings.busiest().ifPresent(this::busiest);
      case DAYS -> snapshot.hours().ifPresent(this::days);
      case SPIKES -> spikes();
      case SHIFT -> findings.shift().ifPresent(this::shift);
      case RESPONSE -> responses();
      case TYPES -> snapshot.types().ifPresent(types -> bars(types, "type"));
    }
  }

  /** Writes the pictures that no finding has. */
  void writeOthers(Set<Subject> written) {
    Optional<CallHours> hours = snapshot.hours().filter(all -> !all.hours().isEmpty());
    boolean hasDays = hours.isPresent() && !written.contains(Subject.DAYS);
    if (hasDays) {
      html.openPanel("panel half", "Calls by day");
      hours.ifPresent(this::days);
      html.close("section").line();
    }
    hours.ifPresent(this::latestHours);
    hours.ifPresent(this::week);
    boolean hasTypes = snapshot.types().isPresent() && !written.contains(Subject.TYPES);
    if (hasTypes) {
      snapshot.types().ifPresent(types -> ranking("Most frequent types", types, "type", "half"));
    }
    snapshot.dispositions().ifPresent(d -> ranking("Dispositions", d, "disposition", "half"));
    // The addresses are wide if the other halves of the page are pairs.
    long halves =
        Stream.of(hasDays, hasTypes, snapshot.dispositions().isPresent()).filter(h -> h).count()
            + snapshot.others().stream().filter(table -> !isWide(table)).count();
    snapshot
        .locations()
        .ifPresent(
            all ->
                ranking(
                    "Addresses with the most calls",
                    all,
                    "address",
                    halves % 2 == 0 ? "wide" : "half"));
    snapshot.others().forEach(this::table);
  }

  private static boolean isWide(Table table) {
    return table.columns().size() > NARROW_COLUMNS;
  }

  private void table(Table table) {
    boolean isWide = isWide(table);
    String title = Formats.words(table.name());
    html.openPanel(isWide ? "panel wide" : "panel half", title);
    html.note(table.note());
    if (isWide) {
      html.openScrolling("scroll", title + " as a table").line();
    }
    html.table(table.columns(), table.cells(), table.numbersFrom());
    if (isWide) {
      html.close("div").line();
    }
    html.close("section").line();
  }

  private void ranking(String title, Ranking ranking, String group, String width) {
    html.openPanel("panel " + width, title);
    bars(ranking, group);
    html.close("section").line();
  }

  private void bars(Ranking ranking, String group) {
    int shown = ranking.entries().size();
    html.note(
        ranking.groups() > shown
            ? text(
                "The top %d of %s; the others have %s",
                shown, Plural.of(ranking.groups(), group), Plural.of(ranking.rest(), "call"))
            : Plural.of(ranking.groups(), group));
    long highest = ranking.entries().stream().mapToLong(Ranking.Entry::count).max().orElse(1);
    html.open("ol class=bars role=list").line();
    ranking
        .entries()
        .forEach(
            entry ->
                bar(
                    entry.name(),
                    entry.description(),
                    (double) entry.count() / highest,
                    number(entry.count()),
                    Formats.percent(ranking.share(entry))));
    html.close("ol").line();
  }

  private void bar(String name, String description, double part, String count, String share) {
    html.open("li").open("span class=name dir=auto");
    html.text(name.isEmpty() ? "(none)" : name);
    if (!description.isEmpty()) {
      html.text(" ").element("small", description);
    }
    html.close("span").open("span class=track aria-hidden=true");
    html.element("span", "", "class", "bar", "style", text("--part:%.4f", part)).close("span");
    html.element("span", count, "class", "count");
    html.element("span class=share", share).close("li").line();
  }

  private void busiest(Hour busiest) {
    CallHours hours = snapshot.hours().orElseThrow();
    Day of = hours.day(busiest);
    html.note("Calls by hour on " + findings.day(of.date()) + legend("orange: this hour"));
    html.chart(
        "chart",
        SvgChart.of(
            Shape.BARS,
            of.hours().stream().map(hour -> period(hours, hour, busiest)).toList(),
            Formats.pattern("HH:mm").withZone(zone)));
  }

  private static String legend(String marked) {
    return "; " + marked + "; line: usual; " + PALE;
  }

  private static Period period(CallHours hours, Hour hour, @Nullable Hour marked) {
    return new Period(
        hour.start(),
        hour.end(),
        hour.calls(),
        hour.equals(marked) ? Look.MARKED : hour.comparable() ? Look.PLAIN : Look.PALE,
        hours.usual(hour).map(usual -> usual.mean()).orElse(Double.NaN));
  }

  private void days(CallHours hours) {
    List<Period> periods = new ArrayList<>();
    List<List<String>> rows = new ArrayList<>();
    for (Day each : hours.days()) {
      DayUsual usual = findings.days().get(each.date());
      boolean isUnusual = usual != null && usual.isUnusual();
      periods.add(
          new Period(
              each.start(zone),
              each.end(zone),
              each.calls(),
              isUnusual ? Look.MARKED : each.comparable() ? Look.PLAIN : Look.PALE,
              usual == null ? Double.NaN : usual.usual().mean()));
      rows.add(
          0,
          List.of(
              findings.day(each.date()) + (each.comparable() ? "" : " *"),
              number(each.calls()),
              usual == null ? Formats.NONE : text("%,.0f", usual.usual().mean()),
              usual == null ? Formats.NONE : text("%,.0f", usual.usual().spread())));
    }
    html.note("Calls by day" + legend("orange: unusual"));
    html.chart("chart", SvgChart.of(Shape.BARS, periods, day));
    int shown = Math.min(TABLE_DAYS, rows.size());
    html.collapsedTable(
        "Calls by day as a table",
        (shown == rows.size()
                ? "Newest first"
                : text("The latest %d of the %,d days, newest first", shown, rows.size()))
            + "; * not complete, or clocks change",
        "Calls by day",
        "scroll",
        List.of("Day", "Calls", "Usual", "±"),
        rows.subList(0, shown));
  }

  private void spikes() {
    List<List<String>> rows =
        findings.spikes().stream()
            .limit(Findings.SPIKES)
            .map(
                spike ->
                    List.of(
                        findings.day(spike.start().atZone(zone).toLocalDate())
                            + ", "
                            + clock(spike),
                        RowTexts.shortened(spike.name()),
                        number(spike.calls()),
                        Formats.few(spike.usual())))
            .toList();
    html.note(
        rows.size() == findings.spikes().size()
            ? "All in complete hours, the most unusual first"
            : text(
                "The %d most unusual of %,d, in complete hours",
                rows.size(), findings.spikes().size()));
    html.table(List.of("Hours", findings.spikesOf(), "Calls", "Usual"), rows, 2);
  }

  private String clock(Spike spike) {
    DateTimeFormatter clock = Formats.pattern("HH:mm").withZone(zone);
    return clock.format(spike.start()) + "–" + clock.format(spike.end());
  }

  private void shift(Shift shift) {
    List<Period> periods = new ArrayList<>();
    for (int i = 0; i < shift.byDay().length; i++) {
      boolean isLast = i >= DAYS_OF_WEEK * Findings.WEEKS_BEFORE;
      periods.add(
          new Period(
              shift.days().get(i).start(zone),
              shift.days().get(i).end(zone),
              shift.byDay()[i],
              isLast ? Look.MARKED : Look.PLAIN,
              shift.usual().mean() / DAYS_OF_WEEK));
    }
    html.open("p class=note");
    if (shift.name().equals(Shift.ALL)) {
      html.text("All calls");
    } else {
      html.text("Calls of ").element("bdi", RowTexts.shortened(shift.name()));
    }
    html.text(" by day; orange: the last week; line: mean of the four weeks before");
    html.close("p").line();
    html.chart("chart", SvgChart.of(Shape.BARS, periods, day));
  }

  private void responses() {
    long highest =
        findings.responses().stream().mapToLong(r -> r.median().toMillis()).max().orElse(1);
    html.note("Median from receipt to arrival, by priority");
    html.open("ol class=bars role=list").line();
    for (Response response : findings.responses()) {
      bar(
          RowTexts.shortened(response.priority()),
          text(
              "90 %% within %s; %s",
              Formats.duration(response.ninetieth()), Plural.of(response.calls(), "call")),
          (double) response.median().toMillis() / Math.max(1, highest),
          Formats.duration(response.median()),
          "");
    }
    html.close("ol").line();
  }

  private void latestHours(CallHours hours) {
    int from = Math.max(0, hours.hours().size() - LATEST_HOURS);
    List<Period> latest =
        hours.hours().subList(from, hours.hours().size()).stream()
            .map(hour -> period(hours, hour, null))
            .toList();
    html.openPanel("panel wide", "Calls by hour");
    html.note(
        (from == 0
                ? "All hours"
                : text("The latest %,d of %,d hours", latest.size(), hours.hours().size()))
            + "; gray: not complete, or clocks change");
    html.chart("chart", SvgChart.of(Shape.LINE, latest, Formats.MINUTE.withZone(zone)));
    html.close("section").line();
  }

  private void week(CallHours all) {
    double[][] sums = new double[DAYS_OF_WEEK][HOURS_OF_DAY];
    int[][] numbers = new int[DAYS_OF_WEEK][HOURS_OF_DAY];
    for (Hour hour : all.hours()) {
      if (hour.comparable()) {
        int weekday = hour.local().getDayOfWeek().getValue() - 1;
        sums[weekday][hour.local().getHour()] += hour.calls();
        numbers[weekday][hour.local().getHour()]++;
      }
    }
    double highest = 0;
    int least = Integer.MAX_VALUE;
    int most = 0;
    for (int weekday = 0; weekday < DAYS_OF_WEEK; weekday++) {
      for (int hour = 0; hour < HOURS_OF_DAY; hour++) {
        sums[weekday][hour] /= numbers[weekday][hour]; // NaN without a complete hour.
        highest =
            Double.isNaN(sums[weekday][hour]) ? highest : Math.max(highest, sums[weekday][hour]);
        least = Math.min(least, numbers[weekday][hour]);
        most = Math.max(most, numbers[weekday][hour]);
      }
    }
    html.openPanel("panel wide", "Day of the week and hour");
    html.note(
        most == 0
            ? "No hour is complete."
            : text(
                "Mean calls per hour, in local time, of %s%s each",
                least == most ? "" : least + " to ", Plural.of(most, "complete hour")));
    if (most > 0) {
      heatMap(sums, highest);
    }
    html.close("section").line();
  }

  private void heatMap(double[][] means, double highest) {
    html.open("table class=heat").open("thead").open("tr");
    html.element("td class=corner", "");
    for (int hour = 0; hour < HOURS_OF_DAY; hour++) {
      html.element("th scope=col" + (hour % 3 == 0 ? " class=third" : ""), "" + hour);
    }
    html.close("tr").close("thead").line().open("tbody").line();
    for (DayOfWeek weekday : DayOfWeek.values()) {
      html.open("tr");
      String shown = weekday.getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
      String whole = weekday.getDisplayName(TextStyle.FULL, Locale.ENGLISH);
      html.element("th scope=row", shown, "abbr", whole);
      for (double mean : means[weekday.getValue() - 1]) {
        if (Double.isNaN(mean)) {
          html.element("td", Formats.NONE);
        } else {
          long shade = highest == 0 ? 0 : Math.min(SHADES - 1, (long) (mean * SHADES / highest));
          html.element("td class=h" + shade, mean(mean, highest));
        }
      }
      html.close("tr").line();
    }
    html.close("tbody").close("table").line();
    html.open("p class=legend aria-hidden=true").text("0 ");
    for (int shade = 0; shade < SHADES; shade++) {
      html.element("span class=h" + shade, "");
    }
    html.text(" " + mean(highest, highest)).close("p").line();
  }

  private static String mean(double mean, double highest) {
    return highest < 10 ? text("%.1f", mean) : Formats.compact(Math.round(mean));
  }
}
