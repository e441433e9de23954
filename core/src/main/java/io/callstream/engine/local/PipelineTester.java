package io.callstream.engine.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.internal.ledger.Ledger;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Statistic;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Tests statistics on the local engine, without a broker and without waiting. A test adds calls,
 * ends batches and reads results. Not thread-safe.
 *
 * <p>A test usually adds only a few calls, so the tester calls {@link
 * Pipeline.Builder#withoutMaxEventTimeJump}: a single call can close windows. For a whole pipeline,
 * {@link Pipeline.Builder#maxEventTimeJump} changes that.
 *
 * <pre>{@code
 * var test = PipelineTester.of(nightNoise);
 * test.receive(Call.builder("1", "Noise Nuisance", Instant.parse("2018-11-04T08:30:00Z")).build());
 * test.endBatch();
 * assertThat(test.results("night-noise")).hasSize(1);
 * }</pre>
 */
public final class PipelineTester implements AutoCloseable {
  /** The default time of records, so late that no call is in the future. */
  private static final Instant LONG_AFTER = Instant.parse("2200-01-01T00:00:00Z");

  /** A clock whose time changes only when it is set. Thread-safe. */
  public static final class ManualClock extends Clock {
    private volatile Instant now;

    private ManualClock(Instant now) {
      this.now = now;
    }

    /** Sets the time. */
    public void set(Instant moment) {
      now = moment;
    }

    /** Advances the time by a duration, which may be negative. */
    public synchronized void advance(Duration duration) {
      now = now.plus(duration);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    /** Returns this clock, because its time does not depend on a zone. */
    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  private final MemorySource source;
  private final CallsAsRecords callsAsRecords;
  private final ManualClock clock;
  private final LocalRun run;
  private final List<DeadLetter> letters = new ArrayList<>();

  private PipelineTester(CallFormat format, int partitions, UnaryOperator<Pipeline.Builder> parts) {
    callsAsRecords = new CallsAsRecords(format);
    source = MemorySource.withPartitions(partitions);
    clock = new ManualClock(LONG_AFTER);
    Pipeline pipeline =
        parts
            .apply(Pipeline.builder(source, callsAsRecords).withoutMaxEventTimeJump())
            .deadLetters(Sinks.deadLetterCallback(letters::add))
            .build();
    run = LocalRun.stepwise(pipeline, RunOptions.continuous(), clock, Ledger.inMemory(pipeline));
  }

  /**
   * Returns a tester for statistics, with the San Francisco format and one partition. The
   * statistics may read any field, because calls that are passed as objects may have it.
   */
  public static PipelineTester of(Statistic... statistics) {
    return new PipelineTester(
        SanFranciscoCalls.json(), 1, pipeline -> pipeline.statistics(List.of(statistics)));
  }

  /**
   * Returns a tester for a pipeline.
   *
   * @param format the format of records that are not calls
   * @param partitions the number of partitions; at least 1
   * @param parts adds statistics and other parts to the builder of the pipeline, on which {@link
   *     Pipeline.Builder#withoutMaxEventTimeJump} was called
   * @throws IllegalArgumentException if {@code partitions} is less than 1, or if the pipeline is
   *     not valid
   */
  public static PipelineTester of(
      CallFormat format, int partitions, UnaryOperator<Pipeline.Builder> parts) {
    PipelineTester tester = new PipelineTester(format, partitions, parts);
    requireFields(tester.run.pipeline(), format);
    return tester;
  }

  /** Rejects a pipeline that an engine would reject: the tester itself accepts any field. */
  private static void requireFields(Pipeline tested, CallFormat format) {
    Pipeline.Builder same =
        Pipeline.builder(tested.source(), format)
            .lookups(tested.lookups())
            .statistics(tested.statistics());
    tested.distinctHorizon().ifPresent(same::distinct);
    tested.correctionHorizon().ifPresent(same::corrections);
    Pipeline ignored = same.build();
  }

  /**
   * Adds calls to the first partition. The timestamp of each record is the event time of the call.
   *
   * <p>The pipeline receives the calls unchanged with all their fields, even if the format does not
   * have these fields or cannot write records. Use {@link #receive(String)} to test how a format
   * parses. The dead letter of such a call contains the record that the format writes. If the
   * format cannot write the call, it contains the text of the call.
   */
  public PipelineTester receive(Call... calls) {
    for (Call call : calls) {
      receive(0, call.time(), callsAsRecords.recordOf(call));
    }
    return this;
  }

  /**
   * Adds a record to the first partition. Its timestamp is the time of {@link #clock()}, which is
   * in the year 2200 unless the test sets it, so no call is in the future.
   */
  public PipelineTester receive(String record) {
    return receive(0, clock.instant(), record.getBytes(UTF_8));
  }

  /**
   * Adds a record to a partition.
   *
   * @param partition the partition, from 0
   * @throws IllegalArgumentException if the partition does not exist, or if the timestamp does not
   *     fit in a long of milliseconds
   */
  public PipelineTester receive(int partition, Instant timestamp, byte[] record) {
    source.add(partition, timestamp, record);
    return this;
  }

  /** Ends the batch: processes the records since the last batch. Does nothing if there are none. */
  public PipelineTester endBatch() {
    run.runBatch();
    return this;
  }

  /**
   * Returns the current results of a statistic.
   *
   * @throws IllegalArgumentException if the pipeline has no statistic with this name
   */
  public Results results(String statistic) {
    return run.results(statistic);
  }

  /** Returns the rejected records and late calls so far. */
  public List<DeadLetter> deadLetters() {
    return List.copyOf(letters);
  }

  /** Returns the accounting of all records so far. */
  public Accounting accounting() {
    return run.accounting();
  }

  /** Returns the watermark of the next batch. */
  public Optional<Instant> watermark() {
    return run.nextWatermark();
  }

  /** Returns the clock for records without a timestamp and for progress reports. */
  public ManualClock clock() {
    return clock;
  }

  /**
   * Closes the sinks of the pipeline.
   *
   * @throws CallstreamException if a sink fails to close
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
