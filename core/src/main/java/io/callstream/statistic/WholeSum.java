package io.callstream.statistic;

import java.math.BigInteger;
import java.nio.ByteBuffer;

/** The exact sum of whole numbers with 128 bits, which 2^63 of them cannot exceed. */
final class WholeSum {
  private long high;
  private long low;

  void add(long value) {
    add(value >> (Long.SIZE - 1), value);
  }

  void subtract(long value) {
    add(~value); // -value - 1, because the least number has no opposite
    add(1);
  }

  void add(WholeSum that) {
    add(that.high, that.low);
  }

  void add(BigInteger sum) {
    add(sum.shiftRight(Long.SIZE).longValueExact(), sum.longValue());
  }

  private void add(long otherHigh, long otherLow) {
    low += otherLow;
    high += otherHigh + (Long.compareUnsigned(low, otherLow) < 0 ? 1 : 0);
  }

  BigInteger total() {
    return new BigInteger(ByteBuffer.allocate(2 * Long.BYTES).putLong(high).putLong(low).array());
  }

  /** Returns the least number of bytes in two's complement. */
  byte[] toBytes() {
    return total().toByteArray();
  }
}
