package io.callstream.internal.files;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * The last line of each checkpoint file: {@code checksum}, a space, and the CRC-32 of the location
 * of the file and of everything before it as eight hexadecimal digits. Text files remain readable,
 * and binary files have the same form.
 */
public final class Checksum {
  private static final String LABEL = "checksum ";

  /** The length of the line in bytes, including its line feed. */
  private static final int LENGTH = LABEL.length() + 2 * Integer.BYTES + 1;

  private static final int BUFFER = 1 << 16;

  private Checksum() {}

  /** Returns the CRC-32 of some bytes. */
  public static int crc(byte[] bytes, int from, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  /**
   * Returns a checksum that starts with the location of a file. A file that is later found at
   * another location, such as an older version under the name of a newer one, does not match its
   * checksum.
   *
   * @param place the path of the file within the checkpoint
   */
  public static CRC32 of(String place) {
    CRC32 crc = new CRC32();
    crc.update(place.getBytes(UTF_8));
    return crc;
  }

  /** Returns the line for a content whose bytes were all added to {@code crc}. */
  public static byte[] line(CRC32 crc) {
    return String.format("%s%08x\n", LABEL, crc.getValue()).getBytes(US_ASCII);
  }

  /** Returns a content followed by its checksum, as it is written to a file at a location. */
  public static byte[] append(String place, byte[] content) {
    CRC32 crc = of(place);
    crc.update(content);
    byte[] line = line(crc);
    byte[] file = Arrays.copyOf(content, content.length + line.length);
    System.arraycopy(line, 0, file, content.length, line.length);
    return file;
  }

  /** Returns the content of a file that has this place and checksum. */
  public static byte[] verify(String place, byte[] file) throws IOException {
    return Arrays.copyOf(file, (int) verify(place, place, new ByteArrayInputStream(file)));
  }

  /** Verifies a file of any size, and returns the number of bytes before the checksum. */
  public static long verify(String name, String place, InputStream file) throws IOException {
    CRC32 crc = of(place);
    byte[] buffer = new byte[BUFFER];
    long content = 0;
    int held = 0;
    for (int read; (read = file.read(buffer, held, buffer.length - held)) >= 0; ) {
      held += read;
      int certain = held - LENGTH;
      if (certain > 0) {
        crc.update(buffer, 0, certain);
        content += certain;
        System.arraycopy(buffer, certain, buffer, 0, LENGTH);
        held = LENGTH;
      }
    }
    if (!Arrays.equals(line(crc), Arrays.copyOf(buffer, held))) {
      throw damaged(name, content + held);
    }
    return content;
  }

  private static DamagedFileException damaged(String name, long bytes) {
    return new DamagedFileException(
        name + " is damaged or misplaced: its " + bytes + " bytes do not match their checksum");
  }
}
