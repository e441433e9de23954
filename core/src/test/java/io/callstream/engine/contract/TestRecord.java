package io.callstream.engine.contract;

import io.callstream.call.RejectionReason;
import java.math.BigDecimal;
import java.time.Instant;

/**
 * A record for a test with its true content, which the generator knows without parsing.
 *
 * @param partition the partition
 * @param timestamp the timestamp of the record
 * @param value the bytes; may be null
 * @param truth the true content
 */
public record TestRecord(int partition, Instant timestamp, byte[] value, Truth truth) {
  /** Returns the record to send. */
  SourceRecord sent() {
    return new SourceRecord(partition, timestamp, value);
  }

  /** Returns an offset without a record. */
  static TestRecord hole(int partition) {
    return new TestRecord(partition, Instant.EPOCH, null, new Hole());
  }

  /** Returns whether there is a record. */
  boolean isRecord() {
    return !(truth instanceof Hole);
  }

  /** The true content of a record. */
  public sealed interface Truth {}

  /** The offset has no record: it was aborted, or a transaction ended at its offset. */
  public record Hole() implements Truth {}

  /**
   * The record cannot be parsed as a call.
   *
   * @param field the field that is the reason, or null
   */
  public record NoCall(RejectionReason reason, String field) implements Truth {}

  /** The record is a call. Missing or blank texts are empty. */
  public record Fact(
      String id,
      String type,
      Instant time,
      boolean ambiguous,
      String disposition,
      String address,
      String callTime,
      Numbers numbers,
      String area)
      implements Truth {
    /** Creates a call without a row in the table of areas. */
    Fact(
        String id,
        String type,
        Instant time,
        boolean ambiguous,
        String disposition,
        String address,
        String callTime,
        Numbers numbers) {
      this(id, type, time, ambiguous, disposition, address, callTime, numbers, "");
    }

    Fact withArea(String other) {
      return new Fact(id, type, time, ambiguous, disposition, address, callTime, numbers, other);
    }
  }

  /** The values of a call that are not texts; null if missing. */
  public record Numbers(
      Long units, BigDecimal price, Double speed, Boolean onView, Double latitude) {}
}
