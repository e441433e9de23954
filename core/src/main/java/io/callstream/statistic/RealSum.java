package io.callstream.statistic;

import java.math.BigInteger;
import java.util.Arrays;

/*
 * Each finite double is a multiple of 2^-1074. The sum is a multiple of it with digits in base 2^32, the lowest first.
 * A number changes at most three digits. A digit may be negative or greater than the base until the next carry, which
 * is due before a digit can overflow. Only the range of digits that numbers have used is in memory: at most 70 digits.
 */
/** The exact sum of finite numbers in double precision, in any order. Not thread-safe. */
final class RealSum {
  /** The sum is a multiple of 2 to the power of this. */
  static final int EXPONENT = -1074;

  private static final int DIGIT = Integer.SIZE;
  private static final long MASK = (1L << DIGIT) - 1;
  private static final int MANTISSA = 52;
  private static final int PRECISION = 53;

  /** An addition changes a digit by less than 2^32, so this number of them stays below 2^63. */
  private static final int MAX_ADDITIONS = 1 << 30;

  private long[] digits = {};

  /** The place of the lowest digit in memory. */
  private int first;

  private int additions;

  /** A number {@code significand * 2^shift} in multiples of {@code 2^EXPONENT}. */
  record Total(BigInteger significand, int shift) {}

  void add(double value) {
    long bits = Double.doubleToRawLongBits(value);
    int exponent = (int) (bits >>> MANTISSA) & 0x7ff;
    long mantissa = bits & ((1L << MANTISSA) - 1);
    if (exponent == 0) {
      exponent = 1; // A subnormal number has the exponent of the least normal ones.
    } else {
      mantissa |= 1L << MANTISSA;
    }
    int shift = (exponent - 1) % DIGIT;
    int place = (exponent - 1) / DIGIT;
    reserve(place, place + 2);
    long low = (mantissa << shift) & MASK;
    long middle = (mantissa >>> (DIGIT - shift)) & MASK;
    long high = mantissa >>> DIGIT >>> (DIGIT - shift);
    int i = place - first;
    if (bits < 0) {
      digits[i] -= low;
      digits[i + 1] -= middle;
      digits[i + 2] -= high;
    } else {
      digits[i] += low;
      digits[i + 1] += middle;
      digits[i + 2] += high;
    }
    countAddition();
  }

  void add(Total total) {
    int place = total.shift() / DIGIT;
    BigInteger rest = total.significand().abs().shiftLeft(total.shift() % DIGIT);
    if (rest.signum() == 0) {
      return;
    }
    reserve(place, place + (rest.bitLength() - 1) / DIGIT);
    for (int i = place - first; rest.signum() != 0; i++) {
      digits[i] += total.significand().signum() * (rest.intValue() & MASK);
      rest = rest.shiftRight(DIGIT);
    }
    countAddition();
  }

  private void reserve(int from, int to) {
    if (digits.length == 0) {
      digits = new long[to + 1 - from];
      first = from;
    } else if (from < first || to >= first + digits.length) {
      int start = Math.min(first, from);
      long[] more = new long[Math.max(first + digits.length, to + 1) - start];
      System.arraycopy(digits, 0, more, first - start, digits.length);
      digits = more;
      first = start;
    }
  }

  private void countAddition() {
    additions++;
    if (additions == MAX_ADDITIONS) {
      Total total = total();
      Arrays.fill(digits, 0);
      additions = 0;
      add(total);
    }
  }

  /** Returns the sum. Equal sums have equal totals. */
  Total total() {
    BigInteger sum = BigInteger.ZERO;
    for (int i = digits.length - 1; i >= 0; i--) {
      sum = sum.shiftLeft(DIGIT).add(BigInteger.valueOf(digits[i]));
    }
    if (sum.signum() == 0) {
      return new Total(sum, 0);
    }
    int zeros = sum.getLowestSetBit();
    return new Total(sum.shiftRight(zeros), first * DIGIT + zeros);
  }

  /**
   * Returns the double that is nearest to {@code numerator / denominator * 2^exponent}, and of two
   * the one whose last bit is 0. It is infinite if it exceeds the range of a double.
   */
  static double nearest(BigInteger numerator, long denominator, int exponent) {
    if (numerator.signum() == 0) {
      return 0;
    }
    // The quotient has more bits than a double, so only the bits to drop need the remainder.
    int extra = Math.max(0, 2 * Long.SIZE + 2 - numerator.bitLength());
    BigInteger[] division =
        numerator.abs().shiftLeft(extra).divideAndRemainder(BigInteger.valueOf(denominator));
    BigInteger quotient = division[0];
    int unit = exponent - extra;
    int dropped = Math.max(quotient.bitLength() - PRECISION, EXPONENT - unit);
    BigInteger kept = quotient.shiftRight(dropped);
    boolean isHalf = quotient.testBit(dropped - 1);
    boolean isMore = division[1].signum() != 0 || quotient.getLowestSetBit() < dropped - 1;
    if (isHalf && (isMore || kept.testBit(0))) {
      kept = kept.add(BigInteger.ONE);
    }
    return numerator.signum() * Math.scalb(kept.doubleValue(), unit + dropped);
  }
}
