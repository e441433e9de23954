package io.callstream.internal.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;
import org.junit.jupiter.api.Test;

class GroupsTest {
  private static final Statistic STATISTIC =
      Statistic.named("by-type").by(Dimensions.CRIME_TYPE).maxGroups(1_000_000).build();

  private static byte[] block(Map<String, Integer> calls) {
    StatisticCombiner combiner = new StatisticCombiner(STATISTIC, StatisticCombiner.NO_WATERMARK);
    calls.forEach(
        (type, count) -> {
          for (int i = 0; i < count; i++) {
            combiner.add(Call.builder("1", type, Instant.EPOCH).build(), (s, from, to) -> {});
          }
        });
    List<byte[]> blocks = new ArrayList<>();
    combiner.forEachPartial((window, block) -> blocks.add(block));
    return blocks.get(0);
  }

  private static Map<String, Long> counts(BlockReader groups) {
    Map<String, Long> counts = new TreeMap<>();
    String last = null;
    while (groups.next()) {
      String type = groups.dimensions(new TextCache()).get(0);
      assertThat(type).isGreaterThan(last == null ? "" : last);
      last = type;
      counts.put(type, groups.count());
    }
    return counts;
  }

  private static String type(Random random, int types) {
    int type = random.nextInt(types);
    return "type " + type + "x".repeat(type % 60);
  }

  @Property(tries = 15, shrinking = ShrinkingMode.OFF)
  void changesOfAnySizeAreThoseOfAMap(@ForAll Random random) {
    int types = 1 + random.nextInt(4_000);
    BlockMerger merger = new BlockMerger(STATISTIC);
    Groups groups = Groups.NONE;
    Groups restored = Groups.NONE;
    Map<String, Long> model = new TreeMap<>();
    for (int batch = 0; batch < 12; batch++) {
      Map<String, Integer> calls = new TreeMap<>();
      for (int i = random.nextInt(random.nextBoolean() ? 20 : 3_000); i >= 0; i--) {
        calls.merge(type(random, types), 1, Integer::sum);
      }
      PageChanges changes = merger.merge(groups, List.of(block(calls)));
      groups = groups.with(changes);
      restored = restored.overlaid(changes.updates());
      calls.forEach((type, count) -> model.merge(type, (long) count, Long::sum));

      Map<String, Long> changed = new TreeMap<>(model);
      changed.keySet().retainAll(calls.keySet());
      assertThat(counts(new BlockReader(changes.updates()))).isEqualTo(changed);
      assertThat(counts(groups.reader())).isEqualTo(model);
      assertThat(restored.toBlock()).isEqualTo(groups.toBlock());
      assertSizes(groups, model);
    }
  }

  @Property(tries = 40, shrinking = ShrinkingMode.OFF)
  @Tag("thorough")
  void manyChangesAreThoseOfAMap(@ForAll Random random) {
    changesOfAnySizeAreThoseOfAMap(random);
  }

  private static void assertSizes(Groups groups, Map<String, Long> model) {
    List<byte[]> pages = groups.pages();
    assertThat(groups.groups()).isEqualTo(model.size());
    assertThat(groups.bytes()).isEqualTo(pages.stream().mapToLong(page -> page.length).sum());
    assertThat(groups.keyBytes())
        .isEqualTo(model.keySet().stream().mapToLong(type -> type.length() + 1).sum())
        .isEqualTo(Groups.of(pages).keyBytes());
    assertThat(pages).allSatisfy(page -> assertThat(page.length).isBetween(1, 2_048));
    // After a split, two pages have more than half of the greatest length together.
    assertThat(pages.size()).isLessThanOrEqualTo((int) (groups.bytes() / 900) + 1);
  }

  @Test
  void aSmallChangeSharesAllOtherPages() {
    Map<String, Integer> all = new TreeMap<>(Comparator.naturalOrder());
    for (int i = 0; i < 20_000; i++) {
      all.put("type " + (100_000 + i), 1);
    }
    BlockMerger merger = new BlockMerger(STATISTIC);
    Groups before = Groups.NONE.with(merger.merge(Groups.NONE, List.of(block(all))));
    Groups after =
        before.with(
            merger.merge(before, List.of(block(Map.of("type 100001", 1, "type 119999", 1)))));

    Set<byte[]> known = Collections.newSetFromMap(new IdentityHashMap<>());
    known.addAll(before.pages());
    assertThat(before.count()).isGreaterThan(20);
    assertThat(after.pages().stream().filter(page -> !known.contains(page))).hasSize(2);
    assertThat(after.groups()).isEqualTo(before.groups());
    assertThat(counts(before.reader())).containsEntry("type 100001", 1L);
    assertThat(counts(after.reader())).containsEntry("type 100001", 2L);
  }

  @Test
  void aGroupThatIsLargerThanAPageHasItsOwn() {
    Map<String, Integer> calls = new TreeMap<>();
    for (int i = 0; i < 5; i++) {
      calls.put(i + "y".repeat(10_000), 1);
    }
    Groups groups =
        Groups.NONE.with(new BlockMerger(STATISTIC).merge(Groups.NONE, List.of(block(calls))));
    assertThat(groups.count()).isEqualTo(5);
    assertThat(counts(groups.reader())).hasSize(5);
  }
}
