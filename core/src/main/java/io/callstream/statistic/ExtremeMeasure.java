package io.callstream.statistic;

import io.callstream.call.Call;
import io.callstream.call.Field;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * The minimum or maximum of the numbers of a field. The state is this number, or no bytes if no
 * call has a value.
 */
record ExtremeMeasure(String name, Kind kind, Field<? extends Number> field)
    implements Measure.Aggregate {
  enum Kind {
    MINIMUM,
    MAXIMUM
  }

  ExtremeMeasure {
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
    return NumberFields.valueType(field);
  }

  @Override
  public int scale() {
    return field.scale();
  }

  private boolean isReal() {
    return field.type() == Field.Type.REAL;
  }

  @Override
  public Accumulator empty() {
    return new ExtremeAccumulator();
  }

  @Override
  public Accumulator read(byte[] state) {
    ExtremeAccumulator extreme = new ExtremeAccumulator();
    if (state.length > 0) {
      extreme.include(ByteBuffer.wrap(state).getLong());
    }
    return extreme;
  }

  private final class ExtremeAccumulator implements Accumulator {
    private boolean present;

    /** The number, or the bits of a number in double precision. */
    private long value;

    @Override
    public void add(Call call) {
      if (call.isPresent(field)) {
        include(
            isReal() ? Double.doubleToRawLongBits(call.doubleValue(field)) : call.longValue(field));
      }
    }

    @Override
    public void merge(Accumulator other) {
      ExtremeAccumulator that = (ExtremeAccumulator) other;
      if (that.present) {
        include(that.value);
      }
    }

    void include(long other) {
      value = present ? extreme(value, other) : other;
      present = true;
    }

    private long extreme(long a, long b) {
      // -0.0 is less than 0.0, so that the order of calls has no effect.
      int order =
          isReal()
              ? Double.compare(Double.longBitsToDouble(a), Double.longBitsToDouble(b))
              : Long.compare(a, b);
      return (kind == Kind.MINIMUM) == (order < 0) ? a : b;
    }

    @Override
    public byte[] toBytes() {
      return present ? ByteBuffer.allocate(Long.BYTES).putLong(value).array() : new byte[0];
    }

    @Override
    public Optional<Object> value() {
      if (!present) {
        return Optional.empty();
      }
      return Optional.of(
          isReal() ? Double.longBitsToDouble(value) : NumberFields.value(field, value));
    }
  }
}
