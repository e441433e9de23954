package io.callstream.statistic;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class RealSumTest {
  private static double sum(RealSum sum) {
    return mean(sum, 1);
  }

  private static double mean(RealSum sum, long calls) {
    RealSum.Total total = sum.total();
    return RealSum.nearest(total.significand(), calls, RealSum.EXPONENT + total.shift());
  }

  private static RealSum of(double... numbers) {
    RealSum sum = new RealSum();
    for (double number : numbers) {
      sum.add(number);
    }
    return sum;
  }

  /** Returns numbers of all sizes. Some of them cancel each other. */
  private static List<Double> numbers(Random random) {
    List<Double> numbers = new ArrayList<>();
    int count = 1 + random.nextInt(60);
    int kind = random.nextInt(7);
    for (int i = 0; i < count; i++) {
      double number =
          switch (kind == 6 ? random.nextInt(6) : kind) {
            case 0 -> Double.longBitsToDouble(random.nextLong());
            case 1 -> Double.MIN_VALUE * random.nextInt(100);
            case 2 -> Double.longBitsToDouble(random.nextLong() & (1L << 53) - 1);
            case 3 -> random.nextInt(10_000) / 100.0;
            case 4 -> random.nextBoolean() ? Double.MAX_VALUE : 1e308 * random.nextDouble();
            default -> random.nextGaussian() * Math.pow(2, random.nextInt(200) - 100);
          };
      if (!Double.isFinite(number)) {
        continue;
      }
      number = random.nextBoolean() ? number : -number;
      numbers.add(number);
      if (random.nextInt(3) == 0) {
        numbers.add(-number);
      }
    }
    Collections.shuffle(numbers, random);
    return numbers;
  }

  private static BigDecimal exact(List<Double> numbers) {
    return numbers.stream().map(BigDecimal::new).reduce(BigDecimal.ZERO, BigDecimal::add);
  }

  @Property(tries = 3_000, shrinking = ShrinkingMode.OFF)
  @Label("the sum is the double that is nearest to the exact sum, for any order and split")
  void isTheNearestDouble(@ForAll long seed) {
    Random random = new Random(seed);
    List<Double> numbers = numbers(random);
    double expected = exact(numbers).doubleValue();
    RealSum.Total first = null;
    for (int order = 0; order < 3; order++) {
      List<RealSum> parts = new ArrayList<>();
      for (int i = 0; i <= random.nextInt(5); i++) {
        parts.add(new RealSum());
      }
      numbers.forEach(number -> parts.get(random.nextInt(parts.size())).add(number));
      while (parts.size() > 1) {
        RealSum other = parts.remove(random.nextInt(parts.size()));
        parts.get(random.nextInt(parts.size())).add(other.total());
      }
      assertThat(sum(parts.get(0))).as("%s", numbers).isEqualTo(expected);
      first = first == null ? parts.get(0).total() : first;
      assertThat(parts.get(0).total()).isEqualTo(first);
      Collections.shuffle(numbers, random);
    }
  }

  @Property(tries = 3_000, shrinking = ShrinkingMode.OFF)
  @Label("a mean is the double that is nearest to the exact sum, divided by the number of calls")
  void theMeanIsTheNearestDouble(@ForAll long seed) {
    Random random = new Random(seed);
    List<Double> numbers = numbers(random);
    RealSum sum = new RealSum();
    numbers.forEach(sum::add);
    long calls = 1 + (random.nextBoolean() ? random.nextInt(10) : random.nextLong() >>> 2);
    double mean = mean(sum, calls);
    if (Double.isInfinite(mean)) {
      // Half a unit of the last digit over the greatest double.
      BigDecimal limit = new BigDecimal(Double.MAX_VALUE).add(new BigDecimal(Math.ulp(1e308) / 2));
      assertThat(exact(numbers).abs())
          .isGreaterThanOrEqualTo(limit.multiply(new BigDecimal(calls)));
      return;
    }
    BigDecimal distance = distance(numbers, mean, calls);
    for (double next : new double[] {Math.nextUp(mean), Math.nextDown(mean)}) {
      if (Double.isFinite(next)) {
        int order = distance.compareTo(distance(numbers, next, calls));
        assertThat(order).as("%s / %s", numbers, calls).isLessThanOrEqualTo(0);
        if (order == 0) {
          assertThat(Double.doubleToRawLongBits(mean) & 1).isZero();
        }
      }
    }
  }

  private static BigDecimal distance(List<Double> numbers, double mean, long calls) {
    return exact(numbers).subtract(new BigDecimal(mean).multiply(new BigDecimal(calls))).abs();
  }

  @Test
  void keepsWhatFloatingPointAdditionLoses() {
    assertThat(sum(of(1e300, 1, -1e300))).isEqualTo(1.0);
    assertThat(sum(of(Double.MAX_VALUE, Double.MAX_VALUE, -Double.MAX_VALUE)))
        .isEqualTo(Double.MAX_VALUE);
    assertThat(sum(of(Double.MAX_VALUE, Double.MIN_VALUE, -Double.MAX_VALUE)))
        .isEqualTo(Double.MIN_VALUE);
    assertThat(sum(of(0.1, 0.2, 0.3))).isEqualTo(0.6);
  }

  @Test
  void isInfiniteBeyondTheRangeOfADouble() {
    assertThat(sum(of(Double.MAX_VALUE, Double.MAX_VALUE))).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(sum(of(-Double.MAX_VALUE, -Math.ulp(Double.MAX_VALUE))))
        .isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(sum(of(Double.MAX_VALUE, Math.ulp(Double.MAX_VALUE) / 4)))
        .isEqualTo(Double.MAX_VALUE);
    assertThat(mean(of(Double.MAX_VALUE, Double.MAX_VALUE), 2)).isEqualTo(Double.MAX_VALUE);
  }

  @Test
  void equalSumsHaveEqualTotals() {
    assertThat(of(1e300, 2.5, -1e300, -2.5).total()).isEqualTo(of().total());
    assertThat(of(0.0, -0.0).total()).isEqualTo(of().total());
    assertThat(of(3, 5).total()).isEqualTo(of(1e-300, 8, -1e-300).total());
    assertThat(sum(of(-0.0))).isEqualTo(0.0);
  }

  @Test
  @Tag("thorough")
  void carriesBeforeADigitOverflows() {
    RealSum sum = new RealSum();
    double number = Double.longBitsToDouble(0x44df_ffff_ffff_ffffL);
    long additions = (1L << 31) + 3;
    for (long i = 0; i < additions; i++) {
      sum.add(number);
    }
    assertThat(sum(sum))
        .isEqualTo(new BigDecimal(number).multiply(new BigDecimal(additions)).doubleValue());
    assertThat(mean(sum, additions)).isEqualTo(number);
  }
}
