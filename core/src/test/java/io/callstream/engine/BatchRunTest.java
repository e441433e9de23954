package io.callstream.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallRecord;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.BatchRun.BatchReader;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.statistic.StandardStatistics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class BatchRunTest {
  private static final Pipeline PIPELINE =
      Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
          .statistic(StandardStatistics.callsByType())
          .build();

  private static RunningPipeline bounded(BatchReader reader) {
    return BatchRun.start(PIPELINE, RunOptions.bounded(), reader);
  }

  @Test
  void aReaderThatThrowsFailsTheRun() {
    try (RunningPipeline run =
        bounded(
            batch -> {
              throw new IOException("the tape is torn");
            })) {
      assertThatThrownBy(run::awaitTermination)
          .isInstanceOfSatisfying(
              CallstreamException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.ENGINE_FAILED))
          .hasMessageContaining("the tape is torn")
          .hasCauseInstanceOf(IOException.class);
      assertThat(run.state()).isEqualTo(State.FAILED);
    }
  }

  @Test
  void theFailureOfASourceKeepsItsCode() {
    CallstreamException failure =
        new CallstreamException(ErrorCode.SOURCE_FAILED, "The topic is gone.");
    try (RunningPipeline run =
        bounded(
            batch -> {
              throw failure;
            })) {
      assertThatThrownBy(run::awaitTermination).isSameAs(failure);
    }
  }

  @Test
  void offsetsWithoutARecordAreNotABatch() throws InterruptedException {
    Deque<PartitionOffsets> ranges =
        new ArrayDeque<>(
            List.of(new PartitionOffsets(0, 0, 2, 5), new PartitionOffsets(0, 2, 5, 5)));
    List<Long> batches = new ArrayList<>();
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .listener(report -> batches.add(report.batch()))
            .build();
    try (RunningPipeline run =
        BatchRun.start(
            pipeline,
            RunOptions.bounded(),
            batch -> {
              PartitionOffsets range = ranges.poll();
              if (range != null && range.start() == 0) {
                batch.newTask().add(CallRecord.at("memory", 0, 0, 0, null));
              }
              return range == null ? List.of() : List.of(range);
            })) {
      run.awaitTermination();
      assertThat(batches).containsExactly(0L);
      assertThat(run.accounting().rejected()).isEqualTo(1);
      assertThat(run.progress().orElseThrow().lag()).isZero();
    }
  }

  @Test
  void theTriggerIntervalSeparatesTheStartsOfBatches() throws InterruptedException {
    List<Instant> starts = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch three = new CountDownLatch(3);
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .listener(
                report -> {
                  starts.add(report.timestamp());
                  three.countDown();
                })
            .build();
    long[] next = {0};
    RunningPipeline run =
        BatchRun.start(
            pipeline,
            RunOptions.continuous().triggeringEvery(Duration.ofMillis(200)),
            batch -> {
              batch.newTask().add(CallRecord.at("memory", 0, next[0], 0, null));
              return List.of(new PartitionOffsets(0, next[0], ++next[0], next[0]));
            });
    three.await();
    run.stop();
    for (int i = 1; i < starts.size(); i++) {
      assertThat(Duration.between(starts.get(i - 1), starts.get(i)))
          .isGreaterThan(Duration.ofMillis(100));
    }
  }

  @Test
  void refusesACheckpoint() {
    RunOptions options = RunOptions.bounded().checkpointingTo(Path.of("state").toString());
    assertThatThrownBy(() -> BatchRun.start(PIPELINE, options, batch -> List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("state")
        .hasMessageContaining("requireSupport");
  }
}
