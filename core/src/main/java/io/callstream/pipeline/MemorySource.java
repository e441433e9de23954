package io.callstream.pipeline;

import io.callstream.call.CallRecord;
import io.callstream.call.CallRecord.Header;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A source with records in memory, in partitions like those of a Kafka topic. For the local engine
 * and for tests. A partition that does not exist, or a timestamp outside a long of milliseconds,
 * causes an {@link IllegalArgumentException}. Thread-safe.
 *
 * <p>A {@link Transaction} works as in a Kafka topic that is read with {@code read_committed}:
 *
 * <ul>
 *   <li>Its records have the offsets at which they were added. They become readable when it is
 *       committed, and are never readable if it is aborted.
 *   <li>Its end takes one more offset in each of its partitions, which has no record.
 *   <li>While it is open, its partitions end at its first record.
 * </ul>
 */
public final class MemorySource implements Source {
  /** The name of a memory source in dead letters. */
  public static final String NAME = "memory";

  private final String id = UUID.randomUUID().toString();

  /** Entries by offset; null at the end of a transaction or for an aborted record. */
  private final List<List<@Nullable Entry>> partitions;

  private final List<Transaction> open = new ArrayList<>();
  private final List<Runnable> listeners = new ArrayList<>();

  /**
   * A record and its partition.
   *
   * @param partition the partition, from 0
   * @param entry the record
   */
  public record Addition(int partition, Entry entry) {}

  /**
   * A record.
   *
   * @param timestamp the timestamp; its milliseconds since the epoch must fit in a long
   * @param key the bytes of the key, not copied; null for a record without a key
   * @param headers the headers in their order, not copied
   * @param value the bytes of the record, not copied; null for a record without a value
   */
  public record Entry(
      Instant timestamp, byte @Nullable [] key, List<Header> headers, byte @Nullable [] value) {
    /** Creates a record without a key and headers. */
    public Entry(Instant timestamp, byte @Nullable [] value) {
      this(timestamp, null, List.of(), value);
    }

    /** Returns the record at an offset of a partition. */
    public CallRecord at(int partition, long offset) {
      return new CallRecord(
          NAME, partition, offset, timestamp.toEpochMilli(), key, this::headers, value);
    }
  }

  /** A transaction, whose records all become readable together, or never. Thread-safe. */
  public final class Transaction {
    /** The offsets of the transaction's records, by partition. */
    private final Map<Integer, List<Integer>> offsets = new TreeMap<>();

    private boolean ended;

    private Transaction() {}

    /**
     * Appends records to their partitions.
     *
     * @throws IllegalStateException if the transaction has ended
     */
    public void addAll(List<Addition> additions) {
      additions.forEach(MemorySource.this::requireValid);
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
     * Commits the transaction: its records become readable.
     *
     * @throws IllegalStateException if the transaction has ended
     */
    public void commit() {
      end(true);
    }

    /**
     * Aborts the transaction: its records never become readable.
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
   * @param partitions the number of partitions, at least 1
   */
  public static MemorySource withPartitions(int partitions) {
    if (partitions < 1) {
      throw new IllegalArgumentException(
          "The number of partitions is " + partitions + "; it must be at least 1");
    }
    return new MemorySource(partitions);
  }

  /** Appends a record to a partition. */
  public void add(int partition, Instant timestamp, byte @Nullable [] value) {
    addAll(List.of(new Addition(partition, new Entry(timestamp, value))));
  }

  /** Appends records to their partitions atomically: a reader sees all of them or none. */
  public void addAll(List<Addition> additions) {
    additions.forEach(this::requireValid);
    List<Runnable> toNotify;
    synchronized (this) {
      additions.forEach(a -> partitions.get(a.partition()).add(a.entry()));
      toNotify = List.copyOf(listeners);
    }
    toNotify.forEach(Runnable::run);
  }

  private void requireValid(Addition addition) {
    int partition = addition.partition();
    if (partition < 0 || partition >= partitions.size()) {
      throw new IllegalArgumentException(
          "The partition of a record is %s; it must be from 0 to %s"
              .formatted(partition, partitions.size() - 1));
    }
    Instant timestamp = addition.entry().timestamp();
    if (timestamp.isBefore(Instant.ofEpochMilli(Long.MIN_VALUE))
        || timestamp.isAfter(Instant.ofEpochMilli(Long.MAX_VALUE))) {
      throw new IllegalArgumentException(
          "The timestamp of a record is "
              + timestamp
              + "; its milliseconds since 1970-01-01T00:00Z must fit in a long");
    }
  }

  /** Begins a transaction. */
  public synchronized Transaction begin() {
    Transaction transaction = new Transaction();
    open.add(transaction);
    return transaction;
  }

  /** Returns the ends of all partitions at the same moment. See {@link #end}. */
  public synchronized long[] ends() {
    return IntStream.range(0, partitions.size()).mapToLong(this::end).toArray();
  }

  /** Returns the random id of this source. */
  public String id() {
    return id;
  }

  /** Returns the number of partitions. */
  public int partitions() {
    return partitions.size();
  }

  /**
   * Returns the end of the readable part of a partition, exclusive: the offset of the first record
   * of an open transaction, or the offset after the last record.
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
   * Returns the entries at the offsets {@code [from, to)} of a partition. The list has one element
   * per offset, which is null if the offset has no record.
   */
  public synchronized List<@Nullable Entry> read(int partition, long from, long to) {
    return new ArrayList<>(partitions.get(partition).subList((int) from, (int) to));
  }

  /** Registers a listener that runs after each change of the readable records. */
  public synchronized void onRecord(Runnable listener) {
    listeners.add(listener);
  }

  /** Removes a listener that was registered with {@link #onRecord}. */
  public synchronized void removeListener(Runnable listener) {
    listeners.remove(listener);
  }

  @Override
  public String description() {
    return NAME;
  }
}
