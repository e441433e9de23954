package io.callstream.kafka.source;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * The record values of a source, one after the other, in bounded memory. Each array is new and
 * belongs to the caller. Not thread-safe. Close it after use.
 */
public interface CallRecords extends Iterator<byte[]>, AutoCloseable {
  /**
   * Returns whether there is another record.
   *
   * @throws CallstreamException with {@link ErrorCode#INPUT_FAILED} if the source cannot be read
   *     further; all records before that position have been returned by then
   */
  @Override
  boolean hasNext();

  /**
   * Returns the value of the next record.
   *
   * @throws CallstreamException under the conditions of {@link #hasNext()}
   * @throws NoSuchElementException if there is no further record
   */
  @Override
  byte[] next();

  /**
   * Returns remarks on unusual findings in the records so far, as sentences without content of the
   * records; for example, how many CSV rows have too few fields. Empty if there are none.
   */
  default List<String> remarks() {
    return List.of();
  }

  /** Releases the resources of the source. Closing again has no effect. */
  @Override
  void close();
}
