package io.callstream.testing;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.local.PipelineTester;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The data that sinks receive in a run. A test can pass it to the sink under test several times.
 *
 * @param opened the state of the run before its first batch
 * @param batches its batches
 */
public record SinkRun(BatchResults opened, List<BatchResults> batches) {
  private static final class Recorder implements ResultSink {
    final List<BatchResults> batches = new ArrayList<>();
    BatchResults opened;

    @Override
    public void open(BatchResults restored) {
      opened = restored;
    }

    @Override
    public void write(BatchResults batch) {
      batches.add(batch);
    }
  }

  /** Runs batches of calls through some sinks, and returns the data that they received. */
  public static SinkRun of(List<Statistic> statistics, List<ResultSink> sinks, Call[]... batches) {
    return of(SanFranciscoCalls.json(), statistics, sinks, batches);
  }

  /** Runs batches of calls of a format through some sinks. */
  static SinkRun of(
      CallFormat format, List<Statistic> statistics, List<ResultSink> sinks, Call[]... batches) {
    return of(format, p -> p.statistics(statistics), sinks, batches);
  }

  /** Runs batches of calls through some sinks. A call with a known id replaces the earlier one. */
  public static SinkRun correcting(
      List<Statistic> statistics, List<ResultSink> sinks, Call[]... batches) {
    return of(
        SanFranciscoCalls.json(), p -> p.statistics(statistics).corrections(), sinks, batches);
  }

  private static SinkRun of(
      CallFormat format,
      UnaryOperator<Pipeline.Builder> parts,
      List<ResultSink> sinks,
      Call[]... batches) {
    Recorder recorder = new Recorder();
    try (PipelineTester tester =
        PipelineTester.of(
            format,
            1,
            p -> {
              sinks.forEach(p::results);
              return parts.apply(p).results(recorder);
            })) {
      for (Call[] batch : batches) {
        tester.receive(batch).endBatch();
      }
      assertThatAccounting(tester.accounting()).addsUpFor(recorder.opened.pipeline());
    }
    return new SinkRun(recorder.opened, recorder.batches);
  }

  /** Runs batches of calls that are counted by type. */
  public static SinkRun byType(Call[]... batches) {
    return of(List.of(StandardStatistics.callsByType()), List.of(), batches);
  }

  /** The statistics of {@link #corrected(List)}: running, in windows, and with shares. */
  public static final List<Statistic> CORRECTED =
      List.of(
          StandardStatistics.callsByType(),
          StandardStatistics.callsByTypeAndDispositionHourly(),
          Statistic.named("shares")
              .by(Dimensions.CRIME_TYPE, Dimensions.ADDRESS)
              .measuring(Measures.share(), Measures.count())
              .build());

  /** Runs batches in which corrections leave groups without calls. */
  public static SinkRun corrected(List<ResultSink> sinks) {
    return correcting(
        CORRECTED,
        sinks,
        new Call[] {
          call("a", "2018-11-04T08:10:00Z", "HAN", "A St"),
          Call.builder("2", "b", Instant.parse("2018-11-04T08:20:00Z")).build(),
          Call.builder("3", "nul\0", Instant.parse("2018-11-04T08:20:00Z")).build(),
          Call.builder("4", "d", Instant.parse("2018-11-04T08:20:00Z")).build()
        },
        new Call[] {
          call("b", "2018-11-04T09:10:00Z", "HAN", "A St"),
          Call.builder("3", "c", Instant.parse("2018-11-04T08:20:00Z")).build()
        },
        new Call[] {call("c", "2018-11-04T09:10:00Z", "HAN", "A St")});
  }

  /** Returns a call. All calls have the same id. */
  public static Call call(String type, String time, String disposition, String address) {
    return Call.builder("1", type, Instant.parse(time))
        .disposition(disposition)
        .address(address)
        .build();
  }

  /** Returns a batch. */
  public BatchResults batch(int number) {
    return batches.get(number);
  }
}
