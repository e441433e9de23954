package io.callstream.kafka;

import io.callstream.internal.kafka.KafkaErrors;
import io.callstream.kafka.SendReport.Ending;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;

/**
 * Counts the outcomes of the records of one source. One thread adds records; any thread may report
 * their outcomes. Each record counts once, as sent or as failed.
 */
final class SendTally {
  private static final long PROGRESS_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final LongConsumer progress;
  private final List<SendFailure> failures = new ArrayList<>();
  private long read;
  private long sent;
  private long failed;
  private long bytes;
  private long lastProgress = System.nanoTime();
  private @Nullable Throwable firstFailure;
  private volatile boolean hopeless;

  /** Whether records without an outcome were counted as failed. */
  private boolean closed;

  SendTally(LongConsumer progress) {
    this.progress = progress;
  }

  /** Adds a record that was read and returns the callback for its outcome. */
  synchronized Outcome read(int size) {
    return new Outcome(read++, size);
  }

  /**
   * Receives the outcome of one record. Only the first outcome counts, and none after the deadline.
   */
  final class Outcome implements Callback {
    private final long index;
    private final int size;
    private boolean known;

    private Outcome(long index, int size) {
      this.index = index;
      this.size = size;
    }

    @Override
    public void onCompletion(@Nullable RecordMetadata metadata, @Nullable Exception failure) {
      if (failure == null) {
        succeeded();
      } else {
        failed(failure);
      }
    }

    private void succeeded() {
      synchronized (SendTally.this) {
        if (becomesKnown()) {
          bytes += size;
          sent++;
          reportProgress();
        }
      }
    }

    void failed(Exception failure) {
      synchronized (SendTally.this) {
        if (becomesKnown()) {
          noteFailure(index, failure);
        }
      }
    }

    private boolean becomesKnown() {
      boolean isNew = !known && !closed;
      known = true;
      SendTally.this.notifyAll();
      return isNew;
    }
  }

  private void reportProgress() {
    long now = System.nanoTime();
    if (now - lastProgress >= PROGRESS_NANOS) {
      lastProgress = now;
      progress.accept(sent);
    }
  }

  private void noteFailure(long index, Exception failure) {
    failed++;
    if (firstFailure == null) {
      firstFailure = failure;
    }
    if (failures.size() < SendReport.MAX_FAILURES) {
      failures.add(new SendFailure(index, KafkaErrors.reason(failure)));
    }
    hopeless |= !concernsOneRecord(failure);
  }

  private static boolean concernsOneRecord(Exception failure) {
    return failure instanceof RecordTooLargeException
        || failure instanceof RecordBatchTooLargeException
        || failure instanceof InvalidRecordException;
  }

  /** Returns whether a failure shows that no further record could be sent. */
  boolean isHopeless() {
    return hopeless;
  }

  /**
   * Waits until each record that was read has an outcome. At the deadline, records without an
   * outcome count as failed, and later outcomes are ignored. In that case, Kafka's thread, which
   * reports outcomes, has died or hangs.
   *
   * @param deadlineNanos in terms of {@link System#nanoTime}
   */
  synchronized void awaitAll(long deadlineNanos) throws InterruptedException {
    while (!closed && sent + failed < read) {
      long left = deadlineNanos - System.nanoTime();
      if (left <= 0) {
        giveUp(read - sent - failed);
      } else {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
    }
  }

  private void giveUp(long unknown) {
    closed = true;
    failed += unknown;
    hopeless = true;
    if (firstFailure == null) {
      firstFailure =
          new TimeoutException(
              "Kafka's thread reported no outcome of "
                  + unknown
                  + " records, so they may be in the topic or not. It has died, most likely for"
                  + " lack of memory: see what it wrote to standard error or the log, and raise -Xmx");
    }
  }

  synchronized @Nullable Throwable firstFailure() {
    return firstFailure;
  }

  synchronized SendReport report(Ending ending, InputCheck input, Duration duration) {
    return new SendReport(ending, sent, failed, input, failures, bytes, duration);
  }
}
