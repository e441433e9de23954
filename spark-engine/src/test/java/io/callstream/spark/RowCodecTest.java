package io.callstream.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.internal.aggregate.StatisticCombiner;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checks the values that tasks and driver exchange as bytes. */
class RowCodecTest {
  @ParameterizedTest
  @EnumSource
  void aKeyKeepsItsKindAndNumber(RowKey.Kind kind) {
    for (int number : new int[] {0, 1, 255, Integer.MAX_VALUE}) {
      RowKey key = RowKey.of(kind, number);
      assertThat(RowKey.of(key.toBytes())).isEqualTo(key);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -62_198_755_200_000L, -1, 0, 1, Long.MAX_VALUE})
  void aKeyOfAWindowKeepsItsStart(long start) {
    RowKey key = RowKey.ofWindow(7, start);
    assertThat(RowKey.of(key.toBytes())).isEqualTo(key);
    assertThat(key.toBytes()).isNotEqualTo(RowKey.ofWindow(6, start).toBytes());
  }

  @Test
  void theContextOfABatchKeepsItsValues() {
    for (BatchContext context :
        List.of(
            new BatchContext(
                0, StatisticCombiner.NO_WATERMARK, Map.of(), new ShardCounts(1, Map.of())),
            new BatchContext(
                1, -1, Map.of(0, List.of(), 1, List.of()), new ShardCounts(1, Map.of())),
            new BatchContext(
                Long.MAX_VALUE,
                1_541_322_000_000L,
                Map.of(2, List.of(-3_600_000L), 7, List.of(Long.MIN_VALUE, 0L, 7L)),
                new ShardCounts(
                    8,
                    Map.of(
                        2, new ShardCounts.OfStatistic(1, Map.of(-3_600_000L, 8)),
                        7, new ShardCounts.OfStatistic(8, Map.of(0L, 1, 7L, 2))))))) {
      assertThat(BatchContext.of(context.toBytes())).isEqualTo(context);
    }
  }
}
