package io.callstream.internal.aggregate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.Fields;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;
import org.junit.jupiter.api.Test;

/** Compares the merging of partial results with a map. */
class BlockMergerTest {
  private static final Comparator<List<String>> KEYS =
      (a, b) -> {
        for (int i = 0; i < a.size(); i++) {
          int order = Arrays.compareUnsigned(a.get(i).getBytes(UTF_8), b.get(i).getBytes(UTF_8));
          if (order != 0) {
            return order;
          }
        }
        return 0;
      };

  private static final List<String> TYPES =
      List.of(
          "a",
          "b",
          "aa",
          "ab",
          "\0",
          "\1",
          "a\0",
          "\uff5e",
          "\ud83d\ude00",
          "(other)",
          "long ".repeat(30) + "1",
          "long ".repeat(30) + "2",
          "long ".repeat(30),
          "\u00e9");

  private static final Statistic UNBOUNDED =
      Statistic.named("s")
          .by(Dimensions.CRIME_TYPE, Dimensions.ADDRESS)
          .measuring(
              Measures.count(),
              Measures.maximum("longest", Set.of(), call -> Optional.of(duration(call))),
              Measures.mean("mean", Set.of(), call -> Optional.of(duration(call))))
          .build();

  private static Duration duration(Call call) {
    return Duration.ofMillis(Long.parseLong(call.id()));
  }

  private static Call call(Random random) {
    return Call.builder(
            Integer.toString(random.nextInt(1_000)),
            TYPES.get(random.nextInt(TYPES.size())),
            Instant.EPOCH)
        .with(Fields.ADDRESS, random.nextBoolean() ? "" : "x")
        .build();
  }

  private static List<Call> calls(Random random, int atMost) {
    List<Call> calls = new ArrayList<>();
    int count = random.nextInt(atMost + 1);
    for (int i = 0; i < count; i++) {
      calls.add(call(random));
    }
    return calls;
  }

  /** Returns calls whose groups fill several pages. */
  private static List<Call> manyCalls(Random random) {
    List<Call> calls = new ArrayList<>();
    for (int i = random.nextInt(1_500); i > 0; i--) {
      calls.add(
          Call.builder("" + random.nextInt(100), "type " + random.nextInt(3_000), Instant.EPOCH)
              .build());
    }
    return calls;
  }

  /** Returns the block of some calls. Without calls, the block has no groups. */
  private static byte[] block(Statistic statistic, List<Call> calls) {
    StatisticCombiner combiner = new StatisticCombiner(statistic, StatisticCombiner.NO_WATERMARK);
    calls.forEach(
        call ->
            combiner.add(
                call,
                (s, start, end) -> {
                  throw new AssertionError("late without a watermark");
                }));
    List<byte[]> blocks = new ArrayList<>();
    combiner.forEachPartial((window, block) -> blocks.add(block));
    assertThat(combiner.counted()).isEqualTo(calls.size());
    if (blocks.isEmpty()) {
      return new BlockWriter(BlockMerger.aggregates(statistic).size(), 8).toBlock();
    }
    assertThat(blocks).hasSize(1);
    return blocks.get(0);
  }

  /** A group as the map contains it. */
  private record Group(long count, Optional<Object> longest, Optional<Object> mean) {}

  private static Map<List<String>, Group> read(byte[] block) {
    return read(Groups.of(block));
  }

  private static Map<List<String>, Group> read(Groups all) {
    BlockReader reader = all.reader();
    Map<List<String>, Group> groups = new LinkedHashMap<>();
    List<io.callstream.statistic.Measure.Aggregate> aggregates = BlockMerger.aggregates(UNBOUNDED);
    while (reader.next()) {
      groups.put(
          reader.dimensions(new TextCache()),
          new Group(
              reader.count(),
              aggregates.get(0).read(reader.state(0)).value(),
              aggregates.get(1).read(reader.state(1)).value()));
    }
    assertThat(groups).hasSize(all.groups());
    return groups;
  }

