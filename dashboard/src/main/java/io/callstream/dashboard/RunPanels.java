package io.callstream.dashboard;

import static io.callstream.dashboard.Formats.number;
import static io.callstream.dashboard.Formats.text;

import io.callstream.dashboard.SvgChart.Period;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.internal.sink.Plural;
import io.callstream.pipeline.CountedSince;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.Latency;
import io.callstream.progress.StabilityMonitor;
import io.callstream.progress.StabilityVerdict;
import io.callstream.progress.StabilityVerdict.Finding;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Writes the panels of the report on its numbers and on the run: limits, method, accounting. */
final class RunPanels {
  private final HtmlWriter html;
  private final Snapshot snapshot;
  private final List<RunHistory.Point> history;

  RunPanels(HtmlWriter html, Snapshot snapshot, List<RunHistory.Point> history) {
    this.html = html;
    this.snapshot = snapshot;
    this.history = history;
  }

  /**
   * Writes whether the numbers can be trusted, and what is unknown.
   *
   * @param width the class of the width of the panel
   */
  void writeLimits(String width) {
    html.openPanel("panel " + width, "Can the numbers be trusted?");
    html.element("p class=finding", trust()).line();
    html.open("ul class=limits").line();
    for (String unknown : snapshot.findings().unknown()) {
      html.open("li").markup(unknown).close("li").line();
    }
    snapshot.hours().ifPresent(this::excluded);
    html.close("ul").close("section").line();
  }

  private String trust() {
    Accounting all = snapshot.accounting();
    long late = all.statistics().values().stream().mapToLong(Contributions::late).max().orElse(0);
    List<String> records = new ArrayList<>();
    add(records, all.rejected(), "could not be read as a call");
    add(records, all.duplicates(), "repeated a call, which counts once");
    List<String> calls = new ArrayList<>();
    add(calls, late, "came too late for at least one figure");
    add(calls, all.unconfirmedTimes(), "had a time far from the times around it");
    add(calls, all.ambiguousTimes(), "had a local time that occurs twice, because clocks change");
    String counted =
        all.received() == 0
            ? "There are no records yet."
            : !records.isEmpty() || all.additionalCalls() > 0
                ? Plural.of(all.received(), "record")
                    + (all.received() == 1 ? " has " : " have ")
                    + Plural.of(all.calls(), "call")
                    + "."
                : (all.received() == 1
                        ? "The only record is a call"
                        : text("All %,d records are calls", all.calls()))
                    + (late > 0
                        ? "."
                        : all.received() == 1 ? ", and is counted." : ", and are counted.");
    return counted
        + (records.isEmpty() ? "" : " Of the records, " + String.join(", ", records) + ".")
        + (calls.isEmpty() ? "" : " Of the calls, " + String.join(", ", calls) + ".")
        + (snapshot.findsDuplicates() ? "" : " A call that the feed repeats counts each time.")
        + (snapshot.state() == State.FINISHED ? "" : " Newer calls are missing.");
  }

  private static void add(List<String> parts, long number, String what) {
    if (number > 0) {
      parts.add(number(number) + " " + what);
    }
  }

  /** Writes how the findings are computed. */
  void writeMethod() {
    html.openPanel("panel half", "Method");
    html.open("ul class=limits").line();
    item(
        text(
            "Findings use complete hours and days: not the first hour, hours of which calls may"
                + " still arrive, hours in and next to a gap of at least %d hours without calls,"
                + " and hours and days that clock changes repeat, shorten or prolong.",
            ExploreIndex.GAP_HOURS));
    item(
        text(
            "Usual is the mean of the same local hour, or day of the week, in up to %d weeks before"
                + " and after it, and in at least %d. High outliers are cut, and half a call is"
                + " added to their sum. The number after ± is the error of a prediction from"
                + " them: the standard deviation that chance alone causes, or that of these hours"
                + " or days, whichever is more, times √(1 + 1/n), because the mean of n hours or"
                + " days varies, too.",
            CallHours.WEEKS, CallHours.MIN_OTHERS));
    item(
        text(
            "A day is unusual if it differs from the usual number by at least %.0f times the number"
                + " after ±.%s",
            Findings.LIMIT,
            snapshot.findings().knowsHolidays()
                ? " Holidays are marked in parentheses, and follow the other days."
                : " Holidays are unusual days too."));
    item(
        text(
            "The last week of all calls, a type or an area is a shift if it is outside the range"
                + " of the %d weeks before, and if a t-test (3 degrees of freedom) rejects that it"
                + " is like them. The level of the test is %.0f %% for all calls, and for types and"
                + " areas %.0f %% divided by the number of those with at least %d calls a week:"
                + " random weeks cause a shift of all calls in about one of 20 reports, or fewer,"
                + " and one of a type or an area in as many.",
            Findings.WEEKS_BEFORE,
            Findings.LEVEL * 100,
            Findings.LEVEL * 100,
            Findings.MIN_IN_WEEK));
    item(
        "An hour of a type is unusual if at most one of 100,000 usual hours has as many calls,"
            + " compared with the weeks before it, unless the run has another limit.");
    html.close("ul").close("section").line();
  }

  private void item(String text) {
    html.element("li", text).line();
  }

  private void excluded(CallHours hours) {
    if (hours.excluded() > 0) {
      item(
          text(
              "Calls that are misdated, more than %d days older than the newest call, or before a"
                  + " silence of more than %d days: %,d. Only totals contain them.",
              CallHours.MAX_DAYS, CallHours.SILENT_DAYS, hours.excluded()));
    }
    if (hours.gaps() > 0) {
      item(text("Hours not compared because of gaps or clock changes: %,d.", hours.gaps()));
    }
  }

