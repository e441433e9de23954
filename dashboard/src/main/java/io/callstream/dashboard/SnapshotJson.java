package io.callstream.dashboard;

import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.dashboard.Snapshot.Ranking;
import io.callstream.dashboard.Snapshot.Sample;
import io.callstream.dashboard.Snapshot.Spikes;
import io.callstream.dashboard.Snapshot.Table;
import io.callstream.dashboard.Snapshot.Timeline;
import io.callstream.progress.StabilityVerdict;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Converts snapshots to JSON. Times in charts are seconds since the epoch. */
final class SnapshotJson {
  private SnapshotJson() {}

  /** Returns the whole content of the page. */
  static String of(Snapshot snapshot) {
    return Json.object(
        json -> {
          writeRun(json, snapshot);
          if (snapshot.types().isPresent()) {
            write(json, "types", snapshot.types().get());
          }
          if (snapshot.calls().isPresent()) {
            write(json, snapshot.calls().get());
          }
          if (snapshot.week().isPresent()) {
            json.writeArrayFieldStart("week");
            for (List<Long> day : snapshot.week().get().counts()) {
              json.writeStartArray();
              for (long count : day) {
                json.writeNumber(count);
              }
              json.writeEndArray();
            }
            json.writeEndArray();
          }
          if (snapshot.dispositions().isPresent()) {
            write(json, "dispositions", snapshot.dispositions().get());
          }
          if (snapshot.locations().isPresent()) {
            write(json, "locations", snapshot.locations().get());
          }
          if (snapshot.spikes().isPresent()) {
            write(json, snapshot.spikes().get());
          }
          json.writeArrayFieldStart("others");
          for (Table table : snapshot.others()) {
            write(json, table);
          }
          json.writeEndArray();
          json.writeArrayFieldStart("history");
          for (Sample sample : snapshot.history()) {
            json.writeStartObject();
            json.writeNumberField("time", sample.time().toEpochMilli() / 1e3);
            writeRate(json, "arrived", sample.arrived());
            writeRate(json, "processed", sample.processed());
            writeRate(json, "emitted", sample.emitted());
            json.writeNumberField("lag", sample.lag());
            if (sample.latency().isPresent()) {
              json.writeNumberField("latencyMs", sample.latency().get().mean().toMillis());
            } else {
              json.writeNullField("latencyMs");
            }
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  /** Writes the fields of {@code /api/progress}. */
  static void writeRun(JsonGenerator json, Snapshot snapshot) throws IOException {
    json.writeStringField("run", snapshot.run().toString());
    json.writeStringField("time", snapshot.time().toString());
    json.writeStringField("state", snapshot.state().name());
    json.writeStringField("failure", snapshot.failure().orElse(null));
    json.writeStringField("source", snapshot.source());
    json.writeStringField("zone", snapshot.zone().getId());
    json.writeFieldName("progress");
    if (snapshot.progress().isPresent()) {
      json.writeRawValue(snapshot.progress().get().toJson());
    } else {
      json.writeNull();
    }
    json.writeFieldName("accounting");
    json.writeRawValue(snapshot.accounting().toJson());
    writeVerdict(json, snapshot.verdict().orElse(null));
  }

  private static void writeVerdict(JsonGenerator json, @Nullable StabilityVerdict verdict)
      throws IOException {
    json.writeFieldName("stability");
    if (verdict == null) {
      json.writeNull();
      return;
    }
    json.writeStartObject();
    json.writeBooleanField("stable", verdict.stable());
    json.writeArrayFieldStart("findings");
    for (StabilityVerdict.Finding finding : verdict.findings()) {
      json.writeStartObject();
      json.writeStringField("symptom", finding.symptom().name());
      json.writeStringField("evidence", finding.evidence());
      json.writeStringField("advice", finding.advice());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, String name, Ranking ranking) throws IOException {
    json.writeObjectFieldStart(name);
    json.writeNumberField("groups", ranking.groups());
    json.writeNumberField("total", ranking.total());
    json.writeNumberField("rest", ranking.rest());
    json.writeArrayFieldStart("entries");
    for (Ranking.Entry entry : ranking.entries()) {
      json.writeStartObject();
      json.writeStringField("name", entry.name());
      json.writeStringField("description", entry.description());
      json.writeNumberField("count", entry.count());
      json.writeNumberField("share", ranking.share(entry));
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, Timeline calls) throws IOException {
    json.writeObjectFieldStart("calls");
    json.writeArrayFieldStart("hours");
    for (Timeline.Hour hour : calls.hours()) {
      json.writeStartArray();
      json.writeNumber(hour.start().getEpochSecond());
      json.writeNumber(hour.count());
      json.writeEndArray();
    }
    json.writeEndArray();
    json.writeArrayFieldStart("days");
    for (Timeline.Day day : calls.days()) {
      json.writeStartArray();
      json.writeString(day.date().toString());
      json.writeNumber(day.count());
      json.writeEndArray();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, Spikes spikes) throws IOException {
    json.writeObjectFieldStart("spikes");
    json.writeStringField("start", spikes.window().map(w -> w.start().toString()).orElse(null));
    json.writeStringField("end", spikes.window().map(w -> w.end().toString()).orElse(null));
    json.writeNumberField("days", spikes.days());
    json.writeNumberField("daysNeeded", SpikeDetector.MIN_DAYS);
    json.writeStringField("leftOut", SpikeDetector.EXCLUDED);
    json.writeArrayFieldStart("entries");
    for (Spikes.Spike spike : spikes.spikes()) {
      json.writeStartObject();
      json.writeStringField("name", spike.type());
      json.writeNumberField("count", spike.count());
      json.writeNumberField("usual", spike.usual());
      json.writeNumberField("score", spike.score());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, Table table) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", table.name());
    json.writeNumberField("rows", table.rows());
    json.writeNumberField("numbersFrom", table.numbersFrom());
    json.writeArrayFieldStart("columns");
    for (String column : table.columns()) {
      json.writeString(column);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("cells");
    for (List<String> row : table.cells()) {
      json.writeStartArray();
      for (String cell : row) {
        json.writeString(cell);
      }
      json.writeEndArray();
    }
    json.writeEndArray();
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
