package io.callstream.engine.contract;

import io.callstream.call.RejectionReason;
import io.callstream.engine.contract.StatisticSpec.MeasureKind;
import io.callstream.engine.contract.StatisticSpec.Span;
import io.callstream.engine.contract.StatisticSpec.WindowKind;
import io.callstream.engine.contract.TestRecord.Calls;
import io.callstream.engine.contract.TestRecord.Fact;
import io.callstream.engine.contract.TestRecord.NoCall;
import io.callstream.engine.contract.TestRecord.Numbers;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.statistic.Emission;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A simple implementation of the design with plain maps and lists. It is written from the design
 * and uses no code of the product, except for the value types in which results are compared.
 */
public final class ReferenceModel {
  private final Scenario scenario;
  private final String topic;
  private final Map<Integer, Long> nextOffsets = new HashMap<>();
  private final Map<Integer, List<Instant>> times = new HashMap<>();
  private final Map<String, Instant> rememberedUntil = new HashMap<>();

  /** The last version of each call that counted and is remembered. */
  private final Map<String, Version> versions = new HashMap<>();

  private final Map<String, Map<Span, Map<List<String>, Group>>> results = new HashMap<>();
  private final Map<String, Set<Span>> emitted = new HashMap<>();

  /** The counted calls of statistics with sessions, as sessions of single calls. */
  private final Map<String, Map<Span, Map<List<String>, Group>>> singles = new HashMap<>();

  /** The statistics of the run, which may have others later. */
  private List<StatisticSpec> active;

  /** The first batch of each statistic that was added later. */
  private Map<String, Long> firstBatches = Map.of();

  private Optional<Instant> watermark = Optional.empty();
  private final Counts total;
  private long number;

  /** The generation of the table of areas that the current batch uses. */
  private int areas;

  /** The calls of one group, and all their durations. */
  private static final class Group {
    long count;
    final List<Long> millis = new ArrayList<>();
    final List<Fact> facts = new ArrayList<>();

    /** Earlier versions, which leave the group when this one is added to it. */
    final List<Fact> retracted = new ArrayList<>();

    /** Returns the values that the calls have, in ascending order. */
    <T extends Comparable<T>> List<T> numbers(Function<Numbers, T> value) {
      return facts.stream()
          .map(fact -> value.apply(fact.numbers()))
          .filter(Objects::nonNull)
          .sorted()
          .toList();
    }

    void add(Group other) {
      count += other.count;
      millis.addAll(other.millis);
      facts.addAll(other.facts);
      for (Fact fact : other.retracted) {
        facts.remove(fact);
        millis.remove((Object) millis(fact));
      }
    }
  }

  private final class Counts {
    long received;
    long rejected;
    long additional;
    long duplicates;
    long corrections;
    long ambiguous;
    long unknown;
    long unknownAreas;
    long unconfirmed;
    final Map<String, long[]> perStatistic = new LinkedHashMap<>();

    Counts() {
      scenario.statistics().forEach(s -> perStatistic.put(s.name(), new long[5]));
    }

    Accounting accounting() {
      Map<String, Contributions> contributions = new LinkedHashMap<>();
      for (StatisticSpec s : active) {
        long[] c = perStatistic.get(s.name());
        contributions.put(s.name(), new Contributions(c[0], c[1], c[2], c[4], c[3]));
      }
      return new Accounting(
          received,
          rejected,
          additional,
          duplicates,
          corrections,
          ambiguous,
          unconfirmed,
          scenario.hasLookups()
              ? Map.of("dispositions", unknown, AreaTable.LOOKUP, unknownAreas)
              : Map.of(),
          contributions);
    }
  }

  /** A row of results. */
  public record Row(
      Optional<WindowBounds> window,
      List<String> dimensions,
      long count,
      List<Optional<Object>> values) {
    /** Returns a row of the product as a row of the model. */
    public static Row of(ResultRow row) {
      return new Row(row.window(), row.dimensions(), row.count(), row.values());
    }

    /** Returns rows of the product as rows of the model. */
    public static List<Row> of(Collection<ResultRow> rows) {
      return rows.stream().map(Row::of).toList();
    }
  }

