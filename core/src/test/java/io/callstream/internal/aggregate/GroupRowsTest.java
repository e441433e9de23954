package io.callstream.internal.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Compares rows with one block of all groups, and counts the rows that a batch reads and writes.
 */
class GroupRowsTest {
  private static final Statistic BY_TYPE = Statistic.named("s").by(Dimensions.CRIME_TYPE).build();

  /** A store that records its use. */
  private static final class Rows implements RowStore {
    final Map<Integer, byte[]> rows = new HashMap<>();
    int read;
    int written;
    long bytesWritten;

    @Override
    public byte @Nullable [] get(int row) {
      read++;
      byte[] block = rows.get(row);
      return block == null ? null : block.clone();
    }

    @Override
    public void put(int row, byte[] block) {
      written++;
      bytesWritten += block.length;
      rows.put(row, block.clone());
    }

    @Override
    public void remove(int row) {
      rows.remove(row);
    }
  }

  private static Call call(String type, long seconds) {
    return Call.builder(Long.toString(seconds), type, Instant.EPOCH).build();
  }

  private static byte[] block(Statistic statistic, List<Call> calls, List<Call> retracted) {
    StatisticCombiner combiner = new StatisticCombiner(statistic, StatisticCombiner.NO_WATERMARK);
    calls.forEach(call -> combiner.add(call, (s, start, end) -> {}));
    retracted.forEach(combiner::retract);
    List<byte[]> blocks = new ArrayList<>();
    combiner.forEachPartial((window, block) -> blocks.add(block));
    return blocks.isEmpty()
        ? new BlockWriter(BlockMerger.aggregates(statistic).size(), 8).toBlock()
        : blocks.get(0);
  }

  /** Returns all groups of a state in one block. */
  private static byte[] all(byte[] head, Rows rows) {
    if (rows.rows.isEmpty()) {
      byte[] block = new byte[head.length - 1];
      System.arraycopy(head, 1, block, 0, block.length);
      return block;
    }
    return BlockMerger.union(List.copyOf(rows.rows.values()));
  }

  @Property(tries = 100, shrinking = ShrinkingMode.OFF)
  @Label("rows have the groups and give the updates of one block, also over the limit of groups")
  void rowsEqualOneBlock(@ForAll long seed) {
    Random random = new Random(seed);
    int types = 1 << random.nextInt(12);
    boolean corrects = random.nextBoolean();
    Statistic.Builder builder = Statistic.named("s").by(Dimensions.CRIME_TYPE);
    if (random.nextBoolean()) {
      builder.over(Windows.daily(ZoneOffset.UTC).withoutLateness());
    } else {
      builder.maxGroups(1 + random.nextInt(2 * types));
    }
    if (!corrects && random.nextBoolean()) {
      builder.measuring(
          Measures.count(),
          Measures.maximum(
              "longest",
              Set.of(),
              call -> Optional.of(Duration.ofSeconds(Long.parseLong(call.id())))));
    }
    Statistic statistic = builder.build();
    BlockMerger merger = corrects ? BlockMerger.correcting(statistic) : new BlockMerger(statistic);
    Rows rows = new Rows();
    byte[] head = null;
    Groups state = Groups.NONE;
    List<Call> counted = new ArrayList<>();
    for (int batch = 0; batch < 8; batch++) {
      List<byte[]> partials = new ArrayList<>();
      for (int task = 0; task <= random.nextInt(3); task++) {
        List<Call> calls = new ArrayList<>();
        for (int i = random.nextInt(1 << random.nextInt(12)); i >= 0; i--) {
          int type = random.nextInt(types + 1);
          calls.add(call(type == 0 ? Statistic.OTHER : "type " + type, random.nextInt(1_000)));
        }
        List<Call> retracted = new ArrayList<>();
        while (corrects && !counted.isEmpty() && random.nextInt(50) > 0) {
          retracted.add(counted.remove(random.nextInt(counted.size())));
        }
        counted.addAll(calls);
        partials.add(block(statistic, calls, retracted));
      }
      PageChanges expected = merger.merge(state, partials);
      state = state.with(expected);
      GroupRows.Merged merged = GroupRows.merge(merger, head, rows, partials);
      head = merged.head();
      assertThat(merged.updates()).isEqualTo(expected.updates());
      assertThat(all(head, rows)).isEqualTo(state.toBlock());
    }
    GroupRows.remove(head, rows);
    assertThat(rows.rows).isEmpty();
  }

  @Test
  void aBatchReadsAndWritesOnlyTheRowsOfItsGroups() {
    List<Call> many = new ArrayList<>();
    for (int i = 0; i < 50_000; i++) {
      many.add(call("type " + i, 0));
    }
    BlockMerger merger = new BlockMerger(BY_TYPE);
    Rows rows = new Rows();
    byte[] head =
        GroupRows.merge(merger, null, rows, List.of(block(BY_TYPE, many, List.of()))).head();
    assertThat(rows.bytesWritten / rows.rows.size())
        .isBetween(GroupRows.ROW_BYTES / 2L, (long) GroupRows.ROW_BYTES);
    assertThat(rows.rows.values())
        .allSatisfy(row -> assertThat(row.length).isLessThan(4 * GroupRows.ROW_BYTES));
    rows.read = 0;
    rows.written = 0;
    rows.bytesWritten = 0;
    GroupRows.Merged merged =
        GroupRows.merge(
            merger,
            head,
            rows,
            List.of(block(BY_TYPE, List.of(many.get(7), many.get(40_000)), List.of())));
    assertThat(BlockReader.groups(merged.updates())).isEqualTo(2);
    assertThat(rows.read).isEqualTo(2);
    assertThat(rows.written).isEqualTo(2);
    assertThat(rows.bytesWritten).isLessThan(8L * GroupRows.ROW_BYTES);
    assertThat(merged.head()).hasSizeLessThan(32);
  }

  @Test
  void fewGroupsNeedNoRows() {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      calls.add(call("type " + i, 0));
    }
    Rows rows = new Rows();
    byte[] first = block(BY_TYPE, calls, List.of());
    BlockMerger merger = new BlockMerger(BY_TYPE);
    byte[] head = GroupRows.merge(merger, null, rows, List.of(first)).head();
    GroupRows.merge(merger, head, rows, List.of(first));
    assertThat(rows.read + rows.written).isZero();
  }

  @Property(tries = 200)
  @Label("the parts of a block have all its groups, each about the same number")
  void thePartsOfABlockHaveAllItsGroups(@ForAll long seed) {
    Random random = new Random(seed);
    List<Call> calls = new ArrayList<>();
    for (int i = random.nextInt(2_000); i >= 0; i--) {
      calls.add(call("type " + random.nextInt(3_000), 0));
    }
    byte[] block = block(BY_TYPE, calls, List.of());
    int parts = 1 + random.nextInt(16);
    List<byte[]> all = new ArrayList<>();
    for (byte[] part : BlockMerger.split(block, parts)) {
      if (part.length > 0) {
        all.add(part);
        double groups = BlockReader.groups(part);
        double expected = BlockReader.groups(block) / (double) parts;
        assertThat(groups).isLessThan(expected + 6 * Math.sqrt(expected) + 6);
      }
    }
    assertThat(BlockMerger.union(all)).isEqualTo(block);
  }
}
