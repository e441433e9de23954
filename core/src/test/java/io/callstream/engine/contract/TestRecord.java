package io.callstream.engine.contract;

import io.callstream.call.RejectionReason;
import java.time.Instant;

/**
 * A record for a test, with what it truly is: known to whoever made it up, not found by parsing.
 *
 * @param partition where it goes
 * @param timestamp the record's timestamp
 * @param value its bytes; may be null
 * @param truth what it is
 */
public record TestRecord(int partition, Instant timestamp, byte[] value, Truth truth) {
  /** Returns the record as it is sent. */
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

  /** What a record is. */
  public sealed interface Truth {}

  /** There is no record: it was aborted, or a transaction ended at its offset. */
  public record Hole() implements Truth {}

  /**
   * The record is no call.
   *
   * @param field the field that is the reason, or null
   */
  public record NoCall(RejectionReason reason, String field) implements Truth {}

  /** The record is a call; texts that are missing or blank are empty. */
  public record Fact(
      String id,
      String type,
      Instant time,
      boolean ambiguous,
      String disposition,
      String address,
      String callTime)
      implements Truth {}
}
