package io.callstream.pipeline;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Records in memory, in partitions, as a topic would hold them; for the local engine and tests.
 * Thread-safe.
 *
 * <p>A {@link Transaction} works as in a Kafka topic that is read with {@code read_committed}. Its
 * records are at the offsets at which they were added. They can be read when it is committed, and
 * never if it is aborted. Its end takes one more offset in each of its partitions; no record is at
 * that offset. While it is open, its partitions end at its first record.
 */
public final class MemorySource implements Source {
  /** The name under which records of a memory source show in dead letters. */
  public static final String NAME = "memory";

  private final String id = UUID.randomUUID().toString();

  /** An entry is null at an offset without a record: of an aborted transaction, or its end. */
  private final List<List<@Nullable Entry>> partitions;

  private final List<Transaction> open = new ArrayList<>();
  private final List<Runnable> listeners = new ArrayList<>();

  /**
   * A record, and the partition that it is for.
   *
   * @param partition from 0
   */
  public record Addition(int partition, Entry entry) {}

  /**
   * A record.
   *
   * @param timestamp the record's timestamp, in the range of a long in milliseconds since the epoch
   * @param value its bytes, not copied; null for a record without a value
   */
  public record Entry(Instant timestamp, byte @Nullable [] value) {}

  /** Records that become readable all at once, or never. Thread-safe. */
  public final class Transaction {
    /** The offsets of its records, by partition. */
    private final Map<Integer, List<Integer>> offsets = new TreeMap<>();

    private boolean ended;

    private Transaction() {}

    /**
     * Appends records to their partitions.
     *
     * @throws IllegalStateException if the transaction has ended
     */
    public void addAll(List<Addition> additions) {
      synchronized (MemorySource.this) {
        requireOpen();
        for (Addition addition : additions) {
          List<@Nullable Entry> entries = partitions.get(addition.partition());
          offsets.computeIfAbsent(addition.partition(), p -> new ArrayList<>()).add(entries.size());
          entries.add(addition.entry());
        }
      }
    }

    /**
     * Makes the records readable.
     *
     * @throws IllegalStateException if the transaction has ended
     */
    public void commit() {
      end(true);
    }

    /**
     * Makes the records unreadable.
     *
     * @throws IllegalStateException if the transaction has ended
     */
    public void abort() {
      end(false);
    }

    private void end(boolean commits) {
      List<Runnable> toNotify;
      synchronized (MemorySource.this) {
        requireOpen();
        ended = true;
        open.remove(this);
        offsets.forEach(
            (partition, records) -> {
              List<@Nullable Entry> entries = partitions.get(partition);
              if (!commits) {
                records.forEach(offset -> entries.set(offset, null));
              }
              entries.add(null);
            });
        toNotify = List.copyOf(listeners);
      }
      toNotify.forEach(Runnable::run);
    }

    private void requireOpen() {
      if (ended) {
        throw new IllegalStateException("The transaction has ended; begin another one");
      }
    }
  }

  private MemorySource(int partitions) {
    this.partitions = new ArrayList<>();
    for (int i = 0; i < partitions; i++) {
      this.partitions.add(new ArrayList<>());
    }
  }

  /**
   * Returns an empty source.
   *
   * @throws IllegalArgumentException if there is not at least one partition
   */
  public static MemorySource withPartitions(int partitions) {
    if (partitions < 1) {
      throw new IllegalArgumentException(partitions + " partitions; there must be at least 1");
    }
    return new MemorySource(partitions);
  }

  /** Appends a record to a partition. */
  public void add(int partition, Instant timestamp, byte @Nullable [] value) {
    addAll(List.of(new Addition(partition, new Entry(timestamp, value))));
  }

  /** Appends records to their partitions, all at once: whoever asks sees none of them or all. */
  public void addAll(List<Addition> additions) {
    additions.forEach(a -> requireTimestamp(a.entry().timestamp()));
    List<Runnable> toNotify;
    synchronized (this) {
      additions.forEach(a -> partitions.get(a.partition()).add(a.entry()));
      toNotify = List.copyOf(listeners);
    }
    toNotify.forEach(Runnable::run);
  }

  private static void requireTimestamp(Instant timestamp) {
    if (timestamp.isBefore(Instant.ofEpochMilli(Long.MIN_VALUE))
        || timestamp.isAfter(Instant.ofEpochMilli(Long.MAX_VALUE))) {
      throw new IllegalArgumentException(
          "The timestamp of a record is "
              + timestamp
              + "; it must be a number of milliseconds since 1970 that fits in a long");
    }
  }

  /** Begins a transaction. */
  public synchronized Transaction begin() {
    Transaction transaction = new Transaction();
    open.add(transaction);
    return transaction;
  }

  /** Returns the ends of all partitions, as of one moment; see {@link #end}. */
  public synchronized long[] ends() {
    return IntStream.range(0, partitions.size()).mapToLong(this::end).toArray();
  }

  /** Returns what tells this source from others: made up, once. */
  public String id() {
    return id;
  }

  /** Returns how many partitions there are. */
  public int partitions() {
    return partitions.size();
  }

  /**
   * Returns the offset up to which a partition can be read: that of the first record of an open
   * transaction, or the one after the last record.
   */
  public synchronized long end(int partition) {
    long end = partitions.get(partition).size();
    for (Transaction transaction : open) {
      List<Integer> records = transaction.offsets.get(partition);
      end = records == null ? end : Math.min(end, records.get(0));
    }
    return end;
  }

  /**
   * Returns what is at the offsets {@code [from, to)} of a partition: an element for each offset,
   * which is null at an offset without a record.
   */
  public synchronized List<@Nullable Entry> read(int partition, long from, long to) {
    return new ArrayList<>(partitions.get(partition).subList((int) from, (int) to));
  }

  /** Has something run whenever records were added. */
  public synchronized void onRecord(Runnable listener) {
    listeners.add(listener);
  }

  /** Has something that {@link #onRecord} was given run no more. */
  public synchronized void forget(Runnable listener) {
    listeners.remove(listener);
  }

  @Override
  public String description() {
    return NAME;
  }
}
