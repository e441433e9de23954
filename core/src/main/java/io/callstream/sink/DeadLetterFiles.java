package io.callstream.sink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.Pipeline;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/*
 * Letters are first appended, durably, to a journal for each kind and partition in a hidden
 * directory; what others see is the journals of a kind one after the other, copied and moved into
 * place. In each partition letters come in the order of offsets, so that the published file is the
 * same wherever batches ended. A letter knows its offset: after a crash, all that is at or behind
 * the place where the pipeline goes on is cut off, since it comes again. A run that ends well
 * removes the journals; the next one makes them anew from the published files.
 */
final class DeadLetterFiles implements DeadLetterSink {
  private static final JsonFactory JSON = new JsonFactory();

  /** Always to the millisecond, as Kafka has it. */
  private static final DateTimeFormatter TIMESTAMP =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSXXX");

  private static final int BUFFER_BYTES = 1 << 18;

  /** The two published files. */
  private enum Kind {
    REJECTED("rejected.ndjson"),
    LATE("late.ndjson");

    final String file;

    Kind(String file) {
      this.file = file;
    }
  }

  private final Path directory;
  private final Path journals;
  private final Path removed;
  private final Map<Kind, Map<Integer, FileChannel>> channels = new HashMap<>();
  private ZoneId zone = ZoneOffset.UTC;
  private @Nullable Publisher publisher;

  DeadLetterFiles(Path directory) {
    this.directory = directory;
    this.journals = directory.resolve(".dead-letters");
    this.removed = directory.resolve(".dead-letters.old");
  }

  @Override
  public void open(Pipeline pipeline, Map<Integer, Long> nextOffsets) {
    zone = pipeline.format().zone();
    try {
      Files.createDirectories(directory);
      for (Kind kind : Kind.values()) {
        channels.put(kind, new TreeMap<>());
      }
      takeUp(nextOffsets);
    } catch (IOException e) {
      throw Publisher.failed(directory, e);
    }
    publisher = new Publisher(directory, this::publish);
    publisher.request();
  }

  @Override
  public void write(long batch, Iterable<DeadLetter> letters) {
    Publisher open = publisher;
    if (open == null) {
      throw new IllegalStateException("the dead-letter files are not open");
    }
    synchronized (open) {
      try {
        append(letters);
      } catch (IOException e) {
        throw Publisher.failed(directory, e);
      }
      open.request();
    }
  }

  private void append(Iterable<DeadLetter> letters) throws IOException {
    Map<FileChannel, ByteArrayOutputStream> buffers = new HashMap<>();
    for (DeadLetter letter : letters) {
      Kind kind = letter instanceof Rejected ? Kind.REJECTED : Kind.LATE;
      FileChannel journal = channel(kind, letter.origin().partition());
      ByteArrayOutputStream buffer =
          buffers.computeIfAbsent(journal, c -> new ByteArrayOutputStream());
      write(letter, buffer);
      buffer.write('\n');
      if (buffer.size() >= BUFFER_BYTES) {
        drain(buffer, journal);
      }
    }
    for (Map.Entry<FileChannel, ByteArrayOutputStream> entry : buffers.entrySet()) {
      drain(entry.getValue(), entry.getKey());
      entry.getKey().force(true);
    }
  }

