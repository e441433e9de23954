package io.callstream.lookup;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A source of the table of a lookup. {@link LookupSources} has those of this library. The driver of
 * a run opens it; tasks do not use it.
 */
public interface LookupSource {
  /** Returns a short description for messages, such as the path of a file. */
  String description();

  /**
   * Opens the source for a run, which closes the reader.
   *
   * @param table the lookup that uses the rows
   * @throws CallstreamException with {@link ErrorCode#LOOKUP_FAILED} if the source cannot be read
   */
  Reader open(LookupTable table);

  /** Reads the table during a run. For one thread. */
  interface Reader extends AutoCloseable {
    /**
     * Returns the rows of the table if they may have changed since the last invocation. The first
     * invocation returns them in any case. A run calls this method before each batch, so it must
     * return quickly if nothing changed.
     *
     * @return the values of each row by its key, in the order of {@link LookupTable#columns()}; the
     *     empty text for a value that is missing. Not modified afterwards. Empty if nothing changed
     * @throws CallstreamException with {@link ErrorCode#LOOKUP_FAILED} if the source cannot be
     *     read, or has no valid table; the run then fails
     */
    Optional<Map<String, List<String>>> poll();

    /** Releases the resources of the reader. */
    @Override
    default void close() {}
  }
}
