package io.callstream.benchmarks.load;

import static io.callstream.benchmarks.load.SteadyRun.Answer.FELL_BEHIND;
import static io.callstream.benchmarks.load.SteadyRun.Answer.KEPT_UP;
import static io.callstream.benchmarks.load.SteadyRun.Answer.SENDER_LATE;
import static io.callstream.benchmarks.load.SteadyRun.Answer.TOO_EARLY;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.benchmarks.load.RateSearch.Found;
import io.callstream.benchmarks.load.RateSearch.Limit;
import io.callstream.benchmarks.load.RateSearch.Tried;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RateSearchTest {
  @ParameterizedTest
  @ValueSource(doubles = {150, 1_000, 7_777, 99_000})
  void findsTheLimitToTheGivenPrecisionFromBelow(double limit) throws InterruptedException {
    Found found =
        RateSearch.search(5_000, 100, 100_000, 1.1, rate -> rate <= limit ? KEPT_UP : FELL_BEHIND);

    assertThat(found.rate()).isLessThanOrEqualTo(limit).isGreaterThan(limit / 1.1);
    assertThat(found.limit()).isEqualTo(Limit.ENGINE);
    assertThat(found.tried()).hasSizeLessThan(20);
  }

  @Test
  void givesUpBelowTheLeastRate() throws InterruptedException {
    Found found = RateSearch.search(800, 100, 100_000, 1.1, rate -> FELL_BEHIND);

    assertThat(found.rate()).isZero();
    assertThat(found.tried())
        .extracting(Tried::rate)
        .containsExactly(800.0, 800.0, 400.0, 400.0, 200.0, 200.0, 100.0, 100.0);
  }

  @Test
  void oneFailureIsTriedAgain() throws InterruptedException {
    AtomicBoolean failed = new AtomicBoolean();

    Found found =
        RateSearch.search(
            800, 100, 800, 1.1, rate -> failed.getAndSet(true) ? KEPT_UP : FELL_BEHIND);

    assertThat(found.rate()).isEqualTo(800);
    assertThat(found.tried()).containsExactly(new Tried(800, FELL_BEHIND), new Tried(800, KEPT_UP));
  }

  @Test
  void doesNotTryMoreThanWasAskedFor() throws InterruptedException {
    Found found = RateSearch.search(800, 100, 3_000, 1.1, rate -> KEPT_UP);

    assertThat(found.rate()).isEqualTo(3_000);
    assertThat(found.tried()).extracting(Tried::rate).containsExactly(800.0, 1_600.0, 3_000.0);
    assertThat(found.words()).isEqualTo("at least 3,000 calls/s: no more was tried");
  }

  @Test
  void aRateAtWhichItIsTooEarlyToTellIsNotOneThatIsKeptUpWith() throws InterruptedException {
    Found found =
        RateSearch.search(800, 100, 100_000, 1.1, rate -> rate <= 5_000 ? KEPT_UP : TOO_EARLY);

    assertThat(found.rate()).isBetween(5_000 / 1.1, 5_000.0);
    assertThat(found.tried().get(3)).isEqualTo(new Tried(6_400, TOO_EARLY));
    assertThat(found.tried().get(4)).isEqualTo(new Tried(6_400, TOO_EARLY));
  }

  @Test
  void aLateSenderIsNotTheEnginesLimit() throws InterruptedException {
    Found found =
        RateSearch.search(
            5_000, 100, 1_000_000, 1.1, rate -> rate <= 30_000 ? KEPT_UP : SENDER_LATE);

    assertThat(found.rate()).isBetween(30_000 / 1.1, 30_000.0);
    assertThat(found.limit()).isEqualTo(Limit.SENDER);
    assertThat(found.words()).startsWith("at least ").endsWith("the sender could not send more");
  }

  @Test
  void theEngineIsTheLimitWhereItFallsBehindBeforeTheSenderDoes() throws InterruptedException {
    Found found =
        RateSearch.search(
            5_000,
            100,
            1_000_000,
            1.1,
            rate -> rate <= 12_000 ? KEPT_UP : rate <= 30_000 ? FELL_BEHIND : SENDER_LATE);

    assertThat(found.rate()).isBetween(12_000 / 1.1, 12_000.0);
    assertThat(found.limit()).isEqualTo(Limit.ENGINE);
    assertThat(found.words()).matches("1[12],\\d{3} calls/s");
  }
}
