package io.callstream.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.benchmarks.load.LatencyResult.Conclusion;
import io.callstream.progress.StabilityVerdict;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class LatencyResultTest {
  /**
   * At 1,000 calls/s for 10 s, a growth of less than 50 calls/s is a constant lag, and a delay of
   * less than 200 ms is on time.
   */
  private static Conclusion conclusion(
      long missing, long senderDelayMicros, double lagPerSecond, boolean enoughBatches) {
    Load load = new Load(1_000, Duration.ofSeconds(10), Duration.ZERO, Duration.ofSeconds(1));
    return new LatencyResult(
            load,
            new Schedule(0, 1_000),
            missing,
            new Histogram(3),
            senderDelayMicros,
            lagPerSecond,
            0,
            enoughBatches ? Optional.of(new StabilityVerdict(List.of())) : Optional.empty())
        .conclusion();
  }

  @Test
  void theEngineFallsBehindOnlyIfTheSenderIsOnTime() {
    assertThat(conclusion(0, 150_000, 49, true)).isEqualTo(Conclusion.KEPT_UP);
    assertThat(conclusion(0, 150_000, 51, true)).isEqualTo(Conclusion.FELL_BEHIND);
    assertThat(conclusion(1, 150_000, 0, true)).isEqualTo(Conclusion.FELL_BEHIND);
    assertThat(conclusion(0, 250_000, 51, true)).isEqualTo(Conclusion.SENDER_LATE);
    assertThat(conclusion(9, 250_000, 51, true)).isEqualTo(Conclusion.SENDER_LATE);
  }

  @Test
  void withTooFewBatchesOnlyMissingCallsShowThatTheEngineFellBehind() {
    assertThat(conclusion(0, 0, 0, false)).isEqualTo(Conclusion.TOO_FEW_BATCHES);
    assertThat(conclusion(0, 0, 51, false)).isEqualTo(Conclusion.TOO_FEW_BATCHES);
    assertThat(conclusion(1, 0, 0, false)).isEqualTo(Conclusion.FELL_BEHIND);
  }
}
