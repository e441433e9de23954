package io.callstream.internal.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Checks that the groups of windows of very different sizes are kept apart. */
class GroupTableTest {
  private static final Statistic HOURLY =
      Statistic.named("hourly")
          .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
          .by(Dimensions.ADDRESS)
          .by(Dimensions.CRIME_TYPE)
          .build();

  private record Group(long window, String address, String type) {}

  @Test
  void groupsOfWindowsWithOneCallAndWithThousandsOfGroupsAreCountedApart() {
    Random random = new Random(17);
    StatisticCombiner combiner = new StatisticCombiner(HOURLY, StatisticCombiner.NO_WATERMARK);
    Map<Group, Long> expected = new HashMap<>();
    for (int i = 0; i < 60_000; i++) {
      // Half of the calls are in one window; the others are in 3,000, in any order.
      long hour = random.nextBoolean() ? 7 : random.nextInt(3_000);
      Group group =
          new Group(Duration.ofHours(hour).toMillis(), "a" + random.nextInt(5_000), "t" + i % 3);
      expected.merge(group, 1L, Long::sum);
      combiner.add(
          Call.builder("" + i, group.type(), Instant.ofEpochMilli(group.window() + i % 60_000))
              .address(group.address())
              .build(),
          (statistic, start, end) -> {});
    }

    Map<Group, Long> counted = new HashMap<>();
    combiner.forEachPartial(
        (window, block) -> {
          BlockReader groups = new BlockReader(block);
          while (groups.next()) {
            List<String> texts = groups.dimensions(new TextCache());
            counted.merge(new Group(window, texts.get(0), texts.get(1)), groups.count(), Long::sum);
          }
        });
    assertThat(counted).isEqualTo(expected);
  }
}
