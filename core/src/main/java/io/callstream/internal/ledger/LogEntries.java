package io.callstream.internal.ledger;

import io.callstream.internal.files.Checksum;
import io.callstream.internal.files.DamagedFileException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The format of a log, and the positions of its entries. Not thread-safe.
 *
 * <p>An entry has the number of its batch, its length, a checksum of these two, a checksum of its
 * content, and the content.
 *
 * <p>A process that is killed leaves at most an incomplete entry at the end of the log. A power
 * failure can leave sectors of zeros in the last entry. Such an entry was never confirmed, and the
 * next entry overwrites it. Any other content that is not an entry is damage.
 */
final class LogEntries {
  private static final int HEADER = Long.BYTES + 3 * Integer.BYTES;

  /** Disks write this number of bytes, or a multiple of it, atomically. */
  private static final int SECTOR = 512;

  private final NavigableMap<Long, Entry> batches = new TreeMap<>();
  private long end;

  /** The position and length of an entry, including its header. */
  record Entry(long position, int length) {}

  static LogEntries scan(String name, long first, byte[] all) throws DamagedFileException {
    LogEntries found = new LogEntries();
    int from = 0;
    while (from < all.length && !isTorn(all, from)) {
      ByteBuffer header = ByteBuffer.wrap(all, from, HEADER);
      long batch = header.getLong();
      int length = header.getInt();
      long last = found.batches.isEmpty() ? first - 1 : found.batches.lastKey();
      // A batch that was not confirmed when a run ended is repeated.
      boolean follows = batch == last + 1 || (batch == last && !found.batches.isEmpty());
      if (!hasHeader(all, from) || !hasContent(all, from, length) || !follows) {
        throw damaged(name, from);
      }
      found.add(batch, length);
      from += HEADER + length;
    }
    return found;
  }

  /** Returns whether the entry at a position is the last one and was not written completely. */
  private static boolean isTorn(byte[] all, int from) {
    if (all.length - from < HEADER) {
      return true;
    }
    if (!hasHeader(all, from)) {
      return isZero(all, from, all.length)
          || (lacksSectorOfHeader(all, from) && !hasEntryAfter(all, from));
    }
    int length = ByteBuffer.wrap(all, from + Long.BYTES, Integer.BYTES).getInt();
    boolean whole = length >= 0 && length <= all.length - from - HEADER;
    return !whole
        || (from + HEADER + length == all.length
            && !hasContent(all, from, length)
            && lacksSector(all, from));
  }

  private static boolean hasHeader(byte[] all, int from) {
    int checked = Long.BYTES + Integer.BYTES;
    return ByteBuffer.wrap(all, from + checked, Integer.BYTES).getInt()
        == Checksum.crc(all, from, checked);
  }

  private static boolean hasContent(byte[] all, int from, int length) {
    int checksum = ByteBuffer.wrap(all, from + HEADER - Integer.BYTES, Integer.BYTES).getInt();
    return checksum == Checksum.crc(all, from + HEADER, length);
  }

  /**
   * Returns whether a header spans two sectors, and the part in one of them has only zeros from the
   * position on. A flipped bit cannot cause that: a content does not start with zeros, and the part
   * in the first sector must have both the number of a batch and a length.
   */
  private static boolean lacksSectorOfHeader(byte[] all, int from) {
    int next = (from / SECTOR + 1) * SECTOR;
    return next < from + HEADER
        && (isZero(all, next, Math.min(next + SECTOR, all.length))
            || (next - from >= Long.BYTES + Integer.BYTES && isZero(all, from, next)));
  }

  /** Returns whether an entry follows, which shows that the entry before it was confirmed. */
  private static boolean hasEntryAfter(byte[] all, int from) {
    for (int i = from + 1; i <= all.length - HEADER; i++) {
      if (hasHeader(all, i)) {
        return true;
      }
    }
    return false;
  }

  /** Returns whether a sector that starts after this position has only zeros. */
  private static boolean lacksSector(byte[] all, int from) {
    for (int sector = (from / SECTOR + 1) * SECTOR; sector < all.length; sector += SECTOR) {
      if (isZero(all, sector, Math.min(sector + SECTOR, all.length))) {
        return true;
      }
    }
    return false;
  }

  private static boolean isZero(byte[] all, int from, int to) {
    for (int i = from; i < to; i++) {
      if (all[i] != 0) {
        return false;
      }
    }
    return true;
  }

  static DamagedFileException damaged(String name, long position) {
    return new DamagedFileException(name + " is damaged at byte " + position);
  }

  /** Adds an entry at the end, or replaces the last one if it has the same batch. */
  void add(long batch, int contentLength) {
    batches.put(batch, new Entry(end, HEADER + contentLength));
    end += HEADER + contentLength;
  }

  @Nullable Entry get(long batch) {
    return batches.get(batch);
  }

  Set<Long> batches() {
    return Collections.unmodifiableSet(batches.keySet());
  }

  Set<Long> batchesAfter(long batch) {
    return Collections.unmodifiableSet(batches.tailMap(batch, false).keySet());
  }

  long end() {
    return end;
  }

  /** Returns the number of bytes in a log of the entries of a batch and all later batches. */
  long sizeFrom(long batch) {
    return batches.tailMap(batch, true).values().stream().mapToLong(Entry::length).sum();
  }

  /** Returns the bytes of an entry before its content. */
  static ByteBuffer header(long batch, byte[] content) {
    ByteBuffer header = ByteBuffer.allocate(HEADER).putLong(batch).putInt(content.length);
    header.putInt(Checksum.crc(header.array(), 0, Long.BYTES + Integer.BYTES));
    return header.putInt(Checksum.crc(content, 0, content.length)).flip();
  }

  static boolean isValid(byte[] entry) {
    return hasHeader(entry, 0) && hasContent(entry, 0, entry.length - HEADER);
  }

  static byte[] content(byte[] entry) {
    return Arrays.copyOfRange(entry, HEADER, entry.length);
  }
}
