package io.callstream.kafka;

import io.callstream.kafka.SendReport.Ending;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;

/** The outcomes of the records of one source. Thread-safe. */
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

  SendTally(LongConsumer progress) {
    this.progress = progress;
  }

  /** Notes a record that was read, and returns what takes its outcome. */
  synchronized Outcome read(int size) {
    return new Outcome(read++, size);
  }

  /** Takes the outcome of one record; the first that is told counts. */
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
      long soFar;
      synchronized (SendTally.this) {
        if (known) {
          return;
        }
        known = true;
        sent++;
        bytes += size;
        long now = System.nanoTime();
        boolean tell = now - lastProgress >= PROGRESS_NANOS;
        lastProgress = tell ? now : lastProgress;
        soFar = tell ? sent : -1;
        SendTally.this.notifyAll();
      }
      if (soFar >= 0) {
        progress.accept(soFar);
      }
    }

    void failed(Exception failure) {
      synchronized (SendTally.this) {
        if (known) {
          return;
        }
        known = true;
        failed++;
        if (firstFailure == null) {
          firstFailure = failure;
        }
        if (failures.size() < SendReport.MAX_FAILURES) {
          failures.add(new SendFailure(index, KafkaErrors.reason(failure)));
        }
        hopeless |= !concernsOneRecord(failure);
        SendTally.this.notifyAll();
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

  /** Waits until each record that was read has its outcome. */
  synchronized void awaitAll() throws InterruptedException {
    while (sent + failed < read) {
      wait();
    }
  }

  synchronized @Nullable Throwable firstFailure() {
    return firstFailure;
  }

  synchronized SendReport report(Ending ending, Duration duration) {
    return new SendReport(ending, sent, failed, failures, bytes, duration);
  }
}
