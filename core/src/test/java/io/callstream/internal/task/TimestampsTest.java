package io.callstream.internal.task;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.CallRecord;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress.Latency;
import io.callstream.statistic.StandardStatistics;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TimestampsTest {
  private static final Instant BEGIN = Instant.parse("2026-11-26T12:00:00Z");
  private static final Instant END = BEGIN.plusMillis(250);

  private final TaskPlan plan =
      new TaskPlan(
          Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
              .statistic(StandardStatistics.callsByType())
              .build());

  private TaskReport read(List<Long> timestamps) {
    CallReader reader =
        new CallReader(plan, LookupTables.NONE, BEGIN, (call, record, index) -> {}, letter -> {});
    for (int i = 0; i < timestamps.size(); i++) {
      reader.read(CallRecord.at("calls", i % 3, i, timestamps.get(i), null));
    }
    return TaskReport.of(reader.report().toBytes());
  }

  @Test
  void tasksTogetherTellTheMeanAndTheGreatestAgeOfAll() {
    Random random = new Random(7);
    List<Long> all = new ArrayList<>();
    TaskReport sum = TaskReport.ofDuplicates(0);
    for (int task = 0; task < 5; task++) {
      List<Long> timestamps =
          random.longs(1 + random.nextInt(400), 0, BEGIN.toEpochMilli() + 1).boxed().toList();
      all.addAll(timestamps);
      sum = sum.plus(read(timestamps));
    }
    BigInteger ages =
        all.stream()
            .map(timestamp -> BigInteger.valueOf(END.toEpochMilli() - timestamp))
            .reduce(BigInteger.ZERO, BigInteger::add);
    long oldest = END.toEpochMilli() - all.stream().min(Long::compare).orElseThrow();
    Latency latency = sum.latencyAt(END).orElseThrow();
    assertThat(latency.greatest()).isEqualTo(Duration.ofMillis(oldest));
    assertThat(latency.mean())
        .isCloseTo(
            Duration.ofMillis(ages.divide(BigInteger.valueOf(all.size())).longValueExact()),
            Duration.ofMillis(1));
  }

  @Test
  void recordsWithoutATimestampDoNotCount() {
    assertThat(read(List.of()).latencyAt(END)).isEmpty();
    assertThat(read(List.of(-1L, -1L)).latencyAt(END)).isEmpty();
    TaskReport some = read(List.of(-1L, BEGIN.toEpochMilli() - 750, -1L));
    Latency second = new Latency(Duration.ofSeconds(1), Duration.ofSeconds(1));
    assertThat(some.latencyAt(END)).contains(second);
    assertThat(some.plus(read(List.of(-1L))).latencyAt(END)).contains(second);
    assertThat(read(List.of(-1L)).plus(some).latencyAt(END)).contains(second);
  }

  @Test
  void clocksThatAreWrongMakeNoRecordYoungerThanNothing() {
    TaskReport ahead = read(List.of(Long.MAX_VALUE, BEGIN.toEpochMilli() + 1, Long.MAX_VALUE));
    Duration sinceBegin = Duration.ofMillis(250);
    assertThat(ahead.latencyAt(END)).contains(new Latency(sinceBegin, sinceBegin));
    // The clock that measured the end is behind the one that measured the start.
    assertThat(ahead.latencyAt(BEGIN.minusSeconds(60)))
        .contains(new Latency(Duration.ZERO, Duration.ZERO));
  }

  @Test
  void tenMillionRecordsOf1970AreAsOldAsOne() {
    CallReader reader =
        new CallReader(plan, LookupTables.NONE, BEGIN, (call, record, index) -> {}, letter -> {});
    CallRecord record = CallRecord.at("calls", 0, 0, 0, null);
    for (int i = 0; i < 10_000_000; i++) {
      reader.read(record);
    }
    Duration age = Duration.between(Instant.EPOCH, END);
    Latency latency = reader.report().latencyAt(END).orElseThrow();
    assertThat(latency.greatest()).isEqualTo(age);
    assertThat(latency.mean()).isCloseTo(age, Duration.ofSeconds(1));
  }
}
