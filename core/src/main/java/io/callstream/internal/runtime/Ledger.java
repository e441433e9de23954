package io.callstream.internal.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.aggregate.WindowAssigner;
import io.callstream.internal.files.FileFailures;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The state after each batch: the accounting, the progress of the partitions, the watermark, and
 * the results of all windows. The driver of an engine writes it; other threads may read it.
 *
 * <p>With files, the ledger is a log. Batch N is one file with the totals of all batches up to N,
 * the results that N changed, and notes of the engine. It is written before the engine commits N.
 * If N is repeated, its file is written again. When the files since the last snapshot are larger
 * than the snapshot, the next batch starts with a snapshot of the committed state. So the log and
 * the time of a restart remain proportional to the results.
 */
public final class Ledger {
  /** The number that represents the state before the first batch. */
  public static final long NO_BATCH = -1;

  private static final int MAGIC = 0x63_61_6c_33; // cal3
  static final String BATCH = "batch-";
  static final String SNAPSHOT = "snapshot-";

  /** The name of the file with the id of a run and of the runs that continue it. */
  public static final String LINEAGE = "lineage";

  private final Pipeline pipeline;
  private final List<Statistic> statistics;
  private final @Nullable LedgerFiles files;
  private final String lineage;
  private long snapshotBytes;
  private long logBytes;
  private int logFiles;
  private List<byte[]> notes = new ArrayList<>();
  private final ClockWarnings warnings = new ClockWarnings(System::nanoTime);
  private volatile Page page;

  /**
   * The state after one batch. Immutable except for the maps, which are never modified after
   * construction.
   */
  private record Page(
      long batch,
      Accounting total,
      Map<Integer, PartitionProgress> progress,
      long watermarkInForce,
      long nextWatermark,
      List<NavigableMap<Long, byte[]>> results) {}

  private Ledger(Pipeline pipeline, @Nullable LedgerFiles files, String lineage, Page page) {
    this.pipeline = pipeline;
    this.lineage = lineage;
    this.statistics = pipeline.statistics();
    this.files = files;
    this.page = page;
  }

  /** Returns the ledger of a pipeline that starts from the beginning and keeps no files. */
  public static Ledger inMemory(Pipeline pipeline) {
    return new Ledger(pipeline, null, UUID.randomUUID().toString(), firstPage(pipeline));
  }

  /**
   * Returns the ledger as it was after a batch.
   *
   * @param committed the last batch that the engine committed, or {@link #NO_BATCH}
   * @throws CallstreamException if the files do not contain the state after that batch
   */
  public static Ledger restore(Pipeline pipeline, LedgerFiles files, long committed) {
    try {
      Ledger ledger = new Ledger(pipeline, files, lineage(files), firstPage(pipeline));
      if (committed != NO_BATCH) {
        ledger.replay(committed);
      }
      return ledger;
    } catch (IOException e) {
      throw notRead(files, committed, e);
    }
  }

  private static CallstreamException notRead(LedgerFiles files, long batch, IOException e) {
    if (e instanceof DamagedFileException) {
      return new CallstreamException(
          ErrorCode.CHECKPOINT,
          "The checkpoint directory "
              + files.location()
              + " is damaged: "
              + e.getMessage()
              + ". Restore it from a copy, or start with a new one, which counts the topic from its"
              + " start.",
          e);
    }
    return new CallstreamException(
        ErrorCode.CHECKPOINT,
        "The log of results in "
            + files.location()
            + " can't be read up to batch "
            + batch
            + ": "
            + e
            + ". "
            + FileFailures.advice(e)
            + " If the files are lost, restore the checkpoint directory from a copy, or start with a"
            + " new one.",
        e);
  }

