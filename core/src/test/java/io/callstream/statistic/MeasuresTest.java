package io.callstream.statistic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.statistic.Measure.Accumulator;
import io.callstream.statistic.Measure.Aggregate;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;

class MeasuresTest {
  private static final Set<Field<?>> FIELDS = Set.of(Fields.RECEIVED, Fields.ON_SCENE);
  private static final CallDuration RESPONSE = Measures.between(Fields.RECEIVED, Fields.ON_SCENE);

  private static final Aggregate MINIMUM =
      (Aggregate) Measures.minimum("minimum", FIELDS, RESPONSE);
  private static final Aggregate MAXIMUM =
      (Aggregate) Measures.maximum("maximum", FIELDS, RESPONSE);
  private static final Aggregate MEAN = (Aggregate) Measures.mean("mean", FIELDS, RESPONSE);

  private static Aggregate quantile(double quantile) {
    return (Aggregate) Measures.quantile("q", quantile, FIELDS, RESPONSE);
  }

  private static final Aggregate DISTINCT =
      (Aggregate) Measures.approximateDistinct("addresses", Fields.ADDRESS);

  /** Returns a call with a duration in milliseconds; null for a call without a duration. */
  private static Call call(Long millis) {
    Call.Builder call = Call.builder("1", "T", Instant.EPOCH).with(Fields.RECEIVED, Instant.EPOCH);
    if (millis != null) {
      call.with(Fields.ON_SCENE, Instant.ofEpochMilli(millis));
    }
    return call.build();
  }

  private static Call at(String address) {
    return Call.builder("1", "T", Instant.EPOCH).address(address).build();
  }

  private static List<Long> durations(Random random) {
    List<Long> durations = new ArrayList<>();
    int count = random.nextInt(300);
    for (int i = 0; i < count; i++) {
      durations.add(
          switch (random.nextInt(12)) {
            case 0 -> null;
            case 1 -> -1L - random.nextInt(10_000);
            case 2 -> (long) random.nextInt(100);
            case 3 -> 3_600_000L * random.nextInt(800_000);
            default -> (long) random.nextInt(3_000_000);
          });
    }
    return durations;
  }

  private static List<Long> counting(List<Long> durations) {
    return durations.stream().filter(d -> d != null && d >= 0).sorted().toList();
  }

  /** Returns the value of calls in a random split and order, with or without serialization. */
  private static Optional<Object> value(Aggregate measure, List<Call> calls, Random random) {
    return merged(measure, calls, random).value();
  }

  /** Adds the calls in a random split and order, with or without serialization. */
  static Accumulator merged(Aggregate measure, List<Call> calls, Random random) {
    List<Accumulator> parts = new ArrayList<>();
    int count = 1 + random.nextInt(6);
    for (int i = 0; i < count; i++) {
      parts.add(measure.empty());
    }
    List<Call> shuffled = new ArrayList<>(calls);
    Collections.shuffle(shuffled, random);
    shuffled.forEach(call -> parts.get(random.nextInt(count)).add(call));
    while (parts.size() > 1) {
      Accumulator right = parts.remove(random.nextInt(parts.size()));
      int at = random.nextInt(parts.size());
      if (random.nextBoolean()) {
        right = measure.read(right.toBytes());
      }
      if (random.nextBoolean()) {
        parts.set(at, measure.read(parts.get(at).toBytes()));
      }
      byte[] before = right.toBytes();
      parts.get(at).merge(right);
      assertThat(right.value()).isEqualTo(measure.read(before).value());
    }
    Accumulator all = parts.get(0);
    assertThat(measure.read(all.toBytes()).value()).isEqualTo(all.value());
    return all;
  }

