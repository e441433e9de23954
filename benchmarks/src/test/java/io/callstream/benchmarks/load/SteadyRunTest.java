package io.callstream.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.benchmarks.load.SteadyRun.Answer;
import io.callstream.benchmarks.load.SteadyRun.Load;
import io.callstream.benchmarks.load.SteadyRun.Outcome;
import io.callstream.engine.RunOptions;
import io.callstream.engine.local.LocalEngine;
import io.callstream.progress.StabilityVerdict;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
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

  /** No sender makes ten million calls a second. */
  private static Load impossible(Duration length, Duration uncounted) {
    return new Load(10_000_000, length, uncounted, Duration.ofSeconds(30));
  }

  @Test
  void aRunWhoseSenderIsTooLateEndsBeforeAllIsSent() throws Exception {
    try (Traffic traffic = Traffic.embedded()) {
      SteadyRun run = new SteadyRun(traffic, 2, topic -> topic, () -> false, progress -> {});
      RunOptions options = RunOptions.continuous().triggeringEvery(Duration.ZERO);

      Outcome late =
          run.measure(
              impossible(Duration.ofMillis(100), Duration.ZERO), new LocalEngine(), options);
      Outcome inTime = run.measure(LOAD, new LocalEngine(), options);

      // It ends when a call is 200 ms late, having sent what can be sent in little more than that.
      assertThat(late.lateMicros()).isGreaterThan(200_000);
      assertThat(late.brokenOff()).isTrue();
      assertThat(late.answer()).isEqualTo(Answer.SENDER_LATE);
      assertThat(late.missing()).isGreaterThan(1_000_000 / 4);
      assertThat(inTime.missing()).isZero();
      assertThat(inTime.latencies().getTotalCount()).isEqualTo(500);
      assertThat(topics(traffic)).isEmpty();
    }
  }

  @Test
  void aSenderThatIsLateWhereNothingCountsIsNotLate() throws Exception {
    Duration length = Duration.ofMillis(50);
    try (Traffic traffic = Traffic.embedded()) {
      SteadyRun run = new SteadyRun(traffic, 2, topic -> topic, () -> false, progress -> {});

      Outcome outcome =
          run.measure(
              impossible(length, length),
              new LocalEngine(),
              RunOptions.continuous().triggeringEvery(Duration.ZERO));

      assertThat(outcome.lateMicros()).isZero();
      assertThat(outcome.missing()).isZero();
    }
  }

  @Test
  void theScheduleBeginsLaterByItsOffset() throws Exception {
    try (Traffic traffic = Traffic.embedded()) {
      for (Duration offset : List.of(Duration.ZERO, Duration.ofMillis(1_500))) {
        AtomicLong lastReport = new AtomicLong();
        AtomicLong firstSent = new AtomicLong();
        SteadyRun run =
            new SteadyRun(
                traffic,
                2,
                topic -> topic,
                () -> false,
                progress -> {
                  lastReport.set(progress.total().received());
                  if (progress.total().received() == 2_000) { // Those before the schedule.
                    firstSent.compareAndSet(0, Schedule.nowMicros());
                  }
                });

        Outcome outcome =
            run.measure(
                LOAD.after(offset),
                new LocalEngine(),
                RunOptions.continuous().triggeringEvery(Duration.ZERO));

        assertThat(lastReport.get()).isEqualTo(2_000 + 500);
        long waited = outcome.schedule().startMicros() - firstSent.get();
        assertThat(waited).isGreaterThan(offset.toNanos() / 1_000);
        if (offset.isZero()) {
          assertThat(waited).isLessThan(1_500_000);
        }
      }
    }
  }

  /** By rate 1,000 for 10 s: level is a slope of less than 50, in time is less than 200 ms late. */
  private static Outcome outcome(
      long missing, long lateMicros, double lagPerSecond, Optional<StabilityVerdict> verdict) {
    Load load = new Load(1_000, Duration.ofSeconds(10), Duration.ZERO, Duration.ofSeconds(1));
    Schedule schedule = new Schedule(0, 1_000);
    return new Outcome(
        load, schedule, missing, new Histogram(3), lateMicros, lagPerSecond, 0, verdict);
  }

  @Test
  void anAnswerBlamesTheEngineOnlyWhereTheSenderIsInTime() {
    Optional<StabilityVerdict> stable = Optional.of(new StabilityVerdict(List.of()));

    assertThat(outcome(0, 150_000, 49, stable).answer()).isEqualTo(Answer.KEPT_UP);
    assertThat(outcome(0, 150_000, 51, stable).answer()).isEqualTo(Answer.FELL_BEHIND);
    assertThat(outcome(1, 150_000, 0, stable).answer()).isEqualTo(Answer.FELL_BEHIND);
    assertThat(outcome(0, 250_000, 51, stable).answer()).isEqualTo(Answer.SENDER_LATE);
    assertThat(outcome(9, 250_000, 51, stable).answer()).isEqualTo(Answer.SENDER_LATE);
  }

  @Test
  void withTooFewBatchesNobodyKnowsUnlessCallsAreMissing() {
    assertThat(outcome(0, 0, 0, Optional.empty()).answer()).isEqualTo(Answer.TOO_EARLY);
    assertThat(outcome(0, 0, 51, Optional.empty()).answer()).isEqualTo(Answer.TOO_EARLY);
    assertThat(outcome(1, 0, 0, Optional.empty()).answer()).isEqualTo(Answer.FELL_BEHIND);
  }
}