  /** The expected content of a batch. */
  public record Batch(
      long number,
      Optional<Instant> watermark,
      Map<String, List<Row>> updates,
      Map<String, List<Row>> current,
      Accounting accounting,
      Accounting total,
      List<DeadLetter> letters) {}

  /** Creates a model that has processed no records. */
  public ReferenceModel(Scenario scenario, String topic) {
    this.scenario = scenario;
    this.topic = topic;
    this.active = scenario.statistics();
    this.total = new Counts();
    for (StatisticSpec s : scenario.statistics()) {
      results.put(s.name(), new HashMap<>());
      emitted.put(s.name(), new HashSet<>());
      singles.put(s.name(), new HashMap<>());
    }
  }

  /**
   * Continues with some of the statistics.
   *
   * @param firsts the first batch of statistics that were added after the first run
   */
  public void continueWith(List<StatisticSpec> some, Map<String, Long> firsts) {
    active = some;
    firstBatches = firsts;
  }

  /** Returns whether a statistic counts the calls of a batch. */
  private boolean countsIn(long batch, StatisticSpec s) {
    return active.contains(s) && firstBatches.getOrDefault(s.name(), 0L) <= batch;
  }

  private record Placed(TestRecord record, Origin origin) {}

  /** A call at an index in its record. */
  private record PlacedCall(Fact fact, Placed place, int index) {}

  /**
   * A version of a call.
   *
   * @param batch the batch that counted it
   * @param read the fields that the pipeline read, with their values
   */
  private record Version(Fact fact, long batch, Map<String, Object> read) {}

  /**
   * Processes a batch: the records at the next offsets of each partition, in order. Offsets may
   * have no record.
   */
  public Batch process(List<TestRecord> offsets) {
    return process(offsets, 0);
  }

  /** Processes a batch that uses a generation of the table of areas. */
  Batch process(List<TestRecord> offsets, int generation) {
    areas = generation;
    List<Placed> placed = new ArrayList<>();
    for (TestRecord r : offsets) {
      long offset = nextOffsets.merge(r.partition(), 1L, Long::sum) - 1;
      if (r.isRecord()) {
        placed.add(new Placed(r, new Origin(topic, r.partition(), offset, r.timestamp())));
      }
    }
    List<TestRecord> records = offsets.stream().filter(TestRecord::isRecord).toList();
    placed.sort(
        Comparator.comparing((Placed p) -> p.origin().partition())
            .thenComparing(p -> p.origin().offset()));

    Counts batch = new Counts();
    List<DeadLetter> letters = new ArrayList<>();
    long unconfirmedBefore = unconfirmed();
    List<PlacedCall> calls = parse(placed, batch, letters);
    batch.unconfirmed = unconfirmed() - unconfirmedBefore;
    calls = scenario.corrects() ? calls : firsts(calls, batch);

    Map<String, Map<Span, Map<List<String>, Group>>> news = new HashMap<>();
    scenario.statistics().forEach(s -> news.put(s.name(), new HashMap<>()));
    if (scenario.corrects()) {
      correct(calls, batch, news, letters);
    } else {
      for (PlacedCall call : calls) {
        count(call, batch, news, letters);
      }
    }
    letters.sort(
        Comparator.comparing((DeadLetter l) -> l.origin().partition())
            .thenComparing(l -> l.origin().offset()));

    Map<String, Map<Span, Set<List<String>>>> changed = new HashMap<>();
    for (StatisticSpec s : active) {
      changed.put(s.name(), takeIn(s, news.get(s.name())));
    }
    add(batch);
    Map<String, List<Row>> updates = new HashMap<>();
    Map<String, List<Row>> current = new HashMap<>();
    for (StatisticSpec s : active) {
      updates.put(s.name(), updates(s, changed.get(s.name())));
      current.put(s.name(), rows(s, s.emission() == Emission.ON_UPDATE ? null : emitted(s)));
    }
    Batch result =
        new Batch(
            number++, watermark, updates, current, batch.accounting(), total.accounting(), letters);
    watermark = watermarkAfter(records);
    return result;
  }

