package io.callstream.sink;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.local.PipelineTester;
import io.callstream.pipeline.BatchResults;
import io.callstream.statistic.StandardStatistics;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TablesTest {
  private static final ZoneId UTC = ZoneId.of("UTC");

  private static Call of(String type) {
    return Call.builder("1", type, Instant.EPOCH).disposition("HAN").build();
  }

  private static String table(int rows, Call... calls) {
    List<BatchResults> batches = new ArrayList<>();
    try (PipelineTester tester =
        PipelineTester.of(
            SanFranciscoCalls.json(),
            1,
            p ->
                p.statistic(StandardStatistics.callsByType())
                    .results(Sinks.callback(batches::add)))) {
      tester.receive(calls).endBatch();
      assertThatAccounting(tester.accounting())
          .addsUpFor(List.of(StandardStatistics.callsByType()));
    }
    return Tables.top(batches.get(0).results("calls-by-type"), rows, UTC);
  }

  @Test
  void ranksRowsWithNumbersToTheRight() {
    Call[] calls = new Call[13];
    for (int i = 0; i < calls.length; i++) {
      calls[i] = of(i < 10 ? "Passing Call" : i < 12 ? "415" : "x");
    }
    assertThat(table(2, calls))
        .isEqualTo(
            """
            calls-by-type: top 2 of 3 rows
              #  crime_type    count
              -  ------------  -----
              1  Passing Call     10
              2  415               2
            """);
    assertThat(table(3, calls)).startsWith("calls-by-type: 3 rows\n");
  }

  @Test
  void controlCharactersAreShownAsReplacements() {
    String table = table(5, of("a\u001b[31mb\u0000c\nd\u009be\u007f"));
    assertThat(table).contains("a\ufffd[31mb\ufffdc\ufffdd\ufffde\ufffd");
    assertThat(table.replace("\n", "").chars()).noneMatch(Character::isISOControl);
    assertThat(table.lines()).hasSize(4);
  }

  @Test
  void longTextsAreCutBetweenCharacters() {
    String table = table(5, of("\ud83d\ude00".repeat(60)));
    assertThat(table).contains("\ud83d\ude00".repeat(45) + "\u2026");
    assertThat(table).doesNotContain("\ud83d\ude00".repeat(46));
    assertThat(table(5, of("x".repeat(46)))).contains("x".repeat(46));
  }

  @Test
  void theConsoleShowsWhatChanged() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        PipelineTester tester =
            PipelineTester.of(
                SanFranciscoCalls.json(),
                1,
                p ->
                    p.statistic(StandardStatistics.callsByType()).results(Sinks.console(out, 3)))) {
      tester.receive(of("a")).endBatch();
      tester.receive("{").endBatch();
      assertThatAccounting(tester.accounting())
          .addsUpFor(List.of(StandardStatistics.callsByType()));
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .startsWith("batch 0: {\"received\":1,")
        .contains("calls-by-type: 1 rows\n")
        .doesNotContain("batch 1");
  }
}
