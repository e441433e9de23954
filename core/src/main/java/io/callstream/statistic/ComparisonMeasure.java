package io.callstream.statistic;

import io.callstream.call.Call;
import io.callstream.call.Field;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;

/**
 * A number of the comparison of a group with its baseline. No call contributes to it: the ledger
 * writes the state of all these measures when a window closes, as numbers in double precision. The
 * state has no bytes before that.
 *
 * @param index the index of the number in the state
 */
record ComparisonMeasure(String name, int index) implements Measure.Aggregate {
  /** The index of the number of earlier windows, the only whole number. */
  static final int HISTORY = 3;

  private static final Accumulator NONE = new Comparison(Optional.empty());

  @Override
  public String toString() {
    return name + " of the baseline";
  }

  @Override
  public ValueType valueType() {
    return index == HISTORY ? ValueType.LONG : ValueType.DOUBLE;
  }

  @Override
  public Set<Field<?>> fields() {
    return Set.of();
  }

  @Override
  public Accumulator empty() {
    return NONE;
  }

  @Override
  public Accumulator read(byte[] state) {
    if (state.length == 0) {
      return NONE;
    }
    double number = ByteBuffer.wrap(state).getDouble(index * Double.BYTES);
    return new Comparison(
        Optional.of(index == HISTORY ? (Object) Math.round(number) : (Object) number));
  }

  @Override
  public boolean sharesStateWith(Aggregate other) {
    return other instanceof ComparisonMeasure;
  }

  @Override
  public boolean canRetract() {
    return true;
  }

  private record Comparison(Optional<Object> value) implements Accumulator {
    @Override
    public void add(Call call) {
      // Only the ledger compares.
    }

    @Override
    public void retract(Call call) {
      // Only the ledger compares.
    }

    @Override
    public void merge(Accumulator other) {
      // Only closed windows are compared, and they are not merged.
    }

    @Override
    public byte[] toBytes() {
      return new byte[0];
    }
  }
}
