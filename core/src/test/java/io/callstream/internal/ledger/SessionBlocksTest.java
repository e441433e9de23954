package io.callstream.internal.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Sessions with a gap of 10 ms and a lateness of 5 ms: they close 25 ms after their last call. */
class SessionBlocksTest {
  private static final Statistic STATISTIC =
      Statistic.named("sessions")
          .by(Dimensions.CRIME_TYPE)
          .over(Windows.session(Duration.ofMillis(10)).allowingLateness(Duration.ofMillis(5)))
          .emitting(Emission.ON_CLOSE)
          .build();

  private static StatisticBlocks none(Optional<Duration> retention) {
    return StatisticBlocks.none(STATISTIC, retention);
  }

  private static Call call(String type, long time) {
    return Call.builder("1", type, Instant.ofEpochMilli(time)).build();
  }

  /** Returns the state after a batch, whose updates have only the changed sessions. */
  private static StatisticBlocks after(StatisticBlocks before, long watermark, Call... calls) {
    StatisticCombiner combiner = new StatisticCombiner(STATISTIC, StatisticCombiner.NO_WATERMARK);
    for (Call call : calls) {
      combiner.add(call, (s, start, end) -> {});
    }
    BlockMerger merger = new BlockMerger(STATISTIC);
    NavigableMap<Long, byte[]> updates = new TreeMap<>();
    combiner.forEachPartial(
        (key, block) ->
            updates.put(
                key,
                merger
                    .merge(before.windows().getOrDefault(key, Groups.NONE), List.of(block))
                    .updates()));
    return before.updated(updates, new TreeMap<>(), watermark);
  }

  private static List<String> texts(NavigableMap<Long, Groups> sessions) {
    List<String> texts = new ArrayList<>();
    new BlockResults(STATISTIC, sessions)
        .rows()
        .forEach(
            row ->
                texts.add(
                    row.window().orElseThrow().start().toEpochMilli()
                        + row.dimension("crime_type")
                        + row.count()));
    return texts;
  }

  @Test
  void aSessionMovesToTheResultsWhenItCloses() {
    StatisticBlocks one = after(none(Optional.empty()), 0, call("a", 0), call("b", 1));
    assertThat(texts(one.open(0))).containsExactly("0a1", "1b1");
    assertThat(texts(one.closed(0))).isEmpty();
    StatisticBlocks two = after(one, 24, call("c", 30));
    assertThat(texts(two.closedBetween(0, 24))).isEmpty();
    StatisticBlocks three = after(two, 25, call("c", 31));
    assertThat(texts(three.closedBetween(24, 25))).containsExactly("0a1");
    assertThat(texts(three.closed(25))).containsExactly("0a1");
    assertThat(texts(three.open(25))).containsExactly("1b1", "30c2");
    assertThat(texts(three.results())).containsExactly("0a1", "1b1", "30c2");
    StatisticBlocks four = after(three, 26, call("c", 32));
    assertThat(texts(four.closedBetween(25, 26))).containsExactly("1b1");
    assertThat(texts(four.closed(26))).containsExactly("0a1", "1b1");
    assertThat(texts(four.results())).containsExactly("0a1", "1b1", "30c3");
  }

  @Test
  void aClosedSessionStaysForItsRetention() {
    StatisticBlocks blocks =
        after(none(Optional.of(Duration.ofMillis(100))), 0, call("a", 0), call("b", 1));
    blocks = after(blocks, 26);
    assertThat(blocks.bytes())
        .isEqualTo(blocks.windows().values().stream().mapToLong(Groups::bytes).sum())
        .isPositive();
    assertThat(texts(blocks.retained(StatisticCombiner.NO_WATERMARK).results())).hasSize(2);
    assertThat(texts(blocks.retained(124).results())).containsExactly("0a1", "1b1");
    assertThat(texts(blocks.retained(125).results())).containsExactly("1b1");
    assertThat(blocks.retained(126).windows()).isEmpty();
    assertThat(blocks.retained(126).bytes()).isZero();
  }

  @Test
  void aRestoredLogHasTheSameState() {
    StatisticBlocks one = after(none(Optional.empty()), 0, call("a", 0), call("a", 18));
    StatisticBlocks two = after(one, 20, call("a", 9), call("b", 40));
    assertThat(texts(two.results())).containsExactly("0a3", "40b1");
    StatisticBlocks restored = none(Optional.empty()).restored(two.windows(), 43);
    assertThat(texts(restored.closed(43))).containsExactly("0a3");
    assertThat(texts(restored.open(43))).containsExactly("40b1");
    assertThat(texts(after(two, 43).windows())).isEqualTo(texts(restored.windows()));
  }
}
