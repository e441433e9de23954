package io.callstream.engine.contract;

import io.callstream.call.RejectionReason;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

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

  /** Returns whether {@link #and} can join this record and another one. */
  boolean canPrecede(TestRecord other) {
    return value != null && other.value != null;
  }

  /**
   * Returns a record of {@link KitCalls#several} that has the calls of this record and then those
   * of another one. If one of them cannot be parsed, neither can the record.
   */
  TestRecord and(TestRecord other) {
    byte[] both =
        ByteBuffer.allocate(value.length + KitCalls.SEPARATOR.length + other.value.length)
            .put(value)
            .put(KitCalls.SEPARATOR)
            .put(other.value)
            .array();
    Instant later = timestamp.isAfter(other.timestamp) ? timestamp : other.timestamp;
    return new TestRecord(partition, later, both, and(truth, other.truth));
  }

  private static Truth and(Truth first, Truth second) {
    if (first instanceof Calls some && second instanceof Calls more) {
      return new Calls(Stream.concat(some.facts().stream(), more.facts().stream()).toList());
    }
    return first instanceof Calls ? second : first;
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

  /** The record has calls: one, or several in their order. */
  public record Calls(List<Fact> facts) implements Truth {}

  /** A call. Missing or blank texts are empty. */
  public record Fact(
      String id,
      String type,
      Instant time,
      boolean ambiguous,
      String disposition,
      String address,
      String callTime,
      Numbers numbers,
      String area) {
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
