package io.callstream.call;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.math.BigDecimal;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/**
 * Reads numbers from bytes: digits with an optional sign, fraction and exponent, and spaces around
 * them. Not thread-safe.
 */
final class NumberReader {
  /** The most digits of which every number fits in a long. */
  private static final int PLAIN_DIGITS = 18;

  private static final int MAX_BYTES = 100;

  /** The most digits of which every number is exact in double precision. */
  private static final int EXACT_DIGITS = 15;

  /** The powers of ten that divide such a number with a single rounding. */
  private static final double[] POWERS = powers();

  private long value;

  private static double[] powers() {
    double[] powers = new double[EXACT_DIGITS + 1];
    powers[0] = 1;
    for (int i = 1; i < powers.length; i++) {
      powers[i] = powers[i - 1] * 10;
    }
    return powers;
  }

  /** Returns the number from the last successful {@link #read} or {@link #readReal}. */
  long value() {
    return value;
  }

  /**
   * Reads a number as a multiple of {@code 10^-scale}. Returns false if the bytes are not a number,
   * or if it is not such a multiple or does not fit in a long.
   */
  boolean read(byte[] b, int start, int end, int scale) {
    int i = start;
    boolean negative = i < end && b[i] == '-';
    i += negative ? 1 : 0;
    long number = 0;
    int digits = 0;
    int fraction = -1;
    for (; i < end && digits <= PLAIN_DIGITS; i++) {
      int digit = b[i] - '0';
      if (digit >= 0 && digit <= 9) {
        number = number * 10 + digit;
        digits++;
        fraction += fraction >= 0 ? 1 : 0;
      } else if (b[i] == '.' && fraction < 0 && digits > 0) {
        fraction = 0;
      } else {
        break;
      }
    }
    int zeros = scale - Math.max(0, fraction);
    if (i < end || digits == 0 || fraction == 0 || zeros < 0 || digits + zeros > PLAIN_DIGITS) {
      return readDecimal(b, start, end, scale, RoundingMode.UNNECESSARY);
    }
    for (int z = 0; z < zeros; z++) {
      number *= 10;
    }
    value = negative ? -number : number;
    return true;
  }

  /** Reads a number as {@link #read} does, but ignores digits beyond the scale. */
  boolean readTruncated(byte[] b, int start, int end, int scale) {
    return read(b, start, end, scale) || readDecimal(b, start, end, scale, RoundingMode.DOWN);
  }

  private boolean readDecimal(byte[] b, int start, int end, int scale, RoundingMode rounding) {
    String text = text(b, start, end);
    if (text == null) {
      return false;
    }
    BigDecimal number = new BigDecimal(text);
    // The limits bound the memory of the last step, which expands the exponent.
    boolean isTiny = number.scale() > 2 * MAX_BYTES;
    if (number.signum() == 0 || isTiny) {
      value = 0;
      return number.signum() == 0 || rounding == RoundingMode.DOWN;
    }
    if (number.precision() - (long) number.scale() > PLAIN_DIGITS + 1) {
      return false;
    }
    try {
      value = number.setScale(scale, rounding).unscaledValue().longValueExact();
      return true;
    } catch (ArithmeticException e) {
      return false;
    }
  }

  /**
   * Reads a number in double precision, whose bits are then the value. Returns false if the bytes
   * are not a number, or if it is too large or too small.
   */
  boolean readReal(byte[] b, int start, int end) {
    return readShort(b, start, end) || readAny(b, start, end);
  }

  /**
   * Reads a number of few digits without an exponent. Its digits and the power of ten are exact, so
   * their quotient is the nearest number.
   */
  private boolean readShort(byte[] b, int start, int end) {
    int i = start;
    boolean negative = i < end && b[i] == '-';
    i += negative ? 1 : 0;
    long number = 0;
    int digits = 0;
    int point = -1;
    for (; i < end && digits <= EXACT_DIGITS; i++) {
      int digit = b[i] - '0';
      if (digit >= 0 && digit <= 9) {
        number = number * 10 + digit;
        digits++;
      } else if (b[i] == '.' && point < 0 && digits > 0) {
        point = digits;
      } else {
        return false;
      }
    }
    if (digits == 0 || digits > EXACT_DIGITS || point == digits) {
      return false;
    }
    double magnitude = number / POWERS[point < 0 ? 0 : digits - point];
    value = Double.doubleToLongBits(negative ? -magnitude : magnitude);
    return true;
  }

  private boolean readAny(byte[] b, int start, int end) {
    String text = text(b, start, end);
    double number = text == null ? Double.NaN : Double.parseDouble(text);
    value = Double.doubleToLongBits(number);
    return Double.isFinite(number) && (number != 0 || new BigDecimal(text).signum() == 0);
  }

  /** Returns the text without spaces around it, or null if it is not a number. */
  private static @Nullable String text(byte[] b, int start, int end) {
    if (end - start > MAX_BYTES) {
      return null;
    }
    String text = new String(b, start, end - start, ISO_8859_1).strip();
    return isNumber(text) ? text : null;
  }

  private static boolean isNumber(String text) {
    int i = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
    int point = digitsEnd(text, i);
    int end = point;
    if (point < text.length() && text.charAt(point) == '.') {
      end = digitsEnd(text, point + 1);
      if (end == point + 1) {
        return false;
      }
    }
    if (point == i || end == text.length()) {
      return point > i && end == text.length();
    }
    if (text.charAt(end) != 'e' && text.charAt(end) != 'E') {
      return false;
    }
    int exponent = end + 1;
    if (exponent < text.length()
        && (text.charAt(exponent) == '-' || text.charAt(exponent) == '+')) {
      exponent++;
    }
    // An exponent of more digits does not fit in an int, as BigDecimal requires.
    int last = digitsEnd(text, exponent);
    return last == text.length() && last > exponent && last - exponent <= 9;
  }

  private static int digitsEnd(String text, int from) {
    int i = from;
    while (i < text.length() && text.charAt(i) >= '0' && text.charAt(i) <= '9') {
      i++;
    }
    return i;
  }
}
