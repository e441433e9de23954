package io.callstream.statistic;

import java.io.ByteArrayOutputStream;

/** Writes the bytes of a state. Not thread-safe. */
final class StateWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** Writes a number with a variable length, the low seven bits first. */
  StateWriter number(long number) {
    long rest = number;
    while ((rest & ~0x7fL) != 0) {
      out.write((int) (rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    out.write((int) rest);
    return this;
  }

  StateWriter bytes(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  byte[] toBytes() {
    return out.toByteArray();
  }
}
