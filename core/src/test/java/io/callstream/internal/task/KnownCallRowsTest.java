package io.callstream.internal.task;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.call.CallRecord;
import io.callstream.call.Fields;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.internal.aggregate.RowStore;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Compares rows of known calls with all known calls in memory. */
class KnownCallRowsTest {
  private static final Duration HORIZON = Duration.ofSeconds(100);

  /** A store that records its use. */
  private static final class Rows implements RowStore {
    final Map<Integer, byte[]> rows = new HashMap<>();
    int read;
    int written;

    @Override
    public byte @Nullable [] get(int row) {
      read++;
      return rows.get(row);
    }

    @Override
    public void put(int row, byte[] block) {
      written++;
      rows.put(row, block);
    }

    @Override
    public void remove(int row) {
      rows.remove(row);
    }
  }

  private static TaskPlan plan(boolean corrects) {
    Pipeline.Builder pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(Statistic.named("s").build());
    return new TaskPlan(
        (corrects ? pipeline.corrections(HORIZON) : pipeline.distinct(HORIZON)).build());
  }

  private static PossibleDuplicate call(TaskPlan plan, int id, long seconds, int number) {
    Call.Builder call = Call.builder(Instant.ofEpochSecond(seconds)).with(Fields.TYPE, "type");
    if (id > 0) {
      call.with(Fields.ID, "id " + id);
    }
    return new PossibleDuplicate(
        call.build().only(plan.fields()), CallRecord.at(MemorySource.NAME, 0, number, 0, null), 0);
  }

  @Property(tries = 100, shrinking = ShrinkingMode.OFF)
  @Label("rows pass on the same calls as one set of all calls")
  void rowsEqualOneSet(@ForAll long seed) {
    Random random = new Random(seed);
    TaskPlan plan = plan(random.nextBoolean());
    int ids = 1 << random.nextInt(14);
    Rows rows = new Rows();
    byte[] head = null;
    KnownCalls<?> all = KnownCalls.of(plan, null);
    long watermark = 0;
    for (int batch = 0; batch < 12; batch++) {
      List<PossibleDuplicate> calls = new ArrayList<>();
      for (int i = random.nextInt(1 << random.nextInt(12)); i >= 0; i--) {
        calls.add(
            call(
                plan,
                random.nextInt(ids),
                watermark / 1_000 - 110 + random.nextInt(200),
                calls.size()));
      }
      List<String> expected = new ArrayList<>();
      long duplicates =
          all.sift(calls, watermark, batch, (call, earlier) -> expected.add(call + "/" + earlier));
      List<String> taken = new ArrayList<>();
      KnownCallRows.Sifted sifted =
          KnownCallRows.sift(
              plan,
              head,
              rows,
              calls,
              watermark,
              batch,
              (call, earlier) -> taken.add(call + "/" + earlier));
      head = sifted.head();
      assertThat(taken).isEqualTo(expected);
      assertThat(sifted.duplicates()).isEqualTo(duplicates);
      watermark += random.nextInt(60_000);
    }
  }

  @Test
  void aBatchReadsAndWritesOnlyTheRowsOfItsIds() {
    TaskPlan plan = plan(false);
    List<PossibleDuplicate> many = new ArrayList<>();
    for (int i = 1; i <= 20_000; i++) {
      many.add(call(plan, i, 0, i));
    }
    Rows rows = new Rows();
    byte[] head = sift(plan, null, rows, many, 0).head();
    assertThat(rows.rows).hasSizeBetween(500, 20_000 / KnownCallRows.ROW_CALLS);
    rows.read = 0;
    rows.written = 0;
    KnownCallRows.Sifted sifted =
        sift(plan, head, rows, List.of(many.get(5), many.get(9_000), call(plan, 30_000, 0, 1)), 0);
    assertThat(sifted.duplicates()).isEqualTo(2);
    assertThat(rows.read).isBetween(3, 4); // The new call may add a row.
    assertThat(rows.written).isBetween(1, 3);
    assertThat(sifted.head()).hasSizeLessThan(16);
  }

  @Test
  void rowsWithOnlyExpiredCallsAreRemovedWhenABatchReadsThem() {
    TaskPlan plan = plan(false);
    List<PossibleDuplicate> many = new ArrayList<>();
    for (int i = 1; i <= 1_000; i++) {
      many.add(call(plan, i, 0, i));
    }
    Rows rows = new Rows();
    byte[] head = sift(plan, null, rows, many, 0).head();
    assertThat(rows.rows).isNotEmpty();
    Collections.reverse(many);
    KnownCallRows.Sifted sifted = sift(plan, head, rows, many, HORIZON.plusSeconds(1).toMillis());
    assertThat(sifted.duplicates()).isZero();
    assertThat(rows.rows).isEmpty();
  }

  private static KnownCallRows.Sifted sift(
      TaskPlan plan,
      byte @Nullable [] head,
      Rows rows,
      List<PossibleDuplicate> calls,
      long watermark) {
    return KnownCallRows.sift(plan, head, rows, calls, watermark, 0, (call, earlier) -> {});
  }
}
