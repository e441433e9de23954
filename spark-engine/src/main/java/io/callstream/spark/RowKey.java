package io.callstream.spark;

import java.nio.ByteBuffer;

/**
 * The key of a row between tasks. Spark groups rows by its bytes.
 *
 * @param kind the content of the row
 * @param number the slot of the statistic of a window, the bucket of candidates, or the number of
 *     the task that emits the row
 * @param windowStart the start of a window, in milliseconds since the epoch, or the key of a bucket
 *     of sessions; 0 for other kinds
 */
record RowKey(Kind kind, int number, long windowStart) {
  private static final int LENGTH = Byte.BYTES + Integer.BYTES + Long.BYTES;

  /** The content of a row. */
  enum Kind {
    /** Partial results of a window or bucket, an eviction from it, or its merged updates. */
    WINDOW,
    /** Calls that may be duplicates. */
    CANDIDATES,
    /** The report of a task. */
    REPORT,
    /** Dead letters. */
    LETTERS,
    /** The name of a file of dead letters. */
    LETTER_FILE
  }

  static RowKey ofWindow(int slot, long windowStart) {
    return new RowKey(Kind.WINDOW, slot, windowStart);
  }

  static RowKey of(Kind kind, int number) {
    return new RowKey(kind, number, 0);
  }

  static RowKey of(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    return new RowKey(Kind.values()[in.get()], in.getInt(), in.getLong());
  }

  byte[] toBytes() {
    return ByteBuffer.allocate(LENGTH)
        .put((byte) kind.ordinal())
        .putInt(number)
        .putLong(windowStart)
        .array();
  }
}
