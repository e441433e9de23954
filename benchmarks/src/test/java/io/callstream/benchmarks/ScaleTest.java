package io.callstream.benchmarks;

import static io.callstream.statistic.Dimensions.ADDRESS;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.callstream.engine.local.PipelineTester;
import io.callstream.kafka.source.CallRecords;
import io.callstream.pipeline.Results;
import io.callstream.statistic.Statistic;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(180)
class ScaleTest {
  @Test
  void measuresTheLocalEngine() throws Exception {
    measuresTheBatchesAfterTheStateIsFilled("local", "driver");
  }

  @Tag("thorough")
  @ParameterizedTest
  @ValueSource(strings = {"driver", "executors"})
  void measuresSpark(String results) throws Exception {
    measuresTheBatchesAfterTheStateIsFilled("spark", results);
  }

  private static void measuresTheBatchesAfterTheStateIsFilled(String engine, String results)
      throws Exception {
    JsonNode line =
        Scale.measure(
            "engine=" + engine,
            "results=" + results,
            "groups=40",
            "days=1",
            "statistics=2",
            "fillBatch=500",
            "batch=10",
            "warm=1",
            "batches=3",
            "rehearsal=1",
            "skew=0.5",
            "zipf=1.1",
            "disorder=0.2");

    assertThat(line.path("groups").asInt()).isEqualTo(40);
    assertThat(line.path("calls_per_s").asDouble()).isPositive();
    assertThat(line.path("batch_ms_p50").asDouble()).isPositive();
    assertThat(line.path("phases_ms")).isNotEmpty();
    assertThat(line.path("checkpoint_mb").asDouble()).isPositive();
    assertThat(line.path("checkpoint_kb_per_batch").asDouble()).isPositive();
  }

  @Tag("thorough")
  @Test
  void printsATableOfAllCombinations() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    String[] args = {"repeats=1", "groups=1,20", "warm=1", "batches=1", "rehearsal=0"};

    assertThat(ScaleSeries.isRequestedBy(args)).isTrue();
    ScaleSeries.run(args, new PrintStream(out, true, UTF_8));

    assertThat(out.toString(UTF_8).lines().filter(line -> line.startsWith("| groups=")))
        .hasSize(2)
        .allMatch(row -> row.matches("\\| groups=\\d+ warm=1 .* \\| 1 \\| \\d+\\.0 \\|.*"));
  }

  @Test
  void acceptsResultsOfAllCalls() {
    ScaleCalls calls = new ScaleCalls(30, 1);
    List<byte[]> records = records(calls);

    calls.check(results(records));
  }

  @Test
  void rejectsResultsWithoutACall() {
    ScaleCalls calls = new ScaleCalls(30, 1);
    List<byte[]> records = records(calls);

    assertThatThrownBy(() -> calls.check(results(records.subList(1, records.size()))))
        .hasMessageContaining("29 rows instead of 30");
    assertThatThrownBy(() -> calls.check(results(records.subList(0, records.size() - 1))))
        .hasMessageContaining("in hour 0 instead of");
  }

  /** Returns calls of which the first occurs once, and the last has a group that occurs often. */
  private static List<byte[]> records(ScaleCalls calls) {
    List<byte[]> all = new ArrayList<>();
    try (CallRecords each = calls.all().open();
        CallRecords hot = calls.random(5, 1, 0, 0).open()) {
      each.forEachRemaining(all::add);
      hot.forEachRemaining(all::add);
    }
    all.add(all.remove(0)); // The group of all later calls.
    return all;
  }

  private static Results results(List<byte[]> records) {
    try (PipelineTester tester =
        PipelineTester.of(Statistic.named("by-address").by(ADDRESS).build())) {
      records.forEach(record -> tester.receive(new String(record, UTF_8)));
      tester.endBatch();
      return tester.results("by-address");
    }
  }
}
