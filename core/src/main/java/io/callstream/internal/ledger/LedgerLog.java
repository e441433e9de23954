package io.callstream.internal.ledger;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.files.DamagedFileException;
import io.callstream.internal.files.FileFailures;
import io.callstream.internal.task.StoredTable;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The log of a ledger: one file for each batch, and snapshots that replace them. Not thread-safe.
 *
 * <p>If a batch is repeated, its file is written again. When the files since the last snapshot are
 * larger than the snapshot, or are many, the next batch starts with a snapshot of the committed
 * state. So the log and the time of a restart remain proportional to the results. Many small
 * batches cause few snapshots of large results.
 */
final class LedgerLog {
  private final LedgerFiles files;
  private final LedgerState none;

  private long snapshotBytes;
  private long logBytes;
  private int logFiles;
  private boolean needsSnapshot;

  LedgerLog(LedgerFiles files, LedgerState none) {
    this.files = files;
    this.none = none;
  }

  /** Returns the id of this run and the runs that continue it. It is generated once. */
  String lineage(long committed) {
    try {
      if (files.list().contains(LedgerFiles.LINEAGE)) {
        return new String(files.read(LedgerFiles.LINEAGE), UTF_8).trim();
      }
      if (files.lastBatch() != Ledger.NO_BATCH) {
        throw new DamagedFileException(LedgerFiles.LINEAGE + " is missing");
      }
      String made = UUID.randomUUID().toString();
      files.write(LedgerFiles.LINEAGE, (made + "\n").getBytes(UTF_8));
      return made;
    } catch (IOException e) {
      throw notRead(committed, e);
    }
  }

  // ---- reading

  /** Returns the state after a batch, and passes on the notes, the oldest first. */
  LedgerState restore(long committed, Consumer<byte[]> notes) {
    if (committed == Ledger.NO_BATCH) {
      return none;
    }
    try {
      long snapshot = files.lastSnapshot(committed);
      LedgerTotals before = none.totals();
      LedgerTotals last = none.totals();
      RestoredWindows windows = new RestoredWindows();
      if (snapshot != Ledger.NO_BATCH) {
        byte[] content = files.read(LedgerFiles.SNAPSHOT + snapshot);
        last = read(LedgerFiles.SNAPSHOT + snapshot, snapshot, last, content, windows, notes);
        snapshotBytes = content.length;
      }
      for (long number = snapshot + 1; number <= committed; number++) {
        byte[] content = files.read(LedgerFiles.BATCH + number);
        before = last;
        last = read(LedgerFiles.BATCH + number, number, before, content, windows, notes);
        count(content);
      }
      return none.restored(before, last.of(none.statistics()), windows.all());
    } catch (IOException e) {
      throw notRead(committed, e);
    }
  }

  /**
   * The windows after the files that were read, which are read in order. Updates are applied
   * together when they are a quarter of the snapshot, so that each group is visited a few times and
   * little memory is needed.
   */
  private final class RestoredWindows {
    private static final long LEAST_PENDING_BYTES = 16 << 20;

    private final Map<String, NavigableMap<Long, Groups>> windows = new TreeMap<>();
    private final Map<String, NavigableMap<Long, List<byte[]>>> pending = new TreeMap<>();
    private long pendingBytes;

    void addSnapshot(LedgerEntry entry) {
      windows.putAll(entry.blocksByName());
    }

    void addBatch(LedgerEntry entry) {
      entry
          .blocksByName()
          .forEach((statistic, changed) -> changed.forEach((w, all) -> add(statistic, w, all)));
      if (pendingBytes > Math.max(snapshotBytes / 4, LEAST_PENDING_BYTES)) {
        apply();
      }
    }

    private void add(String statistic, long window, Groups updates) {
      if (updates.count() > 0) {
        pending
            .computeIfAbsent(statistic, x -> new TreeMap<>())
            .computeIfAbsent(window, x -> new ArrayList<>(1))
            .addAll(updates.pages());
        pendingBytes += updates.bytes();
      }
    }

    private void apply() {
      pending.forEach(
          (statistic, changed) -> {
            NavigableMap<Long, Groups> all =
                windows.computeIfAbsent(statistic, x -> new TreeMap<>());
            changed.forEach(
                (w, updates) ->
                    all.put(w, applied(statistic, all.getOrDefault(w, Groups.NONE), updates)));
          });
      pending.clear();
      pendingBytes = 0;
    }

    /** Returns the groups of a window; none for a statistic that the pipeline does not have. */
    private Groups applied(String statistic, Groups groups, List<byte[]> updates) {
      return none.results().stream()
          .filter(results -> results.statistic().name().equals(statistic))
          .findFirst()
          .map(own -> own.overlay(groups, BlockMerger.pairwise(updates, own::overlay)))
          .orElse(Groups.NONE);
    }

    /** Returns the windows of the statistics of the pipeline. */
    List<NavigableMap<Long, Groups>> all() {
      apply();
      return none.statistics().stream()
          .map(statistic -> windows.getOrDefault(statistic.name(), new TreeMap<>()))
          .toList();
    }
  }

