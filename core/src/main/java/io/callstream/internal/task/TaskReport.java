package io.callstream.internal.task;

import io.callstream.lookup.LookupTable;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.progress.Progress.Latency;
import io.callstream.statistic.Statistic;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The report of a task in addition to its results.
 *
 * @param accounting the accounting of the records that this task handled
 * @param segments the ranges of records that the task read, in any order; empty if it read none
 * @param timestamps the timestamps of the records that the task read
 */
public record TaskReport(
    Accounting accounting, List<PartitionSegment> segments, Timestamps timestamps) {
  public TaskReport {
    segments = List.copyOf(segments);
  }

  /** Creates the report of a task that read no records, or no records with a timestamp. */
  public TaskReport(Accounting accounting, List<PartitionSegment> segments) {
    this(accounting, segments, Timestamps.NONE);
  }

  public static TaskReport ofDuplicates(long duplicates) {
    return new TaskReport(
        new Accounting(0, 0, 0, duplicates, 0, 0, 0, Map.of(), Map.of()), List.of());
  }

  /** Returns the accounting of no records. */
  public static Accounting none(Pipeline pipeline) {
    return Accounting.none(
        pipeline.statistics().stream().map(Statistic::name).toList(),
        pipeline.lookups().stream().map(LookupTable::name).toList());
  }

  public TaskReport plus(TaskReport that) {
    List<PartitionSegment> all = new ArrayList<>(segments);
    all.addAll(that.segments);
    return new TaskReport(accounting.plus(that.accounting), all, timestamps.plus(that.timestamps));
  }

  public TaskReport reaching(Map<Integer, Long> ends) {
    List<PartitionSegment> reached = new ArrayList<>();
    for (PartitionSegment segment : segments) {
      reached.add(
          new PartitionSegment(
              segment.partition(),
              segment.firstOffset(),
              ends.getOrDefault(segment.partition(), segment.nextOffset()),
              segment.clock()));
    }
    return new TaskReport(accounting, reached, timestamps);
  }

  /** Returns the age of the records at a moment. Empty if no record has a timestamp. */
  public Optional<Latency> latencyAt(Instant moment) {
    return timestamps.at(moment);
  }

  public byte[] toBytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      write(accounting, out);
      write(segments, out);
      timestamps.writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  public static TaskReport of(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      return new TaskReport(readAccounting(in), readSegments(in), Timestamps.read(in));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static void write(Accounting accounting, DataOutputStream out) throws IOException {
    out.writeLong(accounting.received());
    out.writeLong(accounting.rejected());
    out.writeLong(accounting.additionalCalls());
    out.writeLong(accounting.duplicates());
    out.writeLong(accounting.corrections());
    out.writeLong(accounting.ambiguousTimes());
    out.writeLong(accounting.unconfirmedTimes());
    out.writeInt(accounting.unknown().size());
    for (Map.Entry<String, Long> lookup : accounting.unknown().entrySet()) {
      out.writeUTF(lookup.getKey());
      out.writeLong(lookup.getValue());
    }
    out.writeInt(accounting.statistics().size());
    for (Map.Entry<String, Contributions> entry : accounting.statistics().entrySet()) {
      out.writeUTF(entry.getKey());
      out.writeLong(entry.getValue().counted());
      out.writeLong(entry.getValue().late());
      out.writeLong(entry.getValue().filtered());
      out.writeLong(entry.getValue().retracted());
      out.writeLong(entry.getValue().earlier());
    }
  }

  public static Accounting readAccounting(DataInputStream in) throws IOException {
    long received = in.readLong();
    long rejected = in.readLong();
    long additionalCalls = in.readLong();
    long duplicates = in.readLong();
    long corrections = in.readLong();
    long ambiguousTimes = in.readLong();
    long unconfirmedTimes = in.readLong();
    Map<String, Long> unknown = new LinkedHashMap<>();
    for (int i = in.readInt(); i > 0; i--) {
      unknown.put(in.readUTF(), in.readLong());
    }
    Map<String, Contributions> statistics = new LinkedHashMap<>();
    for (int i = in.readInt(); i > 0; i--) {
      statistics.put(
          in.readUTF(),
          new Contributions(
              in.readLong(), in.readLong(), in.readLong(), in.readLong(), in.readLong()));
    }
    return new Accounting(
        received,
        rejected,
        additionalCalls,
        duplicates,
        corrections,
        ambiguousTimes,
        unconfirmedTimes,
        unknown,
        statistics);
  }

  private static void write(List<PartitionSegment> segments, DataOutputStream out)
      throws IOException {
    out.writeInt(segments.size());
    for (PartitionSegment segment : segments) {
      out.writeInt(segment.partition());
      out.writeLong(segment.firstOffset());
      out.writeLong(segment.nextOffset());
      segment.clock().writeTo(out);
    }
  }

  private static List<PartitionSegment> readSegments(DataInputStream in) throws IOException {
    List<PartitionSegment> segments = new ArrayList<>();
    for (int i = in.readInt(); i > 0; i--) {
      segments.add(
          new PartitionSegment(
              in.readInt(), in.readLong(), in.readLong(), PartitionClock.read(in)));
    }
    return segments;
  }
}
