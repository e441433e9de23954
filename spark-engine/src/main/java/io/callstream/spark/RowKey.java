package io.callstream.spark;

import java.nio.ByteBuffer;
import org.apache.spark.unsafe.Platform;
import org.apache.spark.unsafe.hash.Murmur3_x86_32;

/**
 * The key of a row between tasks. Spark groups rows by its bytes.
 *
 * @param kind the content of the row
 * @param number the slot of a statistic, the bucket of candidates, the index of a sink, or the
 *     number of the task that emits the row
 * @param windowStart the start of a window, in milliseconds since the epoch, or the key of a bucket
 *     of sessions; 0 for other kinds
 * @param shard a number that differs for the shards of a window, and selects the task; 0 for a
 *     whole window
 */
record RowKey(Kind kind, int number, long windowStart, int shard) {
  private static final int LENGTH = Byte.BYTES + 2 * Integer.BYTES + Long.BYTES;

  /** The seed of the hash with which Spark assigns rows to tasks. */
  private static final int SPARK_SEED = 42;

  private static final int MOST_TRIALS = 100_000;

  /** The content of a row. */
  enum Kind {
    /**
     * Partial results of a window or bucket of sessions, an eviction of a window, or its merged
     * results for sinks.
     */
    WINDOW,
    /** Calls that may be duplicates. */
    CANDIDATES,
    /** The report of a task. */
    REPORT,
    /** Dead letters. */
    LETTERS,
    /** The name of a file of dead letters. */
    LETTER_FILE,
    /** The {@link TopGroups} of a window. */
    TOP,
    /** What a task wrote to a sink, which has the number. */
    WRITTEN,
    /** The number of results of a statistic that a task emitted. */
    EMITTED
  }

  /** Returns the key of a whole window, or of the bucket of sessions. */
  static RowKey ofWindow(int slot, long windowStart) {
    return new RowKey(Kind.WINDOW, slot, windowStart, 0);
  }

  /** Returns the key of a shard of a window. The shards of a window are in different tasks. */
  static RowKey ofShard(int slot, long windowStart, int shard, int shards, int partitions) {
    int first = ofWindow(slot, windowStart).partition(partitions);
    return new RowKey(Kind.WINDOW, slot, windowStart, shard)
        .in((first + shard) % partitions, partitions, shards);
  }

  /** Returns the key of a bucket of calls. Each task has about the same number of buckets. */
  static RowKey ofBucket(int bucket, int partitions) {
    return of(Kind.CANDIDATES, bucket).in(bucket % partitions, partitions, 1);
  }

  /**
   * Returns a key that Spark assigns to a task. Spark assigns a row by a hash of its key, which
   * would give some tasks many rows and others none. So this tries shards in steps.
   */
  private RowKey in(int partition, int partitions, int step) {
    RowKey key = this;
    for (int i = 0; i < MOST_TRIALS && key.partition(partitions) != partition; i++) {
      key = new RowKey(kind, number, windowStart, key.shard + step);
    }
    return key;
  }

  /** Returns the number of the task to which Spark assigns the row. */
  int partition(int partitions) {
    byte[] bytes = toBytes();
    int hash =
        Murmur3_x86_32.hashUnsafeBytes(bytes, Platform.BYTE_ARRAY_OFFSET, bytes.length, SPARK_SEED);
    return Math.floorMod(hash, partitions);
  }

  static RowKey of(Kind kind, int number) {
    return new RowKey(kind, number, 0, 0);
  }

  /** Returns whether this is the key of a row of a {@link StateRows}, which starts with a key. */
  static boolean isNumberedRow(byte[] bytes) {
    return bytes.length > LENGTH;
  }

  static RowKey of(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    return new RowKey(Kind.values()[in.get()], in.getInt(), in.getLong(), in.getInt());
  }

  byte[] toBytes() {
    return ByteBuffer.allocate(LENGTH)
        .put((byte) kind.ordinal())
        .putInt(number)
        .putLong(windowStart)
        .putInt(shard)
        .array();
  }
}
