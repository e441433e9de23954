package io.callstream.internal.aggregate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class UsualTest {
  private static double[] counts(double... counts) {
    return counts;
  }

  private static Usual evenly(double... counts) {
    return Usual.of(counts);
  }

  @Test
  void scoresAreThoseOfTheNegativeBinomialDistribution() {
    // Sums of the probabilities, computed with another program.
    assertThat(new Usual(3.15625, 4.142578125).score(20)).isCloseTo(6.428311, within(1e-5));
    assertThat(new Usual(0.15625, 0.205078125).score(9)).isCloseTo(6.288482, within(1e-5));
    assertThat(new Usual(10, 12).score(11)).isCloseTo(0.380267, within(1e-5));
    assertThat(new Usual(10, 40).score(30)).isCloseTo(1.996918, within(1e-5));
    assertThat(new Usual(1e6, 1.2e6).score(1_006_000)).isCloseTo(7.649275, within(1e-4));
    assertThat(new Usual(10, 12).score(10)).isZero();
  }

  @Test
  void aHigherCountHasAHigherScore() {
    Usual usual = new Usual(0.7, 0.9);
    double last = -1;
    for (int count = 1; count < 2_000; count++) {
      assertThat(usual.score(count)).isGreaterThan(last);
      last = usual.score(count);
    }
  }

  @Test
  void weighsTheCounts() {
    Usual usual = Usual.of(counts(3, 3, 3, 3, 3), counts(0.25, 1, 0.25, 0.25, 0.25));
    // 2^2 / 1.25 = 3.2 windows, to which half a call is added.
    assertThat(usual.mean()).isCloseTo(3 + 0.5 / 3.2, within(1e-9));
    assertThat(usual.variance()).isCloseTo(usual.mean() * (1 + 1 / 3.2), within(1e-9));
    assertThat(Usual.of(counts(0, 10), counts(1, 3)).mean()).isCloseTo(7.8125, within(1e-9));
  }

  @Test
  void anEarlierSpikeHasLittleEffect() {
    double[] steady = {4, 6, 5, 3, 7, 5, 4, 6, 5, 5};
    double[] spiked = Arrays.copyOf(steady, 11);
    spiked[10] = 500;
    assertThat(evenly(spiked).mean()).isBetween(evenly(steady).mean(), 1.2 * evenly(steady).mean());
  }

  @Test
  void theMedianOfAnEvenNumberOfCountsIsBetweenTheTwoInTheMiddle() {
    // The median is 15 and the median deviation 5, so the count 80 is reduced to 15 + 3 * 1.4826 *
    // 5.
    double limit = 15 + 3 * 1.4826 * 5;
    assertThat(evenly(80, 10, 20, 10).mean()).isCloseTo((40 + limit) / 4 + 0.5 / 4, within(1e-9));
    // With an odd number, the median is 20 and the median deviation 10.
    assertThat(evenly(80, 10, 20, 10, 20).mean())
        .isCloseTo((60 + 20 + 3 * 1.4826 * 10) / 5 + 0.5 / 5, within(1e-9));
  }

  @Test
  void theSpreadFollowsCountsThatVaryMoreThanIndependentCalls() {
    Usual usual = evenly(0, 20, 5, 15, 10, 0, 20, 10, 5, 15);
    // The mean is 10.05, the sum of squares 500, over 9, and for the mean of ten a tenth more.
    assertThat(usual.mean()).isCloseTo(10.05, within(1e-9));
    assertThat(usual.variance()).isCloseTo(500.025 / 9 * 1.1, within(1e-6));
  }
}
