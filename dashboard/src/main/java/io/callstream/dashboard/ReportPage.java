package io.callstream.dashboard;

import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import java.util.List;

/** Writes a snapshot as an HTML page with an embedded style sheet. */
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
      <title>Calls for service</title>
      <style>
      """;

  private final Snapshot snapshot;
  private final HtmlWriter html = new HtmlWriter();
  private final StatisticPanels statistics;
  private final RunPanels run;

  private ReportPage(Snapshot snapshot, List<RunHistory.Point> history) {
    this.snapshot = snapshot;
    this.statistics = new StatisticPanels(html, snapshot.zone());
    this.run = new RunPanels(html, snapshot, history);
  }

  static String of(Snapshot snapshot, List<RunHistory.Point> history) {
    return new ReportPage(snapshot, history).write();
  }

  private String write() {
    html.markup(HEAD).markup(Assets.text("dashboard.css"));
    html.markup("</style>\n</head>\n<body>\n");
    writeHeader();
    html.open("main").line();
    snapshot.failure().ifPresent(message -> html.element("p class=alert", message).line());
    writeFigures();
    html.open("div class=panels").line();
    statistics.writeAll(snapshot);
    run.writePipeline();
    run.writeAccounting();
    html.close("div").line().open("div", "class", "panels others").line();
    snapshot.others().forEach(statistics::writeTable);
    html.close("div").line().markup("</main>\n</body>\n</html>\n");
    return html.toString();
  }

  private void writeHeader() {
    String moment =
        switch (snapshot.state()) {
          case RUNNING -> "while the pipeline was running";
          case FINISHED -> "at the end of the run";
          case FAILED -> "after the run had failed";
        };
    html.open("header").line().open("div");
    html.element("h1", "Calls for service").element("p class=source", snapshot.source());
    html.close("div").line();
    html.element(
            "p",
            "Created " + Formats.time(snapshot.time(), snapshot.zone()) + ", " + moment,
            "class",
            "source")
        .line();
    html.close("header").line();
  }

  private void writeFigures() {
    Accounting all = snapshot.accounting();
    long late = all.statistics().values().stream().mapToLong(Contributions::late).max().orElse(0);
    html.open("dl class=figures").line();
    writeFigure("Calls", all.calls());
    writeFigure("Records received", all.received());
    writeFigure("Rejected", all.rejected());
    writeFigure("Late", late);
    writeFigure("Duplicates", all.duplicates());
    html.close("dl").line();
  }

  private void writeFigure(String name, long value) {
    html.open("div").element("dt", name).element("dd", Formats.number(value)).close("div").line();
  }
}
