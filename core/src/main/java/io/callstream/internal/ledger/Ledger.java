package io.callstream.internal.ledger;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.task.PartitionClock;
import io.callstream.internal.task.PartitionSegment;
import io.callstream.internal.task.StatisticStart;
import io.callstream.internal.task.StoredTable;
import io.callstream.internal.task.TaskReport;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.CountedSince;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state after each batch: the accounting, the progress of the partitions, the watermark, and
 * the results of all windows. With files, a batch is written to a log before the engine commits it.
 * The driver of an engine appends batches; other threads may read the state.
 */
/*
 * LedgerState is the state, and LedgerTotals, SourceProgress and StatisticBlocks are its parts, which
 * compute the next state. LedgerLog writes and restores it; LedgerEntry is the format of a file.
 * ResultEmitter selects what sinks receive.
 */
public final class Ledger {
  public static final long NO_BATCH = -1;

  private static final Logger LOG = LoggerFactory.getLogger(Ledger.class);

  /** A restart reads all results as one array. */
  private static final long MOST_BYTES = 2_000L << 20;

  private final @Nullable LedgerLog log;
  private final long maxBytes;
  private volatile ResultEmitter emitter;
  private final ClockWarnings warnings = new ClockWarnings(System::nanoTime);
  private List<byte[]> notes = new ArrayList<>();
  private volatile LedgerState state;
  private volatile Set<Integer> partitionsOfLast = Set.of();

  private Ledger(
      Pipeline pipeline,
      @Nullable LedgerLog log,
      String lineage,
      LedgerState state,
      long maxBytes) {
    this.log = log;
    this.maxBytes = maxBytes;
    List<String> names = pipeline.statistics().stream().map(Statistic::name).toList();
    this.emitter = new ResultEmitter(pipeline, lineage, StatisticHistory.ofNew(names));
    this.state = state;
  }

  /** Returns the ledger of a pipeline that starts from the beginning and keeps no files. */
  public static Ledger inMemory(Pipeline pipeline) {
    return inMemory(pipeline, maxBytes());
  }

  static Ledger inMemory(Pipeline pipeline, long maxBytes) {
    return new Ledger(
        pipeline, null, UUID.randomUUID().toString(), LedgerState.none(pipeline), maxBytes);
  }

  /**
   * Returns the maximum size of the results. A restart needs twice their size, and a batch more.
   */
  private static long maxBytes() {
    return Math.min(Runtime.getRuntime().maxMemory() / 4, MOST_BYTES);
  }

  /** Returns the ledger as it was after the last batch that the engine committed. */
  public static Ledger restore(Pipeline pipeline, LedgerFiles files, long committed) {
    LedgerState none = LedgerState.none(pipeline);
    LedgerLog log = new LedgerLog(files, none);
    Ledger ledger = new Ledger(pipeline, log, log.lineage(committed), none, maxBytes());
    ledger.state = log.restore(committed, ledger.notes::add);
    return ledger;
  }

  /**
   * Returns the sum of ledgers of the same pipeline that read different partitions of a source. It
   * keeps no files, and no batch may be appended. A window is closed if all ledgers closed it, and
   * removed by the retention of the pipeline as soon as one of them may have removed it.
   */
  public static Ledger merged(Pipeline pipeline, List<Ledger> parts) {
    LedgerState none = LedgerState.none(pipeline);
    LedgerState merged = none.merged(parts.stream().map(part -> part.state).toList());
    Ledger ledger =
        new Ledger(pipeline, null, UUID.randomUUID().toString(), merged, Long.MAX_VALUE);
    ledger.emitter =
        ledger.emitter.with(
            StatisticHistory.merged(
                none.statistics().stream().map(Statistic::name).toList(),
                parts.stream().map(part -> part.emitter.history()).toList()));
    return ledger;
  }

