package io.callstream.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.benchmarks.load.LatencyResult.Conclusion;
import io.callstream.engine.RunOptions;
import io.callstream.engine.local.LocalEngine;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.progress.ProgressListener;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The tests share one process. After each run it must be ready for the next one. */
@Timeout(120)
class SteadyRunTest {
  private static final Load LOAD =
      new Load(500, Duration.ofSeconds(1), Duration.ZERO, Duration.ofSeconds(30));

  private static Traffic traffic;

  @BeforeAll
  static void start() {
    traffic = Traffic.to("");
  }

  @AfterAll
  static void close() {
    traffic.close();
  }

  @AfterEach
  void theNextRunSucceedsAndNoTopicRemains() throws Exception {
    LatencyResult outcome = measure(LOAD, topic -> topic, progress -> {});

    requireAll(outcome, outcome.latencies().getTotalCount(), 500);
    assertThat(topics()).isEmpty();
  }

  /** Requires that all calls arrived, unless the machine was too busy for the sender. */
  private static void requireAll(LatencyResult outcome, long arrived, long all) {
    if (!outcome.senderTooLate()) {
      assertThat(outcome.missing()).isZero();
      assertThat(arrived).isEqualTo(all);
    }
  }

  private static Set<String> topics() throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", traffic.bootstrapServers()))) {
      return admin.listTopics().names().get();
    }
  }

  private static LatencyResult measure(
      Load load, UnaryOperator<KafkaTopic> source, ProgressListener listener)
      throws InterruptedException {
    return new SteadyRun(traffic, 2, source, () -> false, listener)
        .measure(load, new LocalEngine(), RunOptions.continuous().triggeringEvery(Duration.ZERO));
  }

  @Tag("thorough")
  @Test
  void theOtherProcessFillsATopic() throws Exception {
    traffic.create("filled", 1);
    AtomicBoolean sentHere = new AtomicBoolean();
    Thread filling = new Thread(() -> traffic.fill("filled", 200_000));
    filling.start();
    while (filling.isAlive()) {
      Thread.getAllStackTraces().keySet().stream()
          .filter(thread -> thread.getName().startsWith("kafka-producer-network-thread"))
          .forEach(thread -> sentHere.set(true));
      filling.join(1);
    }

    TopicPartition partition = new TopicPartition("filled", 0);
    long sent;
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", traffic.bootstrapServers()))) {
      sent =
          admin
              .listOffsets(Map.of(partition, OffsetSpec.latest()))
              .partitionResult(partition)
              .get()
              .offset();
    }
    traffic.delete("filled");
    assertThat(sent).isEqualTo(200_000);
    assertThat(sentHere).isFalse();
  }

  @Test
  void aTopicThatCannotBeDeletedDoesNotKeepTheProcess() {
    Traffic other = Traffic.to(traffic.bootstrapServers());
    other.create("deleted", 1);
    traffic.delete("deleted");

    assertThatThrownBy(other::close).hasMessageContaining("deleted");
    assertThat(other.isAlive()).isFalse();
  }

  @Test
  void aRunWithAWrongSettingFails() {
    assertThatThrownBy(
            () -> measure(LOAD, topic -> topic.with(Map.of("fetch.max.byte", "1")), progress -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("fetch.max.byte");
  }

  /** No sender reaches ten million calls per second. */
  private static Load impossible(Duration length, Duration uncounted) {
    return new Load(10_000_000, length, uncounted, Duration.ofSeconds(30));
  }

  @Test
  void endsEarlyIfTheSenderIsTooLate() throws Exception {
    LatencyResult outcome =
        measure(impossible(Duration.ofMillis(100), Duration.ZERO), topic -> topic, progress -> {});

    // The run ends when a call is 200 ms late. By then the sender has sent only some calls.
    assertThat(outcome.senderDelayMicros()).isGreaterThan(200_000);
    assertThat(outcome.senderTooLate()).isTrue();
    assertThat(outcome.conclusion()).isEqualTo(Conclusion.SENDER_LATE);
    assertThat(outcome.missing()).isGreaterThan(1_000_000 / 4);
  }

  @Tag("thorough")
  @Test
  void ignoresDelaysOfTheSenderInTheUncountedTime() throws Exception {
    Duration length = Duration.ofMillis(50);

    LatencyResult outcome = measure(impossible(length, length), topic -> topic, progress -> {});

    assertThat(outcome.senderDelayMicros()).isZero();
    assertThat(outcome.missing()).isZero();
  }

  @Tag("thorough")
  @Test
  void startsTheScheduleAfterTheStartDelay() throws Exception {
    for (Duration delay : List.of(Duration.ZERO, Duration.ofMillis(1_500))) {
      AtomicLong received = new AtomicLong();
      AtomicLong ready = new AtomicLong();

      LatencyResult outcome =
          measure(
              LOAD.startingAfter(delay),
              topic -> topic,
              progress -> {
                received.set(progress.total().received());
                if (progress.total().received() == 2_000) { // The calls before the schedule.
                  ready.compareAndSet(0, Schedule.nowMicros());
                }
              });

      requireAll(outcome, received.get(), 2_000 + 500);
      long waited = outcome.schedule().startMicros() - ready.get();
      assertThat(waited).isGreaterThan(delay.toNanos() / 1_000);
    }
  }
}