  private List<PlacedCall> parse(List<Placed> placed, Counts batch, List<DeadLetter> letters) {
    List<PlacedCall> calls = new ArrayList<>();
    for (Placed p : placed) {
      batch.received++;
      TestRecord.Truth truth = p.record().truth();
      Instant latest = p.record().timestamp().plus(scenario.maxFutureSkew());
      if (truth instanceof Calls some
          && some.facts().stream().anyMatch(fact -> fact.time().isAfter(latest))) {
        truth = new NoCall(RejectionReason.FUTURE_TIME, "call_date_time");
      }
      if (truth instanceof NoCall no) {
        batch.rejected++;
        letters.add(
            new DeadLetter.Rejected(p.origin(), p.record().value(), no.reason(), no.field()));
      } else if (truth instanceof Calls some) {
        batch.additional += some.facts().size() - 1;
        for (int i = 0; i < some.facts().size(); i++) {
          Fact fact = some.facts().get(i);
          times.computeIfAbsent(p.record().partition(), x -> new ArrayList<>()).add(fact.time());
          calls.add(new PlacedCall(fact, p, i));
        }
      }
    }
    return calls;
  }

  private List<PlacedCall> firsts(List<PlacedCall> calls, Counts batch) {
    if (scenario.distinct().isEmpty()) {
      return calls;
    }
    rememberedUntil.values().removeIf(this::reached);
    Set<String> inThisBatch = new HashSet<>();
    List<PlacedCall> firsts = new ArrayList<>();
    for (PlacedCall call : calls) {
      Fact fact = call.fact();
      boolean fresh = !rememberedUntil.containsKey(fact.id());
      if (inThisBatch.add(fact.id()) && fresh) {
        firsts.add(call);
        Instant until = fact.time().plus(scenario.distinct().get());
        if (!reached(until)) {
          rememberedUntil.put(fact.id(), until);
        }
      } else {
        batch.duplicates++;
      }
    }
    return firsts;
  }

  /** Counts the last versions of calls, and removes the versions that counted before. */
  private void correct(
      List<PlacedCall> calls,
      Counts batch,
      Map<String, Map<Span, Map<List<String>, Group>>> news,
      List<DeadLetter> letters) {
    Duration horizon = scenario.distinct().orElse(Duration.ZERO);
    if (scenario.distinct().isPresent()) {
      versions.values().removeIf(version -> reached(version.fact().time().plus(horizon)));
    }
    for (PlacedCall call : calls) {
      Fact fact = joined(call);
      Version next = new Version(fact, number, read(fact));
      Version earlier = versions.get(fact.id());
      if (earlier != null && isDuplicate(earlier, next)) {
        batch.duplicates++;
        continue;
      }
      if (scenario.distinct().isPresent()) {
        versions.put(fact.id(), next);
      }
      if (earlier != null) {
        batch.corrections++;
        retract(earlier, batch, news);
      }
      count(call, batch, news, letters);
    }
    versions.values().removeIf(version -> reached(version.fact().time().plus(horizon)));
  }

  /** Returns whether a version equals an earlier one, of which the same fields are known. */
  private static boolean isDuplicate(Version earlier, Version next) {
    return earlier.fact().time().equals(next.fact().time())
        && earlier.read().entrySet().containsAll(next.read().entrySet());
  }

  /** Returns a call with its row of the table of areas. */
  private Fact joined(PlacedCall call) {
    Fact own = call.fact();
    return scenario.hasLookups() ? own.withArea(AreaTable.area(areas, own.address())) : own;
  }

