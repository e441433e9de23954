package io.callstream.internal.task;

import io.callstream.internal.aggregate.StatisticCombiner;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;

/**
 * The event time that one partition contributes to the watermark, computed from its calls. Not
 * thread-safe.
 *
 * <p>Calls are added in the order of their offsets. The clock of a partition has all calls that the
 * pipeline has read from it. The clock of a segment has the calls of a range of offsets. Appending
 * the clocks of segments in the order of offsets to the clock of a partition gives the same clock
 * as adding the single calls.
 */
/*
 * The rule (docs/semantics.md#the-clock-of-a-partition). Let e(1) … e(n) be the event times, and J
 * the greatest jump that is accepted at once.
 *
 *   S(i) = the maximum of min(e(j-2), e(j-1), e(j)) over j <= i: the latest time that three
 *   consecutive calls reached. Undefined before the third call.
 *   C(n) = the greatest e(i) with e(i) <= S(min(i + 2, n)) + J.
 *
 * So each call is checked when it arrives and again with each of the next two calls. If the last of
 * these checks fails, the call is unconfirmed permanently: a stream that approaches an old misdated
 * call must not jump to it.
 *
 * For a segment, S is a lower bound until the previous calls are known. They can raise S from the
 * first call of the segment on. So a call that failed can still pass, and a call that passed
 * remains valid. The two triples that cross the start of the segment need the first two calls of
 * the segment and the last two calls before it. A clock keeps only these calls and the times that
 * failed.
 */
public final class PartitionClock {
  /** A jump without a limit. Every event time is accepted when it arrives. */
  public static final long UNLIMITED = Long.MAX_VALUE;

  private static final long NONE = StatisticCombiner.NO_WATERMARK;
  private static final long[] NO_TIMES = {};

  private final long maxJumpMillis;
  private final boolean ofPartition;

  /** The number of calls, at most 3. The value 3 represents any higher number. */
  private int calls;

  private long first = NONE;
  private long second = NONE;
  private long beforeLast = NONE;
  private long last = NONE;

  /** S. Without a limit of jumps it is the greatest time, so that it never changes. */
  private long confirmed;

  /** S + J: the latest time that is accepted; the least time if S is undefined. */
  private long limit;

  /** C. */
  private long millis = NONE;

  private long unconfirmed;
  private long lastUnconfirmed = NONE;

  /** The times of a segment that failed. Only the first {@code failures} elements are used. */
  private long[] failed = NO_TIMES;

  private int failures;

  private PartitionClock(long maxJumpMillis, boolean ofPartition) {
    this.maxJumpMillis = maxJumpMillis;
    this.ofPartition = ofPartition;
    confirmed = maxJumpMillis == UNLIMITED ? Long.MAX_VALUE : NONE;
    limit = confirmed;
  }

  public static PartitionClock ofPartition(long maxJumpMillis) {
    return new PartitionClock(maxJumpMillis, true);
  }

  public static PartitionClock ofSegment(long maxJumpMillis) {
    return new PartitionClock(maxJumpMillis, false);
  }

  /** Adds the next call, by its event time in milliseconds since the epoch. */
  public void add(long eventMillis) {
    if (calls < 2) {
      if (calls == 0) {
        first = eventMillis;
      } else {
        second = eventMillis;
      }
      calls++;
    } else {
      // This code avoids branches that depend on the order of close event times, which are
      // unpredictable.
      boolean allBelieved = last <= limit && beforeLast <= limit;
      long agreed = Math.min(eventMillis, Math.min(last, beforeLast));
      confirmed = Math.max(confirmed, agreed);
      limit = limit();
      if (!allBelieved) {
        judgeAgain();
      }
      calls = 3;
    }
    believeWithinLimit(eventMillis);
    beforeLast = last;
    last = eventMillis;
  }

  /** Checks the calls before the added call again, for the first of them finally. */
  private void judgeAgain() {
    if (beforeLast > limit) {
      fail(beforeLast);
    }
    believeWithinLimit(beforeLast);
    believeWithinLimit(last);
  }

  /** Returns S + J, or the greatest time if the sum overflows. S must be defined. */
  private long limit() {
    return Math.min(confirmed, Long.MAX_VALUE - maxJumpMillis) + maxJumpMillis;
  }

