package io.callstream.sink;

import io.callstream.internal.sink.DeadLetterCounts;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetterSink;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/*
 * Dead letters are first appended durably to a journal for each kind and partition; see
 * DeadLetterJournals. A published file is the concatenation of the journals of a kind, which is
 * copied and moved into place. In each partition, dead letters are in the order of offsets, so the
 * published file does not depend on batch boundaries. The journals remain: the next run continues
 * them, and restores a published file from them if it was changed or deleted.
 */
final class DeadLetterFiles implements DeadLetterSink {
  /**
   * A rate below that of any supported disk. In one second, this number of bytes can be read or
   * copied twice.
   */
  private static final long BYTES_PER_SECOND = 4 << 20;

  private final Path directory;

  /** The size of the journals in bytes. */
  private volatile long stored;

  private DeadLetterCounts expected = new DeadLetterCounts();
  private @Nullable DeadLetterLines lines;
  private @Nullable DeadLetterJournals journals;
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
    lines = new DeadLetterLines(restored.pipeline().format().zone());
    expected = DeadLetterCounts.of(restored.total());
    try {
      Files.createDirectories(directory);
      DeadLetterDirectory hidden = new DeadLetterDirectory(directory);
      stored = hidden.bytes();
      DeadLetterJournals opened = DeadLetterJournals.open(hidden, restored);
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
    DeadLetterJournals written = journals;
    if (open == null || written == null || lines == null) {
      throw new IllegalStateException("the dead-letter files are not open");
    }
    synchronized (open) {
      try {
        written.append(batch.number(), letters, lines);
      } catch (IOException e) {
        throw Publisher.failed(directory, e);
      }
      expected = DeadLetterCounts.of(batch.total());
      stored = written.confirmedBytes();
      open.request();
    }
  }

  private void publish(DeadLetterJournals open) throws IOException {
    for (DeadLetterKind kind : DeadLetterKind.values()) {
      Publisher.replace(directory.resolve(kind.file), target -> open.copyTo(kind, target));
    }
  }

  @Override
  public void close() {
    Publisher open = publisher;
    DeadLetterJournals written = journals;
    publisher = null;
    journals = null;
    if (written == null) {
      return;
    }
    try (written) {
      if (open != null) {
        open.close();
        for (DeadLetterKind kind : DeadLetterKind.values()) {
          Publisher.force(directory.resolve(kind.file));
          written.requirePublished(kind);
        }
        written.requireCounts(expected);
      }
    } catch (IOException e) {
      throw Publisher.failed(directory, e);
    }
  }

  @Override
  public String toString() {
    return "dead-letter files in " + directory;
  }
}
