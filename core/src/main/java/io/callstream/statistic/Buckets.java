package io.callstream.statistic;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/*
 * A bucket contains the numbers whose bits agree in the sign, the exponent and the first seven bits of the mantissa.
 * Its width is at most 2^-7 of its least number, so its middle differs by at most 2^-8 from each number. Zero has a
 * separate bucket. Buckets are fixed, so the counts do not depend on the order of numbers and merges.
 */
/** The numbers of values in fixed buckets, for quantiles. Not thread-safe. */
final class Buckets {
  private static final int SHIFT = 52 - 7;
  private static final int MAX_PENDING = 1 << 12;

  /** The buckets in ascending order, with the number of values of each. */
  private int[] buckets = {};

  private long[] counts = {};

  /** The buckets of the latest values, in the order of their arrival. */
  private int[] pending = new int[8];

  private int pendingSize;

  /** The latest removed values; null if there are none. */
  private @Nullable Buckets removed;

  static Buckets read(byte[] state) {
    StateReader in = new StateReader(state);
    int size = (int) in.number();
    Buckets all = new Buckets();
    all.buckets = new int[size];
    all.counts = new long[size];
    int bucket = 0;
    for (int i = 0; i < size; i++) {
      bucket += (int) in.number();
      all.buckets[i] = bucket;
      all.counts[i] = in.number();
    }
    return all;
  }

  byte[] toBytes() {
    compact();
    StateWriter out = new StateWriter().number(buckets.length);
    int before = 0;
    for (int i = 0; i < buckets.length; i++) {
      out.number((buckets[i] - before) & 0xffff_ffffL).number(counts[i]);
      before = buckets[i];
    }
    return out.toBytes();
  }

  /** Adds a finite number. */
  void add(double value) {
    if (pendingSize == pending.length) {
      compact();
    }
    pending[pendingSize++] = bucket(value);
  }

  /** Removes a number that was added here, or to buckets that will be merged with these. */
  void remove(double value) {
    if (removed == null) {
      removed = new Buckets();
    }
    removed.add(value);
  }

  private static int bucket(double value) {
    if (value == 0) {
      return 0;
    }
    int magnitude = (int) (Double.doubleToRawLongBits(Math.abs(value)) >>> SHIFT) + 1;
    return value < 0 ? -magnitude : magnitude;
  }

  private static double middle(int bucket) {
    if (bucket == 0) {
      return 0;
    }
    long least = (long) (Math.abs(bucket) - 1) << SHIFT;
    return Integer.signum(bucket) * Double.longBitsToDouble(least + (1L << (SHIFT - 1)));
  }

  void merge(Buckets other) {
    other.compact();
    compact();
    include(other.buckets, other.counts, other.buckets.length);
  }

  private void compact() {
    Buckets fewer = removed;
    if (fewer != null) {
      removed = null;
      fewer.compact();
      include(
          fewer.buckets, Arrays.stream(fewer.counts).map(n -> -n).toArray(), fewer.buckets.length);
    }
    if (pendingSize == 0) {
      return;
    }
    Arrays.sort(pending, 0, pendingSize);
    long[] numbers = new long[pendingSize];
    int size = 0;
    for (int i = 0; i < pendingSize; i++) {
      if (size == 0 || pending[i] != pending[size - 1]) {
        pending[size++] = pending[i];
      }
      numbers[size - 1]++;
    }
    include(pending, numbers, size);
    pendingSize = 0;
    pending = new int[Math.max(pending.length, Math.min(buckets.length, MAX_PENDING))];
  }

  /** Adds other buckets, which are in ascending order. Removes buckets without values. */
  private void include(int[] others, long[] numbers, int size) {
    int[] all = new int[buckets.length + size];
    long[] sums = new long[all.length];
    int length = 0;
    int i = 0;
    int j = 0;
    while (i < buckets.length || j < size) {
      boolean isMine = j == size || (i < buckets.length && buckets[i] <= others[j]);
      boolean isOther = i == buckets.length || (j < size && others[j] <= buckets[i]);
      all[length] = isMine ? buckets[i] : others[j];
      sums[length] = (isMine ? counts[i++] : 0) + (isOther ? numbers[j++] : 0);
      if (sums[length] != 0) {
        length++;
      }
    }
    buckets = Arrays.copyOf(all, length);
    counts = Arrays.copyOf(sums, length);
  }

  boolean isEmpty() {
    compact();
    return buckets.length == 0;
  }

  /**
   * Returns the middle of the bucket that contains the value with the rank {@code ceil(quantile *
   * n)}. There must be a value.
   */
  double quantile(double quantile) {
    compact();
    long rank =
        BigDecimal.valueOf(quantile)
            .multiply(BigDecimal.valueOf(Arrays.stream(counts).sum()))
            .setScale(0, RoundingMode.CEILING)
            .longValueExact();
    int i = 0;
    long seen = counts[0];
    while (seen < rank) {
      i++;
      seen += counts[i];
    }
    return middle(buckets[i]);
  }
}