  /** Returns what the pipeline reads of a call in the current batch. */
  private Map<String, Object> read(Fact fact) {
    Map<String, Object> read = new HashMap<>();
    if (scenario.hasLookups()) {
      List.of("disposition", "address", "area")
          .forEach(field -> read.put(field, StatisticSpec.values(fact).get(field)));
    }
    active.forEach(s -> read.putAll(s.read(fact)));
    return read;
  }

  private void retract(
      Version earlier, Counts batch, Map<String, Map<Span, Map<List<String>, Group>>> news) {
    Fact fact = earlier.fact();
    for (StatisticSpec s : active) {
      if (!countsIn(earlier.batch(), s) || !s.filter().accepts(fact)) {
        continue;
      }
      for (Span span : spans(s, fact)) {
        if (span == null || !reached(span.end().plus(s.lateness()))) {
          batch.perStatistic.get(s.name())[4]++;
          Group group = group(news.get(s.name()), span, s.key(fact));
          group.count--;
          group.retracted.add(fact);
        }
      }
    }
  }

  private static List<Span> spans(StatisticSpec s, Fact fact) {
    return s.window() == WindowKind.NONE
        ? Collections.singletonList(null)
        : s.window().spans(fact.time(), s.zone());
  }

  private static long millis(Fact fact) {
    return fact.callTime().isEmpty() ? -1 : Long.parseLong(fact.callTime());
  }

  /** Returns whether the current watermark has reached a moment. */
  private boolean reached(Instant moment) {
    return watermark.isPresent() && !watermark.get().isBefore(moment);
  }

  private void count(
      PlacedCall call,
      Counts batch,
      Map<String, Map<Span, Map<List<String>, Group>>> news,
      List<DeadLetter> letters) {
    Fact fact = joined(call);
    if (fact.ambiguous()) {
      batch.ambiguous++;
    }
    if (!StatisticSpec.CODES.descriptions().containsKey(fact.disposition())) {
      batch.unknown++;
    }
    if (fact.area().isEmpty()) {
      batch.unknownAreas++;
    }
    List<MissedWindow> missed = new ArrayList<>();
    Set<StatisticSpec> all = new LinkedHashSet<>(active);
    all.addAll(scenario.statistics());
    for (StatisticSpec s : all) {
      long[] counts = batch.perStatistic.get(s.name());
      if (!countsIn(number, s)) {
        counts[3] += s.window().windowsPerCall();
        continue;
      }
      if (!s.filter().accepts(fact)) {
        counts[2] += s.window().windowsPerCall();
        continue;
      }
      for (Span span : spans(s, fact)) {
        if (span != null && reached(span.end().plus(s.lateness()))) {
          counts[1]++;
          missed.add(new MissedWindow(s.name(), new WindowBounds(span.start(), span.end())));
          continue;
        }
        counts[0]++;
        Group group =
            news.get(s.name())
                .computeIfAbsent(span, x -> new HashMap<>())
                .computeIfAbsent(s.key(fact), x -> new Group());
        group.count++;
        group.facts.add(fact);
        if (millis(fact) >= 0) {
          group.millis.add(millis(fact));
        }
      }
    }
    if (!missed.isEmpty()) {
      letters.add(
          new DeadLetter.Late(
              call.place().origin(), call.place().record().value(), call.index(), missed));
    }
  }

