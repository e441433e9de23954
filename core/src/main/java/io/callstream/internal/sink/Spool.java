package io.callstream.internal.sink;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Collects what a task writes until it may commit: in memory up to 1 MiB, and in a temporary file
 * beyond it. Not thread-safe.
 */
public final class Spool implements Closeable {
  private static final int MEMORY = 1 << 20;

  private final DataOutputStream out = new DataOutputStream(new Target());
  private final ByteArrayOutputStream memory = new ByteArrayOutputStream();
  private @Nullable Path file;
  private @Nullable OutputStream fileOut;

  /** Returns the stream to which the content is written. */
  public DataOutputStream out() {
    return out;
  }

  /** Returns the content so far, from its start. Close the stream before writing more. */
  public DataInputStream read() throws IOException {
    out.flush();
    return new DataInputStream(
        file == null
            ? new ByteArrayInputStream(memory.toByteArray())
            : new BufferedInputStream(Files.newInputStream(file), 1 << 16));
  }

  /** Deletes the content. */
  @Override
  public void close() throws IOException {
    memory.reset();
    OutputStream open = fileOut;
    fileOut = null;
    if (open != null) {
      try {
        open.close();
      } finally {
        Files.deleteIfExists(Objects.requireNonNull(file));
      }
    }
  }

  private final class Target extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      at(1).write(b);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      at(length).write(bytes, from, length);
    }

    @Override
    public void flush() throws IOException {
      if (fileOut != null) {
        fileOut.flush();
      }
    }

    private OutputStream at(int length) throws IOException {
      if (fileOut == null && memory.size() + length <= MEMORY) {
        return memory;
      }
      if (fileOut == null) {
        file = Files.createTempFile("callstream-task-", ".results");
        fileOut = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
        memory.writeTo(fileOut);
        memory.reset();
      }
      return fileOut;
    }
  }
}
