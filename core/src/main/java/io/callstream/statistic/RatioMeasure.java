package io.callstream.statistic;

import io.callstream.call.Call;
import io.callstream.call.Field;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The number of calls that one filter accepts, divided by the number that another one accepts. */
record RatioMeasure(String name, Set<Field<?>> fields, CallFilter numerator, CallFilter denominator)
    implements Measure.Aggregate {
  /** Accepts all calls of the group. */
  static final CallFilter ALL = call -> true;

  RatioMeasure {
    Dimension.requireName(name);
    fields = Set.copyOf(fields);
  }

  /** Describes the measure without the code of its filters, except for what they say of it. */
  @Override
  public String toString() {
    return name
        + " ratio of "
        + new TreeSet<>(fields)
        + numerator.description()
        + (denominator == ALL ? " to all" : " to some" + denominator.description());
  }

  @Override
  public ValueType valueType() {
    return ValueType.DOUBLE;
  }

  @Override
  public Accumulator empty() {
    return new RatioAccumulator(0, 0);
  }

  @Override
  public Accumulator read(byte[] state) {
    StateReader in = new StateReader(state);
    return new RatioAccumulator(in.number(), in.number());
  }

  @Override
  public boolean canRetract() {
    return true;
  }

  private final class RatioAccumulator implements Accumulator {
    private long some;
    private long all;

    RatioAccumulator(long some, long all) {
      this.some = some;
      this.all = all;
    }

    @Override
    public void add(Call call) {
      some += numerator.accepts(call) ? 1 : 0;
      all += denominator.accepts(call) ? 1 : 0;
    }

    @Override
    public void retract(Call call) {
      some -= numerator.accepts(call) ? 1 : 0;
      all -= denominator.accepts(call) ? 1 : 0;
    }

    @Override
    public void merge(Accumulator other) {
      RatioAccumulator that = (RatioAccumulator) other;
      some += that.some;
      all += that.all;
    }

    @Override
    public byte[] toBytes() {
      return new StateWriter().number(some).number(all).toBytes();
    }

    @Override
    public Optional<Object> value() {
      return all == 0 ? Optional.empty() : Optional.of((double) some / all);
    }
  }
}
