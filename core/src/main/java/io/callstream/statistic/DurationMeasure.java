package io.callstream.statistic;

import io.callstream.call.Call;
import io.callstream.call.Field;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * Minimum, maximum or mean of a duration. The state is a number of calls, and an extreme or the sum
 * in milliseconds.
 */
record DurationMeasure(String name, Kind kind, Set<Field<?>> fields, CallDuration duration)
    implements Measure.Aggregate {
  enum Kind {
    MINIMUM,
    MAXIMUM,
    MEAN
  }

  DurationMeasure {
    Dimension.requireName(name);
    fields = Set.copyOf(fields);
  }

  /** Describes the measure without the function that computes the duration. */
  @Override
  public String toString() {
    return name + " " + kind + " of " + Measures.Between.description(fields, duration);
  }

  @Override
  public ValueType valueType() {
    return ValueType.DURATION;
  }

  @Override
  public Accumulator empty() {
    return kind == Kind.MEAN ? new MeanAccumulator() : new ExtremeAccumulator(0, 0);
  }

  @Override
  public Accumulator read(byte[] state) {
    if (kind == Kind.MEAN) {
      StateReader in = new StateReader(state);
      MeanAccumulator mean = new MeanAccumulator();
      mean.calls = in.number();
      mean.sum.add(new BigInteger(in.rest()));
      return mean;
    }
    ByteBuffer in = ByteBuffer.wrap(state);
    return new ExtremeAccumulator(in.getLong(), in.getLong());
  }

  @Override
  public boolean canRetract() {
    return kind == Kind.MEAN;
  }

  private final class MeanAccumulator implements Accumulator {
    private final WholeSum sum = new WholeSum();
    private long calls;

    @Override
    public void add(Call call) {
      long time = Measures.Between.millis(duration, call);
      if (time >= 0) {
        calls++;
        sum.add(time);
      }
    }

    @Override
    public void retract(Call call) {
      long time = Measures.Between.millis(duration, call);
      if (time >= 0) {
        calls--;
        sum.subtract(time);
      }
    }

    @Override
    public void merge(Accumulator other) {
      MeanAccumulator that = (MeanAccumulator) other;
      calls += that.calls;
      sum.add(that.sum);
    }

    @Override
    public byte[] toBytes() {
      return new StateWriter().number(calls).bytes(sum.toBytes()).toBytes();
    }

    @Override
    public Optional<Object> value() {
      return calls == 0 ? Optional.empty() : Optional.of(Duration.ofMillis(rounded()));
    }

    private long rounded() {
      BigInteger twice = sum.total().shiftLeft(1).add(BigInteger.valueOf(calls));
      return twice.divide(BigInteger.valueOf(calls).shiftLeft(1)).longValueExact();
    }
  }

  private final class ExtremeAccumulator implements Accumulator {
    private long calls;
    private long millis;

    ExtremeAccumulator(long calls, long millis) {
      this.calls = calls;
      this.millis = millis;
    }

    @Override
    public void add(Call call) {
      long time = Measures.Between.millis(duration, call);
      if (time >= 0) {
        include(1, time);
      }
    }

    @Override
    public void merge(Accumulator other) {
      ExtremeAccumulator that = (ExtremeAccumulator) other;
      if (that.calls > 0) {
        include(that.calls, that.millis);
      }
    }

    private void include(long otherCalls, long otherMillis) {
      if (calls == 0) {
        millis = otherMillis;
      } else {
        millis =
            kind == Kind.MINIMUM ? Math.min(millis, otherMillis) : Math.max(millis, otherMillis);
      }
      calls += otherCalls;
    }

    @Override
    public byte[] toBytes() {
      return ByteBuffer.allocate(2 * Long.BYTES).putLong(calls).putLong(millis).array();
    }

    @Override
    public Optional<Object> value() {
      return calls == 0 ? Optional.empty() : Optional.of(Duration.ofMillis(millis));
    }
  }
}
