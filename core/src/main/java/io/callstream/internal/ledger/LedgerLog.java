package io.callstream.internal.ledger;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.files.DamagedFileException;
import io.callstream.internal.files.FileFailures;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
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

  /** The keys of the blocks of statistics that the pipeline no longer has, until the next batch. */
  private Map<String, List<Long>> removed = Map.of();

  private long snapshotBytes;
  private long logBytes;
  private int logFiles;

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
      removed = windows.removed();
      return none.restored(before, last.of(none.statistics()), windows.all());
    } catch (IOException e) {
      throw notRead(committed, e);
    }
  }

  /** The windows of a snapshot and of the batches after it, while files are read in order. */
  private final class RestoredWindows {
    private final Map<String, NavigableMap<Long, Groups>> snapshot = new TreeMap<>();
    private final Map<String, NavigableMap<Long, List<byte[]>>> updates = new TreeMap<>();

    void addSnapshot(LedgerEntry entry) {
      snapshot.putAll(entry.blocksByName());
    }

    void addBatch(LedgerEntry entry) {
      entry
          .blocksByName()
          .forEach(
              (statistic, windows) -> {
                NavigableMap<Long, List<byte[]>> all =
                    updates.computeIfAbsent(statistic, x -> new TreeMap<>());
                windows.forEach(
                    (window, groups) ->
                        all.computeIfAbsent(window, x -> new ArrayList<>(1))
                            .addAll(groups.pages()));
              });
    }

    /** Returns the windows of the statistics of the pipeline. */
    List<NavigableMap<Long, Groups>> all() {
      List<NavigableMap<Long, Groups>> all = new ArrayList<>();
      for (StatisticBlocks blocks : none.results()) {
        String name = blocks.statistic().name();
        NavigableMap<Long, Groups> windows = snapshot.getOrDefault(name, new TreeMap<>());
        updates
            .getOrDefault(name, new TreeMap<>())
            .forEach(
                (window, some) ->
                    windows.put(
                        window,
                        blocks.overlay(
                            windows.getOrDefault(window, Groups.NONE),
                            BlockMerger.pairwise(some, blocks::overlay))));
        all.add(windows);
      }
      return all;
    }

    /** Returns the keys of the windows of statistics that the pipeline does not have. */
    Map<String, List<Long>> removed() {
      Map<String, NavigableSet<Long>> keys = new TreeMap<>();
      snapshot.forEach((name, windows) -> addKeys(keys, name, windows));
      updates.forEach((name, windows) -> addKeys(keys, name, windows));
      none.statistics().forEach(statistic -> keys.remove(statistic.name()));
      Map<String, List<Long>> removedKeys = new TreeMap<>();
      keys.forEach((name, windows) -> removedKeys.put(name, List.copyOf(windows)));
      return removedKeys;
    }

    private static void addKeys(
        Map<String, NavigableSet<Long>> keys, String statistic, NavigableMap<Long, ?> windows) {
      keys.computeIfAbsent(statistic, x -> new TreeSet<>()).addAll(windows.keySet());
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
      removed = Map.of();
      count(content);
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

  /**
   * Returns the keys of the blocks of statistics that the pipeline no longer has, by name. Until
   * the engine has removed them in a batch, the log keeps them.
   */
  Map<String, List<Long>> removed() {
    return removed;
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

  private boolean isLong() {
    return removed.isEmpty()
        && (logBytes > Math.max(snapshotBytes, files.leastLogBytes())
            || (logFiles >= files.mostBatches() && logBytes > snapshotBytes / 4)
            || logFiles >= 10L * files.mostBatches());
  }

  private void count(byte[] content) {
    logBytes += content.length;
    logFiles++;
  }

  private void writeSnapshot(LedgerState committed, byte[] note) throws IOException {
    byte[] content =
        new LedgerEntry(committed.totals(), committed.windows(), note).toBytes(List.of());
    long number = committed.totals().batch();
    files.write(LedgerFiles.SNAPSHOT + number, content);
    files.deleteReplacedBy(number);
    snapshotBytes = content.length;
    logBytes = 0;
    logFiles = 0;
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
