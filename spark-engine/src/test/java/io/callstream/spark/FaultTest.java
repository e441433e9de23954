package io.callstream.spark;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.spark.SparkSettings.StateStore;
import io.callstream.statistic.StandardStatistics;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Verifies that faults around a pipeline are reported by name, and that no call is lost or counted
 * twice.
 */
class FaultTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  @TempDir Path directory;

  private static Pipeline pipeline(KafkaTopic topic) {
    JsonFormat format = SanFranciscoCalls.json();
    return Pipeline.builder(topic, format)
        .statistics(StandardStatistics.all(format.zone(), Duration.ofHours(1)))
        .distinct()
        .build();
  }

  private Path checkpoint() {
    return directory.resolve("checkpoint");
  }

  private static RunningPipeline start(KafkaTopic topic, RunOptions options) {
    return SparkEngine.on(TestSession.get()).start(pipeline(topic), options);
  }

  private RunningPipeline startContinuous(KafkaTopic topic) {
    return start(
        topic,
        RunOptions.continuous()
            .triggeringEvery(Duration.ofMillis(100))
            .checkpointingTo(checkpoint().toString()));
  }

  /** Runs the pipeline to its end, in batches of 500. */
  private RunningPipeline run(KafkaTopic topic) throws InterruptedException {
    RunningPipeline run =
        start(
            topic,
            RunOptions.bounded().readingAtMost(500).checkpointingTo(checkpoint().toString()));
    run.awaitTermination();
    assertThatAccounting(run.accounting()).addsUpFor(run.pipeline());
    return run;
  }

  private void assertRefuses(KafkaTopic topic, ErrorCode code, String... words) {
    assertThatThrownBy(() -> run(topic))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContainingAll(words);
  }

  private static void awaitReceived(RunningPipeline run, long records) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (run.accounting().received() < records) {
      assertThat(run.failure()).isEmpty();
      assertThat(System.nanoTime()).as("%s", run.accounting()).isLessThan(end);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  private static CallstreamException failureOf(RunningPipeline run) {
    try (run) {
      CallstreamException failure =
          catchThrowableOfType(CallstreamException.class, () -> run.awaitTermination(PATIENCE));
      assertThatAccounting(run.accounting()).addsUpFor(run.pipeline());
      return failure;
    }
  }

  private static void send(KafkaTopic topic, int calls, long seed) {
    TestBroker.send(topic, SyntheticCalls.of(calls).withSeed(seed));
  }

  @Nested
  class TheCheckpoint {
    @ParameterizedTest
    @ValueSource(strings = {"commits/2", "callstream/batch-2"})
    void isRefusedWhenAFileInItIsCutOff(String file) throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 1_500, 1);
      run(topic);
      send(topic, 500, 2);
      cutOff(checkpoint().resolve(file));
      assertRefuses(
          topic,
          ErrorCode.CHECKPOINT,
          checkpoint().toString(),
          Path.of(file).getFileName().toString(),
          "start with a new one");
    }

    @ParameterizedTest
    @Tag("thorough")
    @ValueSource(
        strings = {
          "metadata",
          "offsets/2",
          "sources/0/0",
          "callstream/lineage",
          "callstream/pipeline.txt"
        })
    void isRefusedWhenAnotherFileInItIsCutOff(String file) throws Exception {
      isRefusedWhenAFileInItIsCutOff(file);
    }

    @Test
    void isRefusedWhenAFileInItIsMissingOrHasAFlippedBit() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 1_500, 1);
      run(topic);
      send(topic, 500, 2);
      for (String name :
          List.of(
              "metadata",
              "offsets/1",
              "offsets/2",
              "sources/0/0",
              "callstream/batch-0",
              "callstream/batch-2",
              "callstream/lineage",
              "callstream/pipeline.txt",
              "commits/2")) {
        Path file = checkpoint().resolve(name);
        byte[] content = Files.readAllBytes(file);
        if (!name.equals("commits/2")) { // Without it, the batch is not committed and is repeated.
          Files.delete(file);
          assertRefuses(topic, ErrorCode.CHECKPOINT, name + " is missing", "start with a new one");
        }
        for (int i : new int[] {0, content.length / 2, content.length - 10, content.length - 1}) {
          byte[] flipped = content.clone();
          flipped[i] ^= 2;
          Files.write(file, flipped);
          assertRefuses(topic, ErrorCode.CHECKPOINT, name + " is damaged", "start with a new one");
        }
        Files.write(file, content);
      }
      assertThat(run(topic).accounting().received()).isEqualTo(2_000);
    }

    @Test
    void isRefusedWhenItsOffsetsContradictEachOther() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 1_500, 1);
      run(topic);
      for (String name : List.of("offsets/2", "sources/0/0")) {
        Path file = checkpoint().resolve(name);
        byte[] before = Files.readAllBytes(file);
        ChecksummedFileManager files =
            new ChecksummedFileManager(
                new org.apache.hadoop.fs.Path(checkpoint().toUri()),
                TestSession.get().sessionState().newHadoopConf());
        String content;
        try (InputStream in = files.open(new org.apache.hadoop.fs.Path(file.toUri()))) {
          content = new String(in.readAllBytes(), UTF_8);
        }
        String offset = name.equals("offsets/2") ? "1400" : "1600";
        try (OutputStream out =
            files.createAtomic(new org.apache.hadoop.fs.Path(file.toUri()), true)) {
          out.write(content.replaceAll("\"0\":\\d+", "\"0\":" + offset).getBytes(UTF_8));
        }
        assertRefuses(topic, ErrorCode.CHECKPOINT, name + " has", offset, "partition 0", "1500");
        Files.write(file, before);
      }
      assertThat(run(topic).accounting().received()).isEqualTo(1_500);
    }

    @ParameterizedTest
    @EnumSource(names = {"MEMORY", "ROCKSDB_WITH_CHANGELOG"})
    void isRefusedWhenItsStateIsCutOff(StateStore store) throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 1_500, 1);
      SparkEngine engine =
          SparkEngine.on(TestSession.get(), SparkSettings.defaults().stateStore(store));
      RunOptions options =
          RunOptions.bounded().readingAtMost(500).checkpointingTo(checkpoint().toString());
      engine.start(pipeline(topic), options).awaitTermination();
      send(topic, 500, 2);
      try (Stream<Path> files = Files.walk(checkpoint().resolve("state"))) {
        for (Path file :
            files.filter(f -> f.toString().matches(".*/3[.](delta|zip|changelog)")).toList()) {
          cutOff(file);
        }
      }
      // Clears the state from memory, as it is in a new Spark session.
      org.apache.spark.sql.execution.streaming.state.StateStore.stop();
      assertThatThrownBy(() -> engine.start(pipeline(topic), options).awaitTermination())
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT))
          .hasMessageContainingAll(checkpoint().toString(), "is damaged", "new one");
    }

    @ParameterizedTest
    @Tag("thorough")
    @EnumSource(names = "ROCKSDB")
    void isRefusedWhenItsStateInRocksDbIsCutOff(StateStore store) throws Exception {
      isRefusedWhenItsStateIsCutOff(store);
    }

    private static void cutOff(Path file) throws IOException {
      byte[] content = Files.readAllBytes(file);
      assertThat(content).isNotEmpty();
      Files.write(file, Arrays.copyOf(content, content.length / 2));
    }

    @Test
    void failsTheRunWhenItVanishes() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 500, 1);
      RunningPipeline run = startContinuous(topic);
      awaitReceived(run, 500);
      FileUtils.deleteDirectory(checkpoint().toFile());
      send(topic, 500, 2);
      CallstreamException e = failureOf(run);
      assertThat(e.code()).as(e.getMessage()).isEqualTo(ErrorCode.CHECKPOINT);
      assertThat(e).hasMessageContainingAll(checkpoint().toString(), "If it is gone");
      // Without its checkpoint, the pipeline starts from the beginning, and counts nothing twice.
      assertThat(run(topic).accounting().received()).isEqualTo(1_000);
    }

    @Test
    void isRefusedWhereNoDirectoryCanBe() throws Exception {
      Files.writeString(checkpoint(), "a file");
      assertRefuses(
          TestBroker.topic(1),
          ErrorCode.CHECKPOINT,
          checkpoint().toString(),
          "A file has the name of a directory there");
    }
  }

  @Nested
  class TheTopic {
    @Test
    void mayNotLoseRecordsThatWereNotRead() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 500, 1);
      run(topic);
      send(topic, 1_000, 2);
      TestBroker.deleteBefore(topic, 900);
      for (int attempt = 0; attempt < 2; attempt++) {
        assertRefuses(
            topic, ErrorCode.SOURCE_FAILED, "500", topic.name(), "retention", "new checkpoint");
      }
    }

    @Test
    void mayLoseRecordsThatWereRead() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 500, 1);
      run(topic);
      TestBroker.deleteBefore(topic, 500);
      send(topic, 300, 2);
      assertThat(run(topic).accounting().received()).isEqualTo(800);
    }

    @Test
    void mayHaveLostRecordsBeforeItWasFirstRead() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 900, 1);
      TestBroker.deleteBefore(topic, 300);
      List<PartitionOffsets> offsets = new ArrayList<>();
      Pipeline pipeline =
          Pipeline.builder(topic, SanFranciscoCalls.json())
              .statistic(StandardStatistics.callsByType())
              .listener(progress -> offsets.addAll(progress.offsets()))
              .build();
      RunningPipeline run =
          SparkEngine.on(TestSession.get())
              .start(pipeline, RunOptions.bounded().readingAtMost(500));
      run.awaitTermination();
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      assertThat(run.accounting().received()).isEqualTo(600);
      assertThat(offsets)
          .containsExactly(
              new PartitionOffsets(0, 300, 800, 900), new PartitionOffsets(0, 800, 900, 900));
    }

    @Tag("thorough")
    @Test
    void failsTheRunWhenItIsDeleted() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 500, 1);
      RunningPipeline run = startContinuous(topic);
      awaitReceived(run, 500);
      TestBroker.delete(topic);
      CallstreamException e = failureOf(run);
      assertThat(e.code()).as(e.getMessage()).isEqualTo(ErrorCode.TOPIC);
      assertThat(e).hasMessageContainingAll("gone", "new checkpoint");
    }

    @Test
    void isRefusedWhenItIsAnotherOfTheSameName() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 500, 1);
      run(topic);
      TestBroker.delete(topic);
      TestBroker.createAgain(topic);
      // More records than before, so that the offsets do not reveal the new topic.
      send(topic, 800, 2);
      assertRefuses(topic, ErrorCode.CHECKPOINT, "deleted and created again", "new directory");
    }

    @Test
    void mayGetPartitionsWhileItIsRead() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 500, 1);
      try (RunningPipeline run = startContinuous(topic)) {
        awaitReceived(run, 500);
        TestBroker.increasePartitions(topic, 3);
        send(topic, 1_500, 2);
        awaitReceived(run, 2_000);
        assertThatAccounting(run.accounting()).addsUpFor(run.pipeline());
        RunningPipeline afterwards = start(topic, RunOptions.bounded());
        afterwards.awaitTermination();
        for (String statistic : List.of("calls-by-type", "calls-by-location")) {
          assertThat(run.results(statistic).rows()).isEqualTo(afterwards.results(statistic).rows());
        }
      }
    }
  }
}
