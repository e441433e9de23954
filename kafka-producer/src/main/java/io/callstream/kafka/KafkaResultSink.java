package io.callstream.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.kafka.KafkaAdmin;
import io.callstream.internal.sink.BatchMark;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.TaskSink;
import io.callstream.pipeline.TaskWriter;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.Column;
import io.callstream.statistic.Statistic;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/*
 * Results are exactly once in effect in a compacted topic: values are absolute, and the last value of
 * a key counts. After the rows of a batch are acknowledged, the sink sends a record to partition 0
 * that marks the batch. When a run opens the sink, the sink searches for the last mark, from the end
 * of that partition backwards:
 *
 * - If the mark is older than the batch of the pipeline, the sink sends all current results again.
 * - If the mark belongs to another run, the sink fails, or writes tombstones for the results if it
 *   starts over.
 *
 * Every run sends a mark when it opens the sink and after each batch. Another run that writes at the
 * same time therefore leaves gaps in the offsets of this run's records in partition 0. Only if there
 * are gaps does the sink read the partition to check for marks of another run.
 *
 * If tasks write the rows, gaps are normal. Then each task and the driver write in transactions, and
 * a TopicClaim shows whether another run has taken the topic over; see KafkaTaskWriter.
 */
/** Writes results as keyed JSON to a compacted topic. */
final class KafkaResultSink implements TaskSink {
  /** The key of a mark. No key of a result starts like this. */
  static final byte[] MARK_KEY = "{\"batches\":\"callstream\"}".getBytes(UTF_8);

  private static final byte[] RESULT_KEY_START = "{\"statistic\":".getBytes(UTF_8);
  private static final int MARK_PARTITION = 0;
  private static final JsonFactory JSON = new JsonFactory();

  private final KafkaSinks settings;
  private final String topic;
  private @Nullable CheckedSender sender;
  private String run = "";
  private @Nullable TopicClaim claim;

  KafkaResultSink(KafkaSinks settings, String topic) {
    this.settings = settings;
    this.topic = topic;
  }

  @Override
  public void open(BatchResults restored) {
    TopicInfo info;
    BatchMark mark;
    try (TopicAdmin admin = TopicAdmin.connect(settings.cluster())) {
      info = admin.ensureCompacted(topic, settings.partitions(), settings.replicas());
      mark = lastMark(info, restored);
      TopicClaim.renew(admin.requests(), topic);
      if (info.heldBack() > 0) {
        info = admin.endTransactions(info, id -> KafkaTaskWriter.isOf(id, topic));
        admin.requireNothingHeldBack(info, "results of an earlier run may be among them");
        mark = lastMark(info, restored);
      }
    }
    boolean foreign = mark != null && mark.isOfAnotherRunThan(restored);
    CheckedSender open = settings.sender(topic);
    sender = open;
    run = UUID.randomUUID().toString();
    if (mark == null && !settings.startsOver() && holdsValues(info)) {
      throw BatchMark.missing("The topic " + topic);
    }
    boolean fills = restored.number() >= 0 && (mark == null || foreign || mark.isBehind(restored));
    if (fills) {
      BatchMark.requireReadable(restored);
    }
    if ((mark == null || foreign) && info.offsets() > 0) {
      sendTombstones(open);
    }
    if (fills) {
      for (Statistic statistic : restored.pipeline().statistics()) {
        Results all = restored.results(statistic.name()).withRemoved();
        send(open, restored.number(), restored.watermark(), all);
      }
    }
    // Always send a mark, so that another run that still writes to the topic finds it.
    sendMark(open, restored);
  }

  /**
   * Returns whether the topic has a record with a value. Offsets without a record and tombstones
   * are not results.
   */
  private boolean holdsValues(TopicInfo info) {
    if (info.offsets() == 0) {
      return false;
    }
    boolean[] found = {false};
    TopicReader reader = TopicReader.of(settings.cluster(), topic).fromBeginning();
    long ignored =
        reader.read(
            row -> {
              if (row.value() != null) {
                found[0] = true;
                reader.stop();
              }
            });
    return found[0];
  }

