package io.callstream.aggregate;

import java.util.Arrays;

/** A growing buffer of bytes with variable-length numbers, low seven bits first. */
final class Bytes {
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

  void putSized(byte[] bytes) {
    putNumber(bytes.length);
    put(bytes, 0, bytes.length);
  }

  private void reserve(int count) {
    if (buffer.length - size < count) {
      buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, size + count));
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

  /** Reads what {@link Bytes} wrote. */
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
        b = buffer[position++];
        number |= (b & 0x7fL) << shift;
        shift += 7;
      } while (b < 0);
      return number;
    }

    int size() {
      return Math.toIntExact(number());
    }

    byte[] sized() {
      int size = size();
      byte[] bytes = Arrays.copyOfRange(buffer, position, position + size);
      position += size;
      return bytes;
    }

    void skip(int count) {
      position += count;
    }

    void copyTo(byte[] target, int at, int count) {
      System.arraycopy(buffer, position, target, at, count);
      position += count;
    }

    byte[] buffer() {
      return buffer;
    }
  }
}
