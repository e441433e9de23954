package io.callstream.benchmarks;

import io.callstream.call.Call;
import io.callstream.call.CallField;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/**
 * How many calls a second does one statistic combine, by the number of its groups? Calls are spread
 * over addresses by Zipf's law with exponent 1, which is about what types and addresses show.
 */
@State(Scope.Benchmark)
public class CardinalityBenchmark extends PartBenchmark {
  private static final int CALLS = 200_000;
  private static final long SEED = 7;

  /** How many addresses there are. */
  @Param({"10", "1000", "100000"})
  public int addresses;

  private final Statistic statistic = Statistic.named("by-address").by(Dimensions.ADDRESS).build();
  private final List<Call> calls = new ArrayList<>(CALLS);

  /** Makes the calls. */
  @Setup
  public void make() {
    String[] names = new String[addresses];
    double[] upTo = new double[addresses];
    double sum = 0;
    for (int i = 0; i < addresses; i++) {
      names[i] = i + " Block Of Some St";
      sum += 1.0 / (i + 1);
      upTo[i] = sum;
    }
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < CALLS; i++) {
      int place = Arrays.binarySearch(upTo, random.nextDouble() * sum);
      calls.add(
          Call.builder("id", "type", Instant.EPOCH)
              .with(CallField.ADDRESS, names[place < 0 ? -place - 1 : place])
              .build());
    }
  }

  /** Counting and writing the block. */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public void countAndWriteBlock(Blackhole sink) {
    StatisticCombiner combiner = new StatisticCombiner(statistic, StatisticCombiner.NO_WATERMARK);
    for (Call call : calls) {
      combiner.add(call, (late, start, end) -> {});
    }
    combiner.forEachPartial((window, block) -> sink.consume(block));
  }
}