  private static Map<List<String>, Group> model(List<Call> calls) {
    Map<List<String>, List<Long>> millis = new TreeMap<>(KEYS);
    calls.forEach(
        c ->
            millis
                .computeIfAbsent(List.of(c.type(), c.address()), k -> new ArrayList<>())
                .add(Long.parseLong(c.id())));
    Map<List<String>, Group> groups = new LinkedHashMap<>();
    millis.forEach(
        (key, all) ->
            groups.put(
                key,
                new Group(
                    all.size(),
                    Optional.of(Duration.ofMillis(Collections.max(all))),
                    Optional.of(
                        Duration.ofMillis(
                            (long)
                                Math.floor(
                                    all.stream().mapToLong(x -> x).sum() / (double) all.size()
                                        + 0.5))))));
    return groups;
  }

  private static List<byte[]> split(Statistic statistic, List<Call> calls, Random random) {
    int tasks = 1 + random.nextInt(6);
    List<List<Call>> parts = new ArrayList<>();
    for (int i = 0; i < tasks; i++) {
      parts.add(new ArrayList<>());
    }
    calls.forEach(call -> parts.get(random.nextInt(tasks)).add(call));
    parts.forEach(part -> Collections.shuffle(part, random));
    List<byte[]> blocks = new ArrayList<>();
    parts.forEach(part -> blocks.add(block(statistic, part)));
    return blocks;
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  @Label("any split over tasks in any order gives the same bytes, and the groups of a map")
  void anySplitGivesTheSame(@ForAll long seed) {
    Random random = new Random(seed);
    List<Call> calls = calls(random, 200);
    BlockMerger merger = new BlockMerger(UNBOUNDED);
    byte[] whole = block(UNBOUNDED, calls);

    assertThat(read(whole)).containsExactlyEntriesOf(model(calls));
    for (int i = 0; i < 4; i++) {
      PageChanges merged = merger.merge(Groups.NONE, split(UNBOUNDED, calls, random));
      assertThat(Groups.NONE.with(merged).toBlock()).isEqualTo(Groups.of(whole).toBlock());
      assertThat(merged.updates()).isEqualTo(whole);
    }
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  @Label("a state takes in batch after batch; its updates are the groups that changed, as they are")
  void aStateTakesInBatches(@ForAll long seed) {
    Random random = new Random(seed);
    BlockMerger merger = new BlockMerger(UNBOUNDED);
    List<Call> all = new ArrayList<>();
    Groups state = Groups.NONE;
    Groups results = Groups.NONE;
    for (int batch = 0; batch < 5; batch++) {
      List<Call> calls = calls(random, 30);
      all.addAll(calls);
      PageChanges merged = merger.merge(state, split(UNBOUNDED, calls, random));
      state = state.with(merged);
      Map<List<String>, Group> changed = new LinkedHashMap<>(model(all));
      changed.keySet().retainAll(model(calls).keySet());

      assertThat(read(state)).containsExactlyEntriesOf(model(all));
      assertThat(read(merged.updates())).containsExactlyEntriesOf(changed);
      results = results.overlaid(merged.updates());
      assertThat(read(results)).isEqualTo(read(state));
    }
  }

  @Property(tries = 100, shrinking = ShrinkingMode.OFF)
  @Label("groups past the limit count into (other), admitted batch by batch in the order of keys")
  void groupsPastTheLimitCountIntoOther(@ForAll long seed) {
    Random random = new Random(seed);
    boolean many = random.nextInt(20) == 0;
    int limit = 1 + random.nextInt(many ? 1_500 : 12);
    Statistic statistic =
        Statistic.named("s").by(Dimensions.CRIME_TYPE, Dimensions.ADDRESS).maxGroups(limit).build();
    List<String> other = List.of("(other)", "(other)");
    BlockMerger merger = new BlockMerger(statistic);
    Map<List<String>, Long> model = new TreeMap<>(KEYS);
    Groups state = Groups.NONE;
    for (int batch = 0; batch < 6; batch++) {
      List<Call> calls = many ? manyCalls(random) : calls(random, 12);
      if (random.nextInt(3) == 0) {
        calls.add(
            Call.builder("1", "(other)", Instant.EPOCH).with(Fields.ADDRESS, "(other)").build());
      }
      Map<List<String>, Long> news = new TreeMap<>(KEYS);
      calls.forEach(c -> news.merge(List.of(c.type(), c.address()), 1L, Long::sum));
      Map<List<String>, Long> changed = new TreeMap<>(KEYS);
      news.forEach(
          (key, count) -> {
            long ordinary = model.size() - (model.containsKey(other) ? 1 : 0);
            boolean room = model.containsKey(key) || key.equals(other) || ordinary < limit;
            List<String> target = room ? key : other;
            changed.put(target, model.merge(target, count, Long::sum));
          });
      changed.keySet().forEach(key -> changed.put(key, model.get(key)));

      PageChanges merged = merger.merge(state, split(statistic, calls, random));
      state = state.with(merged);
      assertThat(counts(state)).containsExactlyEntriesOf(model);
      assertThat(counts(merged.updates())).containsExactlyEntriesOf(changed);
    }
  }

  @Property(tries = 100, shrinking = ShrinkingMode.OFF)
  @Label("calls are retracted from the group that counted them, also from (other)")
  void retractsCallsFromTheirGroups(@ForAll long seed) {
    Random random = new Random(seed);
    boolean many = random.nextInt(20) == 0;
    int limit = 1 + random.nextInt(many ? 1_500 : 12);
    Statistic statistic =
        Statistic.named("s").by(Dimensions.CRIME_TYPE, Dimensions.ADDRESS).maxGroups(limit).build();
    List<String> other = List.of("(other)", "(other)");
    BlockMerger merger = BlockMerger.correcting(statistic);
    Map<List<String>, Long> model = new TreeMap<>(KEYS);
    List<Call> counted = new ArrayList<>();
    Groups state = Groups.NONE;
    for (int batch = 0; batch < 6; batch++) {
      List<Call> calls = many ? manyCalls(random) : calls(random, 12);
      List<Call> known = new ArrayList<>(counted);
      known.addAll(calls);
      Collections.shuffle(known, random);
      List<Call> retracted = List.copyOf(known.subList(0, random.nextInt(known.size() + 1)));
      counted.addAll(calls);
      retracted.forEach(call -> assertThat(counted.remove(call)).isTrue());
      Map<List<String>, Long> delta = new TreeMap<>(KEYS);
      calls.forEach(c -> delta.merge(List.of(c.type(), c.address()), 1L, Long::sum));
      retracted.forEach(c -> delta.merge(List.of(c.type(), c.address()), -1L, Long::sum));
      Map<List<String>, Long> changed = new TreeMap<>(KEYS);
      delta.forEach(
          (key, count) -> {
            long ordinary = model.size() - (model.containsKey(other) ? 1 : 0);
            boolean room = model.containsKey(key) || key.equals(other) || ordinary < limit;
            List<String> target = room ? key : other;
            if (count != 0 || model.containsKey(target)) {
              changed.put(target, model.merge(target, count, Long::sum));
            }
          });
      changed.keySet().forEach(key -> changed.put(key, model.get(key)));

      List<byte[]> blocks = split(statistic, calls, random);
      blocks.add(retracting(statistic, retracted));
      Collections.shuffle(blocks, random);
      PageChanges merged = merger.merge(state, blocks);
      state = state.with(merged);
      assertThat(counts(state)).containsExactlyEntriesOf(model);
      assertThat(counts(merged.updates())).containsExactlyEntriesOf(changed);
    }
  }

  @Property(tries = 1_000, shrinking = ShrinkingMode.OFF)
  @Tag("thorough")
  void limitsAndRetractsOften(@ForAll long seed) {
    groupsPastTheLimitCountIntoOther(seed);
    retractsCallsFromTheirGroups(seed);
  }

  @Test
  void rejectsTheRetractionOfACallThatAnotherGroupCounted() {
    AtomicReference<String> group = new AtomicReference<>("a");
    Statistic statistic =
        Statistic.named("changing")
            .by(Dimension.of("group", Set.of(), call -> group.get()))
            .build();
    Call call = Call.builder("1", "x", Instant.EPOCH).build();
    BlockMerger merger = BlockMerger.correcting(statistic);
    Groups state =
        Groups.NONE.with(merger.merge(Groups.NONE, List.of(block(statistic, List.of(call)))));
    group.set("b");
    byte[] retracted = retracting(statistic, List.of(call));
    for (Groups before : List.of(state, Groups.NONE)) {
      assertThatThrownBy(() -> merger.merge(before, List.of(retracted)))
          .isInstanceOfSatisfying(
              CallstreamException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.STATISTIC_FAILED))
          .hasMessageContaining("'changing' retracts a call");
    }
  }

  private static byte[] retracting(Statistic statistic, List<Call> calls) {
    StatisticCombiner combiner = new StatisticCombiner(statistic, StatisticCombiner.NO_WATERMARK);
    calls.forEach(combiner::retract);
    List<byte[]> blocks = new ArrayList<>();
    combiner.forEachPartial((window, block) -> blocks.add(block));
    return blocks.isEmpty() ? block(statistic, List.of()) : blocks.get(0);
  }

  private static Map<List<String>, Long> counts(byte[] block) {
    return counts(Groups.of(block));
  }

  private static Map<List<String>, Long> counts(Groups groups) {
    Map<List<String>, Long> counts = new LinkedHashMap<>();
    BlockReader reader = groups.reader();
    while (reader.next()) {
      counts.put(reader.dimensions(new TextCache()), reader.count());
    }
    return counts;
  }

  @Test
  void aStatisticWithoutDimensionsHasOneGroup() {
    Statistic statistic = Statistic.named("all").maxGroups(1).build();
    Random random = new Random(1);
    Groups state = Groups.NONE;
    for (int i = 1; i <= 3; i++) {
      byte[] calls = block(statistic, List.of(call(random), call(random)));
      state = state.with(new BlockMerger(statistic).merge(state, List.of(calls)));
      assertThat(counts(state)).containsExactly(Map.entry(List.of(), 2L * i));
    }
  }

  @Test
  void textsThatDifferButHaveTheSameUtf8AreOneGroup() {
    Statistic statistic = Statistic.named("s").by(Dimensions.CRIME_TYPE).build();
    List<Call> calls =
        List.of(
            Call.builder("1", "\ud800", Instant.EPOCH).build(),
            Call.builder("2", "?", Instant.EPOCH).build(),
            Call.builder("3", "\ud801", Instant.EPOCH).build());
    assertThat(counts(block(statistic, calls))).containsExactly(Map.entry(List.of("?"), 3L));
  }

  @Test
  void manyGroupsAndLongKeysSurvive() {
    Statistic statistic = Statistic.named("s").by(Dimensions.CRIME_TYPE).build();
    List<Call> calls = new ArrayList<>();
    Map<List<String>, Long> model = new TreeMap<>(KEYS);
    Random random = new Random(5);
    for (int i = 0; i < 20_000; i++) {
      String type = "t".repeat(random.nextInt(200)) + Integer.toString(random.nextInt(9_000), 36);
      calls.add(Call.builder("1", type, Instant.EPOCH).build());
      model.merge(List.of(type), 1L, Long::sum);
    }
    List<byte[]> blocks = split(statistic, calls, random);
    assertThat(counts(Groups.NONE.with(new BlockMerger(statistic).merge(Groups.NONE, blocks))))
        .containsExactlyEntriesOf(model);
  }

  @Test
  void overlayTakesTheNewerGroupWhereBothHaveIt() {
    Statistic statistic = Statistic.named("s").by(Dimensions.CRIME_TYPE).build();
    Call a = Call.builder("1", "a", Instant.EPOCH).build();
    Call b = Call.builder("1", "b", Instant.EPOCH).build();
    Call c = Call.builder("1", "c", Instant.EPOCH).build();
    byte[] older = block(statistic, List.of(a, b, b, b));
    byte[] newer = block(statistic, List.of(b, c, c));
    assertThat(counts(Groups.of(older).overlaid(newer)))
        .containsExactly(
            Map.entry(List.of("a"), 1L), Map.entry(List.of("b"), 1L), Map.entry(List.of("c"), 2L));
    assertThat(Groups.NONE.overlaid(newer).toBlock()).isEqualTo(newer);
  }
}
