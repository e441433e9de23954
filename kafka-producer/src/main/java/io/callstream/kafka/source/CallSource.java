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
  /** Returns the name of the source in messages. */
  String name();

  /**
   * Starts to read.
   *
   * @throws CallstreamException with {@link ErrorCode#INPUT_FAILED} if the source cannot be opened
   */
  CallRecords open();

  /** Returns the number of records, or empty if it is known only after reading them. */
  default OptionalLong size() {
    return OptionalLong.empty();
  }

  /**
   * Returns what two records have in common if they are the same, so that one of them is enough.
   * Defaults to the record. A feed ignores values that change with every reading.
   */
  default byte[] identity(byte[] record) {
    return record;
  }

  /**
   * The name of the header that producers give to the records of {@linkplain #isSynthetic generated
   * calls}.
   */
  String SYNTHETIC_HEADER = "callstream-synthetic";

  /**
   * Returns whether the calls are generated. A {@link io.callstream.kafka.CallProducer} marks their
   * records with the header {@value #SYNTHETIC_HEADER}, so that readers of the topic recognize
   * them. Defaults to false.
   */
  default boolean isSynthetic() {
    return false;
  }

  /**
   * Returns the calls of a file in the order of the file.
   *
   * <p>The first bytes decide the compression, regardless of the name: none, gzip or bzip2. If a
   * file has several members, they are read one after the other, and zero bytes after a member are
   * skipped. A file whose name ends with {@code .gz} or {@code .bz2} must be compressed. Archives
   * (ZIP, tar, 7z), other compressions, Excel workbooks, Parquet files and text in UTF-16 or UTF-32
   * are rejected.
   *
   * <p>The content decides the {@linkplain FileLayout layout}, within the first 64 KiB:
   *
   * <ul>
   *   <li>JSON if it starts with an array, or with an object of more than one line
   *   <li>NDJSON if it starts with a line that is an object, or with a line that is an array and is
   *       followed by another line
   *   <li>CSV if the first line has at least two field names of the formats of this library, or of
   *       {@linkplain #forFormat the format of the records}, and the next line is not an object
   * </ul>
   *
   * <p>If the content does not decide, the name does ({@code .json}, {@code .ndjson} or {@code
   * .jsonl}, {@code .csv}), except that a file with a line that is an object is NDJSON. Without
   * such a name, the records are lines. {@link #file(Path, FileLayout)} sets the layout instead.
   *
   * <p>A file that is truncated or damaged returns all records before the damage, and then fails. A
   * record must not have more than 64 MiB or more than 100,000 levels of nesting. A CSV row must
   * not have more than 4 Mi characters or 10,000 columns.
   *
   * @throws CallstreamException with {@link ErrorCode#INPUT_FAILED} if the file does not exist
   */
  static CallSource file(Path path) {
    return StreamCalls.file(path, Optional.empty());
  }

  /**
   * Returns the calls of a file as {@link #file(Path)} does, but always with this layout. The first
   * bytes decide the compression.
   */
  static CallSource file(Path path, FileLayout layout) {
    return StreamCalls.file(path, Optional.of(layout));
  }

  /** Returns the calls of the standard input. It can be opened once and is not closed. */
  static CallSource standardInput() {
    return StreamCalls.standardInput();
  }

  /**
   * Returns the calls of a stream. The stream can be opened once and is closed with the records.
   * The content decides the layout and the compression as for {@link #file(Path)}. To decide, it
   * waits for no more of a slow stream than necessary: if the first line is a JSON object, only for
   * that line.
   *
   * @param name the name of the source in messages
   */
  static CallSource stream(String name, InputStream in) {
    return StreamCalls.stream(name, in, Optional.empty());
  }

  /**
   * Returns the calls of a stream as {@link #stream(String, InputStream)} does, but always with
   * this layout. The first bytes decide the compression.
   *
   * @param name the name of the source in messages
   */
  static CallSource stream(String name, InputStream in, FileLayout layout) {
    return StreamCalls.stream(name, in, Optional.of(layout));
  }

  /**
   * Returns the same source for records of a format that may not be one of this library. The names
   * of the format's fields then name the columns of a CSV file ({@link FileLayout#CSV}), and its
   * first line shows that it is one. A source that is not a file or a stream is returned unchanged.
   */
  default CallSource forFormat(CallFormat format) {
    return this;
  }

  /**
   * Returns the same records in the order of event time. At most a quarter of the heap, and at most
   * 256 MiB, is used for records in memory.
   *
   * @see #inEventTimeOrder(CallFormat, long)
   */
  default CallSource inEventTimeOrder(CallFormat format) {
    return inEventTimeOrder(format, EventTimeOrder.defaultMemory());
  }

  /**
   * Returns the same records in the order of event time. Records with the same time keep their
   * order. A record without a readable time gets the time of the previous record, so it stays after
   * that record. Such records at the start stay at the start.
   *
   * <p>Records that do not fit into memory are written to a temporary file in the directory {@code
   * java.io.tmpdir}. The file is deleted when the records are closed or the process ends.
   *
   * <p>If this source fails, the records before the failure are returned in order, and then the
   * failure is thrown.
   *
   * @param format finds the event time of a record
   * @param memoryBytes the maximum size of records in memory, in bytes; at least 1
   */
  default CallSource inEventTimeOrder(CallFormat format, long memoryBytes) {
    return new EventTimeOrder(this, format, memoryBytes);
  }
}
