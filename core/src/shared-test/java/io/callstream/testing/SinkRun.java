package io.callstream.testing;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.local.PipelineTester;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultSink;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

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
    Recorder recorder = new Recorder();
    try (PipelineTester tester =
        PipelineTester.of(
            format,
            1,
            p -> {
              sinks.forEach(p::results);
              return p.statistics(statistics).results(recorder);
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
