package io.callstream.kafka.source;

import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/** How a file is packed. */
enum Packing {
  NONE,
  GZIP,
  BZIP2;

  private static final int[] GZIP_START = {0x1f, 0x8b, 0x08};
  private static final int[] BZIP2_START = {'B', 'Z', 'h', -1, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59};

  static Packing ofName(String fileName) {
    String name = fileName.toLowerCase(Locale.ROOT);
    return name.endsWith(".gz") ? GZIP : name.endsWith(".bz2") ? BZIP2 : NONE;
  }

  /** Tells by the first bytes, reading no more of them than it takes. */
  static Packing ofContent(PeekableInput in) throws IOException {
    return startsWith(in, GZIP_START) ? GZIP : startsWith(in, BZIP2_START) ? BZIP2 : NONE;
  }

  private static boolean startsWith(PeekableInput in, int[] start) throws IOException {
    for (int i = 0; i < start.length; i++) {
      int b = in.peek(i);
      if (b < 0 || (start[i] >= 0 && b != start[i])) {
        return false;
      }
    }
    return true;
  }

  /** Unpacks all members of a packed stream, one after the other. */
  PeekableInput unpack(PeekableInput in) throws IOException {
    InputStream unpacked =
        switch (this) {
          case NONE -> in;
          case GZIP -> new GzipCompressorInputStream(in, true);
          case BZIP2 -> new BZip2CompressorInputStream(in, true);
        };
    return this == NONE ? in : new PeekableInput(unpacked);
  }
}
