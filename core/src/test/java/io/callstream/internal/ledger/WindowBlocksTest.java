package io.callstream.internal.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.internal.aggregate.BlockReader;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.aggregate.WindowAssigner;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class WindowBlocksTest {
  private static final long HOUR = Duration.ofHours(1).toMillis();
  private static final long LATENESS = Duration.ofMinutes(30).toMillis();

  /** Windows of an hour, which close 30 minutes after their end. */
  private static StatisticBlocks hourly(Optional<Duration> retention, long... hours) {
    Statistic statistic =
        Statistic.named("hourly")
            .over(Windows.tumbling(Duration.ofHours(1)).allowingLateness(Duration.ofMinutes(30)))
            .build();
    NavigableMap<Long, Groups> windows = new TreeMap<>();
    for (long hour : hours) {
      windows.put(hour * HOUR, Groups.of(block((int) hour)));
    }
    return WindowBlocks.none(statistic, retention)
        .restored(windows, StatisticCombiner.NO_WATERMARK);
  }

  /** Returns the block of a statistic without dimensions. */
  private static byte[] block(int count) {
    return new byte[] {1, 0, 0, 0, (byte) count};
  }

  private static long count(Groups groups) {
    BlockReader reader = groups.reader();
    assertThat(reader.next()).isTrue();
    return reader.count();
  }

  private static List<Long> open(StatisticBlocks blocks, long watermark) {
    return blocks.open(watermark).values().stream().map(WindowBlocksTest::count).toList();
  }

  @Test
  void aWindowClosesWhenTheWatermarkReachesItsEndPlusTheLateness() {
    StatisticBlocks blocks = hourly(Optional.empty(), 0, 1, 2, 5);
    long closeOfSecond = 2 * HOUR + LATENESS;
    assertThat(blocks.closedBetween(StatisticCombiner.NO_WATERMARK, closeOfSecond - 1).keySet())
        .containsExactly(0L);
    assertThat(blocks.closedBetween(closeOfSecond - 1, closeOfSecond).keySet())
        .containsExactly(HOUR);
    assertThat(blocks.closedBetween(closeOfSecond, closeOfSecond + HOUR).keySet())
        .containsExactly(2 * HOUR);
    assertThat(blocks.closedBetween(StatisticCombiner.NO_WATERMARK, 10 * HOUR).keySet())
        .containsExactly(0L, HOUR, 2 * HOUR, 5 * HOUR);
    assertThat(blocks.closedBetween(10 * HOUR, 10 * HOUR).keySet()).isEmpty();
  }

  @Test
  void eachWindowIsEitherOpenOrClosed() {
    StatisticBlocks blocks = hourly(Optional.empty(), 0, 1, 2, 5);
    long closeOfSecond = 2 * HOUR + LATENESS;
    assertThat(open(blocks, StatisticCombiner.NO_WATERMARK)).containsExactly(0L, 1L, 2L, 5L);
    assertThat(open(blocks, closeOfSecond - 1)).containsExactly(1L, 2L, 5L);
    assertThat(blocks.closed(closeOfSecond - 1)).containsOnlyKeys(0L);
    assertThat(open(blocks, closeOfSecond)).containsExactly(2L, 5L);
    assertThat(blocks.closed(closeOfSecond)).containsOnlyKeys(0L, HOUR);
  }

  @ParameterizedTest
  @MethodSource("windows")
  void theSizeOfOpenWindowsIsThatOfAllOpenWindows(Window window) {
    Statistic statistic = Statistic.named("s").over(window).build();
    WindowAssigner assigner = new WindowAssigner(window);
    Random random = new Random(1);
    StatisticBlocks blocks = StatisticBlocks.none(statistic, Optional.of(Duration.ofDays(9)));
    long watermark = 0;
    for (int batch = 0; batch < 300; batch++) {
      NavigableMap<Long, byte[]> updates = new TreeMap<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        long start = assigner.lastStart(watermark + random.nextLong(3 * 24 * HOUR));
        if (assigner.closesAt(start) > watermark) {
          updates.put(start, block(random.nextInt(100)));
        }
      }
      blocks = blocks.retained(watermark);
      watermark += random.nextInt(3) == 0 ? random.nextLong(8 * HOUR) : 0;
      blocks = blocks.updated(updates, new TreeMap<>(), watermark);

      long now = watermark;
      List<Long> open =
          blocks.windows().keySet().stream().filter(w -> assigner.closesAt(w) > now).toList();
      assertThat(blocks.open(now).keySet()).containsExactlyElementsOf(open);
      assertThat(blocks.openCount()).isEqualTo(open.size());
      assertThat(blocks.openBytes()).isEqualTo(5L * open.size());
      assertThat(blocks.bytes()).isEqualTo(5L * blocks.windows().size());
      StatisticBlocks restored =
          StatisticBlocks.none(statistic, Optional.empty()).restored(blocks.windows(), now);
      assertThat(restored.openBytes()).isEqualTo(blocks.openBytes());
      assertThat(restored.bytes()).isEqualTo(blocks.bytes());
    }
    assertThat(blocks.closed(watermark)).isNotEmpty();
  }

  static List<Window> windows() {
    ZoneId zone = ZoneId.of("America/Los_Angeles");
    Duration lateness = Duration.ofMinutes(70);
    return List.of(
        Windows.tumbling(Duration.ofHours(1)).allowingLateness(lateness),
        Windows.sliding(Duration.ofHours(6), Duration.ofHours(1)).allowingLateness(lateness),
        Windows.hourly(zone).allowingLateness(lateness),
        Windows.daily(zone).allowingLateness(Duration.ZERO),
        Windows.weekly(zone).allowingLateness(lateness));
  }

  @Test
  void aStatisticWithoutWindowsNeverCloses() {
    NavigableMap<Long, Groups> all = new TreeMap<>();
    all.put(StatisticCombiner.NO_WINDOW, Groups.of(block(7)));
    StatisticBlocks blocks =
        WindowBlocks.none(Statistic.named("all").build(), Optional.of(Duration.ofMillis(1)))
            .restored(all, StatisticCombiner.NO_WATERMARK);
    assertThat(blocks.closed(Long.MAX_VALUE)).isEmpty();
    assertThat(open(blocks, Long.MAX_VALUE)).containsExactly(7L);
    assertThat(blocks.retained(Long.MAX_VALUE)).isSameAs(blocks);
  }

  @Test
  void windowsAreRemovedWhenTheirRetentionHasEnded() {
    StatisticBlocks blocks = hourly(Optional.of(Duration.ofHours(3)), 0, 1, 2);
    long end = HOUR + LATENESS + 3 * HOUR;
    assertThat(blocks.retained(end - 1)).isSameAs(blocks);
    assertThat(blocks.retained(end).windows()).containsOnlyKeys(HOUR, 2 * HOUR);
    assertThat(blocks.retained(end + 10 * HOUR).windows()).isEmpty();
    assertThat(blocks.windows()).hasSize(3);
    StatisticBlocks kept = hourly(Optional.empty(), 0);
    assertThat(kept.retained(Long.MAX_VALUE)).isSameAs(kept);
  }

  @Test
  void anUpdateReplacesTheBlocksWhoseGroupsAreAllKnown() {
    StatisticBlocks before = hourly(Optional.empty(), 0, 1);
    NavigableMap<Long, byte[]> changed = new TreeMap<>();
    changed.put(HOUR, block(21));
    changed.put(2 * HOUR, block(22));
    NavigableMap<Long, Groups> whole = new TreeMap<>();
    whole.put(HOUR, Groups.of(block(31)));
    StatisticBlocks after = before.updated(changed, whole, StatisticCombiner.NO_WATERMARK);
    assertThat(after.windows())
        .containsOnlyKeys(0L, HOUR, 2 * HOUR)
        .hasEntrySatisfying(HOUR, groups -> assertThat(count(groups)).isEqualTo(31))
        .hasEntrySatisfying(2 * HOUR, groups -> assertThat(count(groups)).isEqualTo(22));
    assertThat(before.windows())
        .hasSize(2)
        .hasEntrySatisfying(HOUR, groups -> assertThat(count(groups)).isEqualTo(1));
    assertThat(before.updated(new TreeMap<>(), new TreeMap<>(), StatisticCombiner.NO_WATERMARK))
        .isSameAs(before);
  }
}
