package io.callstream.progress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.progress.StabilityVerdict.Finding;
import io.callstream.progress.StabilityVerdict.Symptom;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class StabilityMonitorTest {
  private static final Instant START = Instant.parse("2018-11-01T12:00:00Z");
  private final AtomicLong heap = new AtomicLong(1_000);
  private final StabilityMonitor monitor =
      new StabilityMonitor(Duration.ofMinutes(1), Duration.ofSeconds(1), heap::get);

  private static Progress report(int second, long rows, double arrived, int millis, long lag) {
    return new Progress(
        second,
        START.plusSeconds(second),
        rows,
        arrived,
        rows * 1_000.0 / millis,
        rows / 2,
        arrived / 2,
        Duration.ofMillis(millis),
        Optional.of(new Progress.Latency(Duration.ofNanos(1_500_000), Duration.ofMillis(9))),
        Map.of("merge", Duration.ofMillis(2)),
        new Progress.State(1, 2, 3),
        List.of(new PartitionOffsets(0, 0, 10, 10 + lag)),
        Optional.of(START),
        "console",
        Accounting.none(List.of("s"), List.of()),
        Accounting.none(List.of("s"), List.of()),
        Map.of());
  }

  private List<Symptom> symptoms() {
    return monitor.verdict().orElseThrow().findings().stream().map(Finding::symptom).toList();
  }

  @Test
  void aPipelineThatKeepsUpIsStable() {
    for (int i = 0; i < 30; i++) {
      monitor.onProgress(report(i, 100, 100, 400, i % 3));
      heap.set(1_000 + i % 5 * 100);
    }
    assertThat(monitor.verdict()).hasValueSatisfying(v -> assertThat(v.stable()).isTrue());
  }

  @Test
  void givesNoVerdictForFewBatches() {
    for (int i = 0; i < StabilityMonitor.MIN_BATCHES; i++) {
      assertThat(monitor.verdict()).isEmpty();
      monitor.onProgress(report(i, 100, 100, 400, 0));
    }
    assertThat(monitor.verdict()).isPresent();
  }

  @Test
  void ignoresEmptyBatches() {
    for (int i = 0; i < 20; i++) {
      monitor.onProgress(report(i, 0, 0, 5_000, 1_000L * i));
    }
    assertThat(monitor.verdict()).isEmpty();
  }

  @Test
  void batchesLongerThanTheTriggerIntervalAreSlow() {
    for (int i = 0; i < 10; i++) {
      monitor.onProgress(report(i, 100, 50, 1_500, 0));
    }
    assertThat(symptoms()).containsExactly(Symptom.SLOW_BATCHES);
    Finding finding = monitor.verdict().orElseThrow().findings().get(0);
    assertThat(finding.evidence()).contains("1500 ms").contains("1000 ms");
    assertThat(finding.advice()).isNotBlank();
  }

  @Test
  void withoutATriggerNoBatchIsSlow() {
    StabilityMonitor free = new StabilityMonitor(Duration.ofMinutes(1), Duration.ZERO, heap::get);
    for (int i = 0; i < 10; i++) {
      free.onProgress(report(i, 100, 50, 1_500, 0));
    }
    assertThat(free.verdict().orElseThrow().stable()).isTrue();
  }

  @Test
  void detectsInputFasterThanProcessing() {
    for (int i = 0; i < 10; i++) {
      // 100 records in 0.8 s are 125 per second.
      monitor.onProgress(report(i, 100, 150, 800, 0));
    }
    assertThat(symptoms()).containsExactly(Symptom.INPUT_OUTRUNS_PROCESSING);
    assertThat(monitor.verdict().orElseThrow().findings().get(0).evidence())
        .contains("150")
        .contains("125");
  }

  @Test
  void detectsAGrowingLag() {
    for (int i = 0; i < 12; i++) {
      monitor.onProgress(report(i, 100, 100, 500, 1_000L + 500L * i));
    }
    assertThat(symptoms()).containsExactly(Symptom.GROWING_LAG);
    assertThat(monitor.verdict().orElseThrow().findings().get(0).evidence())
        .contains("1000")
        .contains("6500");
  }

  @Test
  void ignoresABacklogThatShrinksAgain() {
    for (int i = 0; i < 12; i++) {
      monitor.onProgress(report(i, 100, 100, 500, i < 4 ? 0 : 9_000L - 700L * i));
    }
    assertThat(symptoms()).isEmpty();
  }

  @Test
  void detectsAGrowingHeap() {
    for (int i = 0; i < 12; i++) {
      heap.set(1_000_000L * (10 + i));
      monitor.onProgress(report(i, 100, 100, 500, 0));
    }
    assertThat(symptoms()).containsExactly(Symptom.GROWING_HEAP);
  }

  @Test
  void ignoresBatchesBeforeTheSpan() {
    for (int i = 0; i < 30; i++) {
      monitor.onProgress(report(i, 100, 50, 5_000, 1_000L * i));
    }
    assertThat(symptoms()).contains(Symptom.SLOW_BATCHES, Symptom.GROWING_LAG);
    for (int i = 100; i < 130; i++) {
      monitor.onProgress(report(i, 100, 100, 400, 0));
    }
    assertThat(symptoms()).isEmpty();
  }

  @Test
  void everySymptomHasAdvice() {
    for (int i = 0; i < 12; i++) {
      heap.set(1_000_000L * (10 + i * i));
      monitor.onProgress(report(i, 100, 500, 2_000, 1_000L * i * i));
    }
    List<Finding> findings = monitor.verdict().orElseThrow().findings();
    assertThat(findings).extracting(Finding::symptom).containsExactlyInAnyOrder(Symptom.values());
    assertThat(findings).allMatch(f -> !f.advice().isBlank() && !f.evidence().isBlank());
  }

  @Test
  void rejectsAnEmptySpan() {
    assertThatThrownBy(() -> new StabilityMonitor(Duration.ZERO, Duration.ZERO, () -> 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void writesReportsAsJson() throws IOException {
    Progress report = report(3, 100, Double.NaN, 400, 7);
    assertThat(new ObjectMapper().writeValueAsString(report)).isEqualTo(report.toJson());
    JsonNode json = new ObjectMapper().readTree(report.toJson());
    assertThat(json.get("batch").asLong()).isEqualTo(3);
    assertThat(json.get("timestamp").asText()).isEqualTo("2018-11-01T12:00:03Z");
    assertThat(json.get("inputRows").asLong()).isEqualTo(100);
    assertThat(json.get("inputRowsPerSecond").isNull()).isTrue();
    assertThat(json.get("processedRowsPerSecond").asDouble()).isEqualTo(250.0);
    assertThat(json.get("outputRows").asLong()).isEqualTo(50);
    assertThat(json.get("outputRowsPerSecond").isNull()).isTrue();
    assertThat(json.get("batchDurationMs").asLong()).isEqualTo(400);
    assertThat(json.get("latencyMs").get("mean").asLong()).isEqualTo(1);
    assertThat(json.get("latencyMs").get("greatest").asLong()).isEqualTo(9);
    assertThat(json.get("phasesMs").get("merge").asLong()).isEqualTo(2);
    assertThat(json.get("state").get("memoryBytes").asLong()).isEqualTo(3);
    assertThat(json.get("offsets").get(0).get("latest").asLong()).isEqualTo(17);
    assertThat(json.get("lag").asLong()).isEqualTo(7);
    assertThat(json.get("watermark").asText()).isEqualTo("2018-11-01T12:00:00Z");
    assertThat(json.get("sink").asText()).isEqualTo("console");
    assertThat(json.get("total").get("statistics").get("s").get("late").asLong()).isZero();
  }
}
