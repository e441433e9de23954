package io.callstream.internal.ledger;

import io.callstream.internal.files.DamagedFileException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;

/**
 * A directory in which a ledger keeps files: {@code batch-N}, {@code snapshot-N}, {@code lineage},
 * {@code tables} and {@link Fingerprint#FILE}. Names consist of letters, digits, hyphens and dots.
 */
public interface LedgerFiles {
  /** The name of the file with the id of a run and of the runs that continue it. */
  String LINEAGE = "lineage";

  /** The name of the file with the tables of lookups that the next batch uses and that are new. */
  String TABLES = "tables";

  String BATCH = "batch-";

  String SNAPSHOT = "snapshot-";

  /** Writes a whole file durably, atomically and with a checksum. */
  void write(String name, byte[] content) throws IOException;

  /** Writes a file like {@link #write(String, byte[])}, without all of its content in memory. */
  default void write(String name, Content content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    content.writeTo(bytes);
    write(name, bytes.toByteArray());
  }

  /** The content of a file. */
  @FunctionalInterface
  interface Content {
    /** Writes the content, and leaves the stream open. */
    void writeTo(OutputStream out) throws IOException;
  }

  /** Reads a file. Throws a {@link DamagedFileException} if it is missing or changed. */
  byte[] read(String name) throws IOException;

  /** Returns the names of the existing files. Empty if the directory does not exist yet. */
  List<String> list() throws IOException;

  void delete(String name) throws IOException;

  /**
   * Returns the number of batches with files that a snapshot replaces. It replaces up to ten times
   * as many if it is more than four times as large.
   */
  default int mostBatches() {
    return 100;
  }

  /** Returns the size in bytes below which a snapshot does not replace the log. */
  default long leastLogBytes() {
    return 1 << 20;
  }

  String location();

  /** Returns the number of the last batch in the files, or {@link Ledger#NO_BATCH}. */
  default long lastBatch() throws IOException {
    return Math.max(greatest(BATCH, Long.MAX_VALUE), lastSnapshot());
  }

  /** Returns the last batch that another batch or a snapshot shows to be committed. */
  default long lastCertainBatch() throws IOException {
    return Math.max(greatest(BATCH, Long.MAX_VALUE) - 1, lastSnapshot());
  }

  default long lastSnapshot() throws IOException {
    return greatest(SNAPSHOT, Long.MAX_VALUE);
  }

  /** Returns the number of the last snapshot up to a batch, or {@link Ledger#NO_BATCH}. */
  default long lastSnapshot(long upTo) throws IOException {
    return greatest(SNAPSHOT, upTo);
  }

  private long greatest(String prefix, long upTo) throws IOException {
    return list().stream()
        .mapToLong(name -> number(name, prefix))
        .filter(number -> number <= upTo)
        .max()
        .orElse(Ledger.NO_BATCH);
  }

  /** Deletes the batches that a snapshot replaces, and all earlier snapshots. */
  default void deleteReplacedBy(long snapshot) throws IOException {
    for (String name : list()) {
      long batch = number(name, BATCH);
      long earlier = number(name, SNAPSHOT);
      if ((batch != Ledger.NO_BATCH && batch <= snapshot)
          || (earlier != Ledger.NO_BATCH && earlier < snapshot)) {
        delete(name);
      }
    }
  }

  /** Returns the number in a name with a prefix, or {@link Ledger#NO_BATCH}. */
  private static long number(String name, String prefix) {
    if (!name.startsWith(prefix)) {
      return Ledger.NO_BATCH;
    }
    try {
      return Long.parseLong(name.substring(prefix.length()));
    } catch (NumberFormatException e) {
      return Ledger.NO_BATCH;
    }
  }
}
