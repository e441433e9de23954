package io.callstream.pipeline;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Records in memory, in partitions, as a topic would hold them; for the local engine and tests.
 * Thread-safe.
 */
public final class MemorySource implements Source {
  /** The name under which records of a memory source show in dead letters. */
  public static final String NAME = "memory";

  private final String id = UUID.randomUUID().toString();
  private final List<List<Entry>> partitions;
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
   * @param timestamp the record's timestamp
   * @param value its bytes, not copied; null for a record without a value
   */
  public record Entry(Instant timestamp, byte @Nullable [] value) {}

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
    List<Runnable> toNotify;
    synchronized (this) {
      additions.forEach(a -> partitions.get(a.partition()).add(a.entry()));
      toNotify = List.copyOf(listeners);
    }
    toNotify.forEach(Runnable::run);
  }

  /** Returns the offsets behind the last records of all partitions, as of one moment. */
  public synchronized long[] ends() {
    return partitions.stream().mapToLong(List::size).toArray();
  }

  /** Returns what tells this source from others: made up, once. */
  public String id() {
    return id;
  }

  /** Returns how many partitions there are. */
  public int partitions() {
    return partitions.size();
  }

  /** Returns the offset behind the last record of a partition. */
  public synchronized long end(int partition) {
    return partitions.get(partition).size();
  }

  /** Returns the records of a partition, from the first offset up to, without, the second. */
  public synchronized List<Entry> read(int partition, long from, long to) {
    return List.copyOf(partitions.get(partition).subList((int) from, (int) to));
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
