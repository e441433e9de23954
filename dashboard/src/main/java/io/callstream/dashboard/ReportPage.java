package io.callstream.dashboard;

import io.callstream.dashboard.CallHours.Day;
import io.callstream.dashboard.Findings.Subject;
import io.callstream.internal.sink.Plural;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Set;

/**
 * Writes a snapshot as an HTML page with an embedded style sheet: the period, findings with their
 * pictures, other pictures, and then method and accounting.
 */
final class ReportPage {
  private static final String HEAD =
      """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      """;

  private static final DateTimeFormatter DAY = Formats.pattern("EEE d MMM yyyy");

  private final Snapshot snapshot;
  private final String label;
  private final String source;
  private final HtmlWriter html = new HtmlWriter();
  private final StatisticPanels statistics;
  private final RunPanels run;

  private ReportPage(
      Snapshot snapshot, List<RunHistory.Point> history, String label, String source) {
    this.snapshot = snapshot;
    this.label = label;
    this.source = source;
    this.statistics = new StatisticPanels(html, snapshot);
    this.run = new RunPanels(html, snapshot, history);
  }

  /**
   * Returns the page.
   *
   * @param label what the page states of all its data; may be empty
   * @param source where the calls come from
   */
  static String of(Snapshot snapshot, List<RunHistory.Point> history, String label, String source) {
    return new ReportPage(snapshot, history, label, source).write();
  }

  private String write() {
    html.markup(HEAD).element("title", "Calls for service" + period(", ")).markup("\n<style>\n");
    html.markup(Assets.text("dashboard.css")).markup(Assets.text("report.css"));
    html.markup("</style>\n</head>\n<body>\n");
    writeHeader();
    html.open("main").line();
    snapshot.failure().ifPresent(message -> html.element("p class=alert", message).line());
    html.open("div class=panels").line();
    Set<Subject> written = statistics.writeFindings();
    boolean isEven = written.stream().filter(subject -> subject != Subject.TYPES).count() % 2 == 0;
    run.writeLimits(isEven ? "wide" : "half");
    html.close("div").line().open("div class=panels").line();
    statistics.writeOthers(written);
    html.close("div").line().open("div class=panels").line();
    run.writeMethod();
    run.writeAccounting();
    run.writePipeline();
    html.close("div").line().markup("</main>\n</body>\n</html>\n");
    return html.toString();
  }

  /** Returns the days that the report covers, after a text; empty without a call. */
  private String period(String before) {
    List<Day> days = snapshot.hours().map(CallHours::days).orElse(List.of());
    if (days.isEmpty()) {
      return "";
    }
    String first = DAY.format(days.get(0).date());
    return before
        + first
        + (days.size() == 1 ? "" : " to " + DAY.format(days.get(days.size() - 1).date()));
  }

  private void writeHeader() {
    String moment =
        switch (snapshot.state()) {
          case RUNNING -> "while the pipeline was running";
          case FINISHED -> "at the end of the run";
          case FAILED -> "after the run had failed";
        };
    html.open("header").line().open("div");
    html.element("h1", "Calls for service");
    html.open("p class=lead")
        .element("strong", Plural.of(snapshot.accounting().calls(), "call"))
        .text(period(", "))
        .text(
            snapshot
                .newest()
                .map(time -> "; the newest of " + Formats.time(time, snapshot.zone()))
                .orElse(""))
        .close("p");
    html.close("div").line().open("div");
    if (!label.isEmpty()) {
      html.open("p").element("span class=label", label).close("p");
    }
    html.element("p class=source", "Source: " + source);
    html.element(
        "p class=source",
        "Created " + Formats.time(snapshot.time(), snapshot.zone()) + ", " + moment);
    html.close("div").line();
    html.close("header").line();
  }
}
