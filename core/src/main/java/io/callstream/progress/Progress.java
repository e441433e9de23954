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
import java.util.TreeMap;

/**
 * The report of one finished batch. If a batch is repeated after a crash, the run that finishes it
 * reports it.
 *
 * @param batch the number of the batch, from 0
 * @param timestamp the start time of the batch
 * @param inputRows the number of records that were read
 * @param inputRowsPerSecond the number of records that arrived per second since the previous batch;
 *     NaN in the first batch
 * @param processedRowsPerSecond the number of records read per second of the duration of the batch
 * @param outputRows the number of result rows that the sinks received from the batch. Each row is
 *     counted once, for any number of sinks. Rows of a flush at the end of a run are not included
 * @param outputRowsPerSecond the number of these rows per second since the previous batch; NaN in
 *     the first batch
 * @param batchDuration the duration of the batch
 * @param latency the age of the records when the sinks had received the results, including rejected
 *     records and duplicates; empty if no record has a timestamp
 * @param phases the duration of each phase of the batch, by the engine's name for the phase
 * @param state the state that the engine keeps between batches
 * @param offsets the offsets that the batch read in each partition, in the order of partitions
 * @param watermark the watermark of this batch
 * @param sink a description of the sinks for results
 * @param accounting the accounting of the records of this batch, without views
 * @param total the accounting of all records so far, without views
 * @param lookups the version of the table of each lookup that the batch used, by name
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
    Accounting total,
    Map<String, LookupVersion> lookups) {
  /**
   * A version of the table of a lookup.
   *
   * @param version the number of the version, from 1. It grows when the rows of the table change
   * @param rows the number of rows
   */
  public record LookupVersion(long version, long rows) {}

  private static final JsonFactory JSON = new JsonFactory();

  /** Copies the collections. */
  public Progress {
    phases = Collections.unmodifiableMap(new LinkedHashMap<>(phases));
    offsets = List.copyOf(offsets);
    lookups = Collections.unmodifiableMap(new TreeMap<>(lookups));
  }

  /**
   * The time from the timestamps of a batch's records until the sinks have received the batch.
   *
   * <p>The producer sets the timestamp of a Kafka record, or the broker if the topic is configured
   * so ({@code message.timestamp.type}). The latency therefore compares the clocks of two machines.
   * A timestamp after the start of the batch counts as the start of the batch.
   *
   * @param mean the mean over all records with a timestamp, in whole milliseconds; at least 0
   * @param greatest the maximum over these records; at least 0
   */
  public record Latency(Duration mean, Duration greatest) {}

  /**
   * The state that an engine keeps between batches.
   *
   * @param rows the number of open windows, buckets of open sessions, and known calls. For state in
   *     the executors of Spark, the number of rows in its state store
   * @param updatedRows the number of groups that the batch changed, and of rows that it wrote to
   *     the state store
   * @param memoryBytes the memory of the open windows and the state store in bytes
   */
  public record State(long rows, long updatedRows, long memoryBytes) {}

  /**
   * The offsets of one partition in one batch. The batch read the offsets {@code [start, end)}. Not
   * every offset has a record: the end of a transaction, and aborted or compacted records, leave
   * gaps. For the number of records, see {@link Progress#inputRows}.
   *
   * @param partition the partition, from 0
   * @param start the first offset of the batch
   * @param end the offset at which the next batch starts
   * @param latest the end of the readable part of the partition. With {@code read_committed}, this
   *     is the last stable offset, where the oldest open transaction starts
   */
  public record PartitionOffsets(int partition, long start, long end, long latest) {
    /**
     * Returns the number of offsets left to read, an upper limit of the number of records left to
     * read.
     */
    public long lag() {
      return Math.max(0, latest - end);
    }
  }

  /**
   * Returns the number of offsets left to read in all partitions, an upper limit of the number of
   * records left to read. Excludes offsets after the start of an open transaction.
   */
  public long lag() {
    return offsets.stream().mapToLong(PartitionOffsets::lag).sum();
  }

  /** Returns a copy of this report with other offsets. */
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
        total,
        lookups);
  }

  /**
   * Returns the report as a JSON object in one line, with durations in milliseconds and times in
   * ISO-8601. {@code lookups} appears only if the pipeline has lookups.
   */
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
      writeLookups(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private void writeLookups(JsonGenerator json) throws IOException {
    if (lookups.isEmpty()) {
      return;
    }
    json.writeObjectFieldStart("lookups");
    for (Map.Entry<String, LookupVersion> lookup : lookups.entrySet()) {
      json.writeObjectFieldStart(lookup.getKey());
      json.writeNumberField("version", lookup.getValue().version());
      json.writeNumberField("rows", lookup.getValue().rows());
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static void writeRate(JsonGenerator json, String name, double rate) throws IOException {
    if (Double.isFinite(rate)) {
      json.writeNumberField(name, rate);
    } else {
      json.writeNullField(name);
    }
  }
}
