package io.callstream.sink;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.files.Closing;
import io.callstream.internal.files.DurableFiles;
import io.callstream.internal.sink.RowFormatter;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.Results;
import io.callstream.statistic.Statistic;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes CSV as RFC 4180 defines it, but with {@code \n} as line end. The first line is a header.
 * Values are quoted only if they contain a comma, a quote, a carriage return or a line feed. The
 * sink formats the lines of the windows that changed, and copies all others from the previous file,
 * so that they need no memory. To sort the rows of a window, it holds them in memory: about 200
 * bytes and the texts of each row.
 */
final class CsvSink implements ResultSink {
  static final String ACCOUNTING = "accounting.json";

  private static final Logger LOG = LoggerFactory.getLogger(CsvSink.class);
  private static final int CHUNK_CHARS = 1 << 16;
  private static final Pattern RECEIVED = Pattern.compile("\"received\":([1-9]\\d*)");

  private final Path directory;
  private final Map<String, Published> published = new HashMap<>();
  private @Nullable Publisher publisher;
  private @Nullable BatchResults latest;
  private List<Path> files = List.of();

  /** The lines of a window in a file, and the groups from which they were written. */
  private record Chunk(Groups groups, long position, long length) {}

  /** The last published version of a file. */
  private record Published(FileChannel content, FileTime modified, Map<Long, Chunk> chunks) {
    static Published of(Path file, Map<Long, Chunk> chunks) throws IOException {
      return new Published(
          FileChannel.open(file, StandardOpenOption.READ), Files.getLastModifiedTime(file), chunks);
    }

    /** Returns whether the file was not changed, replaced or deleted by another program. */
    boolean isStill(Path file) throws IOException {
      return Files.exists(file) && Files.getLastModifiedTime(file).equals(modified);
    }
  }

  CsvSink(Path directory) {
    this.directory = directory;
  }

  @Override
  public Set<Path> exclusiveDirectories() {
    return Set.of(directory);
  }

  @Override
  public void open(BatchResults restored) {
    try {
      Files.createDirectories(directory);
      if (restored.number() < 0) {
        warnOfEarlierResults();
      }
    } catch (IOException e) {
      throw Publisher.failed(directory, e);
    }
    files =
        Stream.concat(
                restored.pipeline().statistics().stream().map(Statistic::name).map(this::csv),
                Stream.of(directory.resolve(ACCOUNTING)))
            .toList();
    latest = restored;
    Publisher open = new Publisher(directory, this::publish);
    publisher = open;
    open.begin();
  }

  private void warnOfEarlierResults() throws IOException {
    Path accounting = directory.resolve(ACCOUNTING);
    if (!Files.isRegularFile(accounting)) {
      return;
    }
    Matcher received = RECEIVED.matcher(new String(Files.readAllBytes(accounting), UTF_8));
    if (received.find()) {
      LOG.warn(
          "The CSV files in {} have the results of {} records of an earlier run. This run has no"
              + " checkpoint, or a new one: it counts from the start and replaces them. To"
              + " continue the results of a run, start with its checkpoint. To keep them, name"
              + " another directory for the new run.",
          directory,
          received.group(1));
    }
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
  @SuppressWarnings("try")
  public void close() {
    Publisher open = publisher;
    publisher = null;
    if (open == null) {
      return;
    }
    try (Closeable ignored = this::closeFiles) {
      open.close();
      for (Path file : files) {
        Publisher.force(file);
      }
    } catch (IOException e) {
      throw Publisher.failed(directory, e);
    }
  }

  private void closeFiles() throws IOException {
    List<FileChannel> channels = published.values().stream().map(Published::content).toList();
    published.clear();
    Closing.all(channels, FileChannel::close);
  }

  private Path csv(String statistic) {
    return directory.resolve(statistic + ".csv");
  }

  private void publish() throws IOException {
    BatchResults batch = latest;
    if (batch == null) {
      return;
    }
    for (Statistic statistic : batch.pipeline().statistics()) {
      Results results = batch.results(statistic.name());
      Path file = csv(statistic.name());
      Published before = published.get(statistic.name());
      Published source = before != null && before.isStill(file) ? before : null;
      Map<Long, Chunk> chunks = new HashMap<>();
      Publisher.replace(
          file,
          channel -> writeCsv(results, batch.pipeline().format().zone(), source, chunks, channel));
      published.put(statistic.name(), Published.of(file, chunks));
      if (before != null) {
        before.content().close();
      }
    }
    Publisher.replace(
        directory.resolve(ACCOUNTING),
        channel -> DurableFiles.write(channel, (batch.total().toJson() + "\n").getBytes(UTF_8)));
    latest = null; // Kept until all files are published, so that close() retries a failure.
  }

  private static void writeCsv(
      Results results,
      ZoneId zone,
      @Nullable Published before,
      Map<Long, Chunk> chunks,
      FileChannel channel)
      throws IOException {
    Statistic statistic = results.statistic();
    RowFormatter formatter = new RowFormatter(statistic, zone);
    DurableFiles.write(channel, line(statistic.columns()).getBytes(UTF_8));
    if (!(results instanceof BlockResults windows)) {
      writeLines(results.rows(), formatter, channel);
      return;
    }
    for (Map.Entry<Long, Groups> entry : windows.groups().entrySet()) {
      long position = channel.position();
      Chunk known = before == null ? null : before.chunks().get(entry.getKey());
      if (before != null && known != null && known.groups() == entry.getValue()) {
        copy(before.content(), known, channel);
      } else {
        writeLines(windows.rows(entry.getKey(), entry.getValue()), formatter, channel);
      }
      chunks.put(
          entry.getKey(), new Chunk(entry.getValue(), position, channel.position() - position));
    }
  }

  private static void copy(FileChannel from, Chunk chunk, FileChannel to) throws IOException {
    long done = 0;
    while (done < chunk.length()) {
      long copied = from.transferTo(chunk.position() + done, chunk.length() - done, to);
      if (copied == 0) {
        throw new EOFException("a published file was cut off by somebody else");
      }
      done += copied;
    }
  }

  private static void writeLines(List<ResultRow> rows, RowFormatter formatter, FileChannel channel)
      throws IOException {
    StringBuilder lines = new StringBuilder(CHUNK_CHARS);
    for (ResultRow row : rows) {
      lines.append(line(formatter.cells(row)));
      if (lines.length() >= CHUNK_CHARS) {
        DurableFiles.write(channel, lines.toString().getBytes(UTF_8));
        lines.setLength(0);
      }
    }
    DurableFiles.write(channel, lines.toString().getBytes(UTF_8));
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

  @Override
  public String toString() {
    return "CSV files in " + directory;
  }
}
