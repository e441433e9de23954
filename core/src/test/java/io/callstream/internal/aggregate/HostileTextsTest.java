package io.callstream.internal.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Checks that texts chosen to cause harm are counted like others. */
class HostileTextsTest {
  private static final Statistic BY_ADDRESS =
      Statistic.named("by-address").by(Dimensions.ADDRESS).build();

  @Test
  void textsOfOneHashCodeAreCountedApart() {
    List<String> texts = new ArrayList<>(List.of(""));
    for (int i = 0; i < 14; i++) {
      List<String> longer = new ArrayList<>();
      texts.forEach(text -> longer.add(text + "Aa"));
      texts.forEach(text -> longer.add(text + "BB"));
      texts.clear();
      texts.addAll(longer);
    }
    assertThat(texts.stream().map(String::hashCode).distinct()).hasSize(1);

    StatisticCombiner combiner = new StatisticCombiner(BY_ADDRESS, StatisticCombiner.NO_WATERMARK);
    Map<String, Long> expected = new HashMap<>();
    for (int i = 0; i < 3 * texts.size(); i++) {
      String address = texts.get(i * 5 % texts.size());
      expected.merge(address, 1L, Long::sum);
      combiner.add(call(address), (statistic, start, end) -> {});
    }
    assertThat(counts(combiner)).isEqualTo(expected);
  }

  @Test
  void groupsWhoseTextsFillTheMemoryCountAsOther() {
    int length = 1 << 19;
    long fit = BY_ADDRESS.maxGroupBytes() / (length + 2);
    BlockMerger merger = new BlockMerger(BY_ADDRESS);
    Groups state = Groups.NONE;
    long calls = 0;
    while (calls < fit + 20) {
      StatisticCombiner combiner =
          new StatisticCombiner(BY_ADDRESS, StatisticCombiner.NO_WATERMARK);
      for (int i = 0; i < 10; i++) {
        combiner.add(call(calls++ + "x".repeat(length)), (statistic, start, end) -> {});
      }
      List<byte[]> partials = new ArrayList<>();
      combiner.forEachPartial((window, block) -> partials.add(block));
      state = state.with(merger.merge(state, partials));
    }
    assertThat(state.bytes()).isLessThan(BY_ADDRESS.maxGroupBytes() + (1 << 20));
    long counted = 0;
    long other = 0;
    BlockReader groups = state.reader();
    while (groups.next()) {
      counted += groups.count();
      other +=
          groups.dimensions(new TextCache()).get(0).equals(Statistic.OTHER) ? groups.count() : 0;
    }
    assertThat(counted).isEqualTo(calls);
    assertThat(other).isBetween(10L, calls - fit + 10);
  }

  @Test
  void groupsWithACommonPrefixCountWithTheirWholeTexts() {
    String prefix = "x".repeat(1 << 20);
    StatisticCombiner combiner = new StatisticCombiner(BY_ADDRESS, StatisticCombiner.NO_WATERMARK);
    for (int i = 0; i < 100; i++) {
      combiner.add(call(prefix + i), (statistic, start, end) -> {});
    }
    List<byte[]> partials = new ArrayList<>();
    combiner.forEachPartial((window, block) -> partials.add(block));
    Groups groups = Groups.NONE.with(new BlockMerger(BY_ADDRESS).merge(Groups.NONE, partials));
    assertThat(groups.groups()).isEqualTo((int) (BY_ADDRESS.maxGroupBytes() >> 20));
    assertThat(groups.keyBytes()).isLessThan(BY_ADDRESS.maxGroupBytes());
  }

  private static Map<String, Long> counts(StatisticCombiner combiner) {
    Map<String, Long> counts = new HashMap<>();
    combiner.forEachPartial(
        (window, block) -> {
          BlockReader groups = new BlockReader(block);
          while (groups.next()) {
            counts.put(groups.dimensions(new TextCache()).get(0), groups.count());
          }
        });
    return counts;
  }

  private static Call call(String address) {
    return Call.builder("1", "415", Instant.EPOCH).address(address).build();
  }
}
