package io.callstream.internal.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.task.PartitionClock;
import io.callstream.internal.task.PartitionSegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SourceProgressTest {
  private static final SourceProgress NONE = new SourceProgress(10, Map.of());

  private static PartitionSegment segment(int partition, long firstOffset, long... times) {
    PartitionClock clock = PartitionClock.ofSegment(10);
    for (long time : times) {
      clock.add(time);
    }
    return new PartitionSegment(partition, firstOffset, firstOffset + times.length, clock);
  }

  @Test
  void theWatermarkIsTheLeastClockOfThePartitionsWithRecords() {
    List<PartitionSegment> both = List.of(segment(0, 0, 5, 5, 5), segment(1, 0, 3, 3, 3));
    SourceProgress first = NONE.plus(both);
    assertThat(first.watermarkAfter(both, StatisticCombiner.NO_WATERMARK)).isEqualTo(3);
    List<PartitionSegment> one = List.of(segment(0, 3, 9));
    assertThat(first.plus(one).watermarkAfter(one, 3)).isEqualTo(9);
    assertThat(first.watermarkAfter(List.of(), 3)).isEqualTo(3);
  }

  @Test
  void theWatermarkDoesNotMoveBackward() {
    List<PartitionSegment> batch = List.of(segment(0, 0, 5, 5, 5));
    assertThat(NONE.plus(batch).watermarkAfter(batch, 8)).isEqualTo(8);
  }

  @Test
  void aPartitionWithoutAnyTimeHoldsTheWatermark() {
    List<PartitionSegment> batch = List.of(segment(0, 0, 5, 5, 5), segment(1, 0));
    assertThat(NONE.plus(batch).watermarkAfter(batch, 2)).isEqualTo(2);
  }

  @Test
  void unconfirmedCallsAreCountedOnceForEachPartition() {
    SourceProgress before = NONE.plus(List.of(segment(0, 0, 1, 1, 1), segment(1, 0, 1, 1, 1)));
    SourceProgress after = before.plus(List.of(segment(1, 3, 900, 2, 2), segment(0, 3, 2)));
    List<Integer> partitions = new ArrayList<>();
    assertThat(after.unconfirmedSince(before, (partition, clock) -> partitions.add(partition)))
        .isEqualTo(1);
    assertThat(partitions).containsExactly(1);
    assertThat(after.unconfirmedSince(after, (partition, clock) -> partitions.add(partition)))
        .isZero();
  }

  @Test
  void findsTheOffsetsThatChanged() {
    SourceProgress before = NONE.plus(List.of(segment(0, 0, 1, 1), segment(1, 0, 1)));
    SourceProgress after = before.plus(List.of(segment(1, 1, 1), segment(2, 0)));
    assertThat(after.nextOffsets()).isEqualTo(Map.of(0, 2L, 1, 2L, 2, 0L));
    assertThat(before.nextOffsetsChangedIn(after)).isEqualTo(Map.of(1, 2L, 2, 0L));
  }
}
