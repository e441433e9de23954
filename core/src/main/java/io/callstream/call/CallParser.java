package io.callstream.call;

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
   * Returns the id that a record names, in UTF-8: the call's id if the record is a call. A record
   * that is rejected for another reason names one too. As {@link #parse}, never throws.
   *
   * @param value the record's bytes, which are not modified
   * @return null if the record is not readable, or its id is missing, blank, null, an object or an
   *     array
   */
  byte @Nullable [] id(byte[] value);
}
