package io.callstream.progress;

import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The report of one finished batch. A batch that comes again after a crash is reported by the run
 * that finishes it, as it went there.
 *
 * @param batch the number of the batch, from 0
 * @param timestamp when the batch began
 * @param inputRows records read
 * @param inputRowsPerSecond records that arrived per second since the batch before; NaN in the
 *     first
 * @param processedRowsPerSecond records read per second of the batch's duration
 * @param outputRows result rows that the batch told the sinks, counted once however many sinks
 *     there are; those of a flush at the end of a run belong to no batch
 * @param outputRowsPerSecond these rows per second since the batch before; NaN in the first
 * @param batchDuration how long the batch took
 * @param latency how old its records were when their results stood, rejected records and duplicates
 *     included; empty if none has a timestamp
 * @param phases how long each phase of it took, by the engine's name for the phase
 * @param state what the engine keeps between batches
 * @param offsets where the batch began and ended in each partition, in their order
 * @param watermark the watermark that was in force
 * @param sink where results go
 * @param accounting where the records of this batch went
 * @param total where all records so far went
 */
public record Progress(
    long batch,
    Instant timestamp,
    long inputRows,
    double inputRowsPerSecond,
    double processedRowsPerSecond,
    long outputRows,
    double outputRowsPerSecond,
    Duration batchDuration,
    Optional<Latency> latency,
    Map<String, Duration> phases,
    State state,
    List<PartitionOffsets> offsets,
    Optional<Instant> watermark,
    String sink,
    Accounting accounting,
    Accounting total) {
  private static final JsonFactory JSON = new JsonFactory();

  /** Copies the collections. */
  public Progress {
    phases = Collections.unmodifiableMap(new LinkedHashMap<>(phases));
    offsets = List.copyOf(offsets);
  }

  /**
   * The time from the timestamps of a batch's records until the sinks had the batch. A Kafka record
   * has the timestamp of its producer, or of the broker where the topic says so ({@code
   * message.timestamp.type}), and so the clocks of two machines are compared: a record that is
   * stamped later than it was read counts as stamped when the reading began.
   *
   * @param mean over the records that have a timestamp, to the millisecond; at least 0
   * @param greatest of these; at least 0
   */
  public record Latency(Duration mean, Duration greatest) {}

  /**
   * What an engine keeps between batches.
   *
   * @param rows rows in the state store
   * @param updatedRows rows that the batch wrote
   * @param memoryBytes memory of the state store, in bytes
   */
  public record State(long rows, long updatedRows, long memoryBytes) {}

  /**
   * One partition in one batch. The batch has read the offsets {@code [start, end)}. Not every
   * offset has a record: a transaction's end and records that were aborted or compacted away leave
   * gaps. Where records are meant, see {@link Progress#inputRows}.
   *
   * @param partition the partition, from 0
   * @param start the first offset of the batch
   * @param end the offset at which the next batch starts
   * @param latest the offset up to which the partition could be read. With {@code read_committed}
   *     this is the last stable offset, where the oldest open transaction starts
   */
  public record PartitionOffsets(int partition, long start, long end, long latest) {
    /** Returns how many offsets were left to read, which is the most records that were left. */
    public long lag() {
      return Math.max(0, latest - end);
    }
  }

  /**
   * Returns how many offsets were left to read, in all partitions. This is the most records that
   * were left. Offsets from an open transaction on are not part of it until the transaction ends.
   */
  public long lag() {
    return offsets.stream().mapToLong(PartitionOffsets::lag).sum();
  }

  /** Returns the same report with other offsets. */
  public Progress withOffsets(List<PartitionOffsets> others) {
    return new Progress(
        batch,
        timestamp,
        inputRows,
        inputRowsPerSecond,
        processedRowsPerSecond,
        outputRows,
        outputRowsPerSecond,
        batchDuration,
        latency,
        phases,
        state,
        others,
        watermark,
        sink,
        accounting,
        total);
  }

  /** Returns this as a JSON object in one line; durations in milliseconds, times in ISO-8601. */
  @JsonValue
  @JsonRawValue
  public String toJson() {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartObject();
      json.writeNumberField("batch", batch);
      json.writeStringField("timestamp", timestamp.toString());
      json.writeNumberField("inputRows", inputRows);
      writeRate(json, "inputRowsPerSecond", inputRowsPerSecond);
      writeRate(json, "processedRowsPerSecond", processedRowsPerSecond);
      json.writeNumberField("outputRows", outputRows);
      writeRate(json, "outputRowsPerSecond", outputRowsPerSecond);
      json.writeNumberField("batchDurationMs", batchDuration.toMillis());
      if (latency.isPresent()) {
        json.writeObjectFieldStart("latencyMs");
        json.writeNumberField("mean", latency.get().mean().toMillis());
        json.writeNumberField("greatest", latency.get().greatest().toMillis());
        json.writeEndObject();
      } else {
        json.writeNullField("latencyMs");
      }
      json.writeObjectFieldStart("phasesMs");
      for (Map.Entry<String, Duration> phase : phases.entrySet()) {
        json.writeNumberField(phase.getKey(), phase.getValue().toMillis());
      }
      json.writeEndObject();
      json.writeObjectFieldStart("state");
      json.writeNumberField("rows", state.rows());
      json.writeNumberField("updatedRows", state.updatedRows());
      json.writeNumberField("memoryBytes", state.memoryBytes());
      json.writeEndObject();
      json.writeArrayFieldStart("offsets");
      for (PartitionOffsets partition : offsets) {
        json.writeStartObject();
        json.writeNumberField("partition", partition.partition());
        json.writeNumberField("start", partition.start());
        json.writeNumberField("end", partition.end());
        json.writeNumberField("latest", partition.latest());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeNumberField("lag", lag());
      if (watermark.isPresent()) {
        json.writeStringField("watermark", watermark.get().toString());
      } else {
        json.writeNullField("watermark");
      }
      json.writeStringField("sink", sink);
      json.writeFieldName("accounting");
      accounting.writeTo(json);
      json.writeFieldName("total");
      total.writeTo(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static void writeRate(JsonGenerator json, String name, double rate) throws IOException {
    if (Double.isFinite(rate)) {
      json.writeNumberField(name, rate);
    } else {
      json.writeNullField(name);
    }
  }
}