  /** Adds the groups of a batch to the results. Returns the keys that changed. */
  private Map<Span, Set<List<String>>> takeIn(
      StatisticSpec s, Map<Span, Map<List<String>, Group>> news) {
    if (s.window().isSession()) {
      news.forEach(
          (span, groups) ->
              groups.forEach((key, group) -> group(singles.get(s.name()), span, key).add(group)));
      results.put(s.name(), sessions(singles.get(s.name()), s.window().gap()));
      return Map.of();
    }
    Map<Span, Set<List<String>>> changed = new HashMap<>();
    List<String> other = Collections.nCopies(s.dimensions().size(), "(other)");
    news.forEach(
        (span, groups) -> {
          Map<List<String>, Group> all =
              results.get(s.name()).computeIfAbsent(span, x -> new HashMap<>());
          List<List<String>> keys = new ArrayList<>(groups.keySet());
          keys.sort(StatisticSpec::compareAdmission);
          for (List<String> key : keys) {
            List<String> target = key;
            if (span == null && !all.containsKey(key) && !key.equals(other)) {
              long ordinary = all.keySet().stream().filter(k -> !k.equals(other)).count();
              target = ordinary < s.maxGroups() ? key : other;
            }
            if (groups.get(key).count == 0 && !all.containsKey(target)) {
              continue; // The group had calls only within this batch.
            }
            all.computeIfAbsent(target, x -> new Group()).add(groups.get(key));
            changed.computeIfAbsent(span, x -> new HashSet<>()).add(target);
          }
        });
    return changed;
  }

  private static Group group(
      Map<Span, Map<List<String>, Group>> windows, Span span, List<String> key) {
    return windows
        .computeIfAbsent(span, x -> new HashMap<>())
        .computeIfAbsent(key, x -> new Group());
  }

  /** Forms the sessions of each group from all its calls, in the order of their times. */
  private static Map<Span, Map<List<String>, Group>> sessions(
      Map<Span, Map<List<String>, Group>> singles, Duration gap) {
    Map<Span, Map<List<String>, Group>> sessions = new HashMap<>();
    Set<List<String>> keys = new HashSet<>();
    singles.values().forEach(groups -> keys.addAll(groups.keySet()));
    for (List<String> key : keys) {
      Span session = null;
      Group sum = new Group();
      for (Span single : sorted(singles.keySet())) {
        Group group = singles.get(single).get(key);
        if (group == null) {
          continue;
        }
        if (session != null && !single.start().isAfter(session.end())) {
          session = new Span(session.start(), single.start().plus(gap));
        } else {
          if (session != null) {
            group(sessions, session, key).add(sum);
          }
          session = single;
          sum = new Group();
        }
        sum.add(group);
      }
      group(sessions, session, key).add(sum);
    }
    return sessions;
  }

  /** Returns when a window closes. A session can grow until a gap after its end. */
  private static Instant closing(StatisticSpec s, Span span) {
    Instant end = s.window().isSession() ? span.end().plus(s.window().gap()) : span.end();
    return end.plus(s.lateness());
  }

  private void add(Counts batch) {
    total.received += batch.received;
    total.rejected += batch.rejected;
    total.additional += batch.additional;
    total.duplicates += batch.duplicates;
    total.corrections += batch.corrections;
    total.ambiguous += batch.ambiguous;
    total.unknown += batch.unknown;
    total.unknownAreas += batch.unknownAreas;
    total.unconfirmed += batch.unconfirmed;
    batch.perStatistic.forEach(
        (name, counts) -> {
          for (int i = 0; i < counts.length; i++) {
            total.perStatistic.get(name)[i] += counts[i];
          }
        });
  }

  private List<Row> updates(StatisticSpec s, Map<Span, Set<List<String>>> changed) {
    if (s.emission() == Emission.ON_UPDATE) {
      // If a share in a window changes, all groups of the window change.
      boolean wholeWindows = s.measures().contains(MeasureKind.SHARE);
      List<Row> rows = new ArrayList<>();
      sorted(changed.keySet())
          .forEach(span -> rows.addAll(rows(s, span, changed.get(span), wholeWindows)));
      return rows;
    }
    Set<Span> closing = new HashSet<>();
    for (Span span : results.get(s.name()).keySet()) {
      if (reached(closing(s, span)) && emitted(s).add(span)) {
        closing.add(span);
      }
    }
    return rows(s, closing);
  }

  private Set<Span> emitted(StatisticSpec s) {
    return emitted.get(s.name());
  }

