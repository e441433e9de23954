package io.callstream.internal.engine;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.FileFailures;
import io.callstream.internal.task.DeadLetterFormat;
import io.callstream.internal.task.DeadLetterMerge;
import io.callstream.pipeline.DeadLetter;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The dead letters of a partition in a batch, in order. The first 4 MiB are in memory, and the rest
 * in a file, because their number has no limit. Not thread-safe.
 */
final class DeadLetterBuffer implements DeadLetterMerge.Input, AutoCloseable {
  private static final int BYTES_IN_MEMORY = 4 << 20;

  private final @Nullable Path directory;
  private final ByteArrayOutputStream memory = new ByteArrayOutputStream();
  private final DataOutputStream head = new DataOutputStream(memory);
  private @Nullable Path file;
  private @Nullable DataOutputStream tail;

  /** Creates a buffer. The directory is null for that of temporary files. */
  DeadLetterBuffer(@Nullable Path directory) {
    this.directory = directory;
  }

  void add(DeadLetter letter) {
    try {
      DeadLetterFormat.write(letter, memory.size() < BYTES_IN_MEMORY ? head : tail());
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private DataOutputStream tail() throws IOException {
    DataOutputStream open = tail;
    if (open == null) {
      Path made =
          directory == null
              ? Files.createTempFile("callstream-" + BatchPart.LETTER_FILES, ".tmp")
              : Files.createTempFile(directory, BatchPart.LETTER_FILES, ".tmp");
      file = made;
      open = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(made), 1 << 16));
      tail = open;
    }
    return open;
  }

  /** Marks the end of the dead letters. No dead letter can be added afterwards. */
  DeadLetterBuffer finish() {
    try {
      DeadLetterFormat.writeEnd(tail == null ? head : tail);
      if (tail != null) {
        tail.close();
      }
      return this;
    } catch (IOException e) {
      throw failed(e);
    }
  }

  @Override
  public InputStream open() throws IOException {
    InputStream first = new ByteArrayInputStream(memory.toByteArray());
    return file == null ? first : new SequenceInputStream(first, Files.newInputStream(file));
  }

  @Override
  public void close() {
    try {
      try {
        if (tail != null) {
          tail.close();
        }
      } finally {
        if (file != null) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private CallstreamException failed(IOException e) {
    Path place = directory == null ? Path.of(System.getProperty("java.io.tmpdir")) : directory;
    return new CallstreamException(
        ErrorCode.ENVIRONMENT,
        ("Dead letters cannot be kept in %s until the sinks get them: %s. %s Then start again with"
                + " the same checkpoint: nothing is lost.")
            .formatted(place, e, FileFailures.advice(place, e)),
        e);
  }
}
