package io.callstream.sink;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.internal.sink.RowFormatter;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.Origin;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/** Writes dead letters as lines of JSON. Thread-safe. */
final class DeadLetterLines {
  private static final JsonFactory JSON = new JsonFactory();

  private final DateTimeFormatter windowTime;

  /** Always with milliseconds, like timestamps in Kafka. */
  private final DateTimeFormatter timestamp;

  DeadLetterLines(ZoneId zone) {
    this.windowTime = RowFormatter.times(zone);
    this.timestamp = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSXXX").withZone(zone);
  }

  /** Appends a dead letter to bytes, with a line end. */
  void write(DeadLetter letter, ByteArrayOutputStream out) throws IOException {
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      if (letter instanceof Rejected rejected) {
        write(rejected, json);
      } else if (letter instanceof Late late) {
        write(late, json);
      }
      write(letter.origin(), json);
      if (letter instanceof Late late && late.call() > 0) {
        json.writeNumberField("call", late.call());
      }
      byte[] value = letter.value();
      if (value == null) {
        json.writeNullField("value");
      } else {
        json.writeBinaryField("value", value);
      }
      json.writeEndObject();
    }
    out.write('\n');
  }

  private static void write(Rejected rejected, JsonGenerator json) throws IOException {
    json.writeStringField("reason", rejected.reason().code());
    json.writeStringField("field", rejected.field());
    if (rejected.detail() != null) {
      json.writeStringField("detail", rejected.detail());
    }
  }

  private void write(Late late, JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("late");
    for (MissedWindow missed : late.missed()) {
      json.writeStartObject();
      json.writeStringField("statistic", missed.statistic());
      json.writeStringField("window_start", windowTime.format(missed.window().start()));
      json.writeStringField("window_end", windowTime.format(missed.window().end()));
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private void write(Origin origin, JsonGenerator json) throws IOException {
    json.writeStringField("topic", origin.topic());
    json.writeNumberField("partition", origin.partition());
    json.writeNumberField("offset", origin.offset());
    json.writeStringField("timestamp", timestamp.format(origin.timestamp()));
  }
}
