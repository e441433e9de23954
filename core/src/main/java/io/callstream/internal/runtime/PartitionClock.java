package io.callstream.internal.runtime;

import io.callstream.internal.aggregate.StatisticCombiner;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;

/**
 * How far the calls of one partition show that event time has advanced: the contribution of the
 * partition to the watermark. Not thread-safe.
 *
 * <p>Calls are added in the order of their offsets. A clock of a partition knows all calls that the
 * pipeline has read from it. A clock of a segment knows a range of them. A clock of a partition and
 * those of the segments after it, appended in the order of offsets, make the same clock as the
 * single calls.
 */
/*
 * The rule (docs/semantics.md#the-clock-of-a-partition). Let e(1) … e(n) be the event times, and J the greatest
 * jump that is believed at once.
 *
 *   S(i) = the greatest, over j <= i, of min(e(j-2), e(j-1), e(j)): the latest time that three consecutive
 *          calls reached. Undefined before the third call.
 *   C(n) = the greatest e(i) with e(i) <= S(min(i + 2, n)) + J.
 *
 * So each call is judged when it arrives and again with each of the next two calls. If the last of these
 * judgements fails, the call is unconfirmed for good: a stream that approaches an old misdated call must not
 * jump to it.
 *
 * Of a segment, S is a lower bound until the calls before it are known. They can raise S from the first call
 * of the segment on, so a call that failed may still pass; one that passed stays. The two triples that span
 * the border need the first two calls of the segment and the last two of what is before it. Those are all
 * that is kept, besides the times that failed.
 */
public final class PartitionClock {
  /** A jump without a limit: every event time is believed when it arrives. */
  public static final long UNLIMITED = Long.MAX_VALUE;

  private static final long NONE = StatisticCombiner.NO_WATERMARK;
  private static final long[] NO_TIMES = {};

  private final long maxJumpMillis;
  private final boolean ofPartition;

  /** The number of calls, 3 if there are more. */
  private int calls;

  private long first = NONE;
  private long second = NONE;
  private long beforeLast = NONE;
  private long last = NONE;

  /** S; without a limit of jumps the greatest time, so that it never changes. */
  private long confirmed;

  /** S + J: the latest time that is believed; the least time if S is undefined. */
  private long limit;

  /** C. */
  private long millis = NONE;

  private long unconfirmed;
  private long lastUnconfirmed = NONE;

  /** The times of a segment that failed; the first {@code failures} elements. */
  private long[] failed = NO_TIMES;

  private int failures;

  private PartitionClock(long maxJumpMillis, boolean ofPartition) {
    this.maxJumpMillis = maxJumpMillis;
    this.ofPartition = ofPartition;
    confirmed = maxJumpMillis == UNLIMITED ? Long.MAX_VALUE : NONE;
    limit = confirmed;
  }

  /**
   * Creates the clock of a partition without calls.
   *
   * @param maxJumpMillis the greatest jump that is believed at once, at least 0, or {@link
   *     #UNLIMITED}
   */
  public static PartitionClock ofPartition(long maxJumpMillis) {
    return new PartitionClock(maxJumpMillis, true);
  }

  /**
   * Creates the clock of a segment without calls.
   *
   * @param maxJumpMillis the greatest jump that is believed at once, at least 0, or {@link
   *     #UNLIMITED}
   */
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
      // Without branches that depend on the order of close calls, which nobody can predict.
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

  /** Judges the calls before the one that is added: the first of them for the last time. */
  private void judgeAgain() {
    if (beforeLast > limit) {
      fail(beforeLast);
    }
    believeWithinLimit(beforeLast);
    believeWithinLimit(last);
  }

  /** S + J, or the greatest time if that is less. Only for a defined S. */
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

  /**
   * Returns the clock of the calls of this one and then those of a segment. Changes neither.
   *
   * @param segment what follows; made for the same jump
   */
  public PartitionClock append(PartitionClock segment) {
    if (segment.ofPartition || segment.maxJumpMillis != maxJumpMillis) {
      throw new IllegalStateException("A clock takes segments of its own jump only");
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

  /** Adds the calls of a segment when its first two were added: the border is known. */
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

  /**
   * Returns the greatest event time that is believed, in milliseconds since the epoch; {@link
   * StatisticCombiner#NO_WATERMARK} if there is none.
   */
  public long millis() {
    return millis;
  }

  /**
   * Returns how many calls of a partition were not confirmed by the two calls after them; of a
   * segment, how many are not confirmed by the calls of the segment.
   */
  public long unconfirmed() {
    return unconfirmed + failures;
  }

  /**
   * Returns the event time of an unconfirmed call that was added since the clock was read, in
   * milliseconds since the epoch; {@link StatisticCombiner#NO_WATERMARK} if there is none.
   */
  long lastUnconfirmedMillis() {
    return lastUnconfirmed;
  }

  void writeTo(DataOutputStream out) throws IOException {
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

  static PartitionClock read(DataInputStream in) throws IOException {
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
