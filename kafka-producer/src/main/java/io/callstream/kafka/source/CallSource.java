package io.callstream.kafka.source;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallFormat;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.OptionalLong;

/** A source of calls: a sequence of record values that is read from its start. */
public interface CallSource {
  /** Returns what the source is called in messages. */
  String name();

  /**
   * Starts to read.
   *
   * @throws CallstreamException with {@link ErrorCode#INPUT_FAILED} if there is nothing to read
   */
  CallRecords open();

  /** Returns the number of records, or empty if that shows only once they are read. */
  default OptionalLong size() {
    return OptionalLong.empty();
  }

  /**
   * Returns a file's calls in the order of the file.
   *
   * <p>The layout follows from the end of the name ({@code .json}, {@code .ndjson} or {@code
   * .jsonl}, {@code .csv}), the packing from what stands behind it ({@code .gz}, {@code .bz2};
   * several members in one file are read one after the other). Where the name does not tell the
   * layout, the content does: the packing by its first bytes, and then a JSON array if a {@code [}
   * comes first, else lines.
   *
   * <p>A file that breaks off or is damaged delivers all that stands before the place, and then
   * fails. No record may have more than 64 MiB or nest more than 100,000 deep, and no row of CSV
   * may have more than 4 Mi characters or 10,000 columns.
   *
   * @throws CallstreamException with {@link ErrorCode#INPUT_FAILED} if there is no such file
   */
  static CallSource file(Path path) {
    return StreamCalls.file(path, FileLayout.ofName(String.valueOf(path.getFileName())));
  }

  /**
   * Returns a file's calls as {@link #file(Path)} does, with a layout that the name does not tell.
   * The packing is told by the first bytes.
   */
  static CallSource file(Path path, FileLayout layout) {
    return StreamCalls.fileWithLayout(path, layout);
  }

  /** Returns the calls of the standard input, which can be opened once and stays open. */
  static CallSource standardInput() {
    return StreamCalls.standardInput();
  }

  /**
   * Returns the calls of a stream, which can be opened once and is closed with the records. Layout
   * and packing are told by the content as for {@link #file(Path)}.
   *
   * @param name what the source is called in messages
   */
  static CallSource stream(String name, InputStream in) {
    return StreamCalls.stream(name, in);
  }

  /**
   * Returns the same records in the order of event time, with at most a quarter of the heap, or 256
   * MiB if that is less, of records in memory.
   *
   * @see #inEventTimeOrder(CallFormat, long)
   */
  default CallSource inEventTimeOrder(CallFormat format) {
    return inEventTimeOrder(format, EventTimeOrder.defaultMemory());
  }

  /**
   * Returns the same records in the order of event time. Records of the same time keep the order
   * that they have here. A record without a readable time takes that of the one before it, and so
   * keeps its place behind it; such records at the start stay at the start.
   *
   * <p>What does not fit into memory waits in a temporary file, in the directory that {@code
   * java.io.tmpdir} names, which is gone when the records are closed, or the process ends.
   *
   * <p>If this source fails midway, the records before that place come in order, and then the
   * failure.
   *
   * @param format tells the event time of a record
   * @param memoryBytes how much of the records may be in memory at once; at least 1
   */
  default CallSource inEventTimeOrder(CallFormat format, long memoryBytes) {
    return new EventTimeOrder(this, format, memoryBytes);
  }
}
