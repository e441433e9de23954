package io.callstream.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.benchmarks.load.RateSearch.Found;
import io.callstream.benchmarks.load.RateSearch.Tried;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RateSearchTest {
  @ParameterizedTest
  @ValueSource(doubles = {150, 1_000, 7_777, 99_000})
  void findsTheLimitToTheGivenPrecisionFromBelow(double limit) throws InterruptedException {
    Found found = RateSearch.search(5_000, 100, 100_000, 1.1, rate -> rate <= limit);

    assertThat(found.rate()).isLessThanOrEqualTo(limit).isGreaterThan(limit / 1.1);
    assertThat(found.tried()).hasSizeLessThan(20);
  }

  @Test
  void givesUpBelowTheLeastRate() throws InterruptedException {
    Found found = RateSearch.search(800, 100, 100_000, 1.1, rate -> false);

    assertThat(found.rate()).isZero();
    assertThat(found.tried())
        .extracting(Tried::rate)
        .containsExactly(800.0, 800.0, 400.0, 400.0, 200.0, 200.0, 100.0, 100.0);
  }

  @Test
  void oneFailureIsTriedAgain() throws InterruptedException {
    AtomicBoolean failed = new AtomicBoolean();

    Found found = RateSearch.search(800, 100, 800, 1.1, rate -> failed.getAndSet(true));

    assertThat(found.rate()).isEqualTo(800);
    assertThat(found.tried()).containsExactly(new Tried(800, false), new Tried(800, true));
  }

  @Test
  void doesNotTryMoreThanTheSenderCan() throws InterruptedException {
    Found found = RateSearch.search(800, 100, 3_000, 1.1, rate -> true);

    assertThat(found.rate()).isEqualTo(3_000);
    assertThat(found.tried()).extracting(Tried::rate).containsExactly(800.0, 1_600.0, 3_000.0);
  }
}
