package io.callstream.engine.local;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.progress.Progress;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Emission;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LocalEngineTest {
  private static final Instant NOON = Instant.parse("2018-11-01T12:00:00Z");
  private final MemorySource source = MemorySource.withPartitions(2);

  private void add(int partition, String type, Instant time) {
    source.add(
        partition,
        time,
        SanFranciscoCalls.json().write(Call.builder("id " + type, type, time).build()));
  }

  private Pipeline.Builder pipeline() {
    return Pipeline.builder(source, SanFranciscoCalls.json())
        .statistic(StandardStatistics.callsByType());
  }

  /** A sink that remembers what happened to it. */
  private static final class Recorder implements ResultSink, DeadLetterSink {
    final List<String> events = new ArrayList<>();

    @Override
    public void open(BatchResults restored) {
      events.add("open " + restored.number());
    }

    @Override
    public void open(Pipeline pipeline, Map<Integer, Long> nextOffsets) {
      events.add("open letters " + nextOffsets);
    }

    @Override
    public void write(BatchResults batch) {
      events.add("batch " + batch.number());
    }

    @Override
    public void write(long batch, Iterable<DeadLetter> letters) {
      List<DeadLetter> all = new ArrayList<>();
      letters.forEach(all::add);
      events.add("letters of " + batch + ": " + all.size());
    }

    @Override
    public void close() {
      events.add("close");
    }
  }

  @Test
  void aBoundedRunIsDoneWhenItHasStarted() throws InterruptedException {
    add(0, "a", NOON);
    add(1, "b", NOON);
    source.add(1, NOON, new byte[] {'{'});
    Recorder recorder = new Recorder();
    Pipeline pipeline = pipeline().results(recorder).build();
    try (RunningPipeline run = new LocalEngine().start(pipeline, RunOptions.bounded())) {
      assertThat(run.state()).isEqualTo(State.FINISHED);
      assertThat(run.failure()).isEmpty();
      run.awaitTermination();
      assertThat(run.awaitTermination(Duration.ZERO)).isTrue();
      assertThat(run.results("calls-by-type").rows()).hasSize(2);
      assertThat(run.accounting().received()).isEqualTo(3);
      assertThat(run.accounting().rejected()).isEqualTo(1);
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      assertThat(run.pipeline()).isSameAs(pipeline);
      assertThatThrownBy(() -> run.results("none"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("calls-by-type");
    }
    assertThat(recorder.events).containsExactly("open -1", "batch 0", "close");
  }

  @Test
  void aBoundedRunEndsWithTheRecordsThatWereThereWhenItStarted() {
    add(0, "a", NOON);
    add(1, "a", NOON);
    Pipeline pipeline =
        pipeline()
            .listener(
                report -> {
                  if (report.batch() > 100) {
                    throw new IllegalStateException("it goes on for ever");
                  }
                  add(0, "late", NOON);
                })
            .build();
    try (RunningPipeline run =
        new LocalEngine().start(pipeline, RunOptions.bounded().readingAtMost(1))) {
      assertThat(run.failure()).isEmpty();
      assertThat(run.accounting().received()).isEqualTo(2);
    }
  }

  @Test
  void aBoundedRunOverNothingHasNoBatch() {
    Recorder recorder = new Recorder();
    Pipeline pipeline = pipeline().deadLetters(recorder).results(recorder).build();
    try (RunningPipeline run = new LocalEngine().start(pipeline, RunOptions.bounded())) {
      assertThat(run.state()).isEqualTo(State.FINISHED);
      assertThat(run.progress()).isEmpty();
      assertThat(run.results("calls-by-type").rows()).isEmpty();
      assertThat(run.accounting().received()).isZero();
    }
    assertThat(recorder.events).containsExactly("open -1", "open letters {}", "close", "close");
  }

  @Test
  void batchesKeepToTheirLimitAndEachPartitionMovesOn() {
    for (int i = 0; i < 90; i++) {
      add(i % 3 == 0 ? 0 : 1, "t" + i % 7, NOON.plusSeconds(i));
    }
    List<Progress> reports = new ArrayList<>();
    Pipeline pipeline = pipeline().listener(reports::add).build();
    try (RunningPipeline run =
        new LocalEngine().start(pipeline, RunOptions.bounded().readingAtMost(10))) {
      assertThat(run.accounting().received()).isEqualTo(90);
    }
    long read = 0;
    for (int i = 0; i < reports.size(); i++) {
      Progress report = reports.get(i);
      read += report.inputRows();
      assertThat(report.batch()).isEqualTo(i);
      assertThat(report.inputRows()).isBetween(1L, 10L);
      assertThat(report.offsets()).allMatch(p -> p.end() > p.start() || p.end() == p.latest());
      assertThat(report.lag()).isEqualTo(90 - read);
      assertThat(report.total().received()).isEqualTo(read);
    }
  }

  @Test
  void aContinuousRunCountsWhatComesUntilItIsStopped() throws InterruptedException {
    BlockingQueue<BatchResults> batches = new LinkedBlockingQueue<>();
    Pipeline pipeline = pipeline().results(Sinks.callback(batches::add)).build();
    RunningPipeline run = new LocalEngine().start(pipeline);
    try (run) {
      assertThat(run.state()).isEqualTo(State.RUNNING);
      long received = 0;
      for (int i = 1; i <= 20; i++) {
        add(i % 2, "t", NOON.plusSeconds(i));
        while (received < i) {
          BatchResults batch = batches.poll(30, TimeUnit.SECONDS);
          assertThat(batch).isNotNull();
          received = batch.total().received();
        }
      }
      assertThat(run.awaitTermination(Duration.ofMillis(1))).isFalse();
      assertThat(run.results("calls-by-type").rows().get(0).count()).isEqualTo(20);
    }
    assertThat(run.state()).isEqualTo(State.FINISHED);
    assertThat(run.awaitTermination(Duration.ZERO)).isTrue();
    run.stop();
    add(0, "t", NOON);
    assertThat(run.accounting().received()).isEqualTo(20);
  }

  @Test
  void aSinkMayStopTheRunThatCallsIt() throws InterruptedException {
    AtomicReference<RunningPipeline> started = new AtomicReference<>();
    CountDownLatch known = new CountDownLatch(1);
    Pipeline pipeline =
        pipeline()
            .results(
                Sinks.callback(
                    batch -> {
                      try {
                        known.await();
                      } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                      }
                      started.get().stop();
                    }))
            .build();
    RunningPipeline run = new LocalEngine().start(pipeline);
    started.set(run);
    known.countDown();
    add(0, "t", NOON);
    assertThat(run.awaitTermination(Duration.ofSeconds(20))).isTrue();
    assertThat(run.state()).isEqualTo(State.FINISHED);
    assertThat(run.accounting().received()).isEqualTo(1);
  }

  private static void assertFails(RunningPipeline run, ErrorCode code, String... words) {
    assertThat(run.state()).isEqualTo(State.FAILED);
    assertThat(run.failure()).hasValueSatisfying(e -> assertThat(e.code()).isEqualTo(code));
    assertThatThrownBy(run::awaitTermination)
        .isInstanceOf(CallstreamException.class)
        .isSameAs(run.failure().get())
        .hasMessageContainingAll(words);
    assertThatThrownBy(() -> run.awaitTermination(Duration.ofSeconds(1)))
        .isInstanceOf(CallstreamException.class);
    run.close();
  }

  @Test
  void aSinkThatFailsFailsTheRunByItsName() {
    add(0, "a", NOON);
    Recorder other = new Recorder();
    ResultSink failing =
        new ResultSink() {
          @Override
          public void write(BatchResults batch) {
            throw new IllegalStateException("no room");
          }

          @Override
          public String toString() {
            return "my sink";
          }
        };
    Pipeline pipeline = pipeline().results(failing).results(other).build();
    assertFails(
        new LocalEngine().start(pipeline, RunOptions.bounded()),
        ErrorCode.SINK_FAILED,
        "my sink",
        "no room");
    assertThat(other.events).containsExactly("open -1", "close");
  }

  @Test
  void aDeadLetterSinkThatFailsFailsTheRun() {
    source.add(0, NOON, new byte[] {'{'});
    Pipeline pipeline =
        pipeline()
            .deadLetters(
                Sinks.deadLetterCallback(
                    letters -> {
                      throw new IllegalStateException("no room for letters");
                    }))
            .build();
    assertFails(
        new LocalEngine().start(pipeline, RunOptions.bounded()),
        ErrorCode.SINK_FAILED,
        "dead-letter callback",
        "no room for letters");
  }

  @Test
  void aSinkThatFailsToCloseFailsTheRun() {
    ResultSink failing =
        new ResultSink() {
          @Override
          public void write(BatchResults batch) {}

          @Override
          public void close() {
            throw new IllegalStateException("can't close");
          }

          @Override
          public String toString() {
            return "my sink";
          }
        };
    Recorder other = new Recorder();
    Pipeline pipeline = pipeline().results(failing).results(other).build();
    assertFails(
        new LocalEngine().start(pipeline, RunOptions.bounded()),
        ErrorCode.SINK_FAILED,
        "my sink",
        "can't close");
    assertThat(other.events).containsExactly("open -1", "close");
  }

  @Test
  void aSinkThatCanNotOpenKeepsTheRunFromStarting() {
    Recorder first = new Recorder();
    ResultSink failing =
        new ResultSink() {
          @Override
          public void open(BatchResults restored) {
            throw new IllegalStateException("can't open");
          }

          @Override
          public void write(BatchResults batch) {}

          @Override
          public String toString() {
            return "my sink";
          }
        };
    Pipeline pipeline = pipeline().results(first).results(failing).build();
    assertThatThrownBy(() -> new LocalEngine().start(pipeline))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContainingAll("my sink", "can't open");
    assertThat(first.events).containsExactly("open -1", "close");
  }

  @Test
  void aListenerThatFailsFailsTheRun() {
    add(0, "a", NOON);
    Pipeline pipeline =
        pipeline()
            .listener(
                report -> {
                  throw new IllegalStateException("deaf");
                })
            .build();
    assertFails(
        new LocalEngine().start(pipeline, RunOptions.bounded()), ErrorCode.SINK_FAILED, "deaf");
  }

  @Test
  void aStatisticThatFailsFailsTheRunByItsNameAndTellsNothingOfTheCall() {
    add(0, "secret", NOON);
    for (Statistic statistic :
        List.of(
            Statistic.named("bad").where(call -> fail(call.crimeType())).build(),
            Statistic.named("bad")
                .by(Dimension.of("d", call -> fail(call.crimeType()) ? "" : ""))
                .build(),
            Statistic.named("bad").by(Dimension.of("d", Set.of(), call -> nothing())).build(),
            Statistic.named("bad")
                .measuring(
                    io.callstream.statistic.Measures.mean(
                        "m", Set.of(), call -> fail("secret") ? null : null))
                .build())) {
      assertFails(
          new LocalEngine().start(pipeline().statistic(statistic).build(), RunOptions.bounded()),
          ErrorCode.STATISTIC_FAILED,
          "'bad'");
    }
    try (RunningPipeline run =
        new LocalEngine()
            .start(
                pipeline()
                    .statistic(Statistic.named("bad").where(c -> fail(c.crimeType())).build())
                    .build(),
                RunOptions.bounded())) {
      assertThat(run.failure().get().getMessage()).doesNotContain("secret");
    }
  }

  private static boolean fail(String text) {
    throw new UnsupportedOperationException("on " + text);
  }

  private static String nothing() {
    return null;
  }

  @Test
  void anErrorIsAFailureToo() {
    add(0, "a", NOON);
    Pipeline pipeline =
        pipeline()
            .statistic(
                Statistic.named("deep")
                    .where(
                        call -> {
                          throw new StackOverflowError("deep");
                        })
                    .build())
            .build();
    assertFails(
        new LocalEngine().start(pipeline, RunOptions.bounded()), ErrorCode.ENGINE_FAILED, "deep");
  }

  @Test
  void aFailureEndsAContinuousRunAndIsSeenByWhoeverWaits() {
    Pipeline pipeline =
        pipeline()
            .listener(
                report -> {
                  throw new IllegalStateException("deaf");
                })
            .build();
    RunningPipeline run = new LocalEngine().start(pipeline);
    add(0, "a", NOON);
    assertThatThrownBy(run::awaitTermination).hasMessageContaining("deaf");
    assertThat(run.state()).isEqualTo(State.FAILED);
    run.stop();
  }

  @Test
  void openWindowsAreEmittedAtTheEndIfAskedFor() {
    Statistic onClose =
        Statistic.named("hourly")
            .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
            .emitting(Emission.ON_CLOSE)
            .build();
    add(0, "a", NOON);
    add(0, "a", NOON.plus(Duration.ofHours(1)));
    for (boolean flush : new boolean[] {false, true}) {
      List<BatchResults> batches = new ArrayList<>();
      Pipeline pipeline =
          pipeline().statistic(onClose).results(Sinks.callback(batches::add)).build();
      RunOptions options = RunOptions.bounded().readingAtMost(1);
      new LocalEngine().start(pipeline, flush ? options.flushingAtEnd() : options).close();
      List<List<String>> emitted =
          batches.stream()
              .map(b -> b.updates("hourly").stream().map(Object::toString).toList())
              .toList();
      String first = "2018-11-01T12:00:00Z/2018-11-01T13:00:00Z  1";
      String second = "2018-11-01T13:00:00Z/2018-11-01T14:00:00Z  1";
      // The watermark of the first batch, 12:00, closes nothing; that of the second comes too late.
      assertThat(emitted)
          .isEqualTo(
              flush
                  ? List.of(List.of(), List.of(), List.of(first, second))
                  : List.of(List.of(), List.of()));
    }
  }

  @Test
  void progressTellsRatesByTheClock() {
    ManualClock clock = new ManualClock(NOON);
    List<Progress> reports = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      add(0, "a", NOON);
    }
    Pipeline pipeline =
        pipeline()
            .listener(
                report -> {
                  reports.add(report);
                  clock.advance(Duration.ofSeconds(5));
                })
            .build();
    new LocalEngine(clock).start(pipeline, RunOptions.bounded().readingAtMost(10)).close();
    assertThat(reports).hasSize(3);
    assertThat(reports.get(0).timestamp()).isEqualTo(NOON);
    assertThat(reports.get(0).inputRowsPerSecond()).isNaN();
    assertThat(reports.get(1).timestamp()).isEqualTo(NOON.plusSeconds(5));
    assertThat(reports.get(1).inputRowsPerSecond()).isEqualTo(2.0);
    assertThat(reports.get(2).lag()).isZero();
    assertThat(reports.get(2).watermark()).contains(NOON);
    assertThat(reports.get(2).processedRowsPerSecond()).isPositive();
  }

  @Test
  void aTesterStampsRecordsAndShowsLettersAndWatermark() {
    try (PipelineTester tester =
        PipelineTester.of(
            Statistic.named("hourly")
                .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
                .build())) {
      tester.clock().set(NOON);
      tester.receive("{").endBatch();
      assertThat(tester.deadLetters())
          .singleElement()
          .satisfies(
              letter -> {
                assertThat(letter.origin().timestamp()).isEqualTo(NOON);
                assertThat(letter.origin().topic()).isEqualTo("memory");
              });
      assertThat(tester.watermark()).isEmpty();
      tester.receive(Call.builder("1", "t", NOON).build()).endBatch();
      assertThat(tester.watermark()).contains(NOON);
      tester.receive(Call.builder("1", "t", NOON.minusSeconds(1)).build()).endBatch();
      assertThat(tester.results("hourly")).hasSize(1);
      assertThat(tester.accounting().statistics().get("hourly").late()).isEqualTo(1);
    }
  }
}
