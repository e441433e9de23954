package io.callstream.sink;

import io.callstream.internal.files.Closing;
import io.callstream.internal.sink.DeadLetterCounts;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.sink.DeadLetterJournal.Extent;
import io.callstream.sink.DeadLetterJournal.JournalId;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/*
 *   rejected.ndjson                   a published file: the concatenation of the journals of a kind
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
 *
 * A published file is copied and moved into place. It does not depend on batch boundaries. The next
 * run restores it from the journals if it was changed or deleted.
 */
/** Writes dead letters to files of JSON lines. */
final class DeadLetterFiles implements DeadLetterSink {
  /** Every supported disk reads or copies this number of bytes twice in a second. */
  private static final long BYTES_PER_SECOND = 4 << 20;

  private final Path output;
  private final DeadLetterDirectory directory;
  private final Map<JournalId, DeadLetterJournal> journals = new TreeMap<>();

  private volatile long stored;

  private DeadLetterCounts expected = new DeadLetterCounts();
  private @Nullable DeadLetterLines lines;
  private @Nullable DeadLetterIndex index;
  private @Nullable Publisher publisher;

  DeadLetterFiles(Path output) {
    this.output = output;
    this.directory = new DeadLetterDirectory(output);
  }

  @Override
  public Set<Path> exclusiveDirectories() {
    return Set.of(output);
  }

  /** Returns the time in which all dead letters can be read or copied. */
  @Override
  public Duration extraTime() {
    return Duration.ofSeconds(stored / BYTES_PER_SECOND);
  }

  @Override
  public void open(BatchResults restored, Map<Integer, Long> nextOffsets) {
    lines = new DeadLetterLines(restored.pipeline().format().zone());
    expected = DeadLetterCounts.of(restored.total());
    try {
      Files.createDirectories(output);
      stored = directory.bytes();
      directory.prepare(restored);
      DeadLetterIndex opened = DeadLetterIndex.open(directory, restored);
      index = opened;
      for (Map.Entry<JournalId, Extent> journal : opened.extents().entrySet()) {
        JournalId id = journal.getKey();
        journals.put(id, DeadLetterJournal.open(directory, id, journal.getValue()));
      }
      opened.truncate();
      publisher = new Publisher(output, this::publish);
      publisher.request();
    } catch (IOException e) {
      throw Publisher.failed(output, e);
    }
  }

  @Override
  public void write(BatchResults batch, Iterable<DeadLetter> letters) {
    Publisher open = publisher;
    DeadLetterIndex confirmed = index;
    if (open == null || confirmed == null || lines == null) {
      throw new IllegalStateException("the dead-letter files are not open");
    }
    synchronized (open) {
      try {
        append(batch.number(), letters, lines, confirmed);
      } catch (IOException e) {
        throw Publisher.failed(output, e);
      }
      expected = DeadLetterCounts.of(batch.total());
      stored = journals.values().stream().mapToLong(DeadLetterJournal::confirmedBytes).sum();
      open.request();
    }
  }

  /** Appends the dead letters of a batch durably. A batch that fails is not confirmed. */
  private void append(
      long batch, Iterable<DeadLetter> letters, DeadLetterLines lines, DeadLetterIndex confirmed)
      throws IOException {
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
    for (Map.Entry<JournalId, DeadLetterJournal> journal : changed.entrySet()) {
      extents.put(journal.getKey(), journal.getValue().force());
    }
    if (created) {
      directory.force();
    }
    confirmed.confirm(batch, added, extents);
    changed.values().forEach(DeadLetterJournal::confirm);
  }

  private List<DeadLetterJournal> journals(DeadLetterKind kind) {
    return journals.entrySet().stream()
        .filter(journal -> journal.getKey().kind() == kind)
        .map(Map.Entry::getValue)
        .toList();
  }

  private void publish() throws IOException {
    for (DeadLetterKind kind : DeadLetterKind.values()) {
      Publisher.replace(directory.published(kind), target -> copyTo(kind, target));
    }
  }

  /** Writes the confirmed lines of all partitions, one partition after the other. */
  private void copyTo(DeadLetterKind kind, FileChannel target) throws IOException {
    for (DeadLetterJournal journal : journals(kind)) {
      if (!journal.copyTo(target)) {
        throw directory.damaged("a journal of " + kind.file + " became shorter during the run");
      }
    }
  }

  @Override
  @SuppressWarnings("try")
  public void close() {
    Publisher open = publisher;
    DeadLetterIndex confirmed = index;
    publisher = null;
    index = null;
    if (confirmed == null) {
      return;
    }
    try (Closeable ignored = this::closeJournals;
        confirmed) {
      if (open != null) {
        open.close();
        for (DeadLetterKind kind : DeadLetterKind.values()) {
          Publisher.force(directory.published(kind));
          requirePublished(kind);
        }
        confirmed.requireCounts(expected, "at the end of the run");
      }
    } catch (IOException e) {
      throw Publisher.failed(output, e);
    }
  }

  /** Compares a published file with the checksums of the lines that all runs wrote. */
  private void requirePublished(DeadLetterKind kind) throws IOException {
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

  private void closeJournals() throws IOException {
    List<DeadLetterJournal> open = List.copyOf(journals.values());
    journals.clear();
    Closing.all(open, DeadLetterJournal::close);
  }

  @Override
  public String toString() {
    return "dead-letter files in " + output;
  }
}
