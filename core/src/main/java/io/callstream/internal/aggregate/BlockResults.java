package io.callstream.internal.aggregate;

import io.callstream.pipeline.CountedSince;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Results that create their rows from groups on request. Immutable and thread-safe. */
public final class BlockResults implements Results {
  private static final int NUMBER_RANK = 1;

  private final Statistic statistic;
  private final Supplier<NavigableMap<Long, Groups>> windows;
  private final @Nullable CountedSince since;

  /** Whether rows exclude groups without calls, which only corrections leave. */
  private final boolean excludesEmpty;

  /**
   * Creates results from groups by the start of their window, or by the hour in which their
   * sessions start. The map must not change.
   */
  public BlockResults(Statistic statistic, NavigableMap<Long, Groups> windows) {
    this(statistic, () -> windows, null, false);
  }

  /** Creates the same results of groups that are computed once, when a caller needs them. */
  public BlockResults(Statistic statistic, Supplier<NavigableMap<Long, Groups>> windows) {
    this(statistic, new Once(windows), null, false);
  }

  private BlockResults(
      Statistic statistic,
      Supplier<NavigableMap<Long, Groups>> windows,
      @Nullable CountedSince since,
      boolean excludesEmpty) {
    this.statistic = statistic;
    this.windows = windows;
    this.since = since;
    this.excludesEmpty = excludesEmpty;
  }

  private static final class Once implements Supplier<NavigableMap<Long, Groups>> {
    private final Supplier<NavigableMap<Long, Groups>> source;
    private @Nullable NavigableMap<Long, Groups> computed;

    Once(Supplier<NavigableMap<Long, Groups>> source) {
      this.source = source;
    }

    @Override
    public synchronized NavigableMap<Long, Groups> get() {
      NavigableMap<Long, Groups> known = computed;
      if (known == null) {
        known = source.get();
        computed = known;
      }
      return known;
    }
  }

  /** Returns the same results of a statistic that counts from a place; null if from the start. */
  public BlockResults since(@Nullable CountedSince place) {
    return new BlockResults(statistic, windows, place, excludesEmpty);
  }

  /** Returns the same results without the rows of groups that have no calls. */
  public BlockResults withoutEmpty() {
    return new BlockResults(statistic, windows, since, true);
  }

  /** Returns results as groups. Fails if an engine created them without a ledger. */
  public static BlockResults of(Results results) {
    if (results instanceof BlockResults blocks) {
      return blocks;
    }
    throw new IllegalArgumentException(
        ("The results of '%s' are a %s, not groups. An engine must create its results with the"
                + " ledger.")
            .formatted(results.statistic().name(), results.getClass().getName()));
  }

  @Override
  public Statistic statistic() {
    return statistic;
  }

  @Override
  public Optional<CountedSince> countedSince() {
    return Optional.ofNullable(since);
  }

  @Override
  public long size() {
    return windows.get().values().stream().mapToLong(this::size).sum();
  }

  private long size(Groups all) {
    if (!excludesEmpty) {
      return all.groups();
    }
    BlockReader groups = all.reader();
    long size = 0;
    while (groups.next()) {
      size += groups.count() == 0 ? 0 : 1;
    }
    return size;
  }

  @Override
  public Results withRemoved() {
    return new BlockResults(statistic, windows, since, false);
  }

  @Override
  public Stream<ResultRow> stream() {
    TextCache texts = new TextCache();
    return windows.get().entrySet().stream()
        .flatMap(e -> rows(e.getKey(), e.getValue(), texts).stream());
  }

  @Override
  public List<ResultRow> window(Instant start) {
    long millis;
    try {
      millis = start.toEpochMilli();
    } catch (ArithmeticException e) {
      return List.of(); // The time is outside the years that a call can have.
    }
    boolean isSession = session() != null;
    long key = isSession ? SessionKey.hour(millis) : millis;
    Groups groups = windows.get().get(key);
    if (groups == null || !start.equals(Instant.ofEpochMilli(millis))) {
      return List.of();
    }
    List<ResultRow> rows = rows(key, groups);
    return isSession ? rows.stream().filter(row -> start(row).equals(start)).toList() : rows;
  }

  private Window.@Nullable Session session() {
    return statistic.window().orElse(null) instanceof Window.Session session ? session : null;
  }

  private static Instant start(ResultRow row) {
    return row.window().map(WindowBounds::start).orElse(Instant.EPOCH);
  }

