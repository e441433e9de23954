package io.callstream.statistic;

import java.util.Arrays;

/** Writes the bytes of a state. Not thread-safe. */
final class StateWriter {
  private static final int MAX_NUMBER_BYTES = 10;

  private byte[] state = new byte[32];
  private int size;

  /** Writes a number with a variable length, the low seven bits first. */
  StateWriter number(long number) {
    reserve(MAX_NUMBER_BYTES);
    long rest = number;
    while ((rest & ~0x7fL) != 0) {
      state[size++] = (byte) ((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    state[size++] = (byte) rest;
    return this;
  }

  StateWriter bytes(byte[] bytes) {
    reserve(bytes.length);
    System.arraycopy(bytes, 0, state, size, bytes.length);
    size += bytes.length;
    return this;
  }

  private void reserve(int count) {
    if (state.length - size < count) {
      state = Arrays.copyOf(state, Math.max(2 * state.length, size + count));
    }
  }

  byte[] toBytes() {
    return Arrays.copyOf(state, size);
  }
}
