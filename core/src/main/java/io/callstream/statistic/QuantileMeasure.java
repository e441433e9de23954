package io.callstream.statistic;

import io.callstream.call.Call;
import io.callstream.call.Field;
import java.io.Serializable;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** A quantile of durations or numbers, from {@link Buckets}. */
record QuantileMeasure(String name, double quantile, Values values) implements Measure.Aggregate {
  /** The durations or numbers of calls, as numbers in double precision. */
  sealed interface Values extends Serializable {
    Set<Field<?>> fields();

    ValueType type();

    int scale();

    /** Adds the value of a call, if there is one. */
    void add(Call call, Buckets buckets);

    /** Removes the value of a call, if there is one. */
    void remove(Call call, Buckets buckets);

    /** Returns the result for a number in double precision. */
    Object result(double number);

    /** Returns whether other values are the same for every call. */
    default boolean areSameAs(Values other) {
      return equals(other);
    }
  }

  /** Durations in milliseconds. Negative ones are ignored. */
  record Durations(Set<Field<?>> fields, CallDuration duration) implements Values {
    Durations {
      fields = Set.copyOf(fields);
    }

    @Override
    public ValueType type() {
      return ValueType.DURATION;
    }

    @Override
    public int scale() {
      return 0;
    }

    @Override
    public void add(Call call, Buckets buckets) {
      long millis = Measures.Between.millis(duration, call);
      if (millis >= 0) {
        buckets.add((double) millis);
      }
    }

    @Override
    public void remove(Call call, Buckets buckets) {
      long millis = Measures.Between.millis(duration, call);
      if (millis >= 0) {
        buckets.remove((double) millis);
      }
    }

    @Override
    public Object result(double number) {
      return Duration.ofMillis((long) number);
    }

    /** Compares times only. The description of other durations lacks what they compute. */
    @Override
    public boolean areSameAs(Values other) {
      return duration instanceof Measures.Between && equals(other);
    }

    /** Describes the durations without the function that computes them. */
    @Override
    public String toString() {
      return Measures.Between.description(fields, duration);
    }
  }

  /** The numbers of a field. Decimal numbers are multiples of their last digit. */
  record Numbers(Field<? extends Number> field) implements Values {
    Numbers {
      Objects.requireNonNull(field, "field");
    }

    @Override
    public Set<Field<?>> fields() {
      return Set.of(field);
    }

    @Override
    public ValueType type() {
      return NumberFields.valueType(field);
    }

    @Override
    public int scale() {
      return field.scale();
    }

    @Override
    public void add(Call call, Buckets buckets) {
      if (call.isPresent(field)) {
        buckets.add(value(call));
      }
    }

    @Override
    public void remove(Call call, Buckets buckets) {
      if (call.isPresent(field)) {
        buckets.remove(value(call));
      }
    }

    private double value(Call call) {
      return isReal() ? call.doubleValue(field) : (double) call.longValue(field);
    }

    /** Returns the number; truncated if the field has whole or decimal numbers. */
    @Override
    public Object result(double number) {
      return isReal() ? (Object) number : NumberFields.value(field, (long) number);
    }

    private boolean isReal() {
      return field.type() == Field.Type.REAL;
    }

    @Override
    public String toString() {
      return NumberFields.description(field);
    }
  }

  QuantileMeasure {
    Dimension.requireName(name);
    if (!(quantile > 0 && quantile <= 1)) {
      throw new IllegalArgumentException(
          "The quantile is %s; it must be greater than 0 and at most 1, such as 0.5 for the median"
              .formatted(quantile));
    }
  }

  @Override
  public String toString() {
    return name + " quantile " + quantile + " of " + values;
  }

  @Override
  public Set<Field<?>> fields() {
    return values.fields();
  }

  @Override
  public ValueType valueType() {
    return values.type();
  }

  @Override
  public int scale() {
    return values.scale();
  }

  @Override
  public Accumulator empty() {
    return new QuantileAccumulator(new Buckets());
  }

  @Override
  public Accumulator read(byte[] state) {
    return new QuantileAccumulator(Buckets.read(state));
  }

  @Override
  public boolean canRetract() {
    return true;
  }

  @Override
  public boolean sharesStateWith(Aggregate other) {
    return other instanceof QuantileMeasure that && values.areSameAs(that.values);
  }

  private final class QuantileAccumulator implements Accumulator {
    private final Buckets buckets;

    QuantileAccumulator(Buckets buckets) {
      this.buckets = buckets;
    }

    @Override
    public void add(Call call) {
      values.add(call, buckets);
    }

    @Override
    public void retract(Call call) {
      values.remove(call, buckets);
    }

    @Override
    public void merge(Accumulator other) {
      buckets.merge(((QuantileAccumulator) other).buckets);
    }

    @Override
    public byte[] toBytes() {
      return buckets.toBytes();
    }

    @Override
    public Optional<Object> value() {
      return buckets.isEmpty()
          ? Optional.empty()
          : Optional.of(values.result(buckets.quantile(quantile)));
    }
  }
}
