package io.callstream.internal.runtime;

import java.io.IOException;
import java.util.List;

/** A directory in which a ledger keeps files. Names consist of letters, digits and hyphens. */
public interface LedgerFiles {
  /**
   * Writes a whole file durably and with a checksum. Readers see either the old content or the new
   * content, never a part.
   */
  void write(String name, byte[] content) throws IOException;

  /**
   * Reads a whole file.
   *
   * @throws DamagedFileException if the file does not match its checksum, or is missing
   */
  byte[] read(String name) throws IOException;

  /** Returns the names of the existing files. Empty if the directory does not exist yet. */
  List<String> list() throws IOException;

  /** Deletes a file. */
  void delete(String name) throws IOException;

  /**
   * Returns the maximum number of batches that have files at the same time. Then a snapshot
   * replaces the files.
   */
  default int mostBatches() {
    return 100;
  }

  /**
   * Returns the minimum size of the log in bytes before a snapshot replaces it, even if the
   * snapshot is smaller.
   */
  default long leastLogBytes() {
    return 1 << 20;
  }

  /** Returns the location of the directory for messages. */
  String location();
}