  /**
   * Returns the id that distinguishes this run and the runs that continue it from others. It is
   * generated once.
   */
  private static String lineage(LedgerFiles files) throws IOException {
    if (files.list().contains(LINEAGE)) {
      return new String(files.read(LINEAGE), UTF_8).trim();
    }
    if (lastBatch(files) != NO_BATCH) {
      throw new DamagedFileException(LINEAGE + " is missing");
    }
    String made = UUID.randomUUID().toString();
    files.write(LINEAGE, (made + "\n").getBytes(UTF_8));
    return made;
  }

  private static Page firstPage(Pipeline pipeline) {
    List<String> names = pipeline.statistics().stream().map(Statistic::name).toList();
    List<NavigableMap<Long, byte[]>> results = new ArrayList<>();
    names.forEach(name -> results.add(new TreeMap<>()));
    return new Page(
        NO_BATCH,
        Accounting.none(names),
        Map.of(),
        StatisticCombiner.NO_WATERMARK,
        StatisticCombiner.NO_WATERMARK,
        results);
  }

  // ---- state that tasks need before a batch

  /** Returns the number of the last batch in the ledger, or {@link #NO_BATCH}. */
  public long lastBatch() {
    return page.batch();
  }

  /** Returns the watermark that applies to the next batch. */
  public long nextWatermark() {
    return page.nextWatermark();
  }

  /** Returns the windows that close at the start of the next batch, by statistic. */
  public List<List<Long>> closing() {
    Page now = page;
    List<List<Long>> closing = new ArrayList<>();
    for (int i = 0; i < statistics.size(); i++) {
      closing.add(
          windowsThatClose(
              statistics.get(i),
              now.results().get(i),
              now.watermarkInForce(),
              now.nextWatermark()));
    }
    return closing;
  }

  private static List<Long> windowsThatClose(
      Statistic statistic, NavigableMap<Long, byte[]> results, long after, long upTo) {
    if (statistic.window().isEmpty() || upTo == after) {
      return List.of();
    }
    WindowAssigner windows = new WindowAssigner(statistic.window().get());
    List<Long> closing = new ArrayList<>();
    for (long start : results.descendingKeySet()) {
      long close = windows.closesAt(start);
      if (close <= after) {
        break;
      }
      if (close <= upTo) {
        closing.add(start);
      }
    }
    Collections.reverse(closing);
    return closing;
  }

  /** Returns the blocks of the windows that are open in the next batch. */
  public List<byte[]> openBlocks() {
    Page now = page;
    List<byte[]> open = new ArrayList<>();
    for (int i = 0; i < statistics.size(); i++) {
      WindowAssigner windows = statistics.get(i).window().map(WindowAssigner::new).orElse(null);
      for (Map.Entry<Long, byte[]> entry : now.results().get(i).descendingMap().entrySet()) {
        if (windows != null && windows.closesAt(entry.getKey()) <= now.nextWatermark()) {
          break;
        }
        open.add(entry.getValue());
      }
    }
    return open;
  }

  // ---- appending a batch

  /** The results that a batch changed: a block of absolute values for each changed window. */
  public static final class Updates {
    private static final byte[] NO_NOTE = {};

    private final List<NavigableMap<Long, byte[]>> blocks = new ArrayList<>();
    private final List<NavigableMap<Long, byte[]>> whole = new ArrayList<>();
    private byte[] note = NO_NOTE;

    /** Creates empty updates. */
    public Updates(int statistics) {
      for (int i = 0; i < statistics; i++) {
        blocks.add(new TreeMap<>());
        whole.add(new TreeMap<>());
      }
    }

    /** Adds the groups of a window that changed. Each window is added once. */
    public void put(int statistic, long windowStart, byte[] block) {
      blocks.get(statistic).put(windowStart, block);
    }

    /**
     * Adds a window that was merged with {@link Ledger#block}. Each window is added once.
     *
     * @param merged the groups that changed, and all groups
     */
    public void put(int statistic, long windowStart, BlockMerger.Merged merged) {
      blocks.get(statistic).put(windowStart, merged.updates());
      whole.get(statistic).put(windowStart, merged.state());
    }