  @Override
  public List<WindowBounds> windows() {
    if (statistic.window().isEmpty()) {
      return List.of();
    }
    if (session() != null) {
      return stream()
          .map(row -> row.window().orElseThrow())
          .distinct()
          .sorted(Comparator.comparing(WindowBounds::start).thenComparing(WindowBounds::end))
          .toList();
    }
    WindowAssigner assigner = new WindowAssigner(statistic.window().get());
    return windows.get().entrySet().stream()
        .filter(window -> !excludesEmpty || size(window.getValue()) > 0)
        .map(window -> bounds(assigner, window.getKey()))
        .toList();
  }

  @Override
  public Optional<ResultRow> group(List<String> dimensions) {
    return statistic.window().isPresent()
        ? Optional.empty()
        : group(StatisticCombiner.NO_WINDOW, dimensions);
  }

  @Override
  public Optional<ResultRow> group(Instant start, List<String> dimensions) {
    if (statistic.window().isEmpty() || session() != null) {
      return Results.super.group(start, dimensions);
    }
    try {
      return group(start.toEpochMilli(), dimensions)
          .filter(row -> start(row).equals(start)); // A window starts at a whole millisecond.
    } catch (ArithmeticException e) {
      return Optional.empty(); // The time is outside the years that a call can have.
    }
  }

  private Optional<ResultRow> group(long window, List<String> dimensions) {
    Groups all = windows.get().getOrDefault(window, Groups.NONE);
    byte[] key = GroupKey.of(dimensions);
    if (all.count() == 0) {
      return Optional.empty();
    }
    BlockReader page = new BlockReader(all.page(all.find(key, key.length, 0)));
    RowMaker rows = new RowMaker(window, all, page, new TextCache());
    while (rows.next()) {
      if (page.keyEquals(key)) {
        return Optional.of(rows.row());
      }
    }
    return Optional.empty();
  }

  @Override
  public List<ResultRow> top(int n) {
    return best(n).stream().map(Ranked::row).toList();
  }

  /**
   * Returns the groups of a window with the highest counts, which {@link #top} returns first.
   *
   * @param n the maximum number of groups; at least 1
   */
  public static byte[] top(Statistic statistic, long window, byte[] block, int n) {
    if (BlockReader.groups(block) <= n) {
      return block;
    }
    NavigableMap<Long, Groups> all = new TreeMap<>(Map.of(window, Groups.of(block)));
    BitSet best = new BitSet();
    new BlockResults(statistic, all).best(n).forEach(ranked -> best.set(ranked.index()));
    BlockReader groups = new BlockReader(block);
    BlockWriter top = new BlockWriter(groups.aggregates(), 32 * n);
    for (int i = 0; groups.next(); i++) {
      if (best.get(i)) {
        groups.copyTo(top);
      }
    }
    return top.toBlock();
  }

  /**
   * A row and the index of its group in its window.
   *
   * @param index from 0
   */
  private record Ranked(ResultRow row, int index) {}

  private List<Ranked> best(int n) {
    if (n < 0) {
      throw new IllegalArgumentException("top(" + n + ") must be at least 0");
    }
    Comparator<Ranked> order =
        Comparator.comparing(
            Ranked::row,
            Comparator.comparingLong(ResultRow::count)
                .reversed()
                .thenComparing(BlockResults::start)
                .thenComparing(byDimensions()));
    if (n == 0) {
      return List.of();
    }
    PriorityQueue<Ranked> best = new PriorityQueue<>(order.reversed());
    // Groups are sorted by window and text: among equal counts the first groups rank highest. An
    // hour of sessions has several windows.
    long atLeastMore = hasNumbers() || session() != null ? 0 : 1;
    TextCache texts = new TextCache();
    windows
        .get()
        .forEach(
            (start, groups) -> {
              RowMaker rows = new RowMaker(start, groups, texts);
              for (int i = 0; rows.next(); i++) {
                if (best.size() == n && rows.count() < best.element().row().count() + atLeastMore) {
                  continue;
                }
                best.add(new Ranked(rows.row(), i));
                if (best.size() > n) {
                  best.remove();
                }
              }
            });
    return best.stream().sorted(order).toList();
  }

  /** Returns the groups by window. A window that did not change keeps the same object. */
  public NavigableMap<Long, Groups> groups() {
    return Collections.unmodifiableNavigableMap(windows.get());
  }

  public List<ResultRow> rows(long windowStart, Groups all) {
    return rows(windowStart, all, new TextCache());
  }

  private List<ResultRow> rows(long windowStart, Groups all, TextCache texts) {
    RowMaker groups = new RowMaker(windowStart, all, texts);
    List<ResultRow> rows = new ArrayList<>(all.groups());
    while (groups.next()) {
      rows.add(groups.row());
    }
    rows.sort(order());
    return rows;
  }

  /** Iterates over the groups of a window and creates the rows that the caller requests. */
  private final class RowMaker {
    private final BlockReader groups;
    private final TextCache texts;
    private final @Nullable WindowBounds window;