  private static void drain(ByteArrayOutputStream buffer, FileChannel journal) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(buffer.toByteArray());
    while (bytes.hasRemaining()) {
      journal.write(bytes);
    }
    buffer.reset();
  }

  private FileChannel channel(Kind kind, int partition) throws IOException {
    Map<Integer, FileChannel> open = partitions(kind);
    FileChannel channel = open.get(partition);
    if (channel == null) {
      channel = FileChannel.open(journal(kind, partition), CREATE, READ, WRITE);
      channel.position(channel.size());
      open.put(partition, channel);
    }
    return channel;
  }

  private Map<Integer, FileChannel> partitions(Kind kind) {
    return channels.computeIfAbsent(kind, k -> new TreeMap<>());
  }

  private Path journal(Kind kind, int partition) {
    return journals.resolve(partition + "-" + kind.file);
  }

  private void publish() throws IOException {
    for (Kind kind : Kind.values()) {
      Publisher.replace(
          directory.resolve(kind.file),
          target -> {
            for (FileChannel journal : partitions(kind).values()) {
              long from = 0;
              while (from < journal.size()) {
                from += journal.transferTo(from, journal.size() - from, target);
              }
            }
          });
    }
  }

  @Override
  public void close() {
    Publisher open = publisher;
    publisher = null;
    try {
      try {
        if (open != null) {
          open.close();
          for (Kind kind : Kind.values()) {
            Publisher.force(directory.resolve(kind.file));
          }
        }
      } finally {
        closeChannels();
      }
      if (open != null) {
        deleteJournals();
      }
    } catch (IOException e) {
      throw Publisher.failed(directory, e);
    }
  }

  private void closeChannels() throws IOException {
    for (Map<Integer, FileChannel> open : channels.values()) {
      for (FileChannel channel : open.values()) {
        channel.close();
      }
      open.clear();
    }
  }

  /** Takes the journals away at once, so that no run ever takes up some of them for all. */
  private void deleteJournals() throws IOException {
    delete(removed);
    if (Files.isDirectory(journals)) {
      Files.move(journals, removed, StandardCopyOption.ATOMIC_MOVE);
      delete(removed);
    }
  }

  private static void delete(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      try (Stream<Path> files = Files.list(directory)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(directory);
    }
  }

  // ---- going on after an earlier run

  private void takeUp(Map<Integer, Long> nextOffsets) throws IOException {
    Path fresh = directory.resolve(".dead-letters.new");
    delete(fresh);
    delete(removed);
    if (nextOffsets.isEmpty()) {
      deleteJournals();
      Files.createDirectories(journals);
      return;
    }
    if (!Files.isDirectory(journals)) {
      Files.createDirectories(fresh);
      for (Kind kind : Kind.values()) {
        split(directory.resolve(kind.file), kind, fresh);
      }
      Files.move(fresh, journals);
    }
    for (Kind kind : Kind.values()) {
      for (int partition : journaledPartitions(kind)) {
        FileChannel channel = channel(kind, partition);
        channel.truncate(
            lengthBefore(journal(kind, partition), nextOffsets.getOrDefault(partition, 0L)));
        channel.position(channel.size());
      }
    }
  }

  private List<Integer> journaledPartitions(Kind kind) throws IOException {
    try (Stream<Path> files = Files.list(journals)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith("-" + kind.file))
          .map(name -> Integer.valueOf(name.substring(0, name.indexOf('-'))))
          .sorted(Comparator.naturalOrder())
          .toList();
    }
  }

  private static void split(Path published, Kind kind, Path target) throws IOException {
    if (!Files.exists(published)) {
      return;
    }
    Map<Integer, BufferedWriter> journals = new HashMap<>();
    try (BufferedReader lines = Files.newBufferedReader(published, UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Place place = place(line.getBytes(UTF_8));
        if (place == null) {
          continue;
        }
        BufferedWriter journal = journals.get(place.partition());
        if (journal == null) {
          journal = Files.newBufferedWriter(target.resolve(place.partition() + "-" + kind.file));
          journals.put(place.partition(), journal);
        }
        journal.write(line);
        journal.write('\n');
      }
    } finally {
      for (BufferedWriter journal : journals.values()) {
        journal.close();
      }
    }
  }

  /** Returns the bytes of the whole lines that are before an offset. */
  private static long lengthBefore(Path journal, long offset) throws IOException {
    long length = 0;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(journal))) {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      int b;
      while ((b = in.read()) >= 0) {
        if (b != '\n') {
          line.write(b);
          continue;
        }
        Place place = place(line.toByteArray());
        if (place == null || place.offset() >= offset) {
          return length;
        }
        length += line.size() + 1L;
        line.reset();
      }
    }
    return length;
  }

  private record Place(int partition, long offset) {}

  /** Returns where a line's record came from, or null if the line is not whole. */
  private static @Nullable Place place(byte[] line) {
    int partition = -1;
    long offset = -1;
    try (JsonParser json = JSON.createParser(line)) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        json.nextToken();
        if (name.equals("partition")) {
          partition = json.getIntValue();
        } else if (name.equals("offset")) {
          offset = json.getLongValue();
        }
        json.skipChildren();
      }
    } catch (IOException e) {
      return null;
    }
    return partition < 0 || offset < 0 ? null : new Place(partition, offset);
  }

  // ---- lines

  private void write(DeadLetter letter, ByteArrayOutputStream out) throws IOException {
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      if (letter instanceof Rejected rejected) {
        json.writeStringField("reason", rejected.reason().code());
        json.writeStringField("field", rejected.field());
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
