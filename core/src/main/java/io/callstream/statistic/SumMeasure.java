package io.callstream.statistic;

import io.callstream.call.Call;
import io.callstream.call.Field;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * The exact sum or mean of the numbers of a field. The state has the number of calls with a value,
 * and their sum.
 */
record SumMeasure(String name, Kind kind, Field<? extends Number> field)
    implements Measure.Aggregate {
  /** The additional digits of a mean of decimal numbers. */
  private static final int MEAN_DIGITS = 4;

  enum Kind {
    SUM,
    MEAN
  }

  SumMeasure {
    Dimension.requireName(name);
    Objects.requireNonNull(field, "field");
  }

  @Override
  public String toString() {
    return name + " " + kind + " of " + NumberFields.description(field);
  }

  @Override
  public Set<Field<?>> fields() {
    return Set.of(field);
  }

  @Override
  public ValueType valueType() {
    boolean isReal =
        field.type() == Field.Type.REAL || (kind == Kind.MEAN && field.type() == Field.Type.NUMBER);
    return isReal ? ValueType.DOUBLE : ValueType.DECIMAL;
  }

  @Override
  public int scale() {
    return valueType() == ValueType.DOUBLE
        ? 0
        : field.scale() + (kind == Kind.MEAN ? MEAN_DIGITS : 0);
  }

  @Override
  public Accumulator empty() {
    return field.type() == Field.Type.REAL ? new RealAccumulator() : new WholeAccumulator();
  }

  @Override
  public Accumulator read(byte[] state) {
    StateReader in = new StateReader(state);
    if (field.type() == Field.Type.REAL) {
      RealAccumulator sum = new RealAccumulator();
      sum.calls = in.number();
      int shift = (int) in.number();
      sum.sum.add(new RealSum.Total(new BigInteger(in.rest()), shift));
      return sum;
    }
    WholeAccumulator sum = new WholeAccumulator();
    sum.calls = in.number();
    sum.sum.add(new BigInteger(in.rest()));
    return sum;
  }

  @Override
  public boolean canRetract() {
    return true;
  }

  /** The sum of whole or decimal numbers. */
  private final class WholeAccumulator implements Accumulator {
    private final WholeSum sum = new WholeSum();
    private long calls;

    @Override
    public void add(Call call) {
      if (call.isPresent(field)) {
        calls++;
        sum.add(call.longValue(field));
      }
    }

    @Override
    public void retract(Call call) {
      if (call.isPresent(field)) {
        calls--;
        sum.subtract(call.longValue(field));
      }
    }

    @Override
    public void merge(Accumulator other) {
      WholeAccumulator that = (WholeAccumulator) other;
      calls += that.calls;
      sum.add(that.sum);
    }

    @Override
    public byte[] toBytes() {
      return new StateWriter().number(calls).bytes(sum.toBytes()).toBytes();
    }

    @Override
    public Optional<Object> value() {
      if (calls == 0) {
        return Optional.empty();
      }
      if (valueType() == ValueType.DOUBLE) {
        return Optional.of(RealSum.nearest(sum.total(), calls, 0));
      }
      BigDecimal total = new BigDecimal(sum.total(), field.scale());
      return Optional.of(
          kind == Kind.SUM
              ? total
              : total.divide(BigDecimal.valueOf(calls), scale(), RoundingMode.HALF_UP));
    }
  }

  /** The sum of numbers in double precision. */
  private final class RealAccumulator implements Accumulator {
    private final RealSum sum = new RealSum();
    private long calls;

    @Override
    public void add(Call call) {
      if (call.isPresent(field)) {
        calls++;
        sum.add(call.doubleValue(field));
      }
    }

    @Override
    public void retract(Call call) {
      if (call.isPresent(field)) {
        calls--;
        sum.add(-call.doubleValue(field));
      }
    }

    @Override
    public void merge(Accumulator other) {
      RealAccumulator that = (RealAccumulator) other;
      calls += that.calls;
      sum.add(that.sum.total());
    }

    @Override
    public byte[] toBytes() {
      RealSum.Total total = sum.total();
      return new StateWriter()
          .number(calls)
          .number(total.shift())
          .bytes(total.significand().toByteArray())
          .toBytes();
    }

    @Override
    public Optional<Object> value() {
      RealSum.Total total = sum.total();
      long denominator = kind == Kind.SUM ? 1 : calls;
      return calls == 0
          ? Optional.empty()
          : Optional.of(
              RealSum.nearest(total.significand(), denominator, RealSum.EXPONENT + total.shift()));
    }
  }
}
