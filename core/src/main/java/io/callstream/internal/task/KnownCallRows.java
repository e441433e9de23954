package io.callstream.internal.task;

import io.callstream.internal.aggregate.RowNumbers;
import io.callstream.internal.aggregate.RowStore;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Known calls in rows of a key-value store, so that a batch reads and writes only the rows of the
 * ids that it has. A call is in the row with its number by the hash of its id.
 */
/*
 * The state is a head and numbered rows, as in GroupRows. Expired calls are removed when a batch
 * reads their row. Each batch reads rows in proportion to its new calls, so few expired ones remain.
 */
public final class KnownCallRows {
  /** The number of calls up to which the head has all of them. */
  static final int HEAD_CALLS = 128;

  /** The average number of calls in a row. */
  static final int ROW_CALLS = 32;

  private static final byte WHOLE = 0;
  private static final byte NUMBERS = 1;
  private static final byte[] NONE = {};

  private final KnownCalls<?> known;
  private final RowStore store;

  /** The rows that were read; a row that does not exist is empty. */
  private final Map<Integer, byte[]> read = new TreeMap<>();

  /** The number of rows; 0 if the head has all calls. */
  private int count;

  /** The number of calls in rows that were not read. */
  private long others;

  private KnownCallRows(TaskPlan plan, byte @Nullable [] head, RowStore store) {
    this.store = store;
    known = KnownCalls.of(plan, null);
    if (head != null && head[0] == WHOLE) {
      known.add(Arrays.copyOfRange(head, 1, head.length));
    } else if (head != null) {
      ByteBuffer in = ByteBuffer.wrap(head, 1, head.length - 1);
      count = in.getInt();
      others = in.getLong();
    }
  }

  /**
   * The state after a batch.
   *
   * @param head null if no calls are known
   * @param duplicates the number of duplicates in the batch
   */
  public record Sifted(byte @Nullable [] head, long duplicates) {}

  /** Passes on the calls of a sorted batch that are not duplicates; see {@link KnownCalls#sift}. */
  public static Sifted sift(
      TaskPlan plan,
      byte @Nullable [] head,
      RowStore store,
      List<PossibleDuplicate> batch,
      long watermark,
      long number,
      KnownCalls.Calls receiver) {
    KnownCallRows rows = new KnownCallRows(plan, head, store);
    for (PossibleDuplicate candidate : batch) {
      if (rows.count > 0 && !candidate.call().id().isEmpty()) {
        rows.read(rows.row(candidate.call().id()));
      }
    }
    long duplicates = rows.known.sift(batch, watermark, number, receiver);
    return new Sifted(rows.write(), duplicates);
  }

  private int row(String id) {
    // The low bits decide the bucket of the id, so they are equal in all rows.
    int hash = id.hashCode() * 0x9e3779b9;
    return RowNumbers.row(hash ^ (hash >>> 15), count);
  }

  private void read(int row) {
    if (!read.containsKey(row)) {
      byte[] stored = store.get(row);
      read.put(row, stored == null ? NONE : stored);
      if (stored != null) {
        int before = known.size();
        known.add(stored);
        others -= known.size() - before;
      }
    }
  }

  private byte @Nullable [] write() {
    if (count == 0 && known.size() <= HEAD_CALLS) {
      return known.size() == 0 ? null : head(known.toBytes());
    }
    grow();
    long calls = others + known.size();
    Map<Integer, byte[]> blocks = known.toBytes(this::row);
    blocks.forEach(
        (row, block) -> {
          if (!Arrays.equals(block, read.remove(row))) {
            store.put(row, block);
          }
        });
    read.forEach(
        (row, block) -> {
          if (block.length > 0) {
            store.remove(row);
          }
        });
    return ByteBuffer.allocate(1 + Integer.BYTES + Long.BYTES)
        .put(NUMBERS)
        .putInt(count)
        .putLong(calls)
        .array();
  }

  /** Adds rows if there are more calls. */
  private void grow() {
    long full = (others + known.size() + ROW_CALLS - 1) / ROW_CALLS;
    int more = (int) Math.min(Integer.MAX_VALUE, full);
    if (more > count) {
      if (count > 0) {
        RowNumbers.sources(count, more).forEach(this::read);
      }
      count = more;
    }
  }

  private static byte[] head(byte[] block) {
    return ByteBuffer.allocate(1 + block.length).put(WHOLE).put(block).array();
  }
}
