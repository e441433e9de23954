package io.callstream.statistic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.statistic.Measure.Accumulator;
import io.callstream.statistic.Measure.Aggregate;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;

/** Measures from which calls are retracted. */
class RetractionTest {
  private static final Field<Long> UNITS = Field.number("units");
  private static final Field<BigDecimal> PRICE = Field.decimal("price", 2);
  private static final Field<Double> SPEED = Field.real("speed");
  private static final Set<Field<?>> TIMES = Set.of(Fields.RECEIVED, Fields.ON_SCENE);
  private static final CallDuration RESPONSE = Measures.between(Fields.RECEIVED, Fields.ON_SCENE);

  /** A duration of up to 292 million years, so that sums exceed a long. */
  private static final CallDuration HUGE =
      call -> call.time(Fields.RECEIVED).map(t -> Duration.ofMillis(Long.MAX_VALUE));

  private static final List<Measure> EXACT =
      List.of(
          Measures.sum("m", UNITS),
          Measures.sum("m", PRICE),
          Measures.sum("m", SPEED),
          Measures.mean("m", UNITS),
          Measures.mean("m", PRICE),
          Measures.mean("m", SPEED),
          Measures.quantile("m", 0.9, UNITS),
          Measures.quantile("m", 0.5, PRICE),
          Measures.quantile("m", 0.1, SPEED),
          Measures.mean("m", TIMES, RESPONSE),
          Measures.mean("m", TIMES, HUGE),
          Measures.quantile("m", 0.5, TIMES, RESPONSE),
          Measures.ratio("m", Set.of(UNITS), call -> call.isPresent(UNITS)),
          Measures.ratio(
              "m", Set.of(UNITS), call -> call.isPresent(UNITS), call -> call.isPresent(SPEED)));

  private static Call call(Random random) {
    Call.Builder call = Call.builder("1", "T", Instant.EPOCH);
    if (random.nextInt(4) > 0) {
      call.with(UNITS, random.nextInt(9) == 0 ? random.nextLong() : random.nextInt(9) - 4);
    }
    if (random.nextInt(4) > 0) {
      call.with(PRICE, BigDecimal.valueOf(random.nextInt(9) == 0 ? random.nextLong() : 7, 2));
    }
    if (random.nextInt(4) > 0) {
      call.with(SPEED, random.nextGaussian() * Math.pow(10, random.nextInt(600) - 300));
    }
    if (random.nextInt(4) > 0) {
      call.with(Fields.RECEIVED, Instant.EPOCH);
      call.with(Fields.ON_SCENE, Instant.ofEpochMilli(random.nextInt(3_000) - 500));
    }
    return call.build();
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  @Label("a state with retracted calls has the bytes of a state to which they were never added")
  void retractsExactly(@ForAll long seed) {
    Random random = new Random(seed);
    List<Call> kept = calls(random, 30);
    List<Call> retracted = calls(random, 30);
    for (Measure measure : EXACT) {
      Aggregate aggregate = (Aggregate) measure;
      assertThat(aggregate.canRetract()).as("%s", measure).isTrue();
      Accumulator expected = aggregate.empty();
      kept.forEach(expected::add);

      Accumulator all = mixed(aggregate, kept, retracted, random);

      assertThat(all.toBytes()).as("%s", measure).isEqualTo(expected.toBytes());
      assertThat(all.value()).as("%s", measure).isEqualTo(expected.value());
    }
  }

  private static List<Call> calls(Random random, int most) {
    List<Call> calls = new ArrayList<>();
    for (int i = random.nextInt(most); i > 0; i--) {
      calls.add(call(random));
    }
    return calls;
  }

  /** Adds calls and retracts some of them, in any order, in parts that are then merged. */
  private static Accumulator mixed(
      Aggregate measure, List<Call> kept, List<Call> retracted, Random random) {
    List<Accumulator> parts = new ArrayList<>();
    for (int i = 1 + random.nextInt(5); i > 0; i--) {
      parts.add(measure.empty());
    }
    List<Runnable> steps = new ArrayList<>();
    kept.forEach(call -> steps.add(() -> any(parts, random).add(call)));
    retracted.forEach(call -> steps.add(() -> any(parts, random).add(call)));
    retracted.forEach(call -> steps.add(() -> any(parts, random).retract(call)));
    Collections.shuffle(steps, random);
    steps.forEach(Runnable::run);
    Accumulator all = measure.read(parts.get(0).toBytes());
    parts.subList(1, parts.size()).forEach(part -> all.merge(measure.read(part.toBytes())));
    return all;
  }

  private static Accumulator any(List<Accumulator> parts, Random random) {
    return parts.get(random.nextInt(parts.size()));
  }

  @Test
  void measuresThatForgetCallsCannotRetract() {
    for (Measure measure :
        List.of(
            Measures.minimum("m", UNITS),
            Measures.maximum("m", UNITS),
            Measures.minimum("m", TIMES, RESPONSE),
            Measures.maximum("m", TIMES, RESPONSE),
            Measures.top("m", 3, UNITS),
            Measures.approximateDistinct("m", UNITS))) {
      Aggregate aggregate = (Aggregate) measure;
      assertThat(aggregate.canRetract()).as("%s", measure).isFalse();
      Accumulator state = aggregate.empty();
      assertThatThrownBy(() -> state.retract(call(new Random(1))))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining("cannot retract");
    }
  }
}