    /** Adds data of the engine, which a restored ledger returns; see {@link Ledger#takeNotes}. */
    public void note(byte[] more) {
      note = more;
    }
  }

  /**
   * Appends a batch. With files, the batch is durable when this method returns.
   *
   * @param number one more than {@link #lastBatch()}
   * @return the results for the sinks
   */
  public BatchResults append(long number, TaskReport report, Updates updates) {
    Page before = page;
    if (number != before.batch() + 1) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          "Batch "
              + number
              + " does not follow batch "
              + before.batch()
              + " of the log of results. The checkpoint directory was changed by somebody else;"
              + " restore it from a copy, or start with a new one.");
    }
    Map<Integer, PartitionProgress> progress = advance(before.progress(), report.segments());
    Accounting accounting =
        report.accounting().plusUnconfirmedTimes(unconfirmed(before.progress(), progress));
    Page after = next(before, number, accounting, report.segments(), progress, updates);
    write(before, after, updates);
    page = after;
    return results(before, after, accounting, updates);
  }

  /** Returns the progress after a batch. Its segments may be in any order. */
  private Map<Integer, PartitionProgress> advance(
      Map<Integer, PartitionProgress> before, List<PartitionSegment> batch) {
    Map<Integer, PartitionProgress> after = new TreeMap<>(before);
    batch.stream()
        .sorted(Comparator.comparingLong(PartitionSegment::firstOffset))
        .forEach(
            segment -> {
              PartitionProgress known = after.get(segment.partition());
              after.put(
                  segment.partition(),
                  (known == null ? new PartitionProgress(0, newClock()) : known).append(segment));
            });
    return after;
  }

  private PartitionClock newClock() {
    return PartitionClock.ofPartition(TaskPlan.maxEventTimeJumpMillis(pipeline));
  }

  /** Counts the calls that a batch showed to be unconfirmed, and logs warnings about them. */
  private long unconfirmed(
      Map<Integer, PartitionProgress> before, Map<Integer, PartitionProgress> after) {
    long sum = 0;
    for (Map.Entry<Integer, PartitionProgress> entry : after.entrySet()) {
      PartitionClock clock = entry.getValue().clock();
      PartitionProgress known = before.get(entry.getKey());
      long more = clock.unconfirmed() - (known == null ? 0 : known.clock().unconfirmed());
      if (more > 0) {
        sum += more;
        warnings.unconfirmed(entry.getKey(), clock);
      }
    }
    return sum;
  }

  private Page next(
      Page before,
      long number,
      Accounting accounting,
      List<PartitionSegment> segments,
      Map<Integer, PartitionProgress> progress,
      Updates updates) {
    List<NavigableMap<Long, byte[]>> results = new ArrayList<>();
    for (int i = 0; i < statistics.size(); i++) {
      results.add(
          overlay(
              retained(i, before.results().get(i), before.watermarkInForce()),
              updates.blocks.get(i),
              updates.whole.get(i)));
    }
    return new Page(
        number,
        before.total().plus(accounting),
        progress,
        before.nextWatermark(),
        watermark(before.nextWatermark(), segments, progress),
        results);
  }

  /**
   * Returns the watermark that will apply to the batch after the next one.
   *
   * @param next the segments of the next batch, in any order
   */
  public long watermarkAfter(List<PartitionSegment> next) {
    return watermark(page.nextWatermark(), next, advance(page.progress(), next));
  }

  /** Returns the block of all groups of an open or closed window; null if the window has none. */
  public byte @Nullable [] block(int statistic, long windowStart) {
    return page.results().get(statistic).get(windowStart);
  }

  /**
   * Returns the results of a statistic without the windows whose retention has ended. The watermark
   * of the previous batch decides, so that each window was reported as closed once.
   */
  private NavigableMap<Long, byte[]> retained(
      int statistic, NavigableMap<Long, byte[]> results, long watermark) {
    Optional<Window> window = statistics.get(statistic).window();
    if (pipeline.retention().isEmpty() || window.isEmpty()) {
      return results;
    }
    WindowAssigner windows = new WindowAssigner(window.get());
    long retention = pipeline.retention().get().toMillis();
    Long firstKept = null;
    for (long start : results.keySet()) {
      if (windows.closesAt(start) + retention > watermark) {
        firstKept = start;
        break;
      }
    }
    if (firstKept == null) {
      return new TreeMap<>();
    }
    return firstKept.equals(results.firstKey())
        ? results
        : new TreeMap<>(results.tailMap(firstKept, true));
  }

  /**
   * Returns the minimum clock of the partitions that had a record in the batch. A partition whose
   * clock has no time yet holds the watermark.
   */
  private static long watermark(
      long before, List<PartitionSegment> batch, Map<Integer, PartitionProgress> progress) {
    long least = Long.MAX_VALUE;
    for (PartitionSegment segment : batch) {
      PartitionProgress soFar = progress.get(segment.partition());
      least = Math.min(least, soFar == null ? before : soFar.clock().millis());
    }
    return batch.isEmpty() ? before : Math.max(before, least);
  }

  private static NavigableMap<Long, byte[]> overlay(
      NavigableMap<Long, byte[]> results,
      NavigableMap<Long, byte[]> updates,
      NavigableMap<Long, byte[]> whole) {
    if (updates.isEmpty()) {
      return results;
    }
    NavigableMap<Long, byte[]> all = new TreeMap<>(results);
    updates.forEach(
        (window, block) -> {
          byte[] known = whole.get(window);
          if (known == null) {
            all.merge(window, block, BlockMerger::overlay);
          } else {
            all.put(window, known);
          }
        });
    return all;
  }

  private BatchResults results(Page before, Page after, Accounting accounting, Updates updates) {
    Map<String, Results> emitted = new LinkedHashMap<>();
    for (int i = 0; i < statistics.size(); i++) {
      Statistic statistic = statistics.get(i);
      NavigableMap<Long, byte[]> blocks =
          switch (statistic.emission()) {
            case ON_UPDATE ->
                tellsShares(statistic)
                    ? only(after.results().get(i), updates.blocks.get(i).keySet())
                    : updates.blocks.get(i);
            case ON_CLOSE ->
                only(
                    after.results().get(i),
                    windowsThatClose(
                        statistic,
                        after.results().get(i),
                        before.watermarkInForce(),
                        after.watermarkInForce()));
          };
      emitted.put(statistic.name(), new BlockResults(statistic, blocks));
    }
    return view(after, emitted, accounting);
  }

  /**
   * Returns whether a statistic has shares. An additional call in a window changes the shares of
   * all its groups.
   */
  private static boolean tellsShares(Statistic statistic) {
    return statistic.measures().stream().anyMatch(Measure.Share.class::isInstance);
  }

  private static NavigableMap<Long, byte[]> only(
      NavigableMap<Long, byte[]> results, Collection<Long> windows) {
    NavigableMap<Long, byte[]> some = new TreeMap<>();
    for (Long window : windows) {
      some.put(window, results.getOrDefault(window, new byte[0]));
    }
    return some;
  }

  private BatchResults view(Page now, Map<String, Results> updates, Accounting accounting) {
    Map<String, Results> current = new LinkedHashMap<>();
    for (int i = 0; i < statistics.size(); i++) {
      Statistic statistic = statistics.get(i);
      NavigableMap<Long, byte[]> results = now.results().get(i);
      current.put(
          statistic.name(),
          new BlockResults(
              statistic,
              statistic.emission() == Emission.ON_CLOSE
                  ? closed(statistic, results, now.watermarkInForce())
                  : results));
    }
    return new BatchResults(
        lineage,
        now.batch(),
        pipeline,
        watermark(now.watermarkInForce()),
        updates,
        current,
        accounting,
        now.total());
  }

  private static NavigableMap<Long, byte[]> closed(
      Statistic statistic, NavigableMap<Long, byte[]> results, long watermark) {
    return only(
        results, windowsThatClose(statistic, results, StatisticCombiner.NO_WATERMARK, watermark));
  }

  // ---- current state

  /** Returns the current state, without updates. */
  public BatchResults current() {
    Page now = page;
    return view(now, nothing(), Accounting.none(names()));
  }

  /**
   * Returns the windows that have not closed, as a batch of updates for the statistics that emit
   * when windows close. Used at the end of a bounded run that flushes. The windows are not marked
   * as emitted.
   */
  public BatchResults flush() {
    Page now = page;
    Map<String, Results> open = new LinkedHashMap<>();
    Map<String, Results> all = new LinkedHashMap<>();
    for (int i = 0; i < statistics.size(); i++) {
      Statistic statistic = statistics.get(i);
      NavigableMap<Long, byte[]> results = now.results().get(i);
      NavigableMap<Long, byte[]> rest = new TreeMap<>();
      if (statistic.emission() == Emission.ON_CLOSE) {
        rest.putAll(results);
        rest.keySet().removeAll(closed(statistic, results, now.watermarkInForce()).keySet());
      }
      open.put(statistic.name(), new BlockResults(statistic, rest));
      all.put(statistic.name(), new BlockResults(statistic, results));
    }
    return new BatchResults(
        lineage,
        now.batch() + 1,
        pipeline,
        watermark(now.watermarkInForce()),
        open,
        all,
        Accounting.none(names()),
        now.total());
  }

  /** Returns the current results of a statistic, including open windows. */
  public Results results(String statistic) {
    Statistic found = pipeline.statistic(statistic);
    return new BlockResults(found, page.results().get(statistics.indexOf(found)));
  }

  /** Returns the accounting of all records so far. */
  public Accounting total() {
    return page.total();
  }

  /**
   * Returns the restored notes once, the oldest first: the note of a snapshot, then the notes of
   * the batches after it.
   */
  public List<byte[]> takeNotes() {
    List<byte[]> taken = notes;
    notes = new ArrayList<>();
    return taken;
  }

  /**
   * Returns the end offsets of the batch after the last one, for the partitions with records in it.
   * Empty if that batch was never written.
   */
  public Map<Integer, Long> endsOfNext() {
    LedgerFiles log = files;
    if (log == null) {
      return Map.of();
    }
    String name = BATCH + (page.batch() + 1);
    try {
      if (!log.list().contains(name)) {
        return Map.of();
      }
      Map<Integer, Long> before = nextOffsets();
      Map<Integer, Long> ends = new TreeMap<>();
      decode(name, page.batch() + 1, log.read(name), note -> {})
          .progress()
          .forEach(
              (partition, progress) -> {
                if (progress.nextOffset() != before.getOrDefault(partition, -1L)) {
                  ends.put(partition, progress.nextOffset());
                }
              });
      return ends;
    } catch (IOException e) {
      throw notRead(log, page.batch() + 1, e);
    }
  }

  /** Returns the offset after the last record in the ledger for each partition. */
  public Map<Integer, Long> nextOffsets() {
    Map<Integer, Long> offsets = new TreeMap<>();
    page.progress().forEach((partition, progress) -> offsets.put(partition, progress.nextOffset()));
    return offsets;
  }

  private static Optional<Instant> watermark(long millis) {
    return millis == StatisticCombiner.NO_WATERMARK
        ? Optional.empty()
        : Optional.of(Instant.ofEpochMilli(millis));
  }

  private Map<String, Results> nothing() {
    Map<String, Results> nothing = new LinkedHashMap<>();
    statistics.forEach(s -> nothing.put(s.name(), new BlockResults(s, new TreeMap<>())));
    return nothing;
  }

  private List<String> names() {
    return statistics.stream().map(Statistic::name).toList();
  }

  // ---- files

  private void write(Page before, Page after, Updates updates) {
    if (files == null) {
      return;
    }
    try {
      if (isLogTooLong()) {
        writeSnapshot(before, Updates.NO_NOTE);
      }
      byte[] content = encode(after, updates.blocks, updates.note);
      files.write(BATCH + after.batch(), content);
      logBytes += content.length;
      logFiles++;
    } catch (IOException e) {
      throw notWritten(files, e);
    }
  }

  private boolean isLogTooLong() {
    return files != null
        && (logFiles >= files.mostBatches()
            || logBytes > Math.max(snapshotBytes, files.leastLogBytes()));
  }

  private static CallstreamException notWritten(LedgerFiles files, IOException e) {
    return new CallstreamException(
        ErrorCode.CHECKPOINT,
        "The log of results in "
            + files.location()
            + " can't be written: "
            + e
            + ". "
            + FileFailures.advice(e)
            + " Then start again with the same checkpoint: nothing is lost.",
        e);
  }

  /**
   * Starts a new log with a snapshot if the log is large enough. An engine that keeps notes must
   * call this method before each batch, when the last batch is committed.
   *
   * @param note returns one note that replaces all notes so far
   */
  public void shortenLog(Supplier<byte[]> note) {
    if (files == null || !isLogTooLong()) {
      return;
    }
    try {
      writeSnapshot(page, note.get());
    } catch (IOException e) {
      throw notWritten(files, e);
    }
  }

  private void writeSnapshot(Page committed, byte[] note) throws IOException {
    if (files == null) {
      return;
    }
    byte[] content = encode(committed, committed.results(), note);
    files.write(SNAPSHOT + committed.batch(), content);
    for (String name : files.list()) {
      if (number(name, BATCH) <= committed.batch() && number(name, BATCH) != NO_BATCH) {
        files.delete(name);
      }
      if (number(name, SNAPSHOT) < committed.batch() && number(name, SNAPSHOT) != NO_BATCH) {
        files.delete(name);
      }
    }
    snapshotBytes = content.length;
    logBytes = 0;
    logFiles = 0;
  }

  private void replay(long committed) throws IOException {
    LedgerFiles log = files;
    if (log == null) {
      return;
    }
    long snapshot = NO_BATCH;
    for (String name : log.list()) {
      long number = number(name, SNAPSHOT);
      if (number <= committed) {
        snapshot = Math.max(snapshot, number);
      }
    }
    if (snapshot != NO_BATCH) {
      byte[] content = log.read(SNAPSHOT + snapshot);
      page = decode(SNAPSHOT + snapshot, snapshot, content, notes::add);
      snapshotBytes = content.length;
    }
    if (committed == snapshot) {
      return;
    }
    List<Map<Long, List<byte[]>>> blocks = new ArrayList<>();
    page.results().forEach(results -> blocks.add(collect(new TreeMap<>(), results)));
    Page before = page;
    Page last = page;
    for (long number = snapshot + 1; number <= committed; number++) {
      byte[] content = log.read(BATCH + number);
      before = last;
      last = decode(BATCH + number, number, content, notes::add);
      for (int i = 0; i < statistics.size(); i++) {
        collect(blocks.get(i), last.results().get(i));
      }
      logBytes += content.length;
      logFiles++;
    }
    List<NavigableMap<Long, byte[]>> results = new ArrayList<>();
    for (int i = 0; i < statistics.size(); i++) {
      NavigableMap<Long, byte[]> all = new TreeMap<>();
      blocks.get(i).forEach((window, versions) -> all.put(window, overlay(versions)));
      results.add(retained(i, all, before.watermarkInForce()));
    }
    page =
        new Page(
            committed,
            last.total(),
            last.progress(),
            last.watermarkInForce(),
            last.nextWatermark(),
            results);
  }

  private static Map<Long, List<byte[]>> collect(
      Map<Long, List<byte[]>> all, Map<Long, byte[]> more) {
    more.forEach(
        (window, block) -> all.computeIfAbsent(window, w -> new ArrayList<>(1)).add(block));
    return all;
  }

  /**
   * Overlays blocks of one window, the oldest first. It works pairwise, so that each block is
   * visited only a few times.
   */
  private static byte[] overlay(List<byte[]> versions) {
    List<byte[]> level = versions;
    while (level.size() > 1) {
      List<byte[]> next = new ArrayList<>((level.size() + 1) / 2);
      for (int i = 0; i < level.size(); i += 2) {
        next.add(
            i + 1 < level.size()
                ? BlockMerger.overlay(level.get(i), level.get(i + 1))
                : level.get(i));
      }
      level = next;
    }
    return level.get(0);
  }

  /** Returns the number of the last batch in the files, or {@link #NO_BATCH}. */
  public static long lastBatch(LedgerFiles files) throws IOException {
    return Math.max(greatest(files, BATCH), lastSnapshot(files));
  }

  /**
   * Returns the number of the last batch that the files show to be committed, or {@link #NO_BATCH}.
   * A batch is committed if another batch or a snapshot follows it.
   */
  public static long lastCertainBatch(LedgerFiles files) throws IOException {
    return Math.max(Math.max(NO_BATCH, greatest(files, BATCH) - 1), lastSnapshot(files));
  }

  /** Returns the number of the last snapshot, or {@link #NO_BATCH}. */
  static long lastSnapshot(LedgerFiles files) throws IOException {
    return greatest(files, SNAPSHOT);
  }

  private static long greatest(LedgerFiles files, String prefix) throws IOException {
    return files.list().stream().mapToLong(name -> number(name, prefix)).max().orElse(NO_BATCH);
  }

  /** Returns the number in a name with a prefix, or {@link #NO_BATCH}. */
  private static long number(String name, String prefix) {
    if (!name.startsWith(prefix)) {
      return NO_BATCH;
    }
    try {
      return Long.parseLong(name.substring(prefix.length()));
    } catch (NumberFormatException e) {
      return NO_BATCH;
    }
  }

  private static byte[] encode(Page page, List<NavigableMap<Long, byte[]>> results, byte[] note) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(4_096);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(MAGIC);
      out.writeLong(page.batch());
      TaskReport.write(page.total(), out);
      TaskReport.write(page.progress(), out);
      out.writeLong(page.watermarkInForce());
      out.writeLong(page.nextWatermark());
      out.writeInt(results.size());
      for (NavigableMap<Long, byte[]> blocks : results) {
        out.writeInt(blocks.size());
        for (Map.Entry<Long, byte[]> entry : blocks.entrySet()) {
          out.writeLong(entry.getKey());
          out.writeInt(entry.getValue().length);
          out.write(entry.getValue());
        }
      }
      out.writeInt(note.length);
      out.write(note);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private Page decode(String name, long number, byte[] content, Consumer<byte[]> notes)
      throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(content));
    if (in.readInt() != MAGIC) {
      throw new DamagedFileException(name + " is not a file of the log of results");
    }
    long batch = in.readLong();
    if (batch != number) {
      throw new DamagedFileException(name + " is of batch " + batch);
    }
    Accounting total = TaskReport.readAccounting(in);
    Map<Integer, PartitionProgress> progress = TaskReport.readProgress(in);
    long inForce = in.readLong();
    long next = in.readLong();
    List<NavigableMap<Long, byte[]>> results = new ArrayList<>();
    int count = in.readInt();
    if (count != statistics.size()) {
      throw new DamagedFileException(
          name + " has " + count + " statistics, not " + statistics.size());
    }
    for (int i = 0; i < count; i++) {
      NavigableMap<Long, byte[]> blocks = new TreeMap<>();
      for (int j = in.readInt(); j > 0; j--) {
        long window = in.readLong();
        blocks.put(window, in.readNBytes(in.readInt()));
      }
      results.add(blocks);
    }
    byte[] note = in.readNBytes(in.readInt());
    if (note.length > 0) {
      notes.accept(note);
    }
    return new Page(batch, total, progress, inForce, next, results);
  }
}
