package io.callstream.sink;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.sink.DeadLetterCounts;
import io.callstream.pipeline.BatchResults;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hidden directory of the journals of dead letters, and the output directory that contains it.
 * It is created and removed atomically, so no run finds only a part of it. Immutable.
 */
final class DeadLetterDirectory {
  private static final Logger LOG = LoggerFactory.getLogger(DeadLetterDirectory.class);
  private static final String NAME = ".dead-letters";
  private static final String INDEX = "index";

  private final Path output;
  private final Path hidden;

  DeadLetterDirectory(Path output) {
    this.output = output;
    this.hidden = output.resolve(NAME);
  }

  Path output() {
    return output;
  }

  Path index() {
    return hidden.resolve(INDEX);
  }

  Path journal(DeadLetterJournal.JournalId id) {
    return hidden.resolve(id.partition() + "-" + id.kind().file);
  }

  Path published(DeadLetterKind kind) {
    return output.resolve(kind.file);
  }

  static String nameOf(Path file) {
    return NAME + "/" + file.getFileName();
  }

  /** Returns the size of all hidden files in bytes; 0 if there are none. */
  long bytes() throws IOException {
    if (!Files.isDirectory(hidden)) {
      return 0;
    }
    long bytes = 0;
    try (Stream<Path> files = Files.list(hidden)) {
      for (Path file : files.toList()) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }

  /**
   * Creates the hidden directory if it does not exist. Replaces it for a pipeline that starts from
   * the beginning. The output directory exists and is locked.
   *
   * @throws CallstreamException if dead letters exist, but the hidden directory does not
   */
  void prepare(BatchResults restored) throws IOException {
    delete(draft());
    delete(removed());
    if (restored.number() < 0) {
      warnOfEarlierLetters();
      remove();
    }
    if (!Files.exists(hidden)) {
      if (restored.number() >= 0) {
        requireNoPublishedLetters();
        warnOfMissingLetters(restored);
      }
      create(restored);
    }
    if (!Files.isRegularFile(index())) {
      throw damaged(nameOf(index()) + " is missing");
    }
  }

  /** The name of the hidden directory while it is created. */
  private Path draft() {
    return output.resolve(NAME + ".new");
  }

  /** The name of the hidden directory while it is deleted. */
  private Path removed() {
    return output.resolve(NAME + ".old");
  }

  private void warnOfEarlierLetters() throws IOException {
    for (DeadLetterKind kind : DeadLetterKind.values()) {
      if (hasPublished(kind)) {
        LOG.warn(
            "The file {} has dead letters of an earlier run. This run has no checkpoint, or a new"
                + " one: it counts from the start and replaces them. To continue the dead letters"
                + " of a run, start with its checkpoint. To keep them, name another directory for"
                + " the new run.",
            published(kind));
      }
    }
  }

  private boolean hasPublished(DeadLetterKind kind) throws IOException {
    return Files.exists(published(kind)) && Files.size(published(kind)) > 0;
  }

  private void requireNoPublishedLetters() throws IOException {
    for (DeadLetterKind kind : DeadLetterKind.values()) {
      if (hasPublished(kind)) {
        throw damaged(NAME + " is missing, and only it shows which run wrote " + kind.file);
      }
    }
  }

  private void warnOfMissingLetters(BatchResults restored) {
    DeadLetterCounts missing = DeadLetterCounts.of(restored.total());
    if (!missing.equals(new DeadLetterCounts())) {
      LOG.warn(
          "The dead-letter files in {} begin after batch {}: the dead letters of earlier batches"
              + " ({}) are not in them",
          output,
          restored.number(),
          missing);
    }
  }

  private void create(BatchResults restored) throws IOException {
    Path draft = Files.createDirectories(draft());
    DeadLetterIndex.create(draft.resolve(INDEX), restored);
    Publisher.forceDirectory(draft);
    Files.move(draft, hidden, StandardCopyOption.ATOMIC_MOVE);
    Publisher.forceDirectory(output);
  }

  private void remove() throws IOException {
    if (Files.exists(hidden)) {
      Files.move(hidden, removed(), StandardCopyOption.ATOMIC_MOVE);
      delete(removed());
    }
  }

  private static void delete(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      try (Stream<Path> files = Files.list(directory)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
    }
    Files.deleteIfExists(directory);
  }

  /** Makes new files in the hidden directory durable. */
  void force() throws IOException {
    Publisher.forceDirectory(hidden);
  }

  /** Returns the failure for files that are not what a run wrote. */
  CallstreamException damaged(String how) {
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        ("The dead-letter files in %s are damaged: %s. Restore the directory from a copy that is"
                + " not older than the checkpoint, or name another one, whose files begin with the"
                + " next batch.")
            .formatted(output, how));
  }
}
