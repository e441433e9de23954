package io.callstream.kafka.source;

import java.nio.charset.Charset;
import java.util.List;
import java.util.stream.Stream;

/**
 * Recognizes archives, binary tables, and text in UTF-16 or UTF-32, which are not supported as
 * sources of calls.
 */
final class ForeignContent {
  private static final int ANY_BINARY = -2;
  private static final String EXPORT = "Export its rows as NDJSON or CSV first.";
  private static final String SAVE = "Save it as 'CSV UTF-8'.";

  /**
   * A kind of content.
   *
   * @param start its first bytes; {@link #ANY_BINARY} matches a byte that is not printable ASCII
   */
  private record Kind(String name, String cure, int... start) {}

  private static final List<Kind> KINDS =
      List.of(
          new Kind("a ZIP archive", unpack("unzip -p"), 'P', 'K', 3, 4),
          new Kind("an empty ZIP archive", "Name a file with calls.", 'P', 'K', 5, 6),
          new Kind("a part of a ZIP archive", unpack("unzip -p"), 'P', 'K', 7, 8),
          new Kind("xz data", unpack("xz -dc"), 0xfd, '7', 'z', 'X', 'Z', 0),
          new Kind("Zstandard data", unpack("zstd -dc"), 0x28, 0xb5, 0x2f, 0xfd),
          new Kind("LZ4 data", unpack("lz4 -dc"), 0x04, 0x22, 0x4d, 0x18),
          new Kind("a 7z archive", unpack("7z x -so"), '7', 'z', 0xbc, 0xaf, 0x27, 0x1c),
          new Kind("a RAR archive", unpack("unrar p -inul"), 'R', 'a', 'r', '!', 0x1a, 7),
          new Kind("a Parquet file", EXPORT, 'P', 'A', 'R', '1', ANY_BINARY),
          new Kind("an ORC file", EXPORT, 'O', 'R', 'C', ANY_BINARY),
          new Kind("an Avro file", EXPORT, 'O', 'b', 'j', 1),
          new Kind("an Excel workbook of the old format (.xls)", SAVE, 0xd0, 0xcf, 0x11, 0xe0));

  private static final Kind EXCEL = new Kind("an Excel workbook", SAVE);
  private static final Kind TAR =
      new Kind("a tar archive", unpack("tar -xOf"), 'u', 's', 't', 'a', 'r');
  private static final int TAR_MARK = 257;
  private static final int TAR_NAME = 100;

  /** The offset of the name of the first file in a ZIP archive. */
  private static final int ZIP_NAME = 30;

  /** Three characters of four bytes. */
  private static final int WIDE_START = 12;

  private static final String WIDE_TEXT =
      "it is %1$s text. Convert it to UTF-8 first, for example with 'iconv -f %1$s -t UTF-8'.";

  private ForeignContent() {}

  private static String unpack(String command) {
    return "Unpack it first, for example with '" + command + "', and read the result.";
  }

  /**
   * Rejects content of a kind that cannot contain calls.
   *
   * @throws UnreadableSourceException if the first bytes are those of such a kind
   */
  static void refuse(PeekableInput in) throws UnreadableSourceException {
    for (Kind kind : KINDS) {
      if (startsAt(in, 0, kind.start())) {
        throw refusal(isExcel(in, kind) ? EXCEL : kind);
      }
    }
    if (startsWithPaddedName(in) && startsAt(in, TAR_MARK, TAR.start())) {
      throw refusal(TAR);
    }
    for (String charset : List.of("UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE")) {
      if (isTextIn(charset, in)) {
        throw new UnreadableSourceException(WIDE_TEXT.formatted(charset.substring(0, 6)));
      }
    }
  }

  private static UnreadableSourceException refusal(Kind kind) {
    return new UnreadableSourceException("it is " + kind.name() + ". " + kind.cure());
  }

  private static boolean startsAt(PeekableInput in, int offset, int[] bytes) {
    for (int i = 0; i < bytes.length; i++) {
      int b = in.lookAt(offset + i);
      if (b < 0 || (bytes[i] == ANY_BINARY ? isText(b) : b != bytes[i])) {
        return false;
      }
    }
    return true;
  }

  /** Returns whether a ZIP archive starts with one of the files that an Excel workbook contains. */
  private static boolean isExcel(PeekableInput in, Kind kind) {
    return kind.name().equals("a ZIP archive")
        && Stream.of("[Content_Types].xml", "xl/", "_rels/.rels")
            .anyMatch(name -> startsAt(in, ZIP_NAME, name.chars().toArray()));
  }

  /**
   * Returns whether the content starts with a name and zero bytes, as a tar archive does. Examines
   * only the first line.
   */
  private static boolean startsWithPaddedName(PeekableInput in) {
    int i = 0;
    while (i < TAR_NAME && in.lookAt(i) >= ' ') {
      i++;
    }
    return i > 0 && i < TAR_NAME && in.lookAt(i) == 0;
  }

  /**
   * Returns whether text starts with two ASCII characters in this encoding, after an optional byte
   * order mark. Examines more than two bytes only if they can be a character.
   */
  private static boolean isTextIn(String charset, PeekableInput in) {
    int first = in.lookAt(0);
    int second = first < 0 ? -1 : in.lookAt(1);
    if (first != 0 && second != 0 && Math.min(first, second) < 0xfe) {
      return false;
    }
    int length = 0;
    while (length < WIDE_START && in.lookAt(length) >= 0) {
      length++;
    }
    String text = new String(in.bytes, in.start, length, Charset.forName(charset));
    int start = text.startsWith("\ufeff") ? 1 : 0;
    return text.length() > start + 1
        && isText(text.charAt(start))
        && isText(text.charAt(start + 1));
  }

  private static boolean isText(int b) {
    return (b >= ' ' && b < 0x7f) || b == '\n' || b == '\r' || b == '\t';
  }
}
