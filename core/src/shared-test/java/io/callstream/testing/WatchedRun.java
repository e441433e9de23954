package io.callstream.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;

/** A pipeline that runs on the local engine, with the calls that it received. */
public final class WatchedRun implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Instant LONG_AFTER = Instant.parse("2100-01-01T00:00:00Z");

  private final CallFormat format;
  private final MemorySource source = MemorySource.withPartitions(2);
  private final List<Call> calls = new ArrayList<>();
  private final RunningPipeline running;
  private long records;

  private WatchedRun(CallFormat format, UnaryOperator<Pipeline.Builder> parts) {
    this.format = format;
    running =
        Engines.named("local")
            .start(
                parts.apply(Pipeline.builder(source, format)).build(),
                RunOptions.continuous().triggeringEvery(Duration.ZERO));
  }

  /** Starts the standard statistics. */
  public static WatchedRun standard() {
    return standard(SanFranciscoCalls.json());
  }

  public static WatchedRun standard(CallFormat format) {
    return new WatchedRun(
        format,
        pipeline ->
            pipeline
                .statistics(
                    StandardStatistics.all(format.zone(), StandardStatistics.DEFAULT_LATENESS))
                .lookup(StandardStatistics.dispositions()));
  }

  public static WatchedRun of(Statistic... statistics) {
    return of(pipeline -> pipeline.statistics(List.of(statistics)));
  }

  public static WatchedRun of(UnaryOperator<Pipeline.Builder> parts) {
    return of(SanFranciscoCalls.json(), parts);
  }

  public static WatchedRun of(CallFormat format, UnaryOperator<Pipeline.Builder> parts) {
    return new WatchedRun(format, parts);
  }

  public RunningPipeline running() {
    return running;
  }

  /** Returns the calls received so far. */
  public List<Call> calls() {
    return calls;
  }

  /** Adds calls atomically and waits until they are counted and reported. */
  public WatchedRun receive(List<Call> more) throws Exception {
    List<MemorySource.Addition> additions = new ArrayList<>();
    for (Call call : more) {
      additions.add(addition(format.write(call)));
    }
    calls.addAll(more);
    return add(additions);
  }

  /** Adds a record, valid or not, and waits until it is counted and reported. */
  public WatchedRun receive(byte[] record) throws Exception {
    return add(List.of(addition(record)));
  }

  private MemorySource.Addition addition(byte[] record) {
    return new MemorySource.Addition(
        (int) (records++ % 2), new MemorySource.Entry(LONG_AFTER, record));
  }

  private WatchedRun add(List<MemorySource.Addition> additions) throws Exception {
    source.addAll(additions);
    await(
        "all is counted",
        () ->
            running.state() != RunningPipeline.State.RUNNING
                || running
                    .progress()
                    .map(Progress::total)
                    .map(t -> t.received() == records)
                    .orElse(false));
    return this;
  }

  /** Waits until a condition holds. */
  public static void await(String what, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as(what).isLessThan(end);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  @Override
  public void close() {
    running.close();
  }
}