  /** Returns the rows of some windows, or of all windows if {@code spans} is null. */
  private List<Row> rows(StatisticSpec s, Set<Span> spans) {
    List<Row> rows = new ArrayList<>();
    for (Span span : sorted(spans == null ? results.get(s.name()).keySet() : spans)) {
      rows.addAll(rows(s, span, Set.of(), true));
    }
    if (s.window().isSession()) {
      rows.sort(
          Comparator.comparing((Row r) -> r.window().get().start())
              .thenComparingLong(r -> -r.count())
              .thenComparing(Row::dimensions, s::compareKeys));
    }
    return rows;
  }

  private static List<Span> sorted(Collection<Span> spans) {
    List<Span> sorted = new ArrayList<>(spans);
    if (sorted.size() > 1) {
      sorted.sort(Comparator.comparing(Span::start));
    }
    return sorted;
  }

  /** Returns the rows of some groups of a window, and if requested of all groups with calls. */
  private List<Row> rows(StatisticSpec s, Span span, Set<List<String>> keys, boolean whole) {
    Map<List<String>, Group> groups = results.get(s.name()).get(span);
    long all = groups.values().stream().mapToLong(g -> g.count).sum();
    List<Row> rows = new ArrayList<>();
    groups.forEach(
        (key, group) -> {
          if (keys.contains(key) || (whole && group.count > 0)) {
            rows.add(
                new Row(
                    Optional.ofNullable(span).map(x -> new WindowBounds(x.start(), x.end())),
                    key,
                    group.count,
                    s.measures().stream().map(m -> value(m, group, all)).toList()));
          }
        });
    rows.sort(
        Comparator.comparingLong((Row r) -> -r.count())
            .thenComparing(Row::dimensions, s::compareKeys));
    return rows;
  }

  private static Optional<Object> value(MeasureKind measure, Group group, long all) {
    return switch (measure) {
      case COUNT -> Optional.of(group.count);
      case SHARE -> Optional.of(all == 0 ? 0.0 : (double) group.count / all);
      case MINIMUM -> group.millis.stream().min(Long::compare).map(Duration::ofMillis);
      case MAXIMUM -> group.millis.stream().max(Long::compare).map(Duration::ofMillis);
      case MEAN ->
          group.millis.isEmpty()
              ? Optional.empty()
              : Optional.of(
                  Duration.ofMillis(
                      group.millis.stream()
                          .map(BigDecimal::valueOf)
                          .reduce(BigDecimal.ZERO, BigDecimal::add)
                          .divide(BigDecimal.valueOf(group.millis.size()), 0, RoundingMode.HALF_UP)
                          .longValueExact()));
      case UNITS_SUM -> sum(group.numbers(n -> decimal(n.units(), BigDecimal::valueOf)));
      case UNITS_MEDIAN -> {
        List<Long> units = group.numbers(Numbers::units);
        // Numbers below 256 are exact.
        yield units.isEmpty() ? Optional.empty() : Optional.of(units.get((units.size() - 1) / 2));
      }
      case PRICE_SUM -> sum(group.numbers(Numbers::price));
      case PRICE_MEAN -> {
        List<BigDecimal> prices = group.numbers(Numbers::price);
        BigDecimal calls = BigDecimal.valueOf(prices.size());
        yield sum(prices).map(x -> ((BigDecimal) x).divide(calls, 6, RoundingMode.HALF_UP));
      }
      case PRICE_MAXIMUM ->
          group.numbers(Numbers::price).stream().max(BigDecimal::compareTo).map(x -> x);
      case SPEED_SUM ->
          sum(group.numbers(n -> decimal(n.speed(), BigDecimal::new)))
              .map(x -> ((BigDecimal) x).doubleValue());
      case SPEED_MINIMUM -> group.numbers(Numbers::speed).stream().findFirst().map(x -> x);
      case ON_VIEW_RATIO ->
          group.count == 0
              ? Optional.empty()
              : Optional.of(
                  (double) group.numbers(Numbers::onView).stream().filter(on -> on).count()
                      / group.count);
      case TOP_LATITUDES -> top(group.numbers(Numbers::latitude));
    };
  }

