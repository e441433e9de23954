package io.callstream.statistic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.Position;
import io.callstream.statistic.Measure.Accumulator;
import io.callstream.statistic.Measure.Aggregate;
import io.callstream.statistic.Measure.ValueType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;

class NumberMeasuresTest {
  private static final Field<Long> UNITS = Field.number("units");
  private static final Field<BigDecimal> PRICE = Field.decimal("price", 2);
  private static final Field<Double> SPEED = Field.real("speed");
  private static final Field<Boolean> ON_VIEW = Field.flag("on_view");
  private static final Field<String> PRODUCT = Field.text("product");

  private static final CallFilter IS_ON_VIEW = call -> Boolean.TRUE.equals(call.get(ON_VIEW));

  private static <T> Call call(Field<T> field, T value) {
    Call.Builder call = Call.builder(Instant.EPOCH);
    if (value != null) {
      call.with(field, value);
    }
    return call.build();
  }

  private static <T> List<Call> calls(Field<T> field, List<T> values) {
    return values.stream().map(value -> call(field, value)).toList();
  }

  private static <T> Optional<Object> value(Measure measure, Field<T> field, List<T> values) {
    Accumulator all = ((Aggregate) measure).empty();
    calls(field, values).forEach(all::add);
    return all.value();
  }

  /**
   * Returns the value after checking that each of several splits and orders gives the same bytes.
   */
  private static Optional<Object> anyOrder(Measure measure, List<Call> calls, Random random) {
    Accumulator all = MeasuresTest.merged((Aggregate) measure, calls, random);
    for (int i = 0; i < 2; i++) {
      assertThat(MeasuresTest.merged((Aggregate) measure, calls, random).toBytes())
          .isEqualTo(all.toBytes());
    }
    return all.value();
  }

  private static <T> List<T> some(Random random, java.util.function.Supplier<T> value) {
    return Stream.generate(() -> random.nextInt(8) == 0 ? null : value.get())
        .limit(random.nextInt(100))
        .collect(Collectors.toCollection(ArrayList::new));
  }

  private static <T extends Comparable<T>> List<T> present(List<T> values) {
    return values.stream().filter(Objects::nonNull).sorted().toList();
  }

