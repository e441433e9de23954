package io.callstream.benchmarks;

import io.callstream.call.CallFormat;
import io.callstream.engine.Engine;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.StandardStatistics;
import java.time.Instant;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * How many records a second go through the local engine, from memory to results, ledger and all,
 * without a checkpoint: by the number of standard statistics?
 */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets the fields.
public class LocalEngineBenchmark extends PartBenchmark {
  private static final int PARTITIONS = 2;

  /** How many of the standard statistics. */
  @Param({"2", "4"})
  public int statistics;

  private Engine engine;
  private Pipeline pipeline;

  /** Puts the records into memory. */
  @Setup
  public void fill() {
    engine = Engines.named("local");
    CallFormat format = BenchmarkCalls.format();
    MemorySource source = MemorySource.withPartitions(PARTITIONS);
    List<byte[]> records = BenchmarkCalls.records();
    for (int i = 0; i < records.size(); i++) {
      source.add(i % PARTITIONS, Instant.now(), records.get(i));
    }
    pipeline =
        Pipeline.builder(source, format)
            .statistics(
                StandardStatistics.all(format.zone(), BenchmarkCalls.LATENESS)
                    .subList(0, statistics))
            .build();
  }

  /** A run from start to end. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public long run() throws InterruptedException {
    try (RunningPipeline running = engine.start(pipeline, RunOptions.bounded())) {
      running.awaitTermination();
      long received = running.accounting().received();
      if (received != BenchmarkCalls.COUNT) {
        throw new IllegalStateException(received + " records were received");
      }
      return received;
    }
  }
}
