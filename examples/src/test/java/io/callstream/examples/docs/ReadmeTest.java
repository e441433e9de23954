package io.callstream.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.local.PipelineTester;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Contains the code of README.md. */
class ReadmeTest {
  @TempDir private Path out;

  @Test
  void thePipeline() throws Exception {
    ExampleTopic.runUntilCounted(this::count, out);
    assertThat(out.resolve("noise.csv")).exists();
  }

  private void count() throws InterruptedException {
    String brokers = ExampleTopic.brokers();
    Statistic noise =
        Statistic.named("noise")
            .where(call -> call.type().startsWith("Noise"))
            .by(Dimensions.ADDRESS)
            .over(
                Windows.daily(ZoneId.of("America/Los_Angeles"))
                    .allowingLateness(Duration.ofHours(1)))
            .measuring(Measures.count())
            .build();

    Pipeline pipeline =
        Pipeline.builder(
                KafkaTopic.of("police.service.calls").at(brokers), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .statistic(noise)
            .results(Sinks.csv(out))
            .deadLetters(Sinks.deadLetterFiles(out))
            .build();

    try (RunningPipeline running = Engines.named("local").start(pipeline)) {
      running.awaitTermination();
    }
  }

  @Test
  void theTest() {
    Statistic noise =
        Statistic.named("noise")
            .where(call -> call.type().startsWith("Noise"))
            .over(
                Windows.daily(ZoneId.of("America/Los_Angeles"))
                    .allowingLateness(Duration.ofHours(1)))
            .build();

    try (PipelineTester test = PipelineTester.of(noise)) {
      test.receive(
          Call.builder("1", "Noise Nuisance", Instant.parse("2018-11-04T08:30:00Z")).build());
      test.endBatch();
      assertThat(test.results("noise")).extracting(ResultRow::count).containsExactly(1L);
    }
  }
}
