package io.callstream.engine.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests statistics for views, which sinks do not receive. */
class ViewsTest {
  private static final Instant START = Instant.parse("2018-10-30T07:00:00Z");

  private final MemorySource source = MemorySource.withPartitions(1);
  private final List<BatchResults> received = new ArrayList<>();

  private static Statistic view(Duration retention) {
    return Statistic.named("view")
        .by(Dimensions.CRIME_TYPE)
        .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
        .forViews(retention)
        .build();
  }

  private void add(int id, Duration after) {
    Call call = Call.builder("id-" + id, "Noise", START.plus(after)).build();
    source.add(0, Instant.now(), SanFranciscoCalls.json().write(call));
  }

  /** Counts what is there, and returns the counts by statistic. */
  private Map<String, List<Long>> count(RunOptions options, Statistic... statistics)
      throws InterruptedException {
    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistics(List.of(statistics))
            .results(Sinks.callback(received::add))
            .maxEventTimeJump(Duration.ofDays(30))
            .build();
    Map<String, List<Long>> counts = new TreeMap<>();
    try (RunningPipeline running = Engines.named("local").start(pipeline, options)) {
      running.awaitTermination();
      for (Statistic statistic : statistics) {
        counts.put(
            statistic.name(),
            running.results(statistic.name()).stream().map(row -> row.count()).toList());
      }
    }
    return counts;
  }

  @Test
  void hidesViewsFromSinks() throws Exception {
    add(1, Duration.ZERO);
    assertThat(
            count(RunOptions.bounded(), StandardStatistics.callsByType(), view(Duration.ofDays(1))))
        .isEqualTo(Map.of("calls-by-type", List.of(1L), "view", List.of(1L)));
    assertThat(received)
        .isNotEmpty()
        .allSatisfy(
            batch -> {
              assertThat(batch.updates()).containsOnlyKeys("calls-by-type");
              assertThat(batch.accounting().statistics()).containsOnlyKeys("calls-by-type");
              assertThat(batch.total().statistics()).containsOnlyKeys("calls-by-type");
              assertThat(batch.current()).containsOnlyKeys("calls-by-type");
              assertThat(batch.pipeline().statistics())
                  .extracting(Statistic::name)
                  .containsExactly("calls-by-type");
            });
  }

  @Test
  void keepsClosedWindowsForTheRetention() throws Exception {
    for (int hour = 0; hour < 5; hour++) {
      add(hour, Duration.ofHours(hour));
    }
    // The hours end at 8:00, 9:00, 10:00, 11:00 and 12:00. A batch removes what had expired at the
    // watermark of the batch before it, which is 9:00 for the last batch: that of the third call.
    RunOptions options = RunOptions.bounded().readingAtMost(1);
    assertThat(count(options, view(Duration.ofHours(1))).get("view")).hasSize(4);
    assertThat(count(options, view(Duration.ofHours(2))).get("view")).hasSize(5);
    assertThat(count(options, view(Duration.ZERO)).get("view")).hasSize(3);
    assertThat(count(options, view(Duration.ofDays(1))).get("view")).hasSize(5);
  }

  @Test
  void aCallThatIsLateForAViewIsNoDeadLetter() throws Exception {
    for (int i = 0; i < 4; i++) {
      add(i, Duration.ofHours(i));
    }
    add(9, Duration.ofMinutes(5));
    List<DeadLetter> letters = new ArrayList<>();
    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistics(List.of(StandardStatistics.callsByType(), view(Duration.ofDays(1))))
            .deadLetters((batch, some) -> some.forEach(letters::add))
            .maxEventTimeJump(Duration.ofDays(30))
            .build();
    try (RunningPipeline running =
        Engines.named("local").start(pipeline, RunOptions.bounded().readingAtMost(1))) {
      running.awaitTermination();
      assertThat(running.accounting().statistics().get("view").late()).isEqualTo(1);
      assertThat(running.accounting().statistics().get("calls-by-type").counted()).isEqualTo(5);
    }
    assertThat(letters).isEmpty();
  }

  @Test
  void addsAndRemovesViewsOfACheckpoint(@TempDir Path directory) throws Exception {
    RunOptions options =
        RunOptions.bounded().checkpointingTo(directory.resolve("state").toString());
    Statistic byType = StandardStatistics.callsByType();
    Statistic view = view(Duration.ofDays(1));
    add(1, Duration.ZERO);
    assertThat(count(options, byType)).isEqualTo(Map.of("calls-by-type", List.of(1L)));
    add(2, Duration.ofMinutes(1));
    assertThat(count(options, byType, view))
        .isEqualTo(Map.of("calls-by-type", List.of(2L), "view", List.of(1L)));
    add(3, Duration.ofMinutes(2));
    assertThat(count(options, byType)).isEqualTo(Map.of("calls-by-type", List.of(3L)));
    add(4, Duration.ofMinutes(3));
    assertThat(count(options, byType, view))
        .as("a view that is added again counts from there")
        .isEqualTo(Map.of("calls-by-type", List.of(4L), "view", List.of(1L)));
    add(5, Duration.ofMinutes(4));
    assertThat(count(options, byType, view))
        .isEqualTo(Map.of("calls-by-type", List.of(5L), "view", List.of(2L)));
    assertThatThrownBy(() -> count(options, byType, view, Statistic.named("other").build()))
        .as("a statistic that is not a view")
        .hasMessageContaining("evolving()");
  }

  @Test
  void requiresAWindow() {
    Statistic.Builder builder = Statistic.named("view").forViews(Duration.ofDays(1));
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("'view' is a view without a window");
    assertThatThrownBy(() -> Statistic.named("view").forViews(Duration.ofDays(-1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("The retention of 'view' is PT-24H; it must be at least 0");
  }
}