    /** The time from the last call of a session to its end; negative for other windows. */
    private final long gap;

    private final boolean countOnly;
    private final int[] places = GroupStates.places(statistic.measures());
    private final long total;

    RowMaker(long windowStart, Groups all, TextCache texts) {
      this(windowStart, all, all.reader(), texts);
    }

    /** Creates an iteration over some of all groups. */
    RowMaker(long windowStart, Groups all, BlockReader some, TextCache texts) {
      List<Measure> measures = statistic.measures();
      this.groups = some;
      this.texts = texts;
      Window.Session session = session();
      this.gap = session == null ? -1 : session.gap().toMillis();
      this.window =
          statistic
              .window()
              .filter(kind -> gap < 0)
              .map(kind -> bounds(new WindowAssigner(kind), windowStart))
              .orElse(null);
      this.countOnly = measures.stream().allMatch(Measure.Count.class::isInstance);
      this.total =
          measures.stream().anyMatch(Measure.Share.class::isInstance) ? totalCount(all) : 0;
    }

    boolean next() {
      boolean found = groups.next();
      while (found && excludesEmpty && groups.count() == 0) {
        found = groups.next();
      }
      return found;
    }

    long count() {
      return groups.count();
    }

    ResultRow row() {
      return new ResultRow(
          statistic,
          gap < 0 ? window : SessionKey.bounds(groups, gap),
          gap < 0 ? groups.dimensions(texts) : SessionKey.dimensions(groups, texts),
          groups.count(),
          countOnly ? null : values(statistic.measures(), groups, places, total));
    }
  }

  private static List<Optional<Object>> values(
      List<Measure> measures, BlockReader group, int[] places, long total) {
    List<Optional<Object>> values = new ArrayList<>(measures.size());
    int aggregate = 0;
    for (Measure measure : measures) {
      if (measure instanceof Measure.Count) {
        values.add(Optional.of(group.count()));
      } else if (measure instanceof Measure.Share) {
        values.add(Optional.of(total == 0 ? 0.0 : (double) group.count() / total));
      } else if (measure instanceof Measure.Aggregate states) {
        values.add(states.read(group.state(places[aggregate++])).value());
      }
    }
    return values;
  }

  private static long totalCount(Groups all) {
    BlockReader groups = all.reader();
    long total = 0;
    while (groups.next()) {
      total += groups.count();
    }
    return total;
  }

  private static WindowBounds bounds(WindowAssigner assigner, long start) {
    return new WindowBounds(Instant.ofEpochMilli(start), Instant.ofEpochMilli(assigner.end(start)));
  }

  /** Returns the order of rows. A stable sort keeps the order of texts, which blocks have. */
  private Comparator<ResultRow> order() {
    Comparator<ResultRow> byCount = (a, b) -> Long.compare(b.count(), a.count());
    if (session() != null) {
      return Comparator.comparing(BlockResults::start)
          .thenComparing(byCount)
          .thenComparing(byDimensions());
    }
    return hasNumbers() ? byCount.thenComparing(byDimensions()) : byCount;
  }

  private boolean hasNumbers() {
    return statistic.dimensions().stream().anyMatch(d -> d.kind() == Dimension.Kind.NUMBER);
  }

  private Comparator<ResultRow> byDimensions() {
    return (a, b) -> {
      for (int i = 0; i < a.dimensions().size(); i++) {
        int order =
            compare(
                statistic.dimensions().get(i).kind(), a.dimensions().get(i), b.dimensions().get(i));
        if (order != 0) {
          return order;
        }
      }
      return 0;
    };
  }

  private static int compare(Dimension.Kind kind, String a, String b) {
    if (kind == Dimension.Kind.TEXT) {
      return compareCodePoints(a, b);
    }
    int order = Integer.compare(rank(a), rank(b));
    return order != 0 || rank(a) != NUMBER_RANK
        ? order
        : Long.compare(Long.parseLong(a), Long.parseLong(b));
  }

  /** Returns the order of calls without a number, numbers, and the group of overflowed groups. */
  private static int rank(String text) {
    return text.isEmpty() ? 0 : text.equals(Statistic.OTHER) ? 2 : NUMBER_RANK;
  }

  /** Compares code points, whose order is that of UTF-8 bytes. The order of UTF-16 differs. */
  private static int compareCodePoints(String a, String b) {
    int i = 0;
    while (i < a.length() && i < b.length()) {
      int x = a.codePointAt(i);
      int y = b.codePointAt(i);
      if (x != y) {
        return Integer.compare(x, y);
      }
      i += Character.charCount(x);
    }
    return Integer.compare(a.length(), b.length());
  }
}
