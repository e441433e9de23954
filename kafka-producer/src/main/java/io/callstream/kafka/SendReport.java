package io.callstream.kafka;

import java.time.Duration;
import java.util.List;

/**
 * The outcomes of the records of a source. Each record that was read was either acknowledged by all
 * in-sync replicas, or failed.
 *
 * @param ending why sending ended
 * @param sent the number of acknowledged records
 * @param failed the number of records that were not acknowledged, including records without an
 *     outcome because Kafka's thread has died
 * @param input the problems of the records that were sent or failed, such as a missing id
 * @param failures the first failures that Kafka reported, at most {@value #MAX_FAILURES}, in the
 *     order in which Kafka reported them
 * @param bytes the size of the keys and values of the acknowledged records
 * @param duration the time from the first record to the last outcome
 */
public record SendReport(
    Ending ending,
    long sent,
    long failed,
    InputCheck input,
    List<SendFailure> failures,
    long bytes,
    Duration duration) {
  /** The maximum number of failures in a report. */
  public static final int MAX_FAILURES = 10;

  /** The reason why sending ended. */
  public enum Ending {
    /** The producer read the source to its end. */
    END_OF_SOURCE,
    /** {@link CallProducer#stop()} was called, or the thread was interrupted. */
    STOPPED,
    /** The source could not be read further. */
    SOURCE_FAILED,
    /** A failure occurred that would also affect every further record. */
    BROKER_FAILED
  }

  /** Copies the failures. */
  public SendReport {
    failures = List.copyOf(failures);
  }

  /** Returns the number of records that were read: those sent and those failed. */
  public long read() {
    return sent + failed;
  }

  /**
   * Returns whether records were read and none of them is a call in the producer's format. In this
   * case the file, its layout or the format is most likely wrong.
   */
  public boolean isWithoutCalls() {
    return read() > 0 && input.notCalls() == read();
  }

  /** Returns the number of acknowledged records per second. */
  public double rate() {
    return sent / Math.max(1e-9, duration.toNanos() / 1e9);
  }
}
