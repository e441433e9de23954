package io.callstream.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Origin;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes dead letters as records with their original bytes. The headers contain the reason. */
final class KafkaDeadLetterSink implements DeadLetterSink {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaDeadLetterSink.class);
  private static final String PREFIX = "callstream.";
  private static final String LATE = "late";
  private static final JsonFactory JSON = new JsonFactory();

  private final KafkaSinks settings;
  private final String topic;
  private @Nullable CheckedSender sender;

  KafkaDeadLetterSink(KafkaSinks settings, String topic) {
    this.settings = settings;
    this.topic = topic;
  }

  @Override
  public void open(BatchResults restored, Map<Integer, Long> nextOffsets) {
    if (restored.pipeline().source() instanceof KafkaTopic source && source.name().equals(topic)) {
      throw new CallstreamException(
          ErrorCode.UNSUPPORTED,
          "Dead letters of topic "
              + topic
              + " can't go to that topic: each would come back as another one. Name another topic"
              + " for them.");
    }
    try (TopicAdmin admin = TopicAdmin.connect(settings.cluster())) {
      if (admin.ensureExists(topic, settings.partitions(), settings.replicas())) {
        LOG.warn(
            "Topic {} is compacted: dead letters of records without a value are tombstones there,"
                + " and Kafka deletes them after delete.retention.ms",
            topic);
      }
    }
    sender = settings.sender(topic);
  }

  @Override
  public void write(BatchResults batch, Iterable<DeadLetter> letters) {
    CheckedSender open = sender;
    if (open == null) {
      throw new IllegalStateException("the Kafka sink is not open");
    }
    for (DeadLetter letter : letters) {
      Origin origin = letter.origin();
      int index = letter instanceof Late late ? late.call() : 0;
      String place = origin.topic() + "-" + origin.partition() + "-" + origin.offset();
      String key = index == 0 ? place : place + "-" + index;
      open.send(key.getBytes(UTF_8), letter.value(), headers(letter, batch.lineage()));
    }
    open.await();
  }

  private static List<Header> headers(DeadLetter letter, String lineage) {
    List<Header> headers = new ArrayList<>();
    if (letter instanceof Rejected rejected) {
      add(headers, "reason", rejected.reason().code());
      if (rejected.field() != null) {
        add(headers, "field", rejected.field());
      }
      if (rejected.detail() != null) {
        add(headers, "detail", rejected.detail());
      }
    } else if (letter instanceof Late late) {
      add(headers, "reason", LATE);
      add(headers, LATE, windows(late.missed()));
    }
    Origin origin = letter.origin();
    add(headers, "topic", origin.topic());
    add(headers, "partition", String.valueOf(origin.partition()));
    add(headers, "offset", String.valueOf(origin.offset()));
    add(headers, "timestamp", origin.timestamp().toString());
    add(headers, "lineage", lineage);
    return headers;
  }

  private static void add(List<Header> headers, String name, String value) {
    headers.add(new RecordHeader(PREFIX + name, value.getBytes(UTF_8)));
  }

  private static String windows(List<MissedWindow> windows) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartArray();
      for (MissedWindow missed : windows) {
        json.writeStartObject();
        json.writeStringField("statistic", missed.statistic());
        json.writeStringField("window_start", missed.window().start().toString());
        json.writeStringField("window_end", missed.window().end().toString());
        json.writeEndObject();
      }
      json.writeEndArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toString(UTF_8);
  }

  @Override
  public void close() {
    CheckedSender open = sender;
    sender = null;
    if (open != null) {
      open.close();
    }
  }

  @Override
  public String toString() {
    return "dead letters in topic " + topic;
  }
}
