package io.callstream.benchmarks.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A directory for the files of one pipeline. Closing deletes it.
 *
 * @param path the directory
 */
public record TemporaryDirectory(Path path) implements AutoCloseable {
  /** Creates an empty directory. */
  public static TemporaryDirectory create() {
    try {
      return new TemporaryDirectory(Files.createTempDirectory("callstream-benchmark-"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the location for a checkpoint. */
  public String checkpoint() {
    return path.resolve("checkpoint").toString();
  }

  /** Returns the directory for dead letters. */
  public Path deadLetters() {
    return path.resolve("dead-letters");
  }

  @Override
  public void close() {
    try (Stream<Path> files = Files.walk(path)) {
      List<Path> all = files.sorted(Comparator.reverseOrder()).toList();
      for (Path file : all) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
