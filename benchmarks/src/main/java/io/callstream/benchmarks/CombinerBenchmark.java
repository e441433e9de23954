package io.callstream.benchmarks;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallRecord;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.task.CallCounter;
import io.callstream.internal.task.LookupTables;
import io.callstream.internal.task.TaskPlan;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.StandardStatistics;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/**
 * How many calls per second does a task combine, depending on the number of statistics? The
 * statistics are in the order of {@link StandardStatistics#all}: by type, by type and disposition
 * hourly, by location, by hour of the week. Parsing is not measured.
 */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets the fields.
public class CombinerBenchmark extends PartBenchmark {
  private static final CallRecord RECORD = CallRecord.at("calls", 0, 0, 0, null);

  /** The number of standard statistics. */
  @Param({"1", "2", "3", "4"})
  public int statistics;

  private TaskPlan plan;
  private List<Call> calls;

  /** Parses the calls. */
  @Setup
  public void parse() {
    CallFormat format = BenchmarkCalls.format();
    Pipeline pipeline =
        Pipeline.builder(KafkaTopic.of("calls").at("nowhere:9092"), format)
            .statistics(
                StandardStatistics.all(format.zone(), BenchmarkCalls.LATENESS)
                    .subList(0, statistics))
            .build();
    plan = new TaskPlan(pipeline);
    calls = BenchmarkCalls.parsed(format, pipeline.fields());
  }

  /** Counts the calls. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public CallCounter count() {
    CallCounter counter =
        new CallCounter(plan, 0, LookupTables.NONE, StatisticCombiner.NO_WATERMARK, letter -> {});
    for (Call call : calls) {
      counter.count(call, RECORD, 0);
    }
    return counter;
  }

  /** Counts the calls and writes the blocks: everything that a task does after parsing. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public void countAndWriteBlocks(Blackhole sink) {
    count().forEachPartial((statistic, window, block) -> sink.consume(block));
  }
}
