package io.callstream.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallRecord;
import io.callstream.internal.source.SpanReader;
import io.callstream.internal.source.SpanReader.Span;
import io.callstream.lookup.LookupSource;
import io.callstream.lookup.LookupTable;
import io.callstream.pipeline.KafkaTopic;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A table in a compacted topic. */
final class TopicLookup implements LookupSource {
  private static final JsonFactory JSON = new JsonFactory();
  private static final String NEXT =
      "Create it if it is missing, send all rows of the table, and start again with the same"
          + " checkpoint: nothing is lost.";
  private static final OpenTopic.Advice ADVICE = new OpenTopic.Advice(NEXT, NEXT, NEXT);

  private final KafkaTopic topic;

  TopicLookup(KafkaTopic topic) {
    this.topic = topic;
  }

  @Override
  public String description() {
    return topic.description();
  }

  @Override
  public Reader open(LookupTable table) {
    return new TopicRows(table, reading(table, () -> OpenTopic.open(topic, ADVICE)));
  }

  /** Reports a topic that is missing or cannot be read as a failure of the lookup. */
  private static <T> T reading(LookupTable table, Supplier<T> step) {
    try {
      return step.get();
    } catch (CallstreamException e) {
      if (e.code() != ErrorCode.TOPIC && e.code() != ErrorCode.SOURCE_FAILED) {
        throw e;
      }
      throw new CallstreamException(
          ErrorCode.LOOKUP_FAILED,
          "The table of the lookup '%s' can't be read: %s".formatted(table.name(), e.getMessage()),
          e);
    }
  }

  /** Follows the topic, and keeps its rows. */
  private final class TopicRows implements Reader {
    private final LookupTable table;
    private final OpenTopic source;
    private final SpanReader reader;
    private final Map<Integer, Long> positions = new HashMap<>();
    private final Map<String, List<String>> rows = new HashMap<>();
    private boolean isFirst = true;

    /** The number of characters of all keys and values. */
    private long size;

    TopicRows(LookupTable table, OpenTopic source) {
      this.table = table;
      this.source = source;
      reader = source.newReader();
    }

    @Override
    public Optional<Map<String, List<String>>> poll() {
      return reading(table, this::next);
    }

    private Optional<Map<String, List<String>>> next() {
      List<Span> spans = new ArrayList<>();
      source.endOffsets().forEach((partition, end) -> add(partition, end, spans));
      if (spans.isEmpty() && !isFirst) {
        return Optional.empty();
      }
      // Only the last record of a key counts, so that it can correct an earlier one.
      Map<String, CallRecord> changes = new LinkedHashMap<>();
      reader.read(spans, record -> changes.put(key(record), record));
      spans.forEach(span -> positions.put(span.partition(), span.to()));
      changes.forEach(this::apply);
      isFirst = false;
      return Optional.of(new HashMap<>(rows));
    }

    private void add(int partition, long end, List<Span> spans) {
      if (!positions.containsKey(partition)) {
        positions.put(partition, source.firstOffsets().getOrDefault(partition, 0L));
      }
      long from = positions.get(partition);
      if (from < end) {
        spans.add(new Span(partition, from, end));
      }
    }

    private String key(CallRecord record) {
      byte[] key = record.key();
      if (key == null) {
        throw failed(record, "it has no key", null);
      }
      return new String(key, UTF_8);
    }

    private void apply(String key, CallRecord record) {
      List<String> before = rows.remove(key);
      size -= before == null ? 0 : size(key, before);
      if (!record.hasValue()) {
        return;
      }
      List<String> values = values(record);
      rows.put(key, values);
      size += size(key, values);
      if (rows.size() > LookupTable.MAX_ROWS || size > LookupTable.MAX_BYTES) {
        throw failed(
            record,
            "with it, the table has more than %s rows or %s bytes"
                .formatted(LookupTable.MAX_ROWS, LookupTable.MAX_BYTES),
            null);
      }
    }

    private static long size(String key, List<String> values) {
      return key.length() + values.stream().mapToLong(String::length).sum();
    }

    private List<String> values(CallRecord record) {
      String[] values = new String[table.columns().size()];
      Arrays.fill(values, "");
      try (JsonParser json = JSON.createParser(record.value())) {
        if (json.nextToken() != JsonToken.START_OBJECT) {
          throw new IOException("its value is not a JSON object");
        }
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          String name = json.currentName();
          JsonToken value = json.nextToken();
          if (table.columns().contains(name)) {
            String text = text(name, value, json);
            for (int i = 0; i < values.length; i++) {
              values[i] = table.columns().get(i).equals(name) ? text : values[i];
            }
          } else {
            json.skipChildren();
          }
        }
        if (json.nextToken() != null) {
          throw new IOException("text follows its JSON object");
        }
      } catch (IOException e) {
        throw failed(record, String.valueOf(e.getMessage()).lines().findFirst().orElse(""), e);
      }
      return List.of(values);
    }

    private static String text(String name, JsonToken value, JsonParser json) throws IOException {
      if (value.isStructStart()) {
        throw new IOException("its member '" + name + "' is an object or an array");
      }
      return value == JsonToken.VALUE_NULL ? "" : json.getText();
    }

    private CallstreamException failed(
        CallRecord record, String reason, @Nullable IOException cause) {
      String message =
          "The record at offset %s of partition %s of topic %s, which has the table of the lookup '%s', can't be used: %s. Send a correct record with its key, and start again with the same checkpoint: nothing is lost."
              .formatted(record.offset(), record.partition(), topic.name(), table.name(), reason);
      return cause == null
          ? new CallstreamException(ErrorCode.LOOKUP_FAILED, message)
          : new CallstreamException(ErrorCode.LOOKUP_FAILED, message, cause);
    }

    @Override
    public void close() {
      source.close();
    }
  }
}
