package io.callstream.sink;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.LetterCounts;
import io.callstream.pipeline.Origin;
import io.callstream.sink.LetterJournals.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/*
 * Dead letters are first appended durably to a journal for each kind and partition; see
 * LetterJournals. A published file is the concatenation of the journals of a kind, which is copied
 * and moved into place. In each partition, dead letters are in the order of offsets, so the
 * published file does not depend on batch boundaries. The journals remain: the next run continues
 * them, and restores a published file from them if it was changed or deleted.
 */
final class DeadLetterFiles implements DeadLetterSink {
  private static final JsonFactory JSON = new JsonFactory();

  /** Always with milliseconds, like timestamps in Kafka. */
  private static final DateTimeFormatter TIMESTAMP =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSXXX");

  /**
   * A rate below that of any supported disk. In one second, this number of bytes can be read or
   * copied twice.
   */
  private static final long BYTES_PER_SECOND = 4 << 20;

  private final Path directory;

  /** The size of the journals in bytes. */
  private volatile long stored;

  private ZoneId zone = ZoneOffset.UTC;
  private LetterCounts expected = new LetterCounts();
  private @Nullable LetterJournals journals;
  private @Nullable Publisher publisher;

  DeadLetterFiles(Path directory) {
    this.directory = directory;
  }

  @Override
  public Set<Path> exclusiveDirectories() {
    return Set.of(directory);
  }

  /**
   * Returns the time to read or copy all dead letters, which opening, publishing and closing
   * require.
   */
  @Override
  public Duration extraTime() {
    return Duration.ofSeconds(stored / BYTES_PER_SECOND);
  }

  @Override
  public void open(BatchResults restored, Map<Integer, Long> nextOffsets) {
    zone = restored.pipeline().format().zone();
    expected = LetterCounts.of(restored.total());
    try {
      Files.createDirectories(directory);
      stored = LetterJournals.storedBytes(directory);
      LetterJournals opened = LetterJournals.open(directory, restored);
      journals = opened;
      publisher = new Publisher(directory, () -> publish(opened));
      publisher.request();
    } catch (IOException e) {
      throw Publisher.failed(directory, e);
    }
  }

  @Override
  public void write(BatchResults batch, Iterable<DeadLetter> letters) {
    Publisher open = publisher;
    LetterJournals written = journals;
    if (open == null || written == null) {
      throw new IllegalStateException("the dead-letter files are not open");
    }
    synchronized (open) {
      try {
        written.append(batch.number(), letters, this::write);
      } catch (IOException e) {
        throw Publisher.failed(directory, e);
      }
      expected = LetterCounts.of(batch.total());
      stored = written.confirmedBytes();
      open.request();
    }
  }

  private void publish(LetterJournals open) throws IOException {
    for (Kind kind : Kind.values()) {
      Publisher.replace(directory.resolve(kind.file), target -> open.copyTo(kind, target));
    }
  }

  @Override
  public void close() {
    Publisher open = publisher;
    LetterJournals written = journals;
    publisher = null;
    journals = null;
    if (written == null) {
      return;
    }
    try (written) {
      if (open != null) {
        open.close();
        for (Kind kind : Kind.values()) {
          Publisher.force(directory.resolve(kind.file));
          written.requirePublished(kind);
        }
        written.requireCounts(expected, "at the end of the run");
      }
    } catch (IOException e) {
      throw Publisher.failed(directory, e);
    }
  }

  // ---- lines

  private void write(DeadLetter letter, ByteArrayOutputStream out) throws IOException {
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      if (letter instanceof Rejected rejected) {
        json.writeStringField("reason", rejected.reason().code());
        json.writeStringField("field", rejected.field());
        if (rejected.detail() != null) {
          json.writeStringField("detail", rejected.detail());
        }
      } else if (letter instanceof Late late) {
        json.writeArrayFieldStart("late");
        for (MissedWindow missed : late.missed()) {
          json.writeStartObject();
          json.writeStringField("statistic", missed.statistic());
          json.writeStringField("window_start", time(missed.window().start()));
          json.writeStringField("window_end", time(missed.window().end()));
          json.writeEndObject();
        }
        json.writeEndArray();
      }
      Origin origin = letter.origin();
      json.writeStringField("topic", origin.topic());
      json.writeNumberField("partition", origin.partition());
      json.writeNumberField("offset", origin.offset());
      json.writeStringField("timestamp", TIMESTAMP.format(origin.timestamp().atZone(zone)));
      byte[] value = letter.value();
      if (value == null) {
        json.writeNullField("value");
      } else {
        json.writeBinaryField("value", value);
      }
      json.writeEndObject();
    }
  }

  private String time(Instant moment) {
    return Texts.times(zone).format(moment);
  }

  @Override
  public String toString() {
    return "dead-letter files in " + directory;
  }
}
