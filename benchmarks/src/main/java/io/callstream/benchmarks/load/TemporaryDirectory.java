package io.callstream.benchmarks.load;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.ZoneId;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
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

  /**
   * Returns a pipeline of the first standard statistics, with dead letters in this directory.
   *
   * @param statistics the number of statistics, at most that of the standard statistics
   */
  public Pipeline.Builder pipeline(
      KafkaTopic topic, ZoneId zone, Duration lateness, int statistics) {
    return Pipeline.builder(topic, SanFranciscoCalls.json(zone))
        .statistics(StandardStatistics.all(zone, lateness).subList(0, statistics))
        .lookup(StandardStatistics.dispositions())
        .deadLetters(Sinks.deadLetterFiles(path.resolve("dead-letters")));
  }

  /**
   * Returns the size of all files in bytes. Other threads may create and delete files meanwhile.
   */
  public long bytes() {
    AtomicLong sum = new AtomicLong();
    try {
      Files.walkFileTree(
          path,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              sum.addAndGet(attributes.size());
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
              return FileVisitResult.CONTINUE; // The file was deleted.
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return sum.get();
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
