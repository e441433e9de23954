package io.callstream.kafka;

import io.callstream.kafka.SendReport.Ending;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;

/**
 * The outcomes of the records of one source. Records are noted by one thread, their outcomes may
 * come from any.
 */
final class SendTally {
  private static final long PROGRESS_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final LongConsumer progress;
  private final List<SendFailure> failures = new ArrayList<>();
  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();
  private long read;
  private long failed;
  private long lastProgress = System.nanoTime();
  private @Nullable Throwable firstFailure;
  private volatile boolean hopeless;
  private volatile boolean awaited;

  SendTally(LongConsumer progress) {
    this.progress = progress;
  }

  /** Notes a record that was read, and returns what takes its outcome. */
  Outcome read(int size) {
    return new Outcome(read++, size);
  }

  /**
   * Takes the outcome of one record; the first that is told counts. A second one can only come in
   * the same thread: Kafka either keeps a record, and calls back later, or refuses it at once.
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
      if (!known) {
        known = true;
        bytes.addAndGet(size);
        long soFar = sent.incrementAndGet();
        tellProgress(soFar);
        tellWaiting();
      }
    }

    void failed(Exception failure) {
      if (!known) {
        known = true;
        noteFailure(index, failure);
        tellWaiting();
      }
    }
  }

  private void tellProgress(long soFar) {
    long now = System.nanoTime();
    if (now - lastProgress >= PROGRESS_NANOS) {
      lastProgress = now;
      progress.accept(soFar);
    }
  }

  private synchronized void noteFailure(long index, Exception failure) {
    failed++;
    if (firstFailure == null) {
      firstFailure = failure;
    }
    if (failures.size() < SendReport.MAX_FAILURES) {
      failures.add(new SendFailure(index, KafkaErrors.reason(failure)));
    }
    hopeless |= !concernsOneRecord(failure);
  }

  private void tellWaiting() {
    if (awaited) {
      synchronized (this) {
        notifyAll();
      }
    }
  }

  private static boolean concernsOneRecord(Exception failure) {
    return failure instanceof RecordTooLargeException
        || failure instanceof RecordBatchTooLargeException
        || failure instanceof InvalidRecordException;
  }

  /** Returns whether a failure shows that no further record would get through. */
  boolean isHopeless() {
    return hopeless;
  }

  /**
   * Waits until each record that was read has its outcome. Records without one at the deadline have
   * failed: Kafka's own thread, which reports outcomes, has died.
   *
   * @param deadlineNanos in terms of {@link System#nanoTime}
   */
  synchronized void awaitAll(long deadlineNanos) throws InterruptedException {
    awaited = true;
    while (sent.get() + failed < read) {
      long left = deadlineNanos - System.nanoTime();
      if (left <= 0) {
        noteFailure(
            sent.get() + failed,
            new TimeoutException(
                "Kafka's thread has reported nothing about "
                    + (read - sent.get() - failed)
                    + " records. It has died, most likely for lack of memory: see what it wrote to"
                    + " standard error or the log, and raise -Xmx"));
        failed = read - sent.get();
        return;
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
  }

  synchronized @Nullable Throwable firstFailure() {
    return firstFailure;
  }

  synchronized SendReport report(Ending ending, InputCheck input, Duration duration) {
    return new SendReport(ending, sent.get(), failed, input, failures, bytes.get(), duration);
  }
}
