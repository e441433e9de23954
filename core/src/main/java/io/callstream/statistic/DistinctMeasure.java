package io.callstream.statistic;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.call.Position;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.apache.datasketches.hll.HllSketch;
import org.apache.datasketches.hll.TgtHllType;
import org.apache.datasketches.hll.Union;

/**
 * The approximate number of distinct values of a field. The composite estimate depends only on the
 * registers, so the result does not depend on the order of calls or of merged partial results.
 */
record DistinctMeasure(String name, Field<?> field) implements Measure.Aggregate {
  private static final int LG_REGISTERS = 12;

  DistinctMeasure {
    Dimension.requireName(name);
    Objects.requireNonNull(field, "field");
    try {
      Class.forName(
          "org.apache.datasketches.hll.HllSketch", false, DistinctMeasure.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "The approximate number of distinct values '"
              + name
              + "' needs org.apache.datasketches:datasketches-java:3.3.0 on the class path.",
          e);
    }
  }

  @Override
  public String toString() {
    return name + " approximate distinct " + NumberFields.description(field);
  }

  @Override
  public Set<Field<?>> fields() {
    return Set.of(field);
  }

  @Override
  public Accumulator empty() {
    return new DistinctAccumulator(new Union(LG_REGISTERS));
  }

  @Override
  public Accumulator read(byte[] state) {
    Union union = new Union(LG_REGISTERS);
    union.update(HllSketch.heapify(state));
    return new DistinctAccumulator(union);
  }

  private final class DistinctAccumulator implements Accumulator {
    private final Union union;

    DistinctAccumulator(Union union) {
      this.union = union;
    }

    @Override
    public void add(Call call) {
      if (!call.isPresent(field)) {
        return;
      }
      switch (field.type()) {
        case TEXT -> union.update((String) call.get(field));
        case NUMBER, DECIMAL, FLAG, TIME -> union.update(call.longValue(field));
        case REAL -> union.update(call.doubleValue(field));
        case POSITION -> {
          Position position = (Position) Objects.requireNonNull(call.get(field));
          union.update(new long[] {bits(position.latitude()), bits(position.longitude())});
        }
      }
    }

    /** Returns the same bits for 0.0 and -0.0. */
    private static long bits(double number) {
      return Double.doubleToRawLongBits(number + 0.0);
    }

    @Override
    public void merge(Accumulator other) {
      union.update(((DistinctAccumulator) other).union.getResult(TgtHllType.HLL_8));
    }

    @Override
    public byte[] toBytes() {
      return union.toCompactByteArray();
    }

    @Override
    public Optional<Object> value() {
      return Optional.of(Math.round(union.getCompositeEstimate()));
    }
  }
}
