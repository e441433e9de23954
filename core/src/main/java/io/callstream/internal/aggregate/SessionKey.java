package io.callstream.internal.aggregate;

import io.callstream.pipeline.WindowBounds;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/**
 * The keys of sessions. In a block, the key of a session is the key of its group, the event time of
 * its first call, and that of its last call. The times are written so that their bytes sort by
 * value.
 *
 * <p>Open sessions are in one block for each bucket of groups, because a call can join any session
 * of its group. Closed sessions are in one block for each hour in which they start. The keys of the
 * blocks are numbers: those of buckets are less than any event time.
 */
public final class SessionKey {
  private static final int BUCKETS = 64;
  private static final long FIRST_BUCKET = Long.MIN_VALUE + 1;
  private static final long HOUR = 3_600_000;
  private static final int TIMES = 2 * Long.BYTES;

  private SessionKey() {}

  /** Returns the key of the block that has the open sessions of a group. */
  static long bucket(byte[] group) {
    int hash = Arrays.hashCode(group);
    return FIRST_BUCKET + Math.floorMod(hash ^ hash >>> 16, BUCKETS);
  }

  /** Returns whether a key is that of a block of open sessions. */
  public static boolean isBucket(long key) {
    return key < FIRST_BUCKET + BUCKETS;
  }

  /** Returns the least key of a block of closed sessions. */
  public static long afterBuckets() {
    return FIRST_BUCKET + BUCKETS;
  }

  /** Returns the key of the block that has the sessions that start in an hour. */
  static long hour(long first) {
    return first - Math.floorMod(first, HOUR);
  }

  static void append(Bytes key, byte[] group, long first, long last) {
    key.put(group, 0, group.length);
    byte[] times =
        ByteBuffer.allocate(TIMES)
            .putLong(first ^ Long.MIN_VALUE)
            .putLong(last ^ Long.MIN_VALUE)
            .array();
    key.put(times, 0, TIMES);
  }

  static long first(BlockReader session) {
    return time(session, groupLength(session));
  }

  static long last(BlockReader session) {
    return time(session, groupLength(session) + Long.BYTES);
  }

  private static long time(BlockReader session, int position) {
    return ByteBuffer.wrap(session.key()).getLong(position) ^ Long.MIN_VALUE;
  }

  private static int groupLength(BlockReader session) {
    if (session.keyLength() < TIMES) {
      throw Bytes.Reader.damaged();
    }
    return session.keyLength() - TIMES;
  }

  static byte[] group(BlockReader session) {
    return Arrays.copyOf(session.key(), groupLength(session));
  }

  static boolean isOfGroup(BlockReader session, byte[] group) {
    return Arrays.equals(session.key(), 0, groupLength(session), group, 0, group.length);
  }

  /** Returns the bounds of a session, which ends a gap after its last call. */
  static WindowBounds bounds(BlockReader session, long gap) {
    return new WindowBounds(
        Instant.ofEpochMilli(first(session)), Instant.ofEpochMilli(last(session) + gap));
  }

  static List<String> dimensions(BlockReader session, TextCache texts) {
    return GroupKey.dimensions(session.key(), groupLength(session), texts);
  }

  /** Compares the groups and the first times of sessions. */
  static int compareStarts(BlockReader a, BlockReader b) {
    int lengthA = groupLength(a) + Long.BYTES;
    int lengthB = groupLength(b) + Long.BYTES;
    return Arrays.compareUnsigned(a.key(), 0, lengthA, b.key(), 0, lengthB);
  }
}
