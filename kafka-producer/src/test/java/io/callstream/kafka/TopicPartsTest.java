package io.callstream.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.contract.SourceRecord;
import io.callstream.engine.local.LocalEngine;
import io.callstream.engine.local.MergedResults;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.KafkaTopic.StartingOffsets;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.statistic.StandardStatistics;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs that read parts of the partitions of a topic. */
@Timeout(120)
class TopicPartsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Instant NOON = Instant.parse("2018-11-01T12:00:00Z");
  private static final JsonFormat FORMAT = SanFranciscoCalls.json();

  @TempDir Path directory;

  private static Pipeline pipeline(KafkaTopic topic) {
    return Pipeline.builder(topic, FORMAT).statistic(StandardStatistics.callsByType()).build();
  }

  private static void send(KafkaTopic topic, int partition, int calls) {
    List<SourceRecord> records = new ArrayList<>();
    for (int i = 0; i < calls; i++) {
      Call call = Call.builder("id " + i, "partition " + partition, NOON).build();
      records.add(new SourceRecord(partition, NOON, FORMAT.write(call)));
    }
    TestBroker.send(topic, records);
  }

  private RunningPipeline start(KafkaTopic topic, RunOptions options) {
    int part = topic.part().orElseThrow().number();
    return new LocalEngine()
        .start(pipeline(topic), options.checkpointingTo(directory.resolve("" + part).toString()));
  }

  private MergedResults merged(KafkaTopic topic, int of) {
    return MergedResults.read(
        pipeline(topic),
        IntStream.rangeClosed(1, of).mapToObj(part -> directory.resolve("" + part)).toList());
  }

  private static void await(String what, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as(what).isLessThan(end);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  private static List<Integer> partitions(RunningPipeline run) {
    return run.progress().map(Progress::offsets).orElse(List.of()).stream()
        .map(PartitionOffsets::partition)
        .toList();
  }

  @Test
  void partitionsThatAreAddedBelongToOnePart() throws Exception {
    KafkaTopic topic = TestBroker.topic(3);
    for (int partition = 0; partition < 3; partition++) {
      send(topic, partition, 10 + partition);
    }
    RunOptions options = RunOptions.continuous().triggeringEvery(Duration.ZERO);
    try (RunningPipeline one = start(topic.part(1, 3), options);
        RunningPipeline two = start(topic.part(2, 3), options);
        RunningPipeline three = start(topic.part(3, 3), options)) {
      await("each part is counted", () -> merged(topic, 3).accounting().received() == 33);
      assertThat(one.accounting().received()).isEqualTo(10);
      assertThat(three.accounting().received()).isEqualTo(12);

      TestBroker.increasePartitions(topic, 5);
      send(topic, 3, 20);
      send(topic, 4, 30);

      await("new partitions are counted", () -> merged(topic, 3).accounting().received() == 83);
      assertThat(partitions(one)).containsExactly(0, 3);
      assertThat(partitions(two)).containsExactly(1, 4);
      assertThat(partitions(three)).containsExactly(2);
      assertThat(one.progress().orElseThrow().lag()).isZero();
      assertThat(one.accounting().received()).isEqualTo(30);
    }
    assertThat(merged(topic, 3).results("calls-by-type").rows())
        .extracting(ResultRow::toString)
        .containsExactly(
            "partition 4  30",
            "partition 3  20",
            "partition 2  12",
            "partition 1  11",
            "partition 0  10");
  }

  @Test
  void startsAtTheEndOfItsPartitions() throws Exception {
    KafkaTopic topic = TestBroker.topic(2).startingAt(StartingOffsets.LATEST);
    send(topic, 0, 10);
    send(topic, 1, 10);
    for (int part = 1; part <= 2; part++) {
      start(topic.part(part, 2), RunOptions.bounded()).awaitTermination();
    }
    send(topic, 1, 3);
    for (int part = 1; part <= 2; part++) {
      start(topic.part(part, 2), RunOptions.bounded()).awaitTermination();
    }

    assertThat(merged(topic, 2).accounting().received()).isEqualTo(3);
  }

  @Test
  void refusesAPartWithoutPartitions() {
    KafkaTopic topic = TestBroker.topic(2);

    assertThatThrownBy(() -> start(topic.part(3, 3), RunOptions.bounded()))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TOPIC))
        .hasMessageContainingAll(topic.name(), "2 partitions", "none for part 3/3");
  }

  @Test
  void aLookupNeedsTheWholeTopic() {
    KafkaTopic topic = KafkaTopic.of("areas").at("localhost:1");

    assertThatThrownBy(() -> KafkaLookups.topic(topic.part(1, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("part 1/2 of Kafka topic areas");
  }
}
