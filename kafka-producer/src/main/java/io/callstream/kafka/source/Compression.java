package io.callstream.kafka.source;

import java.io.IOException;
import java.util.Locale;

/** The compression of a source. */
enum Compression {
  NONE(""),
  GZIP(".gz"),
  BZIP2(".bz2");

  private static final int[] GZIP_START = {0x1f, 0x8b, 0x08};

  /** {@code BZh}, the block size, and the start of a block or the end of an empty stream. */
  private static final int[] BZIP2_START = {'B', 'Z', 'h', -1, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59};

  private static final int[] BZIP2_EMPTY = {'B', 'Z', 'h', -1, 0x17, 0x72, 0x45, 0x38, 0x50, 0x90};

  private final String ending;

  Compression(String ending) {
    this.ending = ending;
  }

  static Compression ofName(String fileName) {
    String name = fileName.toLowerCase(Locale.ROOT);
    return name.endsWith(GZIP.ending) ? GZIP : name.endsWith(BZIP2.ending) ? BZIP2 : NONE;
  }

  /**
   * Returns the compression that the first bytes indicate, and reads no more of them than
   * necessary.
   *
   * @throws UnreadableSourceException if the name indicates a compression that the content does not
   *     have
   */
  static Compression of(PeekableInput in, Compression named) throws UnreadableSourceException {
    Compression packing =
        in.startsWith(GZIP_START)
            ? GZIP
            : in.startsWith(BZIP2_START) || in.startsWith(BZIP2_EMPTY) ? BZIP2 : NONE;
    if (packing == NONE && isTruncatedStart(in, named)) {
      return named;
    }
    if (packing == NONE && named != NONE) {
      throw new UnreadableSourceException(
          "its name ends with "
              + named.ending
              + ", but its content does not start as "
              + (named == GZIP ? "gzip" : "bzip2")
              + " data does. Get the file again, or rename it if it is not compressed.");
    }
    return packing;
  }

  /** Returns whether the stream ends within the start bytes of this compression. */
  private static boolean isTruncatedStart(PeekableInput in, Compression packing) {
    return switch (packing) {
      case NONE -> false;
      case GZIP -> in.endsWithin(GZIP_START);
      case BZIP2 -> in.endsWithin(BZIP2_START) || in.endsWithin(BZIP2_EMPTY);
    };
  }

  PeekableInput unpack(PeekableInput in) throws IOException {
    return switch (this) {
      case NONE -> in;
      case GZIP -> PeekableInput.unpacked(new GzipInput(in));
      case BZIP2 -> {
        OptionalLibrary.COMMONS_COMPRESS.require();
        yield PeekableInput.unpacked(new Bzip2Input(in));
      }
    };
  }
}