  /** Writes the verdict, the throughput and the last batch. */
  void writePipeline() {
    html.openPanel("panel half", "The run, for those who operate it");
    snapshot.verdict().ifPresentOrElse(this::verdict, this::noVerdict);
    if (!history.isEmpty()) {
      throughput();
    }
    snapshot.progress().ifPresent(this::lastBatch);
    html.close("section").line();
  }

  private void noVerdict() {
    html.note(
        "It is not known whether the run keeps up with the calls. "
            + (snapshot.monitored()
                ? "This takes at least " + StabilityMonitor.MIN_BATCHES + " batches with records."
                : "This needs a stability monitor among the listeners of the pipeline."));
  }

  private void verdict(StabilityVerdict verdict) {
    if (verdict.stable()) {
      html.element("p", "The run keeps up with the calls.", "class", "verdict good").line();
      return;
    }
    html.element("p", "The run falls behind the calls.", "class", "verdict bad").line();
    html.open("ul class=findings").line();
    for (Finding finding : verdict.findings()) {
      html.element("li", finding.evidence() + ". " + finding.advice()).line();
    }
    html.close("ul").line();
  }

  private void throughput() {
    Instant start = history.get(0).start();
    Instant end = history.get(history.size() - 1).end();
    Duration span = Duration.between(start, end);
    long records = history.stream().mapToLong(RunHistory.Point::records).sum();
    long batches = history.stream().mapToLong(RunHistory.Point::batches).sum();
    html.element("h3", "Records per second, by the time since the start").line();
    html.note(
        text(
            "%s in %s and %,.1f s: %,.0f per second on average",
            Plural.of(records, "record"),
            Plural.of(batches, "batch"),
            span.toMillis() / 1e3,
            records * 1e9 / span.toNanos()));
    List<Period> rates =
        history.stream()
            .map(p -> new Period(p.start(), p.end(), Math.round(p.perSecond())))
            .toList();
    html.chart("chart short", SvgChart.steps(rates));
  }

  private void lastBatch(Progress batch) {
    List<List<String>> rows =
        List.of(
            List.of("Number", number(batch.batch())),
            List.of("Records", number(batch.inputRows())),
            List.of("Result rows", number(batch.outputRows())),
            List.of("Duration", Formats.milliseconds(batch.batchDuration())),
            List.of("Latency, mean", latency(batch, Latency::mean)),
            List.of("Latency, maximum", latency(batch, Latency::greatest)),
            List.of("Input, records per second", Formats.rate(batch.inputRowsPerSecond())),
            List.of("Output, rows per second", Formats.rate(batch.outputRowsPerSecond())),
            List.of(
                "Processing, records per second of batch time",
                Formats.rate(batch.processedRowsPerSecond())),
            List.of("Lag, offsets", number(batch.lag())),
            List.of(
                "Watermark",
                batch.watermark().map(w -> Formats.time(w, snapshot.zone())).orElse(Formats.NONE)),
            List.of("State, rows", number(batch.state().rows())),
            List.of("State, bytes", number(batch.state().memoryBytes())));
    html.element("h3", "Last batch").line();
    html.table(List.of("Figure", "Value"), rows, 1);
  }

  private static String latency(Progress batch, Function<Latency, Duration> figure) {
    return batch.latency().map(figure).map(Formats::milliseconds).orElse(Formats.NONE);
  }

  /** Writes the outcome of all records, and of calls by statistic. */
  void writeAccounting() {
    Accounting all = snapshot.accounting();
    List<List<String>> records =
        new ArrayList<>(
            List.of(
                List.of("Received", number(all.received())),
                List.of("− rejected", number(all.rejected())),
                List.of("− duplicates", number(all.duplicates())),
                List.of("= calls", number(all.calls())),
                List.of("with an ambiguous time", number(all.ambiguousTimes()))));
    all.unknown()
        .forEach((lookup, calls) -> records.add(List.of("with unknown " + lookup, number(calls))));
    if (all.corrections() > 0) {
      records.add(List.of("of these, corrections", number(all.corrections())));
    }
    if (all.additionalCalls() > 0) {
      records.add(1, List.of("+ additional calls", number(all.additionalCalls())));
    }
    if (all.unconfirmedTimes() > 0) {
      records.add(List.of("with an unconfirmed time", number(all.unconfirmedTimes())));
    }
    List<List<String>> statistics = new ArrayList<>();
    all.statistics()
        .forEach(
            (name, outcome) ->
                statistics.add(
                    List.of(
                        Formats.words(name) + since(name),
                        number(outcome.counted()),
                        number(outcome.late()),
                        number(outcome.filtered()),
                        number(outcome.earlier()))));
    boolean added = all.statistics().values().stream().anyMatch(c -> c.earlier() > 0);
    List<String> columns = List.of("Statistic", "Counted", "Late", "Filtered", "Earlier");
    html.openPanel("panel half", "Accounting");
    html.table(List.of("Records", "Number"), records, 1);
    html.element("h3", "By statistic").line();
    if (added) {
      html.table(columns, statistics, 1);
    } else {
      html.table(columns.subList(0, 4), statistics.stream().map(s -> s.subList(0, 4)).toList(), 1);
    }
    html.close("section").line();
  }

  /** Returns since when a statistic counts, if it was added later. */
  private String since(String statistic) {
    CountedSince since = snapshot.since().get(statistic);
    return since == null ? "" : ", since " + Formats.time(since.time(), snapshot.zone());
  }
}
