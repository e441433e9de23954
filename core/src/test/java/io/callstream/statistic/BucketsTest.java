package io.callstream.statistic;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;

class BucketsTest {
  private static List<Double> numbers(Random random) {
    List<Double> numbers = new ArrayList<>();
    int count = 1 + random.nextInt(2_000);
    int kind = random.nextInt(4);
    for (int i = 0; i < count; i++) {
      double number =
          switch (kind) {
            case 0 -> random.nextInt(500) - 250;
            case 1 -> random.nextGaussian() * 1e6;
            case 2 -> random.nextDouble();
            default -> Double.longBitsToDouble(random.nextLong());
          };
      if (Double.isFinite(number)) {
        numbers.add(number + 0.0);
      }
    }
    numbers.add(0.0);
    return numbers;
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  @Label("a quantile has the exact rank and an error of at most 0.4 %")
  void accuracy(@ForAll long seed) {
    Random random = new Random(seed);
    List<Double> numbers = numbers(random);
    Buckets buckets = new Buckets();
    numbers.forEach(buckets::add);
    Collections.sort(numbers);
    for (String quantile : List.of("0.0001", "0.07", "0.29", "0.5", "0.55", "0.9", "0.999", "1")) {
      int rank =
          new BigDecimal(quantile)
              .multiply(BigDecimal.valueOf(numbers.size()))
              .setScale(0, RoundingMode.CEILING)
              .intValueExact();
      double exact = numbers.get(rank - 1);
      double found = buckets.quantile(Double.parseDouble(quantile));
      assertThat(Math.abs(found - exact))
          .as("quantile %s is %s instead of %s", quantile, found, exact)
          .isLessThanOrEqualTo(Math.max(0.004 * Math.abs(exact), 1e-310));
      if (exact == 0) {
        assertThat(found).isZero();
      }
    }
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  @Label("the bytes are the same for any order and split")
  void anyOrder(@ForAll long seed) {
    Random random = new Random(seed);
    List<Double> numbers = numbers(random);
    Buckets together = new Buckets();
    numbers.forEach(together::add);
    Collections.shuffle(numbers, random);
    List<Buckets> parts = List.of(new Buckets(), new Buckets(), new Buckets());
    numbers.forEach(number -> parts.get(random.nextInt(3)).add(number));
    Buckets all = Buckets.read(parts.get(2).toBytes());
    all.merge(parts.get(0));
    all.merge(Buckets.read(parts.get(1).toBytes()));
    assertThat(all.toBytes()).isEqualTo(together.toBytes());
    assertThat(Buckets.read(all.toBytes()).toBytes()).isEqualTo(all.toBytes());
  }

  @Test
  void memoryIsBounded() {
    Buckets buckets = new Buckets();
    Random random = new Random(1);
    for (int i = 0; i < 1_000_000; i++) {
      buckets.add((double) random.nextLong());
    }
    // 64 powers of two with 128 buckets each and both signs, with at most four bytes each.
    assertThat(buckets.toBytes().length).isLessThan(2 * 64 * 128 * 4);
  }

  @Test
  void hasNoNumbersInTheBeginning() {
    Buckets buckets = new Buckets();
    assertThat(buckets.isEmpty()).isTrue();
    assertThat(Buckets.read(buckets.toBytes()).isEmpty()).isTrue();
    buckets.add(5);
    assertThat(buckets.isEmpty()).isFalse();
    assertThat(Buckets.read(buckets.toBytes()).isEmpty()).isFalse();
  }
}