  private void believeWithinLimit(long eventMillis) {
    if (eventMillis <= limit) {
      millis = Math.max(millis, eventMillis);
    }
  }

  private void fail(long eventMillis) {
    lastUnconfirmed = eventMillis;
    if (ofPartition) {
      unconfirmed++;
      return;
    }
    if (failures == failed.length) {
      failed = Arrays.copyOf(failed, Math.max(8, 2 * failures));
    }
    failed[failures++] = eventMillis;
  }

  /** Returns the clock of these calls and of the segment that follows, with the same jump. */
  public PartitionClock append(PartitionClock segment) {
    if (segment.ofPartition || segment.maxJumpMillis != maxJumpMillis) {
      throw new IllegalStateException("A clock accepts only segments with the same jump");
    }
    PartitionClock sum = copy();
    if (segment.calls > 0) {
      sum.add(segment.first);
    }
    if (segment.calls > 1) {
      sum.add(segment.second);
    }
    if (segment.calls > 2) {
      sum.addAfterSecond(segment);
    }
    return sum;
  }

  /** Adds the rest of a segment after its first two calls, when the previous calls are known. */
  private void addAfterSecond(PartitionClock segment) {
    for (int i = 0; i < segment.failures; i++) {
      if (segment.failed[i] > limit) {
        fail(segment.failed[i]);
      } else {
        believeWithinLimit(segment.failed[i]);
      }
    }
    millis = Math.max(millis, segment.millis);
    confirmed = Math.max(confirmed, segment.confirmed);
    limit = limit();
    believeWithinLimit(segment.beforeLast);
    believeWithinLimit(segment.last);
    beforeLast = segment.beforeLast;
    last = segment.last;
    calls = 3;
  }

  private PartitionClock copy() {
    PartitionClock copy = new PartitionClock(maxJumpMillis, ofPartition);
    copy.calls = calls;
    copy.first = first;
    copy.second = second;
    copy.beforeLast = beforeLast;
    copy.last = last;
    copy.confirmed = confirmed;
    copy.limit = limit;
    copy.millis = millis;
    copy.unconfirmed = unconfirmed;
    copy.lastUnconfirmed = lastUnconfirmed;
    copy.failed = Arrays.copyOf(failed, failures);
    copy.failures = failures;
    return copy;
  }

  /** Returns the greatest accepted event time, or {@link StatisticCombiner#NO_WATERMARK}. */
  public long millis() {
    return millis;
  }

  /**
   * Returns the number of unconfirmed calls. For a partition, these are the calls that the next two
   * calls did not confirm. For a segment, these are the calls that other calls of the segment do
   * not confirm.
   */
  public long unconfirmed() {
    return unconfirmed + failures;
  }

  /** Returns the event time of the last unconfirmed call since the clock was read. */
  public long lastUnconfirmedMillis() {
    return lastUnconfirmed;
  }

  public void writeTo(DataOutputStream out) throws IOException {
    out.writeLong(maxJumpMillis);
    out.writeBoolean(ofPartition);
    out.writeByte(calls);
    out.writeLong(first);
    out.writeLong(second);
    out.writeLong(beforeLast);
    out.writeLong(last);
    out.writeLong(confirmed);
    out.writeLong(millis);
    out.writeLong(unconfirmed);
    out.writeInt(failures);
    for (int i = 0; i < failures; i++) {
      out.writeLong(failed[i]);
    }
  }

  public static PartitionClock read(DataInputStream in) throws IOException {
    PartitionClock clock = new PartitionClock(in.readLong(), in.readBoolean());
    clock.calls = in.readByte();
    clock.first = in.readLong();
    clock.second = in.readLong();
    clock.beforeLast = in.readLong();
    clock.last = in.readLong();
    clock.confirmed = in.readLong();
    clock.limit = clock.confirmed == NONE ? NONE : clock.limit();
    clock.millis = in.readLong();
    clock.unconfirmed = in.readLong();
    for (int i = in.readInt(); i > 0; i--) {
      clock.fail(in.readLong());
    }
    return clock;
  }
}
