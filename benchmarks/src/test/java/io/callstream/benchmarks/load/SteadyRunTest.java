package io.callstream.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.benchmarks.load.SteadyRun.Answer;
import io.callstream.benchmarks.load.SteadyRun.Load;
import io.callstream.benchmarks.load.SteadyRun.Outcome;
import io.callstream.engine.RunOptions;
import io.callstream.engine.local.LocalEngine;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A run that fails leaves the sender ready for the next one, and no topic behind. */
@Timeout(120)
class SteadyRunTest {
  private static final Load LOAD =
      new Load(500, Duration.ofSeconds(1), Duration.ZERO, Duration.ofSeconds(30));

  private static Set<String> topics(Traffic traffic) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", traffic.bootstrapServers()))) {
      return admin.listTopics().names().get();
    }
  }

  @Test
  void aRunThatFailsIsFollowedByOneThatDoesNot() throws Exception {
    try (Traffic traffic = Traffic.embedded()) {
      SteadyRun run = new SteadyRun(traffic, 2, topic -> topic, () -> false, progress -> {});
      RunOptions options = RunOptions.continuous().triggeringEvery(Duration.ZERO);
      SteadyRun misspelt =
          new SteadyRun(
              traffic,
              2,
              topic -> topic.with(Map.of("fetch.max.byte", "1")),
              () -> false,
              progress -> {});

      assertThatThrownBy(() -> misspelt.measure(LOAD, new LocalEngine(), options))
          .isInstanceOf(CallstreamException.class);
      Outcome outcome = run.measure(LOAD, new LocalEngine(), options);

      assertThat(outcome.missing()).isZero();
      assertThat(outcome.latencies().getTotalCount()).isEqualTo(500);
      assertThat(topics(traffic)).isEmpty();
    }
  }

  @Test
  void aSenderThatIsLateIsNotTheEnginesFault() throws Exception {
    // No sender makes ten million calls a second, nor does this engine count them in that time.
    Load impossible =
        new Load(10_000_000, Duration.ofMillis(50), Duration.ZERO, Duration.ofSeconds(30));
    Duration offset = Duration.ofMillis(400);
    try (Traffic traffic = Traffic.embedded()) {
      SteadyRun run = new SteadyRun(traffic, 2, topic -> topic, () -> false, progress -> {});
      RunOptions options = RunOptions.continuous().triggeringEvery(Duration.ZERO);

      Outcome late = run.measure(impossible, new LocalEngine(), options);
      Outcome inTime = run.measure(LOAD.after(offset), new LocalEngine(), options);

      assertThat(late.lateMicros()).isPositive();
      assertThat(late.answer()).isEqualTo(Answer.SENDER_LATE);
      assertThat(inTime.missing()).isZero();
      assertThat(inTime.load().offset()).isEqualTo(offset);
    }
  }

  /** By rate 1,000 for 10 s: level is a slope of less than 50, in time is less than 200 ms late. */
  private static Outcome outcome(long missing, long lateMicros, double lagPerSecond) {
    Load load = new Load(1_000, Duration.ofSeconds(10), Duration.ZERO, Duration.ofSeconds(1));
    return new Outcome(
        load, missing, new Histogram(3), lateMicros, lagPerSecond, 0, Optional.empty());
  }

  @Test
  void anAnswerBlamesTheEngineOnlyWhereTheSenderIsInTime() {
    assertThat(outcome(0, 150_000, 49).answer()).isEqualTo(Answer.KEPT_UP);
    assertThat(outcome(0, 150_000, 51).answer()).isEqualTo(Answer.FELL_BEHIND);
    assertThat(outcome(1, 150_000, 0).answer()).isEqualTo(Answer.FELL_BEHIND);
    assertThat(outcome(0, 250_000, 51).answer()).isEqualTo(Answer.SENDER_LATE);
    assertThat(outcome(9, 250_000, 51).answer()).isEqualTo(Answer.SENDER_LATE);
  }
}
