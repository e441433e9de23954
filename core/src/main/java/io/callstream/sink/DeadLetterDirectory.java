package io.callstream.sink;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.DurableFiles;
import io.callstream.internal.sink.DeadLetterCounts;
import io.callstream.pipeline.BatchResults;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hidden directory of the journals of dead letters, and the output directory that contains it.
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
   * Creates the hidden directory and its index if they do not exist. Replaces them for a pipeline
   * that starts from the beginning. The output directory exists and is locked.
   *
   * @throws CallstreamException if dead letters exist, but the index does not
   */
  void prepare(BatchResults restored) throws IOException {
    if (restored.number() < 0) {
      warnOfEarlierLetters();
      delete();
    }
    if (!Files.exists(index())) {
      if (hasJournals()) {
        throw damaged(nameOf(index()) + " is missing");
      }
      if (restored.number() >= 0) {
        requireNoPublishedLetters();
        warnOfMissingLetters(restored);
      }
      Files.createDirectories(hidden);
      DeadLetterIndex.create(index(), restored);
      DurableFiles.forceDirectory(hidden);
      DurableFiles.forceDirectory(output);
    }
  }

  private boolean hasJournals() throws IOException {
    try (Stream<Path> files = Files.isDirectory(hidden) ? Files.list(hidden) : Stream.of()) {
      return files.anyMatch(file -> file.toString().endsWith(".ndjson"));
    }
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

  /** Deletes the index first, because the other files are worth nothing without it. */
  private void delete() throws IOException {
    Files.deleteIfExists(index());
    if (Files.isDirectory(hidden)) {
      try (Stream<Path> files = Files.list(hidden)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
    }
  }

  void force() throws IOException {
    DurableFiles.forceDirectory(hidden);
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
