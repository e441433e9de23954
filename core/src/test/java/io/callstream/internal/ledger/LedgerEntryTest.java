package io.callstream.internal.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.files.DamagedFileException;
import io.callstream.internal.task.PartitionClock;
import io.callstream.internal.task.PartitionSegment;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.statistic.StandardStatistics;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class LedgerEntryTest {
  private static final Pipeline PIPELINE =
      Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
          .statistic(StandardStatistics.callsByType())
          .build();
  private static final LedgerState NONE = LedgerState.none(PIPELINE);

  private static LedgerEntry entry(List<NavigableMap<Long, Groups>> blocks) {
    PartitionClock clock = PartitionClock.ofSegment(NONE.totals().progress().maxJumpMillis());
    clock.add(1);
    SourceProgress progress =
        NONE.totals().progress().plus(List.of(new PartitionSegment(3, 70, 71, clock)));
    Accounting accounting =
        new Accounting(
            7,
            1,
            6,
            2,
            3,
            4,
            5,
            Map.of("dispositions", 8L),
            Map.of("calls-by-type", new Contributions(4, 0, 0, 1, 2)));
    return new LedgerEntry(
        new LedgerTotals(9, accounting, progress, -5, 8, List.of()), blocks, new byte[] {1, 2});
  }

  @Test
  void anEntryIsReadAsItWasWritten() throws IOException {
    NavigableMap<Long, Groups> windows = new TreeMap<>();
    windows.put(-10L, Groups.of(new byte[] {1, 0, 0, 0, 6}));
    windows.put(15L, Groups.of(List.of(new byte[] {1, 0, 0, 0, 6}, new byte[] {1, 0, 0, 1, 5, 7})));
    windows.put(20L, Groups.NONE);
    LedgerEntry written = entry(List.of(windows));
    LedgerEntry read = LedgerEntry.read("batch-9", 9, NONE, List.of(), written.toBytes(List.of()));
    assertThat(read).usingRecursiveComparison().isEqualTo(written);
  }

  @Test
  void rejectsAnEntryOfAnotherBatch() {
    byte[] bytes = entry(List.of(new TreeMap<>())).toBytes(List.of());
    assertThatThrownBy(() -> LedgerEntry.read("batch-8", 8, NONE, List.of(), bytes))
        .isInstanceOf(DamagedFileException.class)
        .hasMessage("batch-8 is of batch 9");
  }

  @Test
  void rejectsAnEntryOfAnotherNumberOfStatistics() {
    byte[] bytes = entry(List.of(new TreeMap<>(), new TreeMap<>())).toBytes(List.of());
    assertThatThrownBy(() -> LedgerEntry.read("batch-9", 9, NONE, List.of(), bytes))
        .isInstanceOf(DamagedFileException.class)
        .hasMessage("batch-9 has 2 statistics, not 1");
  }

  @Test
  void rejectsOtherContent() {
    assertThatThrownBy(() -> LedgerEntry.read("batch-9", 9, NONE, List.of(), new byte[100]))
        .isInstanceOf(DamagedFileException.class)
        .hasMessage("batch-9 is not a file of the log of results");
  }
}