  private static List<Call> calls(List<Long> durations) {
    return durations.stream().map(MeasuresTest::call).toList();
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  @Label("minimum, maximum and mean are exact for any split and order")
  void exactMeasures(@ForAll long seed) {
    Random random = new Random(seed);
    List<Long> durations = durations(random);
    List<Long> counting = counting(durations);
    List<Call> calls = calls(durations);
    Optional<Object> minimum =
        counting.isEmpty() ? Optional.empty() : Optional.of(Duration.ofMillis(counting.get(0)));
    Optional<Object> maximum =
        counting.isEmpty()
            ? Optional.empty()
            : Optional.of(Duration.ofMillis(counting.get(counting.size() - 1)));
    Optional<Object> mean =
        counting.isEmpty()
            ? Optional.empty()
            : Optional.of(
                Duration.ofMillis(
                    BigDecimal.valueOf(counting.stream().mapToLong(d -> d).sum())
                        .divide(BigDecimal.valueOf(counting.size()), 0, RoundingMode.HALF_UP)
                        .longValueExact()));

    assertThat(value(MINIMUM, calls, random)).isEqualTo(minimum);
    assertThat(value(MAXIMUM, calls, random)).isEqualTo(maximum);
    assertThat(value(MEAN, calls, random)).isEqualTo(mean);
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  @Label("a quantile is the same for any split and order, and accurate to 0.4 %")
  void quantiles(@ForAll long seed) {
    Random random = new Random(seed);
    List<Long> durations = durations(random);
    List<Long> counting = counting(durations);
    for (String text : List.of("0.01", "0.07", "0.29", "0.5", "0.57", "0.9", "0.99", "1")) {
      Aggregate measure = quantile(Double.parseDouble(text));
      Optional<Object> value = value(measure, calls(durations), random);
      assertThat(value(measure, calls(durations), random)).isEqualTo(value);
      if (counting.isEmpty()) {
        assertThat(value).isEmpty();
        continue;
      }
      int place =
          new BigDecimal(text)
              .multiply(BigDecimal.valueOf(counting.size()))
              .setScale(0, RoundingMode.CEILING)
              .intValueExact();
      long exact = counting.get(place - 1);
      long millis = ((Duration) value.get()).toMillis();
      assertThat(millis)
          .as("quantile %s of %s", text, counting)
          .isBetween(exact - exact / 250, exact + exact / 250);
    }
  }

  @Property(tries = 30, shrinking = ShrinkingMode.OFF)
  @Label("the number of distinct values is the same for any split and order, and accurate")
  void distinctValues(@ForAll long seed) {
    Random random = new Random(seed);
    int different = 1 + random.nextInt(seed % 2 == 0 ? 300 : 20_000);
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < different; i++) {
      calls.add(at(seed + " Main St " + i));
      if (random.nextInt(3) == 0) {
        calls.add(at(seed + " Main St " + random.nextInt(i + 1)));
      }
      if (random.nextInt(20) == 0) {
        calls.add(at(""));
      }
    }
    Optional<Object> value = value(DISTINCT, calls, random);
    assertThat(value(DISTINCT, calls, random)).isEqualTo(value);
    // Five times the standard error of 1.6 %.
    assertThat((double) (long) value.get()).isCloseTo(different, within(0.08 * different + 0.5));
  }

  @Test
  void measuresOfNoCallsAreEmpty() {
    for (Aggregate measure : List.of(MINIMUM, MAXIMUM, MEAN, quantile(0.5))) {
      assertThat(measure.empty().value()).isEmpty();
      Accumulator sum = measure.empty();
      sum.merge(measure.empty());
      sum.add(call(null));
      sum.add(call(-5L));
      assertThat(sum.value()).isEmpty();
      sum.add(call(0L));
      sum.merge(measure.empty());
      assertThat(sum.value()).contains(Duration.ZERO);
    }
    assertThat(DISTINCT.empty().value()).contains(0L);
  }

  @Test
  void roundsAMeanHalfUp() {
    Accumulator mean = MEAN.empty();
    mean.add(call(1L));
    mean.add(call(2L));
    assertThat(mean.value()).contains(Duration.ofMillis(2));
    mean.add(call(1L));
    assertThat(mean.value()).contains(Duration.ofMillis(1));
  }

  @Test
  void rejectsAQuantileOutOfBounds() {
    for (double quantile : new double[] {0, -0.1, 1.0001, Double.NaN}) {
      assertThatThrownBy(() -> quantile(quantile))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(Double.toString(quantile))
          .hasMessageContaining("0.5 for the median");
    }
  }

  @Test
  void aDurationIsDescribedWithItsStartAndEnd() {
    Set<Field<?>> times = Set.of(Fields.RECEIVED, Fields.ON_SCENE);
    Measure there = Measures.mean("m", times, Measures.between(Fields.RECEIVED, Fields.ON_SCENE));
    Measure back = Measures.mean("m", times, Measures.between(Fields.ON_SCENE, Fields.RECEIVED));
    assertThat(there.toString()).contains("[received to on_scene]").isNotEqualTo(back.toString());
    assertThat(
            Measures.quantile("q", 0.5, times, Measures.between(Fields.RECEIVED, Fields.ON_SCENE))
                .toString())
        .contains("[received to on_scene]");
  }

  @Test
  void theDescriptionOfARatioStatesItsDenominatorAndWhatItsFiltersSay() {
    CallFilter described =
        new CallFilter() {
          @Override
          public boolean accepts(Call call) {
            return true;
          }

          @Override
          public String description() {
            return "priority in [A]";
          }
        };
    Set<Field<?>> fields = Set.of(Fields.PRIORITY);
    String ofAll = Measures.ratio("r", fields, described).toString();
    assertThat(ofAll).contains("priority in [A]");
    assertThat(Measures.ratio("r", fields, described, call -> true).toString()).isNotEqualTo(ofAll);
    assertThat(Measures.ratio("r", fields, call -> true, described).toString())
        .isNotEqualTo(Measures.ratio("r", fields, described, call -> true).toString());
  }
}
