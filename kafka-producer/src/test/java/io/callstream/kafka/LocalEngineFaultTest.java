package io.callstream.kafka;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.contract.SourceRecord;
import io.callstream.engine.local.LocalEngine;
import io.callstream.internal.files.Checksum;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.KafkaTopic.StartingOffsets;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Faults of the local engine's environment on Kafka are reported, and no data is lost. */
@Timeout(120)
class LocalEngineFaultTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final JsonFormat FORMAT = SanFranciscoCalls.json();

  @TempDir Path directory;

  private static Pipeline pipeline(KafkaTopic topic) {
    return Pipeline.builder(topic, FORMAT)
        .statistics(StandardStatistics.all(FORMAT.zone(), Duration.ofHours(1)))
        .distinct()
        .build();
  }

  private Path checkpoint() {
    return directory.resolve("checkpoint");
  }

  private RunOptions bounded() {
    return RunOptions.bounded().readingAtMost(500).checkpointingTo(checkpoint().toString());
  }

  private RunningPipeline startContinuous(KafkaTopic topic) {
    return new LocalEngine()
        .start(
            pipeline(topic),
            RunOptions.continuous()
                .triggeringEvery(Duration.ZERO)
                .checkpointingTo(checkpoint().toString()));
  }

  /** Runs to the end, in batches of 500. */
  private RunningPipeline run(KafkaTopic topic) throws InterruptedException {
    return run(topic, bounded());
  }

  private static RunningPipeline run(KafkaTopic topic, RunOptions options)
      throws InterruptedException {
    RunningPipeline run = new LocalEngine().start(pipeline(topic), options);
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

  private static void awaitReceived(RunningPipeline run, long records) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (run.accounting().received() < records) {
      assertThat(run.failure()).isEmpty();
      assertThat(System.nanoTime()).as("%s", run.accounting()).isLessThan(end);
      LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
    }
  }

  private static CallstreamException failureOf(RunningPipeline run) {
    try (run) {
      return catchThrowableOfType(CallstreamException.class, () -> run.awaitTermination(PATIENCE));
    }
  }

  private static void send(KafkaTopic topic, int calls, long seed) {
    try (CallProducer producer =
        CallProducer.to(TestBroker.cluster(), topic.name(), FORMAT).connect()) {
      producer.send(SyntheticCalls.of(calls).withSeed(seed));
    }
  }

  @Nested
  class TheCheckpoint {
    @ParameterizedTest
    @ValueSource(strings = {"pipeline.txt", "committed", "first-offsets", "lineage", "log-0"})
    void isRefusedWhenAFileInItIsCutOff(String name) throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 1_500, 1);
      run(topic);
      Path file = checkpoint().resolve("callstream").resolve(name);
      byte[] content = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(content, content.length / 2));
      assertRefuses(topic, ErrorCode.CHECKPOINT, checkpoint().toString(), "start with a new one");
    }

    private void writeChecked(String file, String content) throws IOException {
      Files.write(
          checkpoint().resolve("callstream").resolve(file),
          Checksum.append(file, content.getBytes(UTF_8)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"pipeline.txt", "committed", "first-offsets", "lineage", "log-0"})
    void isRefusedWhenAFileInItIsMissing(String name) throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 1_500, 1);
      run(topic);
      Files.delete(checkpoint().resolve("callstream").resolve(name));
      for (int attempt = 0; attempt < 2; attempt++) {
        assertRefuses(
            topic,
            ErrorCode.CHECKPOINT,
            checkpoint() + " is damaged: ",
            name + " is missing",
            "start with a new one");
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"committed", "first-offsets", "lineage"})
    void isRefusedWithAFlippedBitInAnyByteOfASmallFile(String name) throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 1_500, 1);
      run(topic);
      send(topic, 3_000, 2);
      Path file = checkpoint().resolve("callstream").resolve(name);
      byte[] content = Files.readAllBytes(file);
      for (int i = 0; i < content.length; i++) {
        byte[] flipped = content.clone();
        flipped[i] ^= 2; // Changes the 1 of "0: 1500" to a 3.
        Files.write(file, flipped);
        assertRefuses(topic, ErrorCode.CHECKPOINT, name + " is damaged", "start with a new one");
      }
    }

    /** A process can be killed after each of the files of a new directory. */
    @Test
    void mayBeLeftByAKillBeforeItHadAllItsFiles() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      run(topic);
      send(topic, 800, 1);
      for (String name :
          List.of("committed", "first-offsets", "log-0", "lineage", "pipeline.txt")) {
        Path directory = checkpoint().resolve("callstream");
        Files.delete(directory.resolve(name));
        Path left = checkpoint().resolveSibling("left-" + name);
        Files.createDirectories(left.resolve("callstream"));
        try (Stream<Path> files = Files.list(directory)) {
          for (Path file : files.toList()) {
            Files.copy(file, left.resolve("callstream").resolve(file.getFileName()));
          }
        }
        assertThat(
                run(topic, RunOptions.bounded().checkpointingTo(left.toString()))
                    .accounting()
                    .received())
            .isEqualTo(800);
      }
    }

    @Test
    void isRefusedWhenItsOffsetsContradictEachOther() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 1_500, 1);
      run(topic);
      writeChecked("committed", "2\n0: 1400\n");
      assertRefuses(
          topic, ErrorCode.CHECKPOINT, "committed has offset 1400 of partition 0", "1500");
      writeChecked("committed", "3\n0: 1500\n");
      assertRefuses(topic, ErrorCode.CHECKPOINT, "ends with batch 2, not 3");
      writeChecked("committed", "2\n0: 1501\n");
      assertRefuses(
          topic, ErrorCode.CHECKPOINT, "fewer records", "up to offset 1501", "ends at 1500");
      writeChecked("committed", "2\n0: 1500\n");
      writeChecked("first-offsets", "0: 1600\n");
      assertRefuses(topic, ErrorCode.CHECKPOINT, "partition 0", "first-offsets has 1600");
      writeChecked("first-offsets", "1: 0\n");
      assertRefuses(topic, ErrorCode.CHECKPOINT, "partition 0", "first-offsets has none");
      writeChecked("first-offsets", "0: 0\n");
      assertThat(run(topic).accounting().received()).isEqualTo(1_500);
    }

    @Test
    void resumesAtTheRecordsThatTheLedgerHasWhateverElseItSays() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 1_500, 1);
      run(topic);
      send(topic, 2_000, 2);
      writeChecked("committed", "2\n0: 3000\n");
      assertThat(run(topic).accounting().received()).isEqualTo(3_500);
    }

    @Test
    void isRefusedWhenABatchInItsLogIsDamaged() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 1_500, 1);
      run(topic);
      Path log = checkpoint().resolve("callstream/log-0");
      byte[] content = Files.readAllBytes(log);
      content[content.length / 3] ^= 1;
      Files.write(log, content);
      assertRefuses(topic, ErrorCode.CHECKPOINT, "log-0 is damaged", checkpoint().toString());
    }

    @Test
    void goesOnWhereALogEndsInABatchThatWasNotWrittenToItsEnd() throws Exception {
      KafkaTopic topic = TestBroker.topic(2);
      send(topic, 1_800, 1);
      RunningPipeline whole = run(topic, RunOptions.bounded().readingAtMost(500));
      run(topic);
      // The state after a kill: no file marks the last batch as done.
      Path log = checkpoint().resolve("callstream/log-0");
      byte[] content = Files.readAllBytes(log);
      Files.write(log, Arrays.copyOf(content, content.length - 100));
      writeChecked("committed", "-1\n0: 0\n1: 0\n");
      RunningPipeline again = run(topic);
      assertThat(again.accounting()).isEqualTo(whole.accounting());
      for (String statistic : List.of("calls-by-type", "calls-by-location")) {
        assertThat(again.results(statistic).rows()).isEqualTo(whole.results(statistic).rows());
      }
    }

    @Test
    void failsTheRunWhenItVanishes() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 500, 1);
      RunningPipeline run = startContinuous(topic);
      awaitReceived(run, 500);
      try (Stream<Path> files = Files.walk(checkpoint())) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
      CallstreamException e = failureOf(run);
      assertThat(e.code()).as(e.getMessage()).isEqualTo(ErrorCode.CHECKPOINT);
      assertThat(e).hasMessageContaining(checkpoint().toString());
      assertThat(run(topic).accounting().received()).isEqualTo(500);
    }

    @Test
    void isRefusedWhereNoDirectoryCanBe() throws IOException {
      Files.writeString(checkpoint(), "a file");
      assertRefuses(
          TestBroker.topic(1),
          ErrorCode.CHECKPOINT,
          checkpoint().toString(),
          "A file has the name of a directory there");
    }

    @Test
    void isRefusedWhereItIsNotOfThisMachine() {
      assertThatThrownBy(
              () ->
                  run(
                      TestBroker.topic(1),
                      RunOptions.bounded().checkpointingTo("hdfs://there/checkpoint")))
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED))
          .hasMessageContainingAll("hdfs://there/checkpoint", "directory of this machine", "spark");
    }

    @Test
    void mayBeNamedByAUri() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      send(topic, 500, 1);
      run(topic, RunOptions.bounded().checkpointingTo("file://" + checkpoint()));
      assertThat(checkpoint().resolve("callstream/pipeline.txt")).exists();
      assertThat(run(topic).accounting().received()).isEqualTo(500);
    }

    @Test
    void ofAnotherEngineIsRefused() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      run(topic);
      Path fingerprint = checkpoint().resolve("callstream/pipeline.txt");
      String text =
          new String(Checksum.verify("pipeline.txt", Files.readAllBytes(fingerprint)), UTF_8);
      writeChecked("pipeline.txt", text.replace("engine: local", "engine: spark"));
      Files.delete(checkpoint().resolve("callstream/log-0"));
      writeChecked("snapshot-99", "of Spark's ledger");
      assertRefuses(topic, ErrorCode.CHECKPOINT, "'spark'", "'local'", "new directory");
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
      assertThat(run(topic).accounting().received()).isEqualTo(600);
    }

    @Test
    void isReadFromItsEndWhereThatIsAskedFor() throws Exception {
      KafkaTopic topic = TestBroker.topic(2).startingAt(StartingOffsets.LATEST);
      send(topic, 300, 1);
      assertThat(run(topic).accounting().received()).isZero();
      send(topic, 200, 2);
      assertThat(run(topic).accounting().received()).isEqualTo(200);
    }

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
      // More records than before, so that the offsets do not show the change.
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
        run.stop();
        assertThatAccounting(run.accounting()).addsUpFor(run.pipeline());
        RunningPipeline afterwards = run(topic, RunOptions.bounded());
        for (String statistic : List.of("calls-by-type", "calls-by-location")) {
          assertThat(run.results(statistic).rows()).isEqualTo(afterwards.results(statistic).rows());
        }
      }
      send(topic, 100, 3);
      assertThat(run(topic).accounting().received()).isEqualTo(2_100);
    }

    @Test
    void mayHaveMorePartitionsThanThereAreReadersAndABacklogOfManyBatches() throws Exception {
      KafkaTopic topic = TestBroker.topic(3);
      send(topic, 20_000, 5);

      try (RunningPipeline run =
          new LocalEngine()
              .readingIn(1)
              .start(
                  pipeline(topic.with(Map.of("default.api.timeout.ms", "10000"))),
                  RunOptions.bounded().readingAtMost(3_000))) {
        run.awaitTermination();

        assertThat(run.accounting().received()).isEqualTo(20_000);
        assertThatAccounting(run.accounting()).addsUpFor(run.pipeline());
      }
    }

    @Test
    void mayHoldTransactionsWhoseMarksAreNoRecords() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      try (KafkaProducer<byte[], byte[]> producer =
          new KafkaProducer<>(
              Map.of(
                  ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                  TestBroker.cluster().bootstrapServers(),
                  ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                  topic.name()),
              new ByteArraySerializer(),
              new ByteArraySerializer())) {
        producer.initTransactions();
        for (int i = 0; i < 8; i++) {
          producer.beginTransaction();
          Call call = Call.builder("id " + i, "t", Instant.parse("2018-11-01T12:00:00Z")).build();
          producer.send(new ProducerRecord<>(topic.name(), FORMAT.write(call)));
          producer.flush();
          if (i % 4 == 3) {
            producer.abortTransaction();
          } else {
            producer.commitTransaction();
          }
        }
      }
      RunOptions small =
          RunOptions.bounded().readingAtMost(1).checkpointingTo(checkpoint().toString());
      assertThat(run(topic, small).accounting().received()).isEqualTo(6);
      assertThat(run(topic, small).accounting().received()).isEqualTo(6);

      // Each transaction has a record and a marker. The last marker is after the last record.
      TestBroker.deleteBefore(topic, 16);
      assertThat(run(topic, small).accounting().received()).isEqualTo(6);
    }

    @Test
    void isNotReadWithSettingsThatNoClientKnows() {
      KafkaTopic topic = TestBroker.topic(1).with(Map.of("max.pol.records", "1"));

      assertThatThrownBy(() -> run(topic))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("max.pol.records", "max.poll.records");
    }

    @Test
    void mustBeThere() {
      KafkaTopic missing =
          KafkaTopic.of("no-such-topic").at(TestBroker.cluster().bootstrapServers());
      assertRefuses(missing, ErrorCode.TOPIC, "no-such-topic");
      assertThat(checkpoint()).doesNotExist();
    }
  }

  @Test
  void lettersThatDoNotFitIntoMemoryComeInTheirOrderAndLeaveNoFile() throws Exception {
    KafkaTopic topic = TestBroker.topic(2);
    byte[] large = new byte[300_000];
    Arrays.fill(large, (byte) 'x');
    List<SourceRecord> records = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      System.arraycopy((i + " ").getBytes(UTF_8), 0, large, 0, (i + " ").length());
      records.add(new SourceRecord(i % 2, Instant.now(), large.clone()));
    }
    TestBroker.send(topic, records);
    List<String> letters = new ArrayList<>();
    Pipeline pipeline =
        Pipeline.builder(topic, FORMAT)
            .statistic(StandardStatistics.callsByType())
            .deadLetters(
                Sinks.deadLetterCallback(
                    letter -> letters.add(new String(letter.value(), UTF_8).split(" ", 2)[0])))
            .build();
    new LocalEngine()
        .start(pipeline, RunOptions.bounded().checkpointingTo(checkpoint().toString()))
        .awaitTermination();
    assertThat(letters)
        .containsExactlyElementsOf(
            Stream.concat(
                    IntStream.range(0, 30).map(i -> 2 * i).mapToObj(String::valueOf),
                    IntStream.range(0, 30).map(i -> 2 * i + 1).mapToObj(String::valueOf))
                .toList());
    try (Stream<Path> left = Files.list(checkpoint().resolve("callstream"))) {
      assertThat(left.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "lock", "pipeline.txt", "lineage", "first-offsets", "committed", "log-0");
    }
  }
}
