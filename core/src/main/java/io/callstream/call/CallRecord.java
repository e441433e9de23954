package io.callstream.call;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A record of a source, from which a {@link CallParser} reads calls. Arrays are not copied and must
 * not be modified. Thread-safe.
 */
public final class CallRecord {
  /** The timestamp of a record that has none. */
  public static final long NO_TIMESTAMP = -1;

  private static final byte[] NOTHING = {};

  private final String topic;
  private final int partition;
  private final long offset;
  private final long timestampMillis;
  private final byte @Nullable [] key;
  private final Supplier<List<Header>> headers;
  private final byte @Nullable [] value;

  /**
   * A header of a record.
   *
   * @param name the name; a record can have several headers of one name
   * @param value the bytes; null if the header has none
   */
  public record Header(String name, byte @Nullable [] value) {}

  /**
   * Creates a record.
   *
   * @param partition the partition, from 0
   * @param offset the offset in the partition
   * @param timestampMillis the timestamp in milliseconds since the epoch. Negative if the record
   *     has none. Then no event time is too far in the future
   * @param key the bytes of the key; null if the record has none
   * @param headers returns the headers in their order, when they are read
   * @param value the bytes; null if the record has none
   */
  public CallRecord(
      String topic,
      int partition,
      long offset,
      long timestampMillis,
      byte @Nullable [] key,
      Supplier<List<Header>> headers,
      byte @Nullable [] value) {
    this.topic = topic;
    this.partition = partition;
    this.offset = offset;
    this.timestampMillis = timestampMillis;
    this.key = key;
    this.headers = headers;
    this.value = value;
  }

  /** Returns a record that has a value only, at offset 0 of partition 0, without a timestamp. */
  public static CallRecord of(byte[] value) {
    return at("", 0, 0, NO_TIMESTAMP, value);
  }

  /** Returns a record without a key and headers. */
  public static CallRecord at(
      String topic, int partition, long offset, long timestampMillis, byte @Nullable [] value) {
    return new CallRecord(topic, partition, offset, timestampMillis, null, List::of, value);
  }

  /** Returns the name of the topic, or of the source if it is not Kafka. */
  public String topic() {
    return topic;
  }

  /** Returns the partition, from 0. */
  public int partition() {
    return partition;
  }

  /** Returns the offset in the partition. */
  public long offset() {
    return offset;
  }

  /**
   * Returns the timestamp in milliseconds since the epoch, or a negative number if there is none.
   */
  public long timestampMillis() {
    return timestampMillis;
  }

  /** Returns the timestamp, or empty if the record has none. */
  public Optional<Instant> timestamp() {
    return timestampMillis < 0
        ? Optional.empty()
        : Optional.of(Instant.ofEpochMilli(timestampMillis));
  }

  /** Returns the bytes of the key, or null if the record has none. */
  public byte @Nullable [] key() {
    return key;
  }

  /** Returns the headers in their order. */
  public List<Header> headers() {
    return headers.get();
  }

  /** Returns the bytes of the last header of a name. Null if there is none, or it has no bytes. */
  public byte @Nullable [] header(String name) {
    byte[] last = null;
    for (Header header : headers()) {
      last = header.name().equals(name) ? header.value() : last;
    }
    return last;
  }

  /** Returns the bytes of the record; empty if it has none. */
  public byte[] value() {
    return value == null ? NOTHING : value;
  }

  /** Returns whether the record has a value. A record without one deletes a key in Kafka. */
  public boolean hasValue() {
    return value != null;
  }

  /** Returns the place of the record, without its content. */
  @Override
  public String toString() {
    return "CallRecord[partition " + partition + ", offset " + offset + "]";
  }
}
