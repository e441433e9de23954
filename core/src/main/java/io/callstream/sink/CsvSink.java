package io.callstream.sink;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.Results;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * CSV as RFC 4180 has it, but with {@code \n}: a header line, values quoted only where they hold a
 * comma, a quote, a carriage return or a line feed. The text of a window is made again only when
 * the window changed.
 */
final class CsvSink implements ResultSink {
  static final String ACCOUNTING = "accounting.json";

  private final Path directory;
  private final Map<String, Map<Long, Chunk>> chunks = new HashMap<>();
  private @Nullable Publisher publisher;
  private @Nullable BatchResults latest;
  private List<Path> files = List.of();

  /** The lines of a window, and the block that they were made of. */
  private record Chunk(byte[] block, byte[] lines) {}

  CsvSink(Path directory) {
    this.directory = directory;
  }

  @Override
  public void open(BatchResults restored) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw Publisher.failed(directory, e);
    }
    chunks.clear();
    files =
        Stream.concat(
                restored.pipeline().statistics().stream().map(Statistic::name).map(this::csv),
                Stream.of(directory.resolve(ACCOUNTING)))
            .toList();
    publisher = new Publisher(directory, this::publish);
    write(restored);
  }

  @Override
  public void write(BatchResults batch) {
    Publisher open = publisher;
    if (open == null) {
      throw new IllegalStateException("the CSV sink is not open");
    }
    synchronized (open) {
      latest = batch;
      open.request();
    }
  }

  @Override
  public void close() {
    Publisher open = publisher;
    publisher = null;
    if (open == null) {
      return;
    }
    open.close();
    try {
      for (Path file : files) {
        Publisher.force(file);
      }
    } catch (IOException e) {
      throw Publisher.failed(directory, e);
    }
  }

  private Path csv(String statistic) {
    return directory.resolve(statistic + ".csv");
  }

  private void publish() throws IOException {
    BatchResults batch = latest;
    if (batch == null) {
      return;
    }
    latest = null;
    for (Statistic statistic : batch.pipeline().statistics()) {
      Results results = batch.results(statistic.name());
      Publisher.replace(
          csv(statistic.name()),
          channel -> writeCsv(results, batch.pipeline().format().zone(), channel));
    }
    Publisher.replace(
        directory.resolve(ACCOUNTING),
        channel -> write(channel, (batch.total().toJson() + "\n").getBytes(UTF_8)));
  }

  private void writeCsv(Results results, ZoneId zone, FileChannel channel) throws IOException {
    Statistic statistic = results.statistic();
    Texts texts = new Texts(statistic, zone);
    Map<Long, Chunk> known = chunks.computeIfAbsent(statistic.name(), name -> new HashMap<>());
    known.keySet().retainAll(results.blocks().keySet());
    write(channel, line(statistic.columns()).getBytes(UTF_8));
    for (Map.Entry<Long, byte[]> entry : results.blocks().entrySet()) {
      Chunk chunk = known.get(entry.getKey());
      if (chunk == null || chunk.block() != entry.getValue()) {
        chunk =
            new Chunk(
                entry.getValue(), lines(results.rows(entry.getKey(), entry.getValue()), texts));
        known.put(entry.getKey(), chunk);
      }
      write(channel, chunk.lines());
    }
  }

  private static byte[] lines(List<ResultRow> rows, Texts texts) {
    StringBuilder lines = new StringBuilder(rows.size() * 64);
    rows.forEach(row -> lines.append(line(texts.cells(row))));
    return lines.toString().getBytes(UTF_8);
  }

  static String line(List<String> cells) {
    StringBuilder line = new StringBuilder(64);
    for (int i = 0; i < cells.size(); i++) {
      if (i > 0) {
        line.append(',');
      }
      appendQuoted(line, cells.get(i));
    }
    return line.append('\n').toString();
  }

  private static void appendQuoted(StringBuilder line, String cell) {
    boolean plain = true;
    for (int i = 0; i < cell.length() && plain; i++) {
      char c = cell.charAt(i);
      plain = c != ',' && c != '"' && c != '\n' && c != '\r';
    }
    if (plain) {
      line.append(cell);
    } else {
      line.append('"').append(cell.replace("\"", "\"\"")).append('"');
    }
  }

  private static void write(FileChannel channel, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  @Override
  public String toString() {
    return "CSV files in " + directory;
  }
}
