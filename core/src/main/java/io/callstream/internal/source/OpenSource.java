package io.callstream.internal.source;

import io.callstream.CallstreamException;
import java.util.Map;
import java.util.concurrent.CancellationException;

/**
 * A source that is open for one run of the local engine: partitions of records, each with an
 * ascending offset, which can have gaps. A run calls it from one thread; only {@link #stop} may be
 * called from another.
 *
 * <p>Methods throw a {@link CallstreamException} with the cause if the source cannot be read.
 */
public interface OpenSource extends AutoCloseable {
  /**
   * Returns an id that distinguishes this source from others with the same name, such as the id of
   * a topic. With the same id, the same offsets are the same records.
   */
  String id();

  /** Returns the offset of the first available record of each partition. */
  Map<Integer, Long> firstOffsets();

  /** Returns the offset up to which the records of each partition are final and can be read. */
  Map<Integer, Long> endOffsets();

  /** Returns the offset of each partition at which a run starts that never read it. */
  Map<Integer, Long> startOffsets();

  /** Returns a new reader. The source closes it. */
  SpanReader newReader();

  /**
   * Ends all reading and waiting soon, including that of the readers: their methods throw {@link
   * CancellationException}. May be called from any thread.
   */
  void stop();

  /** Closes the source and its readers, which must not be used afterwards. */
  @Override
  void close();
}