  private static int rank(String quantile, int size) {
    return new BigDecimal(quantile)
        .multiply(BigDecimal.valueOf(size))
        .setScale(0, RoundingMode.CEILING)
        .intValueExact();
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  @Label("measures of whole numbers are exact for any split and order")
  void wholeNumbers(@ForAll long seed) {
    Random random = new Random(seed);
    boolean huge = random.nextBoolean();
    List<Long> values =
        some(random, () -> huge ? random.nextLong() : (long) random.nextInt(2_000) - 500);
    List<Long> present = present(values);
    List<Call> calls = calls(UNITS, values);
    BigInteger sum =
        present.stream().map(BigInteger::valueOf).reduce(BigInteger.ZERO, BigInteger::add);

    Optional<Object> nothing = Optional.empty();
    boolean empty = present.isEmpty();
    assertThat(anyOrder(Measures.sum("m", UNITS), calls, random))
        .isEqualTo(empty ? nothing : Optional.of(new BigDecimal(sum)));
    assertThat(anyOrder(Measures.minimum("m", UNITS), calls, random))
        .isEqualTo(empty ? nothing : Optional.of(present.get(0)));
    assertThat(anyOrder(Measures.maximum("m", UNITS), calls, random))
        .isEqualTo(empty ? nothing : Optional.of(present.get(present.size() - 1)));
    Optional<Object> mean = anyOrder(Measures.mean("m", UNITS), calls, random);
    Optional<Object> median = anyOrder(Measures.quantile("m", 0.5, UNITS), calls, random);
    if (empty) {
      assertThat(mean).isEmpty();
      assertThat(median).isEmpty();
      return;
    }
    BigDecimal count = BigDecimal.valueOf(present.size());
    BigDecimal error = distance(sum, (Double) mean.get(), count);
    assertThat(error)
        .isLessThanOrEqualTo(distance(sum, Math.nextUp((Double) mean.get()), count))
        .isLessThanOrEqualTo(distance(sum, Math.nextDown((Double) mean.get()), count));
    long exact = present.get(rank("0.5", present.size()) - 1);
    assertThat(Math.abs((double) (Long) median.get() - exact))
        .isLessThanOrEqualTo(Math.abs(exact) < 256 ? 0 : 0.004 * Math.abs((double) exact));
  }

  private static BigDecimal distance(BigInteger sum, double mean, BigDecimal count) {
    return new BigDecimal(sum).subtract(new BigDecimal(mean).multiply(count)).abs();
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  @Label("measures of decimal numbers are exact for any split and order")
  void decimalNumbers(@ForAll long seed) {
    Random random = new Random(seed);
    boolean huge = random.nextBoolean();
    List<BigDecimal> values =
        some(
            random,
            () -> BigDecimal.valueOf(huge ? random.nextLong() : random.nextInt(5_000) - 1_000, 2));
    List<BigDecimal> present = present(values);
    List<Call> calls = calls(PRICE, values);
    BigDecimal sum = present.stream().reduce(BigDecimal.ZERO.setScale(2), BigDecimal::add);

    boolean empty = present.isEmpty();
    Optional<Object> nothing = Optional.empty();
    assertThat(anyOrder(Measures.sum("m", PRICE), calls, random))
        .isEqualTo(empty ? nothing : Optional.of(sum));
    assertThat(anyOrder(Measures.mean("m", PRICE), calls, random))
        .isEqualTo(
            empty
                ? nothing
                : Optional.of(
                    sum.divide(BigDecimal.valueOf(present.size()), 6, RoundingMode.HALF_UP)));
    assertThat(anyOrder(Measures.minimum("m", PRICE), calls, random))
        .isEqualTo(empty ? nothing : Optional.of(present.get(0)));
    assertThat(anyOrder(Measures.maximum("m", PRICE), calls, random))
        .isEqualTo(empty ? nothing : Optional.of(present.get(present.size() - 1)));
    Optional<Object> p90 = anyOrder(Measures.quantile("m", 0.9, PRICE), calls, random);
    if (empty) {
      assertThat(p90).isEmpty();
      return;
    }
    BigDecimal exact = present.get(rank("0.9", present.size()) - 1);
    BigDecimal found = (BigDecimal) p90.get();
    assertThat(found.scale()).isEqualTo(2);
    assertThat(found.subtract(exact).abs())
        .isLessThanOrEqualTo(exact.abs().multiply(new BigDecimal("0.004")));
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  @Label("measures of real numbers do not depend on the split and order")
  void realNumbers(@ForAll long seed) {
    Random random = new Random(seed);
    List<Double> values =
        some(random, () -> random.nextGaussian() * Math.pow(10, random.nextInt(40) - 20));
    List<Double> present = present(values);
    List<Call> calls = calls(SPEED, values);
    BigDecimal sum = present.stream().map(BigDecimal::new).reduce(BigDecimal.ZERO, BigDecimal::add);

    boolean empty = present.isEmpty();
    Optional<Object> nothing = Optional.empty();
    assertThat(anyOrder(Measures.sum("m", SPEED), calls, random))
        .isEqualTo(empty ? nothing : Optional.of(sum.doubleValue()));
    assertThat(anyOrder(Measures.minimum("m", SPEED), calls, random))
        .isEqualTo(empty ? nothing : Optional.of(present.get(0)));
    assertThat(anyOrder(Measures.maximum("m", SPEED), calls, random))
        .isEqualTo(empty ? nothing : Optional.of(present.get(present.size() - 1)));
    Optional<Object> mean = anyOrder(Measures.mean("m", SPEED), calls, random);
    Optional<Object> median = anyOrder(Measures.quantile("m", 0.5, SPEED), calls, random);
    if (empty) {
      assertThat(mean).isEmpty();
      assertThat(median).isEmpty();
      return;
    }
    double expected =
        sum.divide(BigDecimal.valueOf(present.size()), new java.math.MathContext(60)).doubleValue();
    assertThat((Double) mean.get()).isEqualTo(expected);
    double exact = present.get(rank("0.5", present.size()) - 1);
    assertThat((Double) median.get()).isCloseTo(exact, within(0.004 * Math.abs(exact)));
  }

  @Test
  void aSumOfWholeNumbersIsWiderThanALong() {
    assertThat(value(Measures.sum("m", UNITS), UNITS, List.of(Long.MAX_VALUE, Long.MAX_VALUE)))
        .contains(new BigDecimal("18446744073709551614"));
    assertThat(value(Measures.sum("m", UNITS), UNITS, List.of(Long.MIN_VALUE, Long.MIN_VALUE, -1L)))
        .contains(new BigDecimal("-18446744073709551617"));
    assertThat(value(Measures.mean("m", UNITS), UNITS, List.of(Long.MAX_VALUE, Long.MAX_VALUE)))
        .contains(0x1p63);
  }

  /** The greatest sum of 2^63 - 1 calls, which are merged from 63 doublings. */
  @Test
  void aSumOfAllPossibleCallsHasAtMost38Digits() {
    Field<BigDecimal> field = Field.decimal("lowest", 18);
    Aggregate sum = (Aggregate) Measures.sum("m", field);
    Accumulator doubled = sum.empty();
    doubled.add(call(field, BigDecimal.valueOf(Long.MIN_VALUE, 18)));
    Accumulator all = sum.empty();
    for (int i = 0; i < 63; i++) {
      all.merge(doubled);
      doubled.merge(sum.read(doubled.toBytes()));
    }
    BigInteger calls = BigInteger.ONE.shiftLeft(63).subtract(BigInteger.ONE);
    BigDecimal expected = new BigDecimal(BigInteger.valueOf(Long.MIN_VALUE).multiply(calls), 18);
    assertThat(all.value()).contains(expected);
    assertThat(expected.precision()).isLessThanOrEqualTo(Measure.MAX_PRECISION);
  }

  @Test
  void zeroIsAValueAndNoValueIsNot() {
    for (Field<? extends Number> field : List.of(UNITS, PRICE, SPEED)) {
      for (Measure measure :
          List.of(
              Measures.sum("m", field),
              Measures.mean("m", field),
              Measures.minimum("m", field),
              Measures.maximum("m", field),
              Measures.quantile("m", 0.5, field))) {
        Accumulator all = ((Aggregate) measure).empty();
        all.add(Call.builder(Instant.EPOCH).build());
        all.merge(((Aggregate) measure).read(all.toBytes()));
        assertThat(all.value()).as("%s", measure).isEmpty();
        all.add(zero(field));
        assertThat(((Number) all.value().get()).doubleValue()).as("%s", measure).isZero();
      }
    }
  }

  private static Call zero(Field<? extends Number> field) {
    return switch (field.type()) {
      case NUMBER -> call(UNITS, 0L);
      case DECIMAL -> call(PRICE, new BigDecimal("0.00"));
      default -> call(SPEED, 0.0);
    };
  }

  @Test
  void theLeastOfTwoZerosIsTheNegativeOneInEachOrder() {
    for (List<Double> values : List.of(List.of(0.0, -0.0), List.of(-0.0, 0.0))) {
      assertThat(value(Measures.minimum("m", SPEED), SPEED, values)).contains(-0.0);
      assertThat(value(Measures.maximum("m", SPEED), SPEED, values)).contains(0.0);
    }
  }

  @Test
  void valuesHaveTheTypeAndTheScaleThatTheMeasureStates() {
    assertType(Measures.sum("m", UNITS), ValueType.DECIMAL, 0);
    assertType(Measures.sum("m", PRICE), ValueType.DECIMAL, 2);
    assertType(Measures.sum("m", SPEED), ValueType.DOUBLE, 0);
    assertType(Measures.mean("m", UNITS), ValueType.DOUBLE, 0);
    assertType(Measures.mean("m", PRICE), ValueType.DECIMAL, 6);
    assertType(Measures.maximum("m", UNITS), ValueType.LONG, 0);
    assertType(Measures.maximum("m", PRICE), ValueType.DECIMAL, 2);
    assertType(Measures.quantile("m", 1, SPEED), ValueType.DOUBLE, 0);
    assertType(Measures.ratio("m", Set.of(ON_VIEW), IS_ON_VIEW), ValueType.DOUBLE, 0);
    assertType(Measures.top("m", 1, PRODUCT), ValueType.TEXT, 0);
  }

  private static void assertType(Measure measure, ValueType type, int scale) {
    assertThat(measure.valueType()).as("%s", measure).isEqualTo(type);
    assertThat(measure.scale()).as("%s", measure).isEqualTo(scale);
  }

  @Test
  void aFingerprintHasTheKindTheTypeAndTheField() {
    assertThat(Measures.sum("m", PRICE)).hasToString("m SUM of DECIMAL(2) price");
    assertThat(Measures.mean("m", UNITS)).hasToString("m MEAN of NUMBER units");
    assertThat(Measures.minimum("m", SPEED)).hasToString("m MINIMUM of REAL speed");
    assertThat(Measures.quantile("m", 0.5, SPEED)).hasToString("m quantile 0.5 of REAL speed");
    assertThat(Measures.ratio("m", Set.of(ON_VIEW), IS_ON_VIEW))
        .hasToString("m ratio of [on_view] to all");
    assertThat(Measures.top("m", 3, PRODUCT)).hasToString("m top 3 of TEXT product");
    assertThat(Measures.approximateDistinct("m", PRICE))
        .hasToString("m approximate distinct DECIMAL(2) price");
    assertThat(Statistic.named("s").measuring(Measures.sum("m", PRICE)).build().toString())
        .contains("m SUM of DECIMAL(2) price");
  }

  @Test
  void rejectsInvalidNamesAndLimits() {
    assertThatThrownBy(() -> Measures.sum("No", UNITS))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Measures.sum("m", null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> Measures.maximum("m", null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> Measures.quantile("m", 1, null))
        .isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> Measures.quantile("m", 1.5, UNITS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1.5");
    for (int n : new int[] {0, 101}) {
      assertThatThrownBy(() -> Measures.top("m", n, PRODUCT))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("is " + n + "; it must be from 1 to 100");
    }
  }

  // ---- ratios

  @Test
  void aRatioIsTheShareOfTheAcceptedCalls() {
    Measure share = Measures.ratio("m", Set.of(ON_VIEW), IS_ON_VIEW);
    List<Boolean> flags = new ArrayList<>(List.of(true, false, false));
    flags.add(null);
    assertThat(value(share, ON_VIEW, flags)).contains(0.25);
    assertThat(value(share, ON_VIEW, List.of())).isEmpty();
    assertThat(value(share, ON_VIEW, List.of(false))).contains(0.0);
  }

  @Test
  void aRatioOfTwoCountsIsEmptyIfTheSecondIsZero() {
    Measure ratio =
        Measures.ratio(
            "m",
            Set.of(UNITS),
            call -> call.longValue(UNITS) > 9,
            call -> call.longValue(UNITS) < 5);
    assertThat(value(ratio, UNITS, List.of(10L, 11L, 12L, 7L))).isEmpty();
    assertThat(value(ratio, UNITS, List.of(10L, 11L, 12L, 7L, 1L, 2L))).contains(1.5);
  }

  @Property(tries = 200, shrinking = ShrinkingMode.OFF)
  @Label("a ratio is the same for any split and order")
  void ratios(@ForAll long seed) {
    Random random = new Random(seed);
    List<Boolean> flags = some(random, random::nextBoolean);
    long accepted = flags.stream().filter(Boolean.TRUE::equals).count();
    assertThat(
            anyOrder(
                Measures.ratio("m", Set.of(ON_VIEW), IS_ON_VIEW), calls(ON_VIEW, flags), random))
        .isEqualTo(
            flags.isEmpty() ? Optional.empty() : Optional.of(accepted / (double) flags.size()));
  }

  // ---- the most frequent values

  @Property(tries = 200, shrinking = ShrinkingMode.OFF)
  @Label("the most frequent values are exact for any split and order, and ties have an order")
  void mostFrequentValues(@ForAll long seed) {
    Random random = new Random(seed);
    List<Long> values = some(random, () -> (long) random.nextInt(30) - 15);
    Map<Long, Long> counts =
        present(values).stream()
            .collect(Collectors.groupingBy(v -> v, TreeMap::new, Collectors.counting()));
    String expected =
        counts.entrySet().stream()
            .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder())) // Stable.
            .limit(4)
            .map(e -> "[" + e.getKey() + "," + e.getValue() + "]")
            .collect(Collectors.joining(",", "[", "]"));
    assertThat(anyOrder(Measures.top("m", 4, UNITS), calls(UNITS, values), random))
        .isEqualTo(counts.isEmpty() ? Optional.empty() : Optional.of(expected));
  }

  @Test
  void writesValuesOfEachTypeAsJson() {
    assertThat(
            value(Measures.top("m", 2, PRODUCT), PRODUCT, List.of("b\"\n", "é", "b\"\n", "", "z")))
        .contains("[[\"b\\\"\\n\",2],[\"z\",1]]");
    assertThat(value(Measures.top("m", 9, PRICE), PRICE, prices("10.5", "9", "-1")))
        .contains("[[-1.00,1],[9.00,1],[10.50,1]]");
    assertThat(value(Measures.top("m", 9, SPEED), SPEED, List.of(-0.0, 0.0, 1e30)))
        .contains("[[0.0,2],[1.0E30,1]]");
    assertThat(value(Measures.top("m", 9, ON_VIEW), ON_VIEW, List.of(true, false, true)))
        .contains("[[true,2],[false,1]]");
    assertThat(
            value(
                Measures.top("m", 9, Fields.RECEIVED),
                Fields.RECEIVED,
                List.of(Instant.ofEpochMilli(1))))
        .contains("[[\"1970-01-01T00:00:00.001Z\",1]]");
    assertThat(
            value(
                Measures.top("m", 9, Fields.POSITION),
                Fields.POSITION,
                List.of(new Position(37.5, -122.25), new Position(-0.0, 0))))
        .contains("[[\"0.0,0.0\",1],[\"37.5,-122.25\",1]]");
  }

  private static List<BigDecimal> prices(String... texts) {
    return Stream.of(texts).map(text -> new BigDecimal(text).setScale(2)).toList();
  }

  @Test
  void textsThatAreEqualInUtf8AreOneValue() {
    assertThat(value(Measures.top("m", 9, PRODUCT), PRODUCT, List.of("\ud800", "?", "\udc00")))
        .contains("[[\"?\",3]]");
  }

  @Test
  void countsLongTextsByTheirStart() {
    String start = "x".repeat(999);
    assertThat(
            value(
                Measures.top("m", 9, PRODUCT),
                PRODUCT,
                List.of(start + "yz", start + "y", start + "\ud83d\ude00", start)))
        .contains("[[\"" + start + "\",2],[\"" + start + "y\",2]]");
  }

  /** Whether there are too many values depends only on the set of values. */
  @Test
  void reportsTooManyValuesInEachOrder() {
    Aggregate top = (Aggregate) Measures.top("m", 1, UNITS);
    List<Call> calls = IntStream.range(0, 10_001).mapToObj(i -> call(UNITS, (long) i)).toList();
    List<Call> fewer = new ArrayList<>(calls.subList(0, 10_000));
    fewer.addAll(calls.subList(5_000, 6_000));
    assertThat(anyOrder(top, fewer, new Random(1))).contains("[[5000,2]]");
    assertThat(anyOrder(top, calls, new Random(2)))
        .contains("\"more than 10,000 values, or 1 MiB of values\"");
    fewer.add(calls.get(10_000));
    assertThat(anyOrder(top, fewer, new Random(3)))
        .contains("\"more than 10,000 values, or 1 MiB of values\"");
  }

  @Test
  void reportsTooManyBytesInEachOrder() {
    Aggregate top = (Aggregate) Measures.top("m", 1, PRODUCT);
    List<Call> calls =
        IntStream.range(0, 1_049)
            .mapToObj(i -> call(PRODUCT, String.format("%01000d", i)))
            .toList();
    assertThat(anyOrder(top, calls.subList(0, 1_048), new Random(1)).get().toString())
        .startsWith("[[\"0000");
    assertThat(anyOrder(top, calls, new Random(2)))
        .contains("\"more than 10,000 values, or 1 MiB of values\"");
  }

  // ---- distinct values

  @Test
  void countsDistinctValuesOfEachType() {
    assertDistinct(UNITS, List.of(1L, 2L, 1L), 2);
    assertDistinct(PRICE, prices("1", "1.00", "2"), 2);
    assertDistinct(SPEED, List.of(0.0, -0.0, 1.5), 2);
    assertDistinct(ON_VIEW, List.of(true, false, true), 2);
    assertDistinct(PRODUCT, List.of("a", "", "b", "a"), 2);
    assertDistinct(Fields.RECEIVED, List.of(Instant.EPOCH, Instant.EPOCH), 1);
    assertDistinct(
        Fields.POSITION, List.of(new Position(0, 1), new Position(-0.0, 1), new Position(1, 0)), 2);
  }

  private static <T> void assertDistinct(Field<T> field, List<T> values, long expected) {
    List<T> some = new ArrayList<>(values);
    some.add(null);
    assertThat(value(Measures.approximateDistinct("m", field), field, some)).contains(expected);
  }
}
