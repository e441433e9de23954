package io.callstream.kafka.source;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallFormat;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Optional;
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
   * <p>The first bytes decide the compression, whatever the name: none, gzip or bzip2. Several
   * members in one file are read one after the other, and zero bytes after a member are skipped. A
   * file whose name ends with {@code .gz} or {@code .bz2} must be compressed. Archives (ZIP, tar,
   * 7z), other compressions, Excel workbooks, Parquet files and UTF-16 text are refused.
   *
   * <p>The content decides the {@linkplain FileLayout layout}, within the first 64 KiB:
   *
   * <ul>
   *   <li>JSON if it starts with an array, or with an object of more than one line
   *   <li>NDJSON if it starts with a line that is an object, or with a line that is an array and is
   *       followed by another line
   *   <li>CSV if the first line has at least two names of fields that the formats of this library
   *       have, and the next line is not an object
   * </ul>
   *
   * <p>If the content does not decide, the name does ({@code .json}, {@code .ndjson} or {@code
   * .jsonl}, {@code .csv}), except that a file with a line that is an object is NDJSON. Without
   * such a name, the records are lines. {@link #file(Path, FileLayout)} sets the layout instead.
   *
   * <p>A file that is truncated or damaged delivers all records before that place, and then fails.
   * No record may have more than 64 MiB or nest more than 100,000 deep, and no row of CSV may have
   * more than 4 Mi characters or 10,000 columns.
   *
   * @throws CallstreamException with {@link ErrorCode#INPUT_FAILED} if there is no such file
   */
  static CallSource file(Path path) {
    return StreamCalls.file(path, Optional.empty());
  }

  /**
   * Returns a file's calls as {@link #file(Path)} does, with this layout, whatever content and name
   * are. The first bytes decide the compression.
   */
  static CallSource file(Path path, FileLayout layout) {
    return StreamCalls.file(path, Optional.of(layout));
  }

  /** Returns the calls of the standard input, which can be opened once and stays open. */
  static CallSource standardInput() {
    return StreamCalls.standardInput();
  }

  /**
   * Returns the calls of a stream, which can be opened once and is closed with the records. The
   * content decides layout and compression as for {@link #file(Path)}. No more of a slow stream is
   * awaited than the decision takes, which is the first line if that is a JSON object.
   *
   * @param name what the source is called in messages
   */
  static CallSource stream(String name, InputStream in) {
    return StreamCalls.stream(name, in, Optional.empty());
  }

  /**
   * Returns the calls of a stream as {@link #stream(String, InputStream)} does, with this layout,
   * whatever the content is. The first bytes decide the compression.
   *
   * @param name what the source is called in messages
   */
  static CallSource stream(String name, InputStream in, FileLayout layout) {
    return StreamCalls.stream(name, in, Optional.of(layout));
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