  /**
   * Records that a run continues the checkpoint, before it processes batches. If the run has other
   * statistics, the change is durable when this method returns. A statistic that is new counts from
   * the next batch, but not in a batch that was written and not committed: sinks may have that
   * batch without the statistic, and may skip it when it is repeated.
   *
   * @param recorded the fingerprint of the checkpoint, which the run may continue
   * @param firstOffsets the offsets at which reading started
   * @throws CallstreamException if a batch was written and not committed, and the run has another
   *     format, which could reject records that the batch counted
   */
  public void continueAs(
      Fingerprint recorded, Fingerprint run, Map<Integer, Long> firstOffsets, Instant now) {
    Map<Integer, Long> pending = endsOfNext();
    if (log != null && !pending.isEmpty() && !recorded.hasFormatOf(run)) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          ("The last batch of the checkpoint directory %s was not finished, and only the format that"
                  + " it has may repeat it. Run once with that format, and then add fields to it.")
              .formatted(log.location()));
    }
    Map<Integer, Long> offsets = new TreeMap<>(firstOffsets);
    offsets.putAll(nextOffsets());
    offsets.putAll(pending);
    long next = lastBatch() + 1 + (pending.isEmpty() ? 0 : 1);
    Fingerprint changed =
        recorded.continuedBy(run, new CountedSince(next, now, offsets), lastBatch());
    if (log != null && !changed.equals(recorded)) {
      log.write(changed);
      LOG.info(
          "The pipeline of the checkpoint directory {} changed: {}. Added statistics count from batch"
              + " {}.",
          log.location(),
          recorded.changesTo(changed),
          next);
    }
    emitter = emitter.with(changed.history());
    dropEarlierResults();
  }

  /** A view that was removed and is added again counts from the next batch, without its results. */
  private void dropEarlierResults() {
    List<StatisticStart> starts = starts();
    Set<Integer> added = new TreeSet<>();
    for (int i = 0; i < starts.size(); i++) {
      if (starts.get(i).firstBatch() > lastBatch() && state.results().get(i).count() > 0) {
        added.add(i);
      }
    }
    if (log != null && !added.isEmpty()) {
      state = log.without(state, added);
    }
  }

  /** Returns the places of the statistics in the checkpoint. */
  public List<StatisticStart> starts() {
    return emitter.history().starts(state.statistics().stream().map(Statistic::name).toList());
  }

  /** Returns the number of the last batch in the ledger, or {@link #NO_BATCH}. */
  public long lastBatch() {
    return state.totals().batch();
  }

  /** Returns the watermark that applied to the last batch. */
  public long watermark() {
    return state.totals().watermarkInForce();
  }

  /** Returns the watermark that applies to the next batch. */
  public long nextWatermark() {
    return state.totals().nextWatermark();
  }

  /** Returns the watermark that will apply to the batch after the next one. */
  public long watermarkAfter(List<PartitionSegment> next) {
    LedgerTotals totals = state.totals();
    return totals.progress().plus(next).watermarkAfter(next, totals.nextWatermark());
  }

  /**
   * Returns the starts of the windows that close in the next batch, by statistic. For engines whose
   * tasks keep windows, which support neither sessions nor baselines.
   */
  public List<List<Long>> closing() {
    return state.closing();
  }

  /**
   * Returns the number of open windows and buckets of open sessions, the number of groups that the
   * last batch changed, and the size of open groups.
   */
  public Progress.State sizeAfter(BatchUpdates updates) {
    return new Progress.State(state.openCount(), updates.groups(), state.openBytes());
  }

  /** Returns all groups of a window, or of a bucket of sessions. */
  public Groups groups(int statistic, long key) {
    return state.results().get(statistic).groups(key);
  }

  /** Returns the number of groups of the largest of the latest windows of a statistic. */
  public int largestWindow(int statistic) {
    return state.results().get(statistic).largestOfLatest();
  }

  /** Appends a batch. With files, the batch is durable when this method returns. */
  public BatchResults append(long number, TaskReport report, BatchUpdates updates) {
    LedgerState before = state;
    LedgerTotals totals = before.totals();
    if (number != totals.batch() + 1) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          ("Batch %s does not follow batch %s of the log of results. The checkpoint directory was"
                  + " changed by somebody else; restore it from a copy, or start with a new one.")
              .formatted(number, totals.batch()));
    }
    SourceProgress progress = totals.progress().plus(report.segments());
    long unconfirmed = progress.unconfirmedSince(totals.progress(), warnings::unconfirmed);
    Accounting accounting =
        report.accounting().plus(new Accounting(0, 0, 0, 0, 0, 0, unconfirmed, Map.of(), Map.of()));
    before.addDerived(updates);
    LedgerState after =
        before.next(
            totals.next(accounting, report.segments(), progress, updates.tables()), updates);
    requireMemory(after.memoryBytes(), maxBytes);
    if (log != null) {
      log.append(before, after.totals(), updates);
    }
    state = after;
    partitionsOfLast =
        report.segments().stream().map(PartitionSegment::partition).collect(Collectors.toSet());
    return emitter.batch(before, after, accounting, updates);
  }

  /** Fails instead of a batch whose results would leave too little memory for a restart. */
  static void requireMemory(long bytes, long maxBytes) {
    if (bytes > maxBytes) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          ("The results need %s MiB. The limit is %s MiB: a quarter of the heap, and at most 2000 MiB."
                  + " Use a larger heap (-Xmx), set retainingResults, lower maxGroups, or use fewer"
                  + " dimensions. The batch was not processed, and a run with the same checkpoint"
                  + " continues.")
              .formatted(mebibytes(bytes), maxBytes >> 20));
    }
  }

  private static long mebibytes(long bytes) {
    return -Math.floorDiv(-bytes, 1L << 20);
  }

  /**
   * Starts a new log with a snapshot if the log is large enough. An engine that keeps notes must
   * call this method before each batch, when the last batch is committed.
   *
   * @param note returns one note that replaces all notes so far
   */
  public void shortenLog(Supplier<byte[]> note) {
    if (log != null) {
      log.shorten(state, note);
    }
  }

  /** Returns the restored notes once, the oldest first. */
  public List<byte[]> takeNotes() {
    List<byte[]> taken = notes;
    notes = new ArrayList<>();
    return taken;
  }

  public BatchResults current() {
    return emitter.current(state);
  }

  /**
   * Returns the windows that have not closed, as a batch of updates for the statistics that emit
   * when windows close. Used at the end of a bounded run that flushes. The windows are not marked
   * as emitted.
   */
  public BatchResults flush() {
    return emitter.flush(state);
  }

  /** Returns the current results of a statistic, including open windows. */
  public Results results(String statistic) {
    return emitter.results(state, statistic);
  }

  public Accounting total() {
    return state.totals().accounting();
  }

  /** Returns the offset after the last record in the ledger for each partition. */
  public Map<Integer, Long> nextOffsets() {
    return state.totals().progress().nextOffsets();
  }

  /** Returns the clock of each partition. Must not be modified. */
  public Map<Integer, PartitionClock> clocks() {
    Map<Integer, PartitionClock> clocks = new TreeMap<>();
    state
        .totals()
        .progress()
        .partitions()
        .forEach((partition, progress) -> clocks.put(partition, progress.clock()));
    return clocks;
  }

  /** Returns the partitions with records in the last batch; empty after a restart. */
  public Set<Integer> partitionsOfLast() {
    return partitionsOfLast;
  }

  /** Returns the tables of lookups that the last batch used. Empty before the first batch. */
  public List<StoredTable> tables() {
    return state.totals().tables();
  }

  /** Returns the tables that a batch used, or may have used, which was not committed. */
  public Optional<List<StoredTable>> tablesOfNext() {
    return log == null
        ? Optional.empty()
        : log.totalsAfterNext(state.totals())
            .map(LedgerTotals::tables)
            .or(() -> log.announcedAfter(lastBatch(), tables()));
  }

  /**
   * Records which tables the next batch uses. The record is durable when this method returns.
   * Required before each batch if tasks write sinks before the batch is in the ledger.
   */
  public void announce(List<StoredTable> tables) {
    if (log != null && !tables.isEmpty()) {
      log.announce(lastBatch() + 1, tables, tables());
    }
  }

  /** Returns the end offsets of a batch that was written but not committed; empty if none. */
  public Map<Integer, Long> endsOfNext() {
    LedgerTotals totals = state.totals();
    return log == null
        ? Map.of()
        : log.totalsAfterNext(totals)
            .map(LedgerTotals::progress)
            .map(totals.progress()::nextOffsetsChangedIn)
            .orElse(Map.of());
  }
}
