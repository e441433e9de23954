package io.callstream.internal.runtime;

import java.io.IOException;
import java.util.List;

/** A directory in which a ledger keeps files. Names are plain: letters, digits and hyphens. */
public interface LedgerFiles {
  /**
   * Writes a whole file durably and with a checksum, so that others see the old one or the new one,
   * never a part.
   */
  void write(String name, byte[] content) throws IOException;

  /**
   * Reads a whole file.
   *
   * @throws DamagedFileException if the file does not match its checksum, or is missing
   */
  byte[] read(String name) throws IOException;

  /** Returns the names of the files there are; none if there is no directory yet. */
  List<String> list() throws IOException;

  /** Deletes a file. */
  void delete(String name) throws IOException;

  /** Returns of how many batches there may be files before a snapshot takes their place. */
  default int mostBatches() {
    return 100;
  }

  /** Returns how many bytes of batches there may be, however small their snapshot would be. */
  default long leastLogBytes() {
    return 1 << 20;
  }

  /** Returns where this is, for messages. */
  String location();
}
