package io.callstream.call;

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
}
