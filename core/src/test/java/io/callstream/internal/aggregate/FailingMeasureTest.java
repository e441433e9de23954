package io.callstream.internal.aggregate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Tests code of a measure that throws while no call is processed. */
class FailingMeasureTest {
  /** Throws in one of its methods. */
  private record Failing(String name, String task) implements Measure.Aggregate {
    @Override
    public Set<Field<?>> fields() {
      return Set.of();
    }

    @Override
    public Accumulator empty() {
      return new State();
    }

    @Override
    public Accumulator read(byte[] state) {
      failAt("read");
      return new State();
    }

    private void failAt(String what) {
      if (task.equals(what)) {
        throw new AssertionError("secret");
      }
    }

    private final class State implements Accumulator {
      @Override
      public void add(Call call) {
        failAt("add");
      }

      @Override
      public void merge(Accumulator other) {
        failAt("merge");
      }

      @Override
      public byte[] toBytes() {
        failAt("toBytes");
        return new byte[1];
      }

      @Override
      public Optional<Object> value() {
        return Optional.of(1L);
      }
    }
  }

  private static void assertNamed(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            CallstreamException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.STATISTIC_FAILED))
        .hasMessageContainingAll("measure 'm'", "statistic 's'", "AssertionError")
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
  }

  private static void count(Statistic statistic, List<byte[]> blocks) {
    StatisticCombiner combiner = new StatisticCombiner(statistic, StatisticCombiner.NO_WATERMARK);
    combiner.add(Call.builder("1", "t", Instant.EPOCH).build(), (s, start, end) -> {});
    combiner.forEachPartial((window, block) -> blocks.add(block));
  }

  @Test
  void namesTheMeasureWhateverItsTask() {
    for (String task : List.of("add", "toBytes", "read", "merge")) {
      Statistic statistic = Statistic.named("s").measuring(new Failing("m", task)).build();
      List<byte[]> blocks = new ArrayList<>();
      if (task.equals("add") || task.equals("toBytes")) {
        assertNamed(() -> count(statistic, blocks));
      } else {
        count(statistic, blocks);
        count(statistic, blocks);
        assertNamed(() -> new BlockMerger(statistic).merge(Groups.NONE, blocks));
      }
    }
  }
}
