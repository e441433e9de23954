package io.callstream.runtime;

import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.progress.Progress.Latency;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a task has to say beside its results.
 *
 * @param accounting where its records went, as far as it decided about them
 * @param progress how far it came, by partition; empty if it read none
 * @param timestamps those of the records that it read
 */
public record TaskReport(
    Accounting accounting, Map<Integer, PartitionProgress> progress, Timestamps timestamps) {
  /** Copies {@code progress}. */
  public TaskReport {
    progress = Map.copyOf(progress);
  }

  /** Creates the report of a task that read no records, or none that have a timestamp. */
  public TaskReport(Accounting accounting, Map<Integer, PartitionProgress> progress) {
    this(accounting, progress, Timestamps.NONE);
  }

  /** Returns the report of a task that found duplicates and did nothing else. */
  public static TaskReport ofDuplicates(long duplicates) {
    return new TaskReport(new Accounting(0, 0, duplicates, 0, 0, Map.of()), Map.of());
  }

  /** Returns both reports as one. */
  public TaskReport plus(TaskReport that) {
    Map<Integer, PartitionProgress> sum = new TreeMap<>(progress);
    that.progress.forEach((partition, more) -> sum.merge(partition, more, PartitionProgress::plus));
    return new TaskReport(accounting.plus(that.accounting), sum, timestamps.plus(that.timestamps));
  }

  /** Returns this as of partitions that came as far as told. */
  public TaskReport reaching(Map<Integer, PartitionProgress> ends) {
    return new TaskReport(accounting, ends, timestamps);
  }

  /** Returns how old the records are at a moment; empty if none has a timestamp. */
  public Optional<Latency> latencyAt(Instant moment) {
    return timestamps.at(moment);
  }

  /** Returns this as bytes. */
  public byte[] toBytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      write(accounting, out);
      write(progress, out);
      timestamps.writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** Returns the report that {@link #toBytes()} wrote. */
  public static TaskReport of(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      return new TaskReport(readAccounting(in), readProgress(in), Timestamps.read(in));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void write(Accounting accounting, DataOutputStream out) throws IOException {
    out.writeLong(accounting.received());
    out.writeLong(accounting.rejected());
    out.writeLong(accounting.duplicates());
    out.writeLong(accounting.ambiguousTimes());
    out.writeLong(accounting.unknownDispositions());
    out.writeInt(accounting.statistics().size());
    for (Map.Entry<String, Contributions> entry : accounting.statistics().entrySet()) {
      out.writeUTF(entry.getKey());
      out.writeLong(entry.getValue().counted());
      out.writeLong(entry.getValue().late());
      out.writeLong(entry.getValue().filtered());
    }
  }

  static Accounting readAccounting(DataInputStream in) throws IOException {
    long received = in.readLong();
    long rejected = in.readLong();
    long duplicates = in.readLong();
    long ambiguousTimes = in.readLong();
    long unknownDispositions = in.readLong();
    Map<String, Contributions> statistics = new LinkedHashMap<>();
    for (int i = in.readInt(); i > 0; i--) {
      statistics.put(in.readUTF(), new Contributions(in.readLong(), in.readLong(), in.readLong()));
    }
    return new Accounting(
        received, rejected, duplicates, ambiguousTimes, unknownDispositions, statistics);
  }

  static void write(Map<Integer, PartitionProgress> progress, DataOutputStream out)
      throws IOException {
    out.writeInt(progress.size());
    for (Map.Entry<Integer, PartitionProgress> entry : progress.entrySet()) {
      out.writeInt(entry.getKey());
      out.writeLong(entry.getValue().nextOffset());
      out.writeLong(entry.getValue().maxEventMillis());
    }
  }

  static Map<Integer, PartitionProgress> readProgress(DataInputStream in) throws IOException {
    Map<Integer, PartitionProgress> progress = new TreeMap<>();
    for (int i = in.readInt(); i > 0; i--) {
      progress.put(in.readInt(), new PartitionProgress(in.readLong(), in.readLong()));
    }
    return progress;
  }
}
