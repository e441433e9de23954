package io.callstream.statistic;

import io.callstream.call.Call;
import io.callstream.call.Field;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * Minimum, maximum or mean of a duration. The state is a number of calls, and a sum or extreme in
 * milliseconds.
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
    return new DurationAccumulator(0, 0);
  }

  @Override
  public Accumulator read(byte[] state) {
    ByteBuffer in = ByteBuffer.wrap(state);
    return new DurationAccumulator(in.getLong(), in.getLong());
  }

  private final class DurationAccumulator implements Accumulator {
    private long calls;
    private long millis;

    DurationAccumulator(long calls, long millis) {
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
      DurationAccumulator that = (DurationAccumulator) other;
      if (that.calls > 0) {
        include(that.calls, that.millis);
      }
    }

    private void include(long otherCalls, long otherMillis) {
      if (calls == 0) {
        millis = otherMillis;
      } else {
        millis =
            switch (kind) {
              case MINIMUM -> Math.min(millis, otherMillis);
              case MAXIMUM -> Math.max(millis, otherMillis);
              case MEAN -> saturatedSum(millis, otherMillis);
            };
      }
      calls += otherCalls;
    }

    /** Adds numbers from 0, up to the greatest number. */
    private static long saturatedSum(long a, long b) {
      return a + b < 0 ? Long.MAX_VALUE : a + b;
    }

    @Override
    public byte[] toBytes() {
      return ByteBuffer.allocate(2 * Long.BYTES).putLong(calls).putLong(millis).array();
    }

    @Override
    public Optional<Object> value() {
      if (calls == 0) {
        return Optional.empty();
      }
      long value = kind == Kind.MEAN ? roundedMean() : millis;
      return Optional.of(Duration.ofMillis(value));
    }

    private long roundedMean() {
      BigInteger twice = BigInteger.valueOf(millis).shiftLeft(1).add(BigInteger.valueOf(calls));
      return twice.divide(BigInteger.valueOf(calls).shiftLeft(1)).longValueExact();
    }
  }
}
