package io.callstream.internal.aggregate;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.util.Arrays;

/** A growing buffer of bytes. Numbers have a variable length, with the low seven bits first. */
final class Bytes {
  /** So that a doubled buffer is still an array. */
  private static final int MAX_SIZE = 1 << 30;

  private byte[] buffer;
  private int size;

  Bytes(int capacity) {
    buffer = new byte[capacity];
  }

  void putNumber(long number) {
    reserve(10);
    long rest = number;
    while ((rest & ~0x7fL) != 0) {
      buffer[size++] = (byte) ((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    buffer[size++] = (byte) rest;
  }

  void put(byte b) {
    reserve(1);
    buffer[size++] = b;
  }

  void put(byte[] bytes, int from, int count) {
    reserve(count);
    System.arraycopy(bytes, from, buffer, size, count);
    size += count;
  }

  private void reserve(int count) {
    if (buffer.length - size < count) {
      if (count > MAX_SIZE - size) {
        throw new CallstreamException(
            ErrorCode.STATISTIC_FAILED,
            "The results of a statistic have more than "
                + (MAX_SIZE >> 20)
                + " MiB in one window, the limit. Lower its maxGroups, use fewer dimensions, or"
                + " measures with smaller states than top or quantile.");
      }
      buffer = Arrays.copyOf(buffer, Math.max(Math.min(MAX_SIZE, buffer.length * 2), size + count));
    }
  }

  int size() {
    return size;
  }

  void clear() {
    size = 0;
  }

  byte[] array() {
    return buffer;
  }

  byte[] toArray() {
    return Arrays.copyOf(buffer, size);
  }

  /** Reads the data that {@link Bytes} wrote. */
  static final class Reader {
    private final byte[] buffer;
    private int position;

    Reader(byte[] buffer) {
      this.buffer = buffer;
    }

    int position() {
      return position;
    }

    long number() {
      long number = 0;
      int shift = 0;
      byte b;
      do {
        if (position >= buffer.length || shift > 63) {
          throw damaged();
        }
        b = buffer[position++];
        number |= (b & 0x7fL) << shift;
        shift += 7;
      } while (b < 0);
      return number;
    }

    /** Reads a number of elements. Each of them takes at least one of the remaining bytes. */
    int size() {
      int size = atMost(buffer.length);
      if (size > buffer.length - position) {
        throw damaged();
      }
      return size;
    }

    int atMost(int limit) {
      long number = number();
      if (number < 0 || number > limit) {
        throw damaged();
      }
      return (int) number;
    }

    void skip(int count) {
      position += count;
    }

    void copyTo(byte[] target, int at, int count) {
      System.arraycopy(buffer, position, target, at, count);
      position += count;
    }

    static CallstreamException damaged() {
      return new CallstreamException(
          ErrorCode.CHECKPOINT,
          "A block of results is damaged. Restore the checkpoint directory from a copy, or start"
              + " with a new one.");
    }

    byte[] buffer() {
      return buffer;
    }
  }
}