  private LedgerTotals read(
      String name,
      long number,
      LedgerTotals before,
      byte[] content,
      RestoredWindows windows,
      Consumer<byte[]> notes)
      throws IOException {
    LedgerEntry entry = LedgerEntry.read(name, number, none, before.tables(), content);
    if (name.startsWith(LedgerFiles.SNAPSHOT)) {
      windows.addSnapshot(entry);
    } else {
      windows.addBatch(entry);
    }
    if (entry.note().length > 0) {
      notes.accept(entry.note());
    }
    return entry.totals();
  }

  /** Returns the totals after the batch that follows a batch; empty if it was never written. */
  Optional<LedgerTotals> totalsAfterNext(LedgerTotals last) {
    long batch = last.batch();
    String name = LedgerFiles.BATCH + (batch + 1);
    try {
      return files.list().contains(name)
          ? Optional.of(
              LedgerEntry.read(name, batch + 1, none, last.tables(), files.read(name)).totals())
          : Optional.empty();
    } catch (IOException e) {
      throw notRead(batch + 1, e);
    }
  }

  /**
   * Returns the tables that were announced for the batch after a batch; empty if none were.
   *
   * @param known the tables of the batch
   */
  Optional<List<StoredTable>> announcedAfter(long batch, List<StoredTable> known) {
    try {
      if (!files.list().contains(LedgerFiles.TABLES)) {
        return Optional.empty();
      }
      DataInputStream in =
          new DataInputStream(new ByteArrayInputStream(files.read(LedgerFiles.TABLES)));
      return in.readLong() == batch + 1
          ? Optional.of(StoredTable.readChanged(known, in))
          : Optional.empty();
    } catch (IOException e) {
      throw notRead(batch + 1, e);
    }
  }

  private CallstreamException notRead(long batch, IOException e) {
    if (e instanceof DamagedFileException damaged) {
      return damaged.in(files.location());
    }
    return new CallstreamException(
        ErrorCode.CHECKPOINT,
        ("The log of results in %s can't be read up to batch %s: %s. %s If the files are lost,"
                + " restore the checkpoint directory from a copy, or start with a new one.")
            .formatted(files.location(), batch, e, FileFailures.advice(e)),
        e);
  }

  // ---- writing

  /** Appends a batch durably. A snapshot would have the committed state before it. */
  void append(LedgerState committed, LedgerTotals after, BatchUpdates updates) {
    try {
      if (isLong()) {
        writeSnapshot(committed, LedgerEntry.NO_NOTE);
      }
      byte[] content = LedgerEntry.of(after, updates).toBytes(committed.totals().tables());
      files.write(LedgerFiles.BATCH + after.batch(), content);
      count(content);
    } catch (IOException e) {
      throw notWritten(e);
    }
  }

  /** Records the tables of a batch durably, before its tasks use them. */
  void announce(long batch, List<StoredTable> tables, List<StoredTable> known) {
    try {
      files.write(
          LedgerFiles.TABLES,
          target -> {
            DataOutputStream out = new DataOutputStream(target);
            out.writeLong(batch);
            StoredTable.writeChanged(tables, known, out);
            out.flush();
          });
    } catch (IOException e) {
      throw notWritten(e);
    }
  }

  /** Writes a snapshot of the committed state, with one note, if the log is large enough. */
  void shorten(LedgerState committed, Supplier<byte[]> note) {
    if (!isLong()) {
      return;
    }
    try {
      writeSnapshot(committed, note.get());
    } catch (IOException e) {
      throw notWritten(e);
    }
  }

  /** Records a change of the fingerprint, which is durable when this method returns. */
  void write(Fingerprint changed) {
    try {
      files.write(Fingerprint.FILE, changed.toString().getBytes(UTF_8));
    } catch (IOException e) {
      throw notWritten(e);
    }
  }

  String location() {
    return files.location();
  }

  /**
   * Returns a committed state without the results of some statistics. The next batch starts with a
   * snapshot, which replaces the files that have these results.
   */
  LedgerState without(LedgerState committed, Set<Integer> statistics) {
    needsSnapshot = true;
    return committed.with(statistics, none);
  }

  private boolean isLong() {
    return needsSnapshot
        || logBytes > Math.max(snapshotBytes, files.leastLogBytes())
        || (logFiles >= files.mostBatches() && logBytes > snapshotBytes / 4)
        || logFiles >= 10L * files.mostBatches();
  }

  private void count(byte[] content) {
    logBytes += content.length;
    logFiles++;
  }

  private void writeSnapshot(LedgerState committed, byte[] note) throws IOException {
    LedgerEntry entry = new LedgerEntry(committed.totals(), committed.windows(), note);
    long number = committed.totals().batch();
    files.write(
        LedgerFiles.SNAPSHOT + number, out -> snapshotBytes = entry.writeTo(out, List.of()));
    files.deleteReplacedBy(number);
    logBytes = 0;
    logFiles = 0;
    needsSnapshot = false;
  }

  private CallstreamException notWritten(IOException e) {
    return new CallstreamException(
        ErrorCode.CHECKPOINT,
        ("The log of results in %s can't be written: %s. %s Then start again with the same"
                + " checkpoint: nothing is lost.")
            .formatted(files.location(), e, FileFailures.advice(e)),
        e);
  }
}
