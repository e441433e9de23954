package io.callstream.benchmarks;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/**
 * How many calls per second does the engine merge into its state? The state contains 40,000 calls.
 * The batch contains 10,000 more, as the blocks of two tasks that each read every second call.
 */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets the fields.
public class MergeBenchmark extends PartBenchmark {
  private static final int BATCH = 10_000;

  /** Statistics with very different blocks. */
  public enum Question {
    /** One block with many groups and high counts. */
    BY_TYPE,
    /** A small block for each hour. Most hours are new. */
    HOURLY,
    /** One block in which most groups have few calls. */
    BY_LOCATION;

    private Statistic statistic() {
      return switch (this) {
        case BY_TYPE -> StandardStatistics.callsByType();
        case HOURLY -> StandardStatistics.callsByTypeAndDispositionHourly();
        case BY_LOCATION -> StandardStatistics.callsByLocation();
      };
    }
  }

  /** The statistic. */
  @Param public Question question;

  private BlockMerger merger;
  private final Map<Long, Groups> state = new HashMap<>();
  private final Map<Long, List<byte[]>> batch = new HashMap<>();

  /** Creates the state and the batch. */
  @Setup
  public void make() {
    Statistic statistic = question.statistic();
    merger = new BlockMerger(statistic);
    CallFormat format = BenchmarkCalls.format();
    List<Call> calls = BenchmarkCalls.parsed(format, statistic.fields());
    int seen = calls.size() - BATCH;
    combiner(statistic, calls.subList(0, seen), 0, 1)
        .forEachPartial((window, block) -> state.put(window, merged(Groups.NONE, List.of(block))));
    for (int task = 0; task < 2; task++) {
      combiner(statistic, calls.subList(seen, calls.size()), task, 2)
          .forEachPartial(
              (window, block) -> batch.computeIfAbsent(window, w -> new ArrayList<>()).add(block));
    }
  }

  private static StatisticCombiner combiner(
      Statistic statistic, List<Call> calls, int from, int step) {
    StatisticCombiner combiner = new StatisticCombiner(statistic, StatisticCombiner.NO_WATERMARK);
    for (int i = from; i < calls.size(); i += step) {
      combiner.add(calls.get(i), (late, start, end) -> {});
    }
    return combiner;
  }

  private Groups merged(Groups groups, List<byte[]> partials) {
    return groups.with(merger.merge(groups, partials));
  }

  /** Merges the partial results, as the tasks of a batch do. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void merge(Blackhole sink) {
    batch.forEach(
        (window, partials) ->
            sink.consume(merged(state.getOrDefault(window, Groups.NONE), partials)));
  }
}
