package io.callstream.internal.ledger;

import io.callstream.internal.files.DamagedFileException;
import java.io.IOException;
import java.util.List;

/**
 * A directory in which a ledger keeps files: {@code batch-N}, {@code snapshot-N} and {@code
 * lineage}. Names consist of letters, digits and hyphens.
 */
public interface LedgerFiles {
  /** The name of the file with the id of a run and of the runs that continue it. */
  String LINEAGE = "lineage";

  /** The start of the name of the file of a batch, before its number. */
  String BATCH = "batch-";

  /** The start of the name of a snapshot, before the number of its last batch. */
  String SNAPSHOT = "snapshot-";

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

  String location();

  /** Returns the number of the last batch in the files, or {@link Ledger#NO_BATCH}. */
  default long lastBatch() throws IOException {
    return Math.max(greatest(BATCH, Long.MAX_VALUE), lastSnapshot());
  }

  /**
   * Returns the number of the last batch that the files show to be committed, or {@link
   * Ledger#NO_BATCH}. A batch is committed if another batch or a snapshot follows it.
   */
  default long lastCertainBatch() throws IOException {
    return Math.max(greatest(BATCH, Long.MAX_VALUE) - 1, lastSnapshot());
  }

  /** Returns the number of the last snapshot, or {@link Ledger#NO_BATCH}. */
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
