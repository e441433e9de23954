package io.callstream.internal.runtime;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * The last line of each checkpoint file: {@code checksum}, a space, and the CRC-32 of everything
 * before it as eight hexadecimal digits. Files of text stay readable, and binary files have the
 * same form.
 */
public final class Checksum {
  private static final String LABEL = "checksum ";

  /** The bytes of the line, its line feed included. */
  private static final int LENGTH = LABEL.length() + 2 * Integer.BYTES + 1;

  private Checksum() {}

  /** Returns the line for a content of which {@code crc} has seen each byte. */
  public static byte[] line(CRC32 crc) {
    return String.format("%s%08x\n", LABEL, crc.getValue()).getBytes(US_ASCII);
  }

  /** Returns a content with its checksum, as it is written to a file. */
  public static byte[] append(byte[] content) {
    byte[] line = line(crc(content, content.length));
    byte[] file = Arrays.copyOf(content, content.length + line.length);
    System.arraycopy(line, 0, file, content.length, line.length);
    return file;
  }

  /**
   * Returns the content of a file without its checksum.
   *
   * @param name the file's name in messages
   * @throws DamagedFileException if the checksum is not that of the content
   */
  public static byte[] verify(String name, byte[] file) throws DamagedFileException {
    int length = file.length - LENGTH;
    if (length < 0
        || !Arrays.equals(line(crc(file, length)), Arrays.copyOfRange(file, length, file.length))) {
      throw new DamagedFileException(
          name + " is damaged: its " + file.length + " bytes do not match their checksum");
    }
    return Arrays.copyOf(file, length);
  }

  private static CRC32 crc(byte[] bytes, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes, 0, length);
    return crc;
  }
}
