package io.callstream.kafka;

import java.time.Duration;
import java.util.List;

/**
 * What became of the records of a source: each that was taken from it was either acknowledged by
 * all in-sync replicas, or failed.
 *
 * @param ending why the sending ended
 * @param sent how many records were acknowledged
 * @param failed how many were not, or have no outcome because Kafka's thread has died
 * @param input what is wrong with the records that were sent or failed, such as those without an id
 * @param failures the first failures that Kafka reported, at most {@value #MAX_FAILURES}, in the
 *     order of the reports
 * @param bytes the size of the acknowledged records' keys and values
 * @param duration from the first record to the last outcome
 */
public record SendReport(
    Ending ending,
    long sent,
    long failed,
    InputCheck input,
    List<SendFailure> failures,
    long bytes,
    Duration duration) {
  /** The most failures that a report names. */
  public static final int MAX_FAILURES = 10;

  /** Why the sending of a source ended. */
  public enum Ending {
    /** The source was read to its end. */
    END_OF_SOURCE,
    /** {@link CallProducer#stop()} was called, or the thread was interrupted. */
    STOPPED,
    /** The source could not be read further. */
    SOURCE_FAILED,
    /** A failure that would befall every further record too. */
    BROKER_FAILED
  }

  /** Copies the failures. */
  public SendReport {
    failures = List.copyOf(failures);
  }

  /** Returns how many records of the source were sent, or failed. */
  public long read() {
    return sent + failed;
  }

  /**
   * Returns whether there were records and none of them is a call in the producer's format. The
   * file, its layout or the format is most likely wrong.
   */
  public boolean isWithoutCalls() {
    return read() > 0 && input.notCalls() == read();
  }

  /** Returns acknowledged records per second. */
  public double rate() {
    return sent / Math.max(1e-9, duration.toNanos() / 1e9);
  }
}
