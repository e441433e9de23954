package io.callstream.statistic;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.Field;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;

/**
 * A quantile of a duration, from a histogram with fixed buckets. Unlike a sampling sketch, it gives
 * the same value in every replay and in any order of merging.
 */
record QuantileMeasure(String name, double quantile, Set<Field<?>> fields, CallDuration duration)
    implements Measure.Aggregate {
  private static final int SIGNIFICANT_DIGITS = 2;
  private static final long MAX_MILLIS = Duration.ofDays(36_600).toMillis();

  QuantileMeasure {
    Dimension.requireName(name);
    fields = Set.copyOf(fields);
    if (!(quantile > 0 && quantile <= 1)) {
      throw new IllegalArgumentException(
          "The quantile is %s; it must be greater than 0 and at most 1, such as 0.5 for the median"
              .formatted(quantile));
    }
    try {
      Class.forName("org.HdrHistogram.Histogram", false, QuantileMeasure.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "The quantile '%s' needs org.hdrhistogram:HdrHistogram:2.2.2 on the class path."
              .formatted(name),
          e);
    }
  }

  /** Describes the measure without the function that computes the duration. */
  @Override
  public String toString() {
    return name + " quantile " + quantile + " of " + new TreeSet<>(fields);
  }

  @Override
  public ValueType valueType() {
    return ValueType.DURATION;
  }

  @Override
  public Accumulator empty() {
    return new QuantileAccumulator(new Histogram(SIGNIFICANT_DIGITS));
  }

  @Override
  public Accumulator read(byte[] state) {
    try {
      Histogram histogram = Histogram.decodeFromCompressedByteBuffer(ByteBuffer.wrap(state), 0);
      histogram.setAutoResize(true);
      return new QuantileAccumulator(histogram);
    } catch (DataFormatException e) {
      throw new IllegalArgumentException("not the state of a histogram", e);
    }
  }

  private final class QuantileAccumulator implements Accumulator {
    private final Histogram histogram;

    QuantileAccumulator(Histogram histogram) {
      this.histogram = histogram;
    }

    @Override
    public void add(Call call) {
      Optional<Duration> time = duration.of(call);
      if (time.isPresent() && !time.get().isNegative()) {
        histogram.recordValue(Math.min(TimeUnit.MILLISECONDS.convert(time.get()), MAX_MILLIS));
      }
    }

    @Override
    public void merge(Accumulator other) {
      histogram.add(((QuantileAccumulator) other).histogram);
    }

    @Override
    public byte[] toBytes() {
      ByteBuffer out = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
      int length = histogram.encodeIntoCompressedByteBuffer(out);
      return Arrays.copyOf(out.array(), length);
    }

    @Override
    public Optional<Object> value() {
      return histogram.getTotalCount() == 0
          ? Optional.empty()
          : Optional.of(Duration.ofMillis(histogram.getValueAtPercentile(100 * quantile)));
    }
  }
}
