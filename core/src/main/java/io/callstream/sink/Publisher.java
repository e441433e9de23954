package io.callstream.sink;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.FileFailures;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Publishes files now, or at most one interval later if it did so just before, so that files are
 * never far behind and fast batches do not pay for each other. What fails in between is thrown at
 * the next call.
 *
 * <p>Thread-safe; work runs in one thread at a time, under this object's lock.
 */
final class Publisher implements AutoCloseable {
  private static final Duration INTERVAL = Duration.ofMillis(800);

  /** Work that may fail to reach the disk. */
  @FunctionalInterface
  interface Work {
    void run() throws IOException;
  }

  private final Path directory;
  private final Work work;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "callstream-publisher");
            thread.setDaemon(true);
            return thread;
          });
  private @Nullable Future<?> pending;
  private long lastNanos = System.nanoTime() - INTERVAL.toNanos();
  private @Nullable IOException failure;
  private boolean closed;

  Publisher(Path directory, Work work) {
    this.directory = directory;
    this.work = work;
  }

  /** Publishes what there is at the start; the first results after it need not wait. */
  synchronized void begin() {
    publish();
    lastNanos = System.nanoTime() - INTERVAL.toNanos();
    throwFailure();
  }

  /** Publishes soon. */
  synchronized void request() {
    throwFailure();
    long wait = lastNanos + INTERVAL.toNanos() - System.nanoTime();
    if (wait <= 0) {
      publish();
      throwFailure();
    } else if (pending == null) {
      pending = timer.schedule(this::publish, wait, TimeUnit.NANOSECONDS);
    }
  }

  private synchronized void publish() {
    pending = null;
    if (closed) {
      return;
    }
    try {
      work.run();
    } catch (IOException e) {
      failure = e;
    } catch (RuntimeException | Error e) {
      // Must not vanish in the timer's thread.
      failure = new IOException(e);
    }
    lastNanos = System.nanoTime();
  }

  /** Publishes what is there, and ends. */
  @Override
  public void close() {
    // Not shutdownNow: an interrupt would close the files that the timer is just writing.
    timer.shutdown();
    synchronized (this) {
      try {
        // What failed before may work now, and this writes all of it.
        failure = null;
        publish();
        throwFailure();
      } finally {
        closed = true;
        if (pending != null) {
          pending.cancel(false);
        }
      }
    }
  }

  private void throwFailure() {
    if (failure != null) {
      throw failed(directory, failure);
    }
  }

  static CallstreamException failed(Path directory, IOException e) {
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        "Files in the output directory "
            + directory
            + " can't be written or read: "
            + e
            + ". "
            + FileFailures.advice(directory, e),
        e);
  }

  /** Content of a file, written piece by piece. */
  @FunctionalInterface
  interface Content {
    void writeTo(FileChannel channel) throws IOException;
  }

  /**
   * Replaces a file: readers see the old one or the new one, whole. What is on its way to the disk
   * when the power fails is published again by the next run; {@link #force} is for the last time.
   */
  static void replace(Path file, Content content) throws IOException {
    Path draft = file.resolveSibling("." + file.getFileName() + ".draft");
    try (FileChannel channel =
        FileChannel.open(
            draft,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      content.writeTo(channel);
    }
    Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Makes renames and new files last; file systems that can't force a directory need not. */
  static void forceDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (AccessDeniedException e) {
      // Windows does not open directories; its renames are durable by themselves.
    }
  }

  /** Brings a file to the disk. */
  static void force(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }
}
