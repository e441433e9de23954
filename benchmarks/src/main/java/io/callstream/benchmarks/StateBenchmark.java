package io.callstream.benchmarks;

import io.callstream.call.Call;
import io.callstream.internal.aggregate.BlockReader;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.aggregate.TextCache;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/**
 * For how many calls a second are groups encoded as blocks, the form of partial results and of the
 * state, and read again? Few groups with many calls (by type), and about as many as calls (hourly).
 */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets the fields.
public class StateBenchmark extends PartBenchmark {
  /** The statistics whose blocks differ most. */
  public enum Question {
    /** One block. */
    BY_TYPE,
    /** A small block for each hour. */
    HOURLY;

    private Statistic statistic() {
      return switch (this) {
        case BY_TYPE -> StandardStatistics.callsByType();
        case HOURLY -> StandardStatistics.callsByTypeAndDispositionHourly();
      };
    }
  }

  /** Which statistic. */
  @Param public Question question;

  private StatisticCombiner combiner;
  private final List<byte[]> blocks = new ArrayList<>();

  /** Combines the calls. */
  @Setup
  public void combine() {
    Statistic statistic = question.statistic();
    combiner = new StatisticCombiner(statistic, StatisticCombiner.NO_WATERMARK);
    for (Call call : BenchmarkCalls.parsed(BenchmarkCalls.format(), statistic.fields())) {
      combiner.add(call, (late, start, end) -> {});
    }
    combiner.forEachPartial((window, block) -> blocks.add(block));
  }

  /** Groups to bytes. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public void encode(Blackhole sink) {
    combiner.forEachPartial((window, block) -> sink.consume(block));
  }

  /** Bytes to groups, as a view of results reads them. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public void decode(Blackhole sink) {
    TextCache texts = new TextCache();
    for (byte[] block : blocks) {
      BlockReader groups = new BlockReader(block);
      while (groups.next()) {
        sink.consume(groups.dimensions(texts));
        sink.consume(groups.count());
      }
    }
  }
}
