package io.callstream.engine.local;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.DamagedFileException;
import io.callstream.internal.ledger.Fingerprint;
import io.callstream.internal.ledger.Ledger;
import io.callstream.pipeline.KafkaTopic.Part;
import io.callstream.pipeline.Pipeline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Reads the checkpoint of a part of a topic, also while its run writes to it. A run replaces the
 * log from time to time, so files that were listed can be gone when they are read. Then everything
 * is read again.
 */
final class PartReader {
  private static final int MOST_ATTEMPTS = 20;
  private static final Pattern PART = Pattern.compile("(\\d{1,4})/(\\d{1,4})");

  private final Pipeline pipeline;
  private final Path root;
  private final Path directory;

  private PartReader(Pipeline pipeline, Path checkpoint) {
    this.pipeline = pipeline;
    root = checkpoint.toAbsolutePath().normalize();
    directory = root.resolve(LocalCheckpoint.OURS);
  }

  /**
   * The state after the last complete batch of a part.
   *
   * @param root the directory of the checkpoint
   * @param topicId the id of the topic
   */
  record PartState(Path root, Part part, String topicId, Ledger ledger) {}

  static PartState read(Pipeline pipeline, Path checkpoint) {
    return new PartReader(pipeline, checkpoint).read();
  }

  private PartState read() {
    for (int attempt = 1; ; attempt++) {
      Map<String, Long> before = sizes();
      try {
        return readOnce();
      } catch (IOException | CallstreamException e) {
        if (attempt == MOST_ATTEMPTS || sizes().equals(before)) {
          throw e instanceof IOException failed
              ? LocalCheckpoint.failed(root, failed)
              : (CallstreamException) e;
        }
      }
    }
  }

  private PartState readOnce() throws IOException {
    if (!Files.exists(directory.resolve(Fingerprint.FILE))) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          ("The directory %s has no checkpoint. Name the checkpoint directory of a process that has"
                  + " started.")
              .formatted(root));
    }
    Fingerprint recorded = LocalCheckpoint.recorded(directory);
    Part part =
        recorded
            .line(LocalCheckpoint.PART)
            .flatMap(PartReader::part)
            .orElseThrow(
                () ->
                    new CallstreamException(
                        ErrorCode.CHECKPOINT,
                        ("The checkpoint directory %s is not that of a part of a topic, so there is"
                                + " nothing to merge with it. Name the checkpoint directories of"
                                + " runs with KafkaTopic.part or --part.")
                            .formatted(root)));
    String topicId = recorded.line(Fingerprint.SOURCE_ID).orElse("");
    Fingerprint run = LocalCheckpoint.fingerprint(pipeline, Optional.of(part), topicId);
    recorded.requireContinuedBy(run, false, root.toString());
    Ledger ledger;
    try (LocalCheckpoint checkpoint = LocalCheckpoint.reading(root, recorded)) {
      ledger =
          checkpoint.isComplete()
              ? checkpoint.restore(pipeline, run, Instant.EPOCH)
              : Ledger.inMemory(pipeline);
    }
    if (!LocalCheckpoint.recorded(directory).equals(recorded)) {
      throw new DamagedFileException(Fingerprint.FILE + " changed while it was read");
    }
    return new PartState(root, part, topicId, ledger);
  }

  private static Optional<Part> part(String text) {
    Matcher numbers = PART.matcher(text);
    return numbers.matches()
        ? Optional.of(
            new Part(Integer.parseInt(numbers.group(1)), Integer.parseInt(numbers.group(2))))
        : Optional.empty();
  }

  /** Returns the files and their sizes, which change with every batch. */
  private Map<String, Long> sizes() {
    Map<String, Long> sizes = new HashMap<>();
    try (Stream<Path> listed = Files.list(directory)) {
      for (Path file : listed.toList()) {
        sizes.put(file.getFileName().toString(), size(file));
      }
    } catch (IOException e) {
      return Map.of();
    }
    return sizes;
  }

  private static long size(Path file) throws IOException {
    try {
      return Files.size(file);
    } catch (NoSuchFileException e) {
      return -1;
    }
  }
}