  private static <T> BigDecimal decimal(T value, Function<T, BigDecimal> exact) {
    return value == null ? null : exact.apply(value);
  }

  private static Optional<Object> sum(List<BigDecimal> numbers) {
    return numbers.stream().reduce(BigDecimal::add).map(sum -> sum);
  }

  /** Returns the two most frequent positions, as their texts. */
  private static Optional<Object> top(List<Double> latitudes) {
    Map<Double, Long> counts = new TreeMap<>();
    latitudes.forEach(latitude -> counts.merge(latitude, 1L, Long::sum));
    return counts.isEmpty()
        ? Optional.empty()
        : Optional.of(
            counts.entrySet().stream()
                .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .limit(2)
                .map(count -> "[\"" + count.getKey() + ",-122.5\"," + count.getValue() + "]")
                .collect(Collectors.joining(",", "[", "]")));
  }

  /** Returns the minimum clock of the partitions with a record in the batch. */
  private Optional<Instant> watermarkAfter(List<TestRecord> records) {
    Set<Integer> partitions = new HashSet<>();
    records.forEach(r -> partitions.add(r.partition()));
    List<Instant> clocks = partitions.stream().map(this::clock).flatMap(Optional::stream).toList();
    if (partitions.isEmpty() || clocks.size() < partitions.size()) {
      return watermark;
    }
    Instant least = Collections.min(clocks);
    return watermark.isPresent() && watermark.get().isAfter(least) ? watermark : Optional.of(least);
  }

  /** Returns the greatest accepted event time of a partition. */
  private Optional<Instant> clock(int partition) {
    List<Instant> seen = times.getOrDefault(partition, List.of());
    Optional<Instant> clock = Optional.empty();
    for (int i = 0; i < seen.size(); i++) {
      // Each call is checked with the calls up to the second one after it.
      List<Instant> until = seen.subList(0, Math.min(i + 3, seen.size()));
      if (isBelieved(seen.get(i), until)
          && (clock.isEmpty() || clock.get().isBefore(seen.get(i)))) {
        clock = Optional.of(seen.get(i));
      }
    }
    return clock;
  }

  private boolean isBelieved(Instant time, List<Instant> until) {
    if (scenario.maxEventTimeJump().isEmpty()) {
      return true;
    }
    Instant confirmed = null;
    for (int j = 2; j < until.size(); j++) {
      Instant agreed = Collections.min(until.subList(j - 2, j + 1));
      confirmed = confirmed == null || confirmed.isBefore(agreed) ? agreed : confirmed;
    }
    return confirmed != null && !time.isAfter(confirmed.plus(scenario.maxEventTimeJump().get()));
  }

  /** Counts the calls that failed their last check. */
  private long unconfirmed() {
    long count = 0;
    for (List<Instant> seen : times.values()) {
      for (int i = 0; i + 2 < seen.size(); i++) {
        count += isBelieved(seen.get(i), seen.subList(0, i + 3)) ? 0 : 1;
      }
    }
    return count;
  }

  /** Returns the watermark that will apply to the next batch. */
  public Optional<Instant> nextWatermark() {
    return watermark;
  }

  /** Returns the rows of a statistic, including open windows. */
  public List<Row> results(String statistic) {
    return rows(spec(statistic), null);
  }

  /** Returns the rows that a flushing run emits at its end. */
  public List<Row> flushed(String statistic) {
    StatisticSpec s = spec(statistic);
    if (s.emission() == Emission.ON_UPDATE) {
      return List.of();
    }
    Set<Span> open = new HashSet<>(results.get(statistic).keySet());
    open.removeAll(emitted(s));
    return rows(s, open);
  }

  private StatisticSpec spec(String name) {
    return scenario.statistics().stream().filter(s -> s.name().equals(name)).findAny().get();
  }
}
