package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.jspecify.annotations.Nullable;

/**
 * Turns records into calls. Keeps buffers and a dictionary of recent texts from record to record,
 * and so is not thread-safe: each task has its own, from {@link CallFormat#parser}.
 */
public interface CallParser {
  /**
   * Parses one record. Never throws for what the bytes contain, and takes time in proportion to
   * their number.
   *
   * @param value the record's bytes, which are not modified
   * @return a call, or why the record is none
   */
  ParseResult parse(byte[] value);

  /**
   * Returns the id that a record names, in UTF-8: the call's id if the record is a call. A format
   * may tell it of records too that are rejected for another reason. As {@link #parse}, never
   * throws.
   *
   * @param value the record's bytes, which are not modified
   * @return null if the record names no id, or perhaps if {@link CallField#ID} was not asked for
   */
  default byte @Nullable [] id(byte[] value) {
    return parse(value) instanceof ParseResult.Parsed parsed && parsed.call().has(CallField.ID)
        ? parsed.call().id().getBytes(UTF_8)
        : null;
  }
}
