package io.callstream.sink;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.FileFailures;
import io.callstream.internal.threads.DaemonThreads;
import java.io.IOException;
import java.nio.channels.FileChannel;
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
 * Publishes files immediately, or one interval after the previous publication if that was more
 * recent. So files are nearly current, and fast batches do not publish each time. A failure in the
 * background is thrown by the next call.
 *
 * <p>Thread-safe. Work runs in one thread at a time, under the lock of this object.
 */
final class Publisher implements AutoCloseable {
  private static final Duration INTERVAL = Duration.ofMillis(800);

  /** Work that may fail to write to the disk. */
  @FunctionalInterface
  interface Work {
    void run() throws IOException;
  }

  private final Path directory;
  private final Work work;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(DaemonThreads.named("callstream-publisher"));
  private @Nullable Future<?> pending;
  private long lastNanos = System.nanoTime() - INTERVAL.toNanos();
  private @Nullable IOException failure;
  private boolean closed;

  Publisher(Path directory, Work work) {
    this.directory = directory;
    this.work = work;
  }

  /** Publishes the initial state. The first results after it are published without delay. */
  synchronized void begin() {
    publish();
    lastNanos = System.nanoTime() - INTERVAL.toNanos();
    throwFailure();
  }

  /** Requests a publication soon. */
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
      // The failure must not be lost in the thread of the timer.
      failure = new IOException(e);
    }
    lastNanos = System.nanoTime();
  }

  @Override
  public void close() {
    // shutdownNow would interrupt the timer and so close the files that it is writing.
    timer.shutdown();
    synchronized (this) {
      try {
        // Publishing writes everything, including files that failed before.
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
        "Files in the output directory %s can't be written or read: %s. %s"
            .formatted(directory, e, FileFailures.advice(directory, e)),
        e);
  }

  /** The content of a file, written in parts. */
  @FunctionalInterface
  interface Content {
    void writeTo(FileChannel channel) throws IOException;
  }

  /**
   * Replaces a file atomically: readers see either the old or the new content. After a power
   * failure, the next run publishes data that had not reached the disk. Use {@link #force} for the
   * last publication.
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

  static void force(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }
}
