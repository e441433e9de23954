package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Parses records into calls. A parser keeps buffers and a dictionary of recent texts between
 * records, so it is not thread-safe. Each task uses a separate parser from {@link
 * CallFormat#parser}.
 */
public interface CallParser {
  /**
   * Parses one record. A parser should return a result for any bytes, in time proportional to their
   * number. If it throws an exception, engines reject the record; see {@link ParseResult#of}.
   *
   * @return the calls of the record, or the reason for the rejection
   */
  ParseResult parse(CallRecord record);

  /**
   * Parses a record that has only a value.
   *
   * @param value the bytes of the record; the parser must not modify them
   */
  default ParseResult parse(byte[] value) {
    return parse(CallRecord.of(value));
  }

  /**
   * Returns the id in a record, in UTF-8. For a valid record, this is the id of the call. A format
   * may also return the id of a record that is rejected for another reason. Like {@link #parse},
   * this method should not throw an exception for any bytes.
   *
   * @param value the bytes of the record; the parser must not modify them
   * @return the id, or null if the record has none. May also be null if {@link Fields#ID} was not
   *     requested
   */
  default byte @Nullable [] id(byte[] value) {
    return parse(value) instanceof ParseResult.Parsed parsed && parsed.call().isPresent(Fields.ID)
        ? parsed.call().id().getBytes(UTF_8)
        : null;
  }

  /**
   * Returns the id of a valid record in UTF-8, without building the call. The result is that of
   * {@link #id} if {@link #parse} accepts the record. Must not throw an exception for any bytes.
   *
   * @param value the bytes of the record; the parser must not modify them
   * @return the id, or null if the record is rejected or has no id. May also be null if {@link
   *     Fields#ID} was not requested
   */
  default byte @Nullable [] idOfCall(byte[] value) {
    return parse(value) instanceof ParseResult.Parsed parsed && parsed.call().isPresent(Fields.ID)
        ? parsed.call().id().getBytes(UTF_8)
        : null;
  }

  /**
   * Returns which of {@link Fields#ID}, {@link Fields#TYPE} and {@link Fields#TIME} are missing or
   * unreadable in a rejected record. The default implementation checks only the id and always
   * includes the other two. Must not throw an exception for any bytes.
   *
   * @param value the bytes of a record that {@link #parse} rejects; the parser must not modify them
   */
  default Set<Field<?>> unreadable(byte[] value) {
    Set<Field<?>> fields = new HashSet<>(Set.of(Fields.TYPE, Fields.TIME));
    if (id(value) == null) {
      fields.add(Fields.ID);
    }
    return fields;
  }
}
