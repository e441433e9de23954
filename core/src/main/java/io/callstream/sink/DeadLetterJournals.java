package io.callstream.sink;

import io.callstream.CallstreamException;
import io.callstream.internal.sink.DeadLetterCounts;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.sink.DeadLetterJournal.Extent;
import io.callstream.sink.DeadLetterJournal.JournalId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/*
 *   .dead-letters/index               the index, with an entry for each batch with dead letters
 *   .dead-letters/0-rejected.ndjson   a journal: the lines of a partition, in the order of offsets
 *
 * A batch is written to the journals, forced to the disk, and then confirmed by an entry in the
 * index. The entry has the counts of its dead letters. For each journal that the batch changed, it
 * has the confirmed length, and the checksum of everything up to that length. Bytes after the last
 * confirmed length were never confirmed: the batch was interrupted, and is repeated.
 *
 * A run that continues keeps the entries up to the last finished batch. Their counts must match the
 * accounting, and the journals must have the confirmed lengths and checksums. So any file that is
 * missing, truncated or changed is detected. Later bytes are removed, because their batches are
 * repeated. An entry that cannot be read is incomplete if the accounting does not need it, and
 * damaged if it does.
 */
/** All dead letters of a pipeline, durable and with checksums. Not thread-safe. */
final class DeadLetterJournals implements AutoCloseable {
  private final DeadLetterDirectory directory;
  private final DeadLetterIndex index;
  private final Map<JournalId, DeadLetterJournal> journals = new TreeMap<>();

  private DeadLetterJournals(DeadLetterDirectory directory, DeadLetterIndex index) {
    this.directory = directory;
    this.index = index;
  }

  /**
   * Opens the journals of an output directory, which exists and is locked.
   *
   * @param restored the state from which the pipeline continues; a pipeline that starts from the
   *     beginning replaces all journals
   * @throws CallstreamException if the journals do not match the finished batches of the pipeline
   */
  static DeadLetterJournals open(DeadLetterDirectory directory, BatchResults restored)
      throws IOException {
    directory.prepare(restored);
    DeadLetterJournals opened =
        new DeadLetterJournals(directory, DeadLetterIndex.open(directory, restored));
    try {
      opened.openJournals();
      return opened;
    } catch (IOException | RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private void openJournals() throws IOException {
    for (Map.Entry<JournalId, Extent> extent : index.extents().entrySet()) {
      JournalId id = extent.getKey();
      journals.put(id, DeadLetterJournal.open(directory, id, extent.getValue()));
    }
    index.truncate();
  }

  long confirmedBytes() {
    return journals.values().stream().mapToLong(DeadLetterJournal::confirmedBytes).sum();
  }

  /** Appends the dead letters of a batch durably. A batch that fails is not recorded. */
  void append(long batch, Iterable<DeadLetter> letters, DeadLetterLines lines) throws IOException {
    DeadLetterCounts added = new DeadLetterCounts();
    Map<JournalId, DeadLetterJournal> changed = new TreeMap<>();
    boolean created = false;
    for (DeadLetter letter : letters) {
      JournalId id = new JournalId(DeadLetterKind.of(letter), letter.origin().partition());
      DeadLetterJournal journal = journals.get(id);
      if (journal == null) {
        journal = DeadLetterJournal.create(directory.journal(id));
        journals.put(id, journal);
        created = true;
      }
      journal.add(letter, lines);
      changed.put(id, journal);
      added.add(letter);
    }
    Map<JournalId, Extent> extents = new TreeMap<>();
    for (Map.Entry<JournalId, DeadLetterJournal> entry : changed.entrySet()) {
      DeadLetterJournal journal = entry.getValue();
      journal.force();
      extents.put(entry.getKey(), journal.written());
    }
    if (created) {
      directory.force();
    }
    index.confirm(batch, added, extents);
    for (DeadLetterJournal journal : changed.values()) {
      journal.confirm();
    }
  }

  /** Writes the confirmed lines of all partitions, one partition after the other. */
  void copyTo(DeadLetterKind kind, FileChannel target) throws IOException {
    for (DeadLetterJournal journal : journals(kind)) {
      if (!journal.copyTo(target)) {
        throw directory.damaged("a journal of " + kind.file + " became shorter during the run");
      }
    }
  }

  private List<DeadLetterJournal> journals(DeadLetterKind kind) {
    return journals.entrySet().stream()
        .filter(journal -> journal.getKey().kind() == kind)
        .map(Map.Entry::getValue)
        .toList();
  }

  /** Compares a published file with the checksums of the lines that all runs wrote. */
  void requirePublished(DeadLetterKind kind) throws IOException {
    try (InputStream in = Files.newInputStream(directory.published(kind))) {
      for (DeadLetterJournal journal : journals(kind)) {
        if (!journal.isNextIn(in)) {
          throw directory.damaged(kind.file + " is not what was written during the run");
        }
      }
      if (in.read() >= 0) {
        throw directory.damaged(kind.file + " has more than what was written during the run");
      }
    }
  }

  /** Compares the number of all dead letters with the accounting at the end of a run. */
  void requireCounts(DeadLetterCounts accounting) {
    index.requireCounts(accounting, "at the end of the run");
  }

  @Override
  public void close() throws IOException {
    try (index) {
      for (DeadLetterJournal journal : journals.values()) {
        journal.close();
      }
      journals.clear();
    }
  }
}
