package io.callstream.examples.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.pipeline.ResultRow;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
  @TempDir Path directory;

  @Test
  void aFileHoldsTheFiguresOfTheEngine() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      run.receive(SomeCalls.of(2_000)).receive("no call".getBytes(UTF_8));
      run.running().stop();
      Path file = directory.resolve("report.html");
      Report.write(run.running(), file);
      String html = Files.readString(file);
      for (ResultRow row : run.running().results("calls-by-type").top(15)) {
        assertThat(html)
            .contains(row.dimension("crime_type") + "</span>")
            .contains(String.format(Locale.ROOT, "<span class=\"count\">%,d</span>", row.count()));
      }
      assertThat(html)
          .contains("at the end of the run", "<dt>Calls counted</dt><dd>2,000</dd>")
          .contains("<td dir=\"auto\">− rejected</td><td class=\"number\">1</td>")
          .contains("<svg", "calls-by-hour-of-week");
      try (var files = Files.list(directory)) {
        assertThat(files).containsExactly(file);
      }
    }
  }

  @Test
  void itReplacesOnlyTheFileThatItIsToBeAndFollowsTheMask() throws Exception {
    Path other = Files.writeString(directory.resolve("report.html.draft"), "mine");
    Path file = Files.writeString(directory.resolve("report.html"), "the last report");
    try (WatchedRun run = WatchedRun.standard()) {
      Report.write(run.running(), file);
    }
    assertThat(other).hasContent("mine");
    assertThat(Files.readString(file)).startsWith("<!doctype html>");
    Path plain = Files.createFile(directory.resolve("plain"));
    assertThat(Files.getPosixFilePermissions(file)).isEqualTo(Files.getPosixFilePermissions(plain));
    try (var files = Files.list(directory)) {
      assertThat(files).containsExactlyInAnyOrder(file, other, plain);
    }
  }

  @Test
  void itNeedsNothingBesideItAndNoScript() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      run.receive(SomeCalls.of(100));
      assertThat(Report.html(run.running()))
          .doesNotContain("<script", "src=", "href=", "url(", "@import")
          .contains("default-src 'none'");
    }
  }

  @Test
  void hostileTextsStayText() throws Exception {
    String type = "<img src=x onerror=alert(1)>\"'&</style>";
    try (WatchedRun run = WatchedRun.standard()) {
      run.receive(List.of(SomeCalls.call(1, type, SomeCalls.START).address("<b>").build()));
      assertThat(Report.html(run.running()))
          .contains("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;&lt;/style&gt;", "&lt;b&gt;")
          .doesNotContain("<img", "<b>");
    }
  }

  @Test
  void aFileThatCannotBeWrittenIsTold() {
    try (WatchedRun run = WatchedRun.standard()) {
      Path file = directory.resolve("missing").resolve("report.html");
      assertThatThrownBy(() -> Report.write(run.running(), file))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining("Name another file");
    }
  }
}
