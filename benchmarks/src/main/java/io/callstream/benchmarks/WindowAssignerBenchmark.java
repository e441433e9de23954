package io.callstream.benchmarks;

import io.callstream.call.Call;
import io.callstream.call.CallField;
import io.callstream.internal.aggregate.WindowAssigner;
import io.callstream.statistic.Window;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.util.EnumSet;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/**
 * How many event times a second find their window, by the kind of window? Times are in order, as
 * they come from a topic.
 */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets the fields.
public class WindowAssignerBenchmark extends PartBenchmark {
  /** The kinds of windows. */
  public enum Kind {
    /** An hour. */
    TUMBLING,
    /** An hour, every ten minutes. */
    SLIDING,
    /** A local day. */
    DAILY,
    /** A local month. */
    MONTHLY;

    private Window window() {
      Windows windows =
          switch (this) {
            case TUMBLING -> Windows.tumbling(Duration.ofHours(1));
            case SLIDING -> Windows.sliding(Duration.ofHours(1), Duration.ofMinutes(10));
            case DAILY -> Windows.daily(BenchmarkCalls.format().zone());
            case MONTHLY -> Windows.monthly(BenchmarkCalls.format().zone());
          };
      return windows.allowingLateness(BenchmarkCalls.LATENESS);
    }
  }

  /** Which kind. */
  @Param public Kind window;

  private WindowAssigner assigner;
  private long[] times;

  /** Parses the times. */
  @Setup
  public void parse() {
    assigner = new WindowAssigner(window.window());
    times =
        BenchmarkCalls.parsed(BenchmarkCalls.format(), EnumSet.of(CallField.TIME)).stream()
            .mapToLong(Call::epochMillis)
            .toArray();
  }

  /** The window, and whether it still takes calls in. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public void assign(Blackhole sink) {
    for (long time : times) {
      long start = assigner.lastStart(time);
      sink.consume(start);
      sink.consume(assigner.closesAt(start));
    }
  }
}
