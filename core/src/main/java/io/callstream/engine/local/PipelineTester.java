package io.callstream.engine.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Tests statistics on the local engine: calls go in, batches end when the test says so, results
 * come out. No broker, no session, no waiting. Not thread-safe.
 *
 * <p>A test feeds a few calls on purpose, so the tester believes every event time: one call can
 * close windows. This also holds for a pipeline, unless its parts set {@link
 * Pipeline.Builder#maxEventTimeJump}.
 *
 * <pre>{@code
 * var test = PipelineTester.of(nightNoise);
 * test.receive(Call.builder("1", "Noise Nuisance", Instant.parse("2018-11-04T08:30:00Z")).build());
 * test.endBatch();
 * assertThat(test.results("night-noise")).hasSize(1);
 * }</pre>
 */
public final class PipelineTester implements AutoCloseable {
  /** No call of a test is in the future of a record that is stamped with this. */
  private static final Instant LONG_AFTER = Instant.parse("2200-01-01T00:00:00Z");

  private final MemorySource source;
  private final GivenCalls given;
  private final ManualClock clock;
  private final LocalRun run;
  private final List<DeadLetter> letters = new ArrayList<>();

  private PipelineTester(CallFormat format, int partitions, UnaryOperator<Pipeline.Builder> parts) {
    given = new GivenCalls(format);
    source = MemorySource.withPartitions(partitions);
    clock = new ManualClock(LONG_AFTER);
    Pipeline pipeline =
        parts
            .apply(Pipeline.builder(source, given).believingEveryEventTime())
            .deadLetters(Sinks.deadLetterCallback(letters::add))
            .build();
    run = LocalRun.stepwise(pipeline, RunOptions.continuous(), clock);
  }

  /** Tests statistics on calls of the San Francisco format in one partition. */
  public static PipelineTester of(Statistic... statistics) {
    return of(SanFranciscoCalls.json(), 1, pipeline -> pipeline.statistics(List.of(statistics)));
  }

  /**
   * Tests a pipeline.
   *
   * @param partitions how many partitions calls come in; at least 1
   * @param parts adds statistics and other parts to a pipeline that believes every event time;
   *     {@link Pipeline.Builder#maxEventTimeJump} changes that
   */
  public static PipelineTester of(
      CallFormat format, int partitions, UnaryOperator<Pipeline.Builder> parts) {
    return new PipelineTester(format, partitions, parts);
  }

  /**
   * Adds calls to the first partition, each timestamped with its own event time. The pipeline gets
   * them as they are, with all their fields, whether or not the format has these fields or can
   * write records; use {@link #receive(String)} to test how a format parses. The dead letter of
   * such a call has the record that the format writes for it or, if it can't write the call, the
   * call's text.
   */
  public PipelineTester receive(Call... calls) {
    for (Call call : calls) {
      receive(0, call.time(), given.give(call));
    }
    return this;
  }

  /**
   * Lets a record come in the first partition, timestamped with the clock's time, which is the year
   * 2200 unless the test sets it: no call is in the future then.
   */
  public PipelineTester receive(String record) {
    return receive(0, clock.instant(), record.getBytes(UTF_8));
  }

  /** Lets a record come. */
  public PipelineTester receive(int partition, Instant timestamp, byte[] record) {
    source.add(partition, timestamp, record);
    return this;
  }

  /** Counts what has come since the last batch; a batch of nothing is none. */
  public PipelineTester endBatch() {
    run.runBatch();
    return this;
  }

  /** Returns the current results of a statistic. */
  public Results results(String statistic) {
    return run.results(statistic);
  }

  /** Returns what was rejected or late so far. */
  public List<DeadLetter> deadLetters() {
    return List.copyOf(letters);
  }

  /** Returns where all records so far went. */
  public Accounting accounting() {
    return run.accounting();
  }

  /** Returns the watermark that the next batch will be held against. */
  public Optional<Instant> watermark() {
    return run.nextWatermark();
  }

  /** Returns the clock that stamps records without a time of their own, and progress reports. */
  public ManualClock clock() {
    return clock;
  }

  /**
   * Closes the pipeline's sinks.
   *
   * @throws CallstreamException if one of them fails
   */
  @Override
  public void close() {
    run.finish();
    run.failure()
        .ifPresent(
            failure -> {
              throw failure;
            });
  }
}
