package io.callstream.statistic;

import java.util.Arrays;

/** Reads the bytes that {@link StateWriter} wrote. Not thread-safe. */
final class StateReader {
  private final byte[] state;
  private int position;

  StateReader(byte[] state) {
    this.state = state;
  }

  long number() {
    long number = 0;
    int shift = 0;
    byte b;
    do {
      b = state[position++];
      number |= (b & 0x7fL) << shift;
      shift += 7;
    } while (b < 0);
    return number;
  }

  byte[] bytes(int count) {
    position += count;
    return Arrays.copyOfRange(state, position - count, position);
  }

  byte[] rest() {
    return bytes(state.length - position);
  }

  boolean hasMore() {
    return position < state.length;
  }
}
