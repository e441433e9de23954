package io.callstream.kafka.source;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The record values of a source, one after the other, in bounded memory. Each array is new and the
 * receiver's own. Not thread-safe; to be closed.
 */
public interface CallRecords extends Iterator<byte[]>, AutoCloseable {
  /**
   * Returns whether there is another record.
   *
   * @throws CallstreamException with {@link ErrorCode#INPUT_FAILED} if the source cannot be read
   *     further; all records before that place have been returned then
   */
  @Override
  boolean hasNext();

  /**
   * Returns the next record's value.
   *
   * @throws CallstreamException as {@link #hasNext()} does
   * @throws NoSuchElementException if there is none
   */
  @Override
  byte[] next();

  /**
   * Returns the text of a field of the record that {@link #next()} returned last, in UTF-8, if the
   * source came by it in reading: the text that the field has in the record as a JSON object. To be
   * asked for before {@link #hasNext()}.
   *
   * @return null if the source does not know, which says nothing about the record
   */
  default byte @Nullable [] field(String name) {
    return null;
  }

  /**
   * Returns what was unusual in the records so far and is worth a report, in sentences that hold no
   * content, such as how many rows of CSV have too few fields. Empty if nothing was.
   */
  default List<String> remarks() {
    return List.of();
  }

  /** Releases what the source holds open. Closing again does nothing. */
  @Override
  void close();
}