  /** Returns the last mark; null if there is none. Throws if this run must not replace it. */
  private @Nullable BatchMark lastMark(TopicInfo info, BatchResults restored) {
    BatchMark mark = lastMark(info).orElse(null);
    if (mark != null && mark.isOfAnotherRunThan(restored) && !settings.startsOver()) {
      throw mark.refused("The topic " + topic, restored);
    }
    return mark;
  }

  private Optional<BatchMark> lastMark(TopicInfo info) {
    TopicInfo.PartitionInfo partition = info.partitions().get(MARK_PARTITION);
    BatchMark[] last = {null};
    long end = partition.end();
    for (long step = 100; last[0] == null && end > partition.beginning(); step *= 4) {
      long start = Math.max(partition.beginning(), end - step);
      TopicReader.of(settings.cluster(), topic)
          .readRange(
              MARK_PARTITION,
              start,
              end,
              row -> {
                if (row.value() != null && Arrays.equals(row.key(), MARK_KEY)) {
                  last[0] = readMark(row.value(), row.offset()).batch();
                }
              });
      end = start;
    }
    return Optional.ofNullable(last[0]);
  }

  /** A mark and the id of the run that sent it. */
  private record SentMark(BatchMark batch, String run) {}

  private SentMark readMark(byte[] value, long offset) {
    Long batch = null;
    String lineage = null;
    String from = "";
    try (JsonParser json = JSON.createParser(value)) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        json.nextToken();
        switch (name) {
          case "_batch" -> batch = json.getLongValue();
          case "_lineage" -> lineage = json.getText();
          case "_run" -> from = json.getText();
          default -> json.skipChildren();
        }
      }
    } catch (IOException e) {
      throw damaged(offset, e);
    }
    if (batch == null || lineage == null) {
      throw damaged(offset, new IOException("_batch or _lineage is missing"));
    }
    return new SentMark(new BatchMark(batch, lineage), from);
  }

  private CallstreamException damaged(long offset, IOException cause) {
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        "The record at offset "
            + offset
            + " of partition "
            + MARK_PARTITION
            + " in topic "
            + topic
            + " has the key of a batch mark, but is not one. Name another topic, or start the sink"
            + " over, which deletes what is there.",
        cause);
  }

  /** Throws if another run has sent a mark since the last mark of this run. */
  private void requireAlone(CheckedSender open) {
    CheckedSender.Acknowledged acknowledged = open.firstPartition();
    if (acknowledged.hasGaps()) {
      TopicReader.of(settings.cluster(), topic)
          .readRange(
              MARK_PARTITION,
              acknowledged.first(),
              acknowledged.last(),
              row -> {
                if (row.value() != null
                    && Arrays.equals(row.key(), MARK_KEY)
                    && !readMark(row.value(), row.offset()).run().equals(run)) {
                  throw new CallstreamException(
                      ErrorCode.SINK_FAILED,
                      "Another run wrote results to the topic "
                          + topic
                          + " while this one was writing, so the topic mixes both. Let one run"
                          + " write it, and start its sink over; give others another topic.");
                }
              });
    }
    acknowledged.restart();
  }

  private void sendTombstones(CheckedSender open) {
    TopicReader.of(settings.cluster(), topic)
        .fromBeginning()
        .read(
            row -> {
              byte[] key = row.key();
              if (row.value() != null && key != null && isResult(key)) {
                open.send(key, null, List.of());
              }
            });
  }

  private static boolean isResult(byte[] key) {
    int length = RESULT_KEY_START.length;
    return key.length > length && Arrays.equals(key, 0, length, RESULT_KEY_START, 0, length);
  }

  @Override
  public void write(BatchResults batch) {
    CheckedSender open = requireOpen();
    batch
        .updates()
        .values()
        .forEach(results -> send(open, batch.number(), batch.watermark(), results));
    sendMark(open, batch);
  }

  private CheckedSender requireOpen() {
    CheckedSender open = sender;
    if (open == null) {
      throw new IllegalStateException("the Kafka sink is not open");
    }
    return open;
  }

  @Override
  public TaskWriter.Factory writers() {
    requireOpen().close();
    TopicClaim ours;
    try (KafkaAdmin admin = KafkaAdmin.connect(settings.cluster())) {
      ours = TopicClaim.take(admin, topic);
    }
    claim = ours;
    CheckedSender marks = settings.sender(topic, KafkaTaskWriter.driverId(topic));
    sender = marks;
    marks.fenceEarlier();
    return KafkaTaskWriter.factory(settings, topic, ours);
  }

  @Override
  public void finish(BatchResults batch, List<byte[]> messages) {
    CheckedSender open = requireOpen();
    TopicClaim ours = claim;
    if (ours == null) {
      throw new IllegalStateException("the Kafka sink has no writers");
    }
    // The transaction fails if another run has fenced this producer, which it does after its claim.
    open.begin();
    sendMark(open, batch);
    open.commit();
  }

  static void send(CheckedSender open, long batch, Optional<Instant> watermark, Results results) {
    List<Column> columns = results.statistic().typedColumns();
    for (Iterator<ResultRow> rows = results.stream().iterator(); rows.hasNext(); ) {
      ResultRow row = rows.next();
      List<@Nullable Object> values = row.columns();
      byte[] value = row.isRemoved() ? null : value(batch, watermark, columns, values);
      open.send(key(row, columns, values), value, List.of());
    }
  }

  /**
   * Sends the mark after all earlier rows are acknowledged, and waits until the mark is
   * acknowledged.
   */
  private void sendMark(CheckedSender open, BatchResults batch) {
    open.await();
    BatchMark mark = BatchMark.of(batch);
    byte[] value =
        json(
            json -> {
              json.writeNumberField("_batch", mark.batch());
              writeWatermark(json, batch.watermark());
              json.writeStringField("_lineage", mark.lineage());
              json.writeStringField("_run", run);
              json.writeFieldName("accounting");
              json.writeRawValue(batch.total().toJson());
            });
    open.send(new ProducerRecord<>(topic, MARK_PARTITION, MARK_KEY, value));
    open.await();
    if (claim == null) {
      requireAlone(open);
    }
  }

  private static byte[] key(ResultRow row, List<Column> columns, List<@Nullable Object> values) {
    return json(
        json -> {
          json.writeStringField("statistic", row.statistic());
          if (row.window().isPresent()) {
            WindowBounds window = row.window().get();
            json.writeStringField("window_start", window.start().toString());
            json.writeStringField("window_end", window.end().toString());
          }
          json.writeObjectFieldStart("dimensions");
          int dimension = 0;
          for (int i = 0; i < values.size(); i++) {
            Column column = columns.get(i);
            if (column.role() == Column.Role.DIMENSION) {
              json.writeFieldName(column.name());
              Object value = values.get(i);
              // The column has no number in the group for calls over the group limit.
              write(json, value == null ? row.dimensions().get(dimension) : value);
              dimension++;
            }
          }
          json.writeEndObject();
        });
  }

  private static byte[] value(
      long batch,
      Optional<Instant> watermark,
      List<Column> columns,
      List<@Nullable Object> values) {
    return json(
        json -> {
          for (int i = 0; i < values.size(); i++) {
            json.writeFieldName(columns.get(i).name());
            write(json, values.get(i));
          }
          json.writeNumberField("_batch", batch);
          writeWatermark(json, watermark);
        });
  }

  private static void writeWatermark(JsonGenerator json, Optional<Instant> watermark)
      throws IOException {
    json.writeFieldName("_watermark");
    write(json, watermark.orElse(null));
  }

  private static void write(JsonGenerator json, @Nullable Object value) throws IOException {
    if (value == null) {
      json.writeNull();
    } else if (value instanceof Long number) {
      json.writeNumber(number);
    } else if (value instanceof Double number) {
      json.writeNumber(number);
    } else if (value instanceof BigDecimal number) {
      json.writeNumber(number.toPlainString());
    } else if (value instanceof Instant moment) {
      json.writeString(moment.toString());
    } else {
      json.writeString((String) value);
    }
  }

  private interface Fields {
    void writeTo(JsonGenerator json) throws IOException;
  }

  private static byte[] json(Fields fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      fields.writeTo(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  @Override
  public void close() {
    CheckedSender open = sender;
    sender = null;
    if (claim != null) {
      claim = null;
      TaskSenders.closeAll(topic); // In one process, the tasks' producers are here.
    }
    if (open != null) {
      open.close();
    }
  }

  @Override
  public String toString() {
    return "results in topic " + topic;
  }
}
