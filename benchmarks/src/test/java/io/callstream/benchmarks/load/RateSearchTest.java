package io.callstream.benchmarks.load;

import static io.callstream.benchmarks.load.LatencyResult.Conclusion.FELL_BEHIND;
import static io.callstream.benchmarks.load.LatencyResult.Conclusion.KEPT_UP;
import static io.callstream.benchmarks.load.LatencyResult.Conclusion.SENDER_LATE;
import static io.callstream.benchmarks.load.LatencyResult.Conclusion.TOO_FEW_BATCHES;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.benchmarks.load.LatencyResult.Conclusion;
import io.callstream.benchmarks.load.RateSearch.Found;
import io.callstream.benchmarks.load.RateSearch.Limit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RateSearchTest {
  private final List<Double> tried = new ArrayList<>();

  private Found search(double start, double most, DoubleFunction<Conclusion> engine)
      throws InterruptedException {
    return RateSearch.search(
        start,
        100,
        most,
        1.1,
        rate -> {
          tried.add(rate);
          return engine.apply(rate);
        });
  }

  @ParameterizedTest
  @ValueSource(doubles = {150, 1_000, 7_777, 99_000})
  void findsTheLimitWithTheGivenPrecisionFromBelow(double limit) throws InterruptedException {
    Found found = search(5_000, 100_000, rate -> rate <= limit ? KEPT_UP : FELL_BEHIND);

    assertThat(found.rate()).isLessThanOrEqualTo(limit).isGreaterThan(limit / 1.1);
    assertThat(found.limit()).isEqualTo(Limit.ENGINE);
    assertThat(tried).hasSizeLessThan(20);
  }

  @Test
  void endsAtTheLowestRate() throws InterruptedException {
    Found found = search(800, 100_000, rate -> FELL_BEHIND);

    assertThat(found.rate()).isZero();
    assertThat(found.description()).isEqualTo("below the lowest rate of the search");
    assertThat(tried).containsExactly(800.0, 800.0, 400.0, 400.0, 200.0, 200.0, 100.0, 100.0);
  }

  @Test
  void repeatsARateThatFailedOnce() throws InterruptedException {
    Found found = search(800, 800, rate -> tried.size() == 1 ? FELL_BEHIND : KEPT_UP);

    assertThat(found.rate()).isEqualTo(800);
    assertThat(tried).containsExactly(800.0, 800.0);
  }

  @Test
  void endsAtTheHighestRate() throws InterruptedException {
    Found found = search(800, 3_000, rate -> KEPT_UP);

    assertThat(found.rate()).isEqualTo(3_000);
    assertThat(tried).containsExactly(800.0, 1_600.0, 3_000.0);
    assertThat(found.description())
        .isEqualTo("at least 3,000 calls/s, the highest rate of the search");
  }

  @Test
  void treatsTooFewBatchesAsAFailure() throws InterruptedException {
    Found found = search(800, 100_000, rate -> rate <= 5_000 ? KEPT_UP : TOO_FEW_BATCHES);

    assertThat(found.rate()).isBetween(5_000 / 1.1, 5_000.0);
    assertThat(found.limit()).isEqualTo(Limit.ENGINE);
    assertThat(tried.subList(3, 5)).containsExactly(6_400.0, 6_400.0);
  }

  @Test
  void reportsALowerBoundIfTheSenderIsLate() throws InterruptedException {
    Found found = search(5_000, 1_000_000, rate -> rate <= 30_000 ? KEPT_UP : SENDER_LATE);

    assertThat(found.rate()).isBetween(30_000 / 1.1, 30_000.0);
    assertThat(found.limit()).isEqualTo(Limit.SENDER);
    assertThat(found.description())
        .startsWith("at least ")
        .endsWith(", because the sender could not send more");
  }

  @Test
  void reportsTheEngineAsTheLimitIfItFallsBehindBeforeTheSender() throws InterruptedException {
    Found found =
        search(
            5_000,
            1_000_000,
            rate -> rate <= 12_000 ? KEPT_UP : rate <= 30_000 ? FELL_BEHIND : SENDER_LATE);

    assertThat(found.rate()).isBetween(12_000 / 1.1, 12_000.0);
    assertThat(found.limit()).isEqualTo(Limit.ENGINE);
    assertThat(found.description()).matches("1[12],\\d{3} calls/s");
  }
}
