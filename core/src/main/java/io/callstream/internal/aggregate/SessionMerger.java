package io.callstream.internal.aggregate;

import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Merges blocks of sessions of one statistic, and separates closed sessions from open ones. The
 * result is the same bytes for any order of the partial results. Thread-safe.
 */
/*
 * A call belongs to a session of its group if it is at most a gap away from a call of the session.
 * A call that is not late is later than the watermark minus gap and lateness. So from a watermark
 * of (last call + 2 gaps + lateness) on, no call can join a session, nor connect it with another
 * one. Then the session is closed and final. Until then, two open sessions can become one.
 *
 * Sessions of a block are sorted by group and first call. So a merge is one walk over both blocks:
 * each session either joins the one before it or starts after it.
 */
public final class SessionMerger {
  private final String statistic;
  private final List<Measure.Aggregate> aggregates;
  private final long gap;
  private final long closesAfterLast;

  public SessionMerger(Statistic statistic, Window.Session window) {
    this.statistic = statistic.name();
    aggregates = BlockMerger.aggregates(statistic);
    gap = window.gap().toMillis();
    closesAfterLast = 2 * gap + window.allowedLateness().toMillis();
  }

  /** A session that grows while a walk visits the sessions that join it. */
  private final class Growing {
    private final byte[] group;
    private final long first;
    private long last;
    private long count;
    private final byte[][] states = new byte[aggregates.size()][];
    private boolean isChanged;

    Growing(BlockReader session) {
      group = SessionKey.group(session);
      first = SessionKey.first(session);
      last = SessionKey.last(session);
      count = session.count();
      for (int i = 0; i < states.length; i++) {
        states[i] = session.state(i);
      }
    }

    boolean isJoinedBy(BlockReader next) {
      return SessionKey.isOfGroup(next, group) && SessionKey.first(next) <= last + gap;
    }

    void add(BlockReader next) {
      last = Math.max(last, SessionKey.last(next));
      count += next.count();
      for (int i = 0; i < states.length; i++) {
        states[i] = BlockMerger.merge(statistic, aggregates.get(i), states[i], next.state(i));
      }
    }

    void writeTo(BlockWriter out) {
      Bytes key = new Bytes(group.length + 16);
      SessionKey.append(key, group, first, last);
      out.group(key.array(), key.size(), count);
      for (byte[] state : states) {
        out.state(state, 0, state.length);
      }
    }
  }

  /** Merges at least one block of new calls into the sessions so far. */
  PageChanges merge(Groups state, List<byte[]> partials) {
    byte[] delta = BlockMerger.pairwise(partials, (left, right) -> merge(left, right).state());
    Merged merged = state.count() == 0 ? new Merged(delta, delta) : merge(state.page(0), delta);
    return new PageChanges(
        List.of(new PageChanges.Replaced(0, List.of(merged.state()))),
        BlockReader.groups(merged.state()) - state.groups(),
        0,
        merged.updates());
  }

  /** All sessions, and those that changed. */
  private record Merged(byte[] state, byte[] updates) {}

  private Merged merge(byte[] left, byte[] right) {
    BlockWriter all = new BlockWriter(aggregates.size(), left.length + right.length);
    BlockWriter changed = new BlockWriter(aggregates.size(), 2 * right.length);
    BlockReader a = new BlockReader(left).advanced();
    BlockReader b = new BlockReader(right).advanced();
    Growing session = null;
    while (a != null || b != null) {
      boolean isNew = BlockReader.compare(a, b) > 0;
      BlockReader next = isNew || a == null ? b : a;
      if (next == null) {
        break;
      }
      if (session != null && session.isJoinedBy(next)) {
        session.add(next);
      } else {
        write(session, all, changed);
        session = new Growing(next);
      }
      session.isChanged |= isNew;
      if (isNew) {
        b = next.advanced();
      } else {
        a = next.advanced();
      }
    }
    write(session, all, changed);
    return new Merged(all.toBlock(), changed.toBlock());
  }

  private static void write(@Nullable Growing session, BlockWriter all, BlockWriter changed) {
    if (session != null) {
      session.writeTo(all);
      if (session.isChanged) {
        session.writeTo(changed);
      }
    }
  }

  /**
   * Overlays sessions with those that changed. A changed session replaces all sessions that became
   * part of it.
   */
  public Groups overlay(Groups sessions, byte[] changed) {
    return sessions.count() == 0
        ? Groups.of(changed)
        : Groups.of(overlay(sessions.page(0), changed));
  }

  /** Overlays the sessions that a batch changed with those that a later batch changed. */
  public byte[] overlay(byte[] sessions, byte[] changed) {
    BlockWriter out = new BlockWriter(aggregates.size(), sessions.length + changed.length);
    BlockReader a = new BlockReader(sessions).advanced();
    BlockReader b = new BlockReader(changed).advanced();
    byte[] group = {};
    long coveredTo = Long.MIN_VALUE;
    while (a != null || b != null) {
      if (b != null && (a == null || SessionKey.compareStarts(b, a) <= 0)) {
        b.copyTo(out);
        group = SessionKey.group(b);
        coveredTo = SessionKey.last(b);
        b = b.advanced();
      } else if (a != null) {
        if (!SessionKey.isOfGroup(a, group) || SessionKey.first(a) > coveredTo) {
          a.copyTo(out);
        }
        a = a.advanced();
      }
    }
    return out.toBlock();
  }

  private long closesAt(BlockReader session) {
    return SessionKey.last(session) + closesAfterLast;
  }

  /** Returns the earliest watermark at which a session that starts at a time can close. */
  public long closesAtEarliest(long start) {
    return start + closesAfterLast;
  }

  /** Returns the watermark at which the first of some sessions closes. */
  public long firstClose(Groups sessions) {
    long first = Long.MAX_VALUE;
    BlockReader each = sessions.reader();
    while (each.next()) {
      first = Math.min(first, closesAt(each));
    }
    return first;
  }

  /** Returns the sessions that are open at a watermark, in one page. */
  public Groups open(Groups sessions, long watermark) {
    BlockWriter open = new BlockWriter(aggregates.size(), Math.toIntExact(sessions.bytes()));
    BlockReader each = sessions.reader();
    while (each.next()) {
      if (closesAt(each) > watermark) {
        each.copyTo(open);
      }
    }
    return Groups.of(open.toBlock());
  }

  /** Returns the sessions that are closed at a watermark, by the hour of their start. */
  public NavigableMap<Long, byte[]> closed(Groups sessions, long watermark) {
    NavigableMap<Long, BlockWriter> closed = new TreeMap<>();
    BlockReader each = sessions.reader();
    while (each.next()) {
      if (closesAt(each) <= watermark) {
        long hour = SessionKey.hour(SessionKey.first(each));
        each.copyTo(closed.computeIfAbsent(hour, h -> new BlockWriter(aggregates.size(), 256)));
      }
    }
    NavigableMap<Long, byte[]> blocks = new TreeMap<>();
    closed.forEach((hour, writer) -> blocks.put(hour, writer.toBlock()));
    return blocks;
  }
}
