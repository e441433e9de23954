package io.callstream.engine.local;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.local.PipelineTester.ManualClock;
import io.callstream.internal.source.OpenSource;
import io.callstream.internal.source.SpanReader;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.progress.Progress;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests what is specific to the local engine; {@link LocalEngineContractTest} tests the contract.
 */
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

  @Test
  void aBoundedRunEnds() throws InterruptedException {
    add(0, "a", NOON);
    add(1, "b", NOON);
    source.add(1, NOON, new byte[] {'{'});
    Pipeline pipeline = pipeline().build();
    try (RunningPipeline run = new LocalEngine().start(pipeline, RunOptions.bounded())) {
      run.awaitTermination();
      assertThat(run.state()).isEqualTo(State.FINISHED);
      assertThat(run.awaitTermination(Duration.ZERO)).isTrue();
      assertThat(run.results("calls-by-type").rows()).hasSize(2);
      assertThat(run.accounting().received()).isEqualTo(3);
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
    }
  }

  private static void assertFails(RunningPipeline run, ErrorCode code, String... words) {
    assertThatThrownBy(run::awaitTermination)
        .isInstanceOf(CallstreamException.class)
        .hasMessageContainingAll(words);
    assertThat(run.state()).isEqualTo(State.FAILED);
    assertThat(run.failure()).hasValueSatisfying(e -> assertThat(e.code()).isEqualTo(code));
    assertThatThrownBy(() -> run.awaitTermination(Duration.ofSeconds(1)))
        .isInstanceOf(CallstreamException.class);
    run.close();
  }

  @Test
  void theFailureNamesTheStatisticAndHidesTheCall() {
    add(0, "secret", NOON);
    for (Statistic statistic :
        List.of(
            Statistic.named("bad").where(call -> fail(call.type())).build(),
            Statistic.named("bad")
                .by(Dimension.of("d", call -> fail(call.type()) ? "" : ""))
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
                    .statistic(Statistic.named("bad").where(c -> fail(c.type())).build())
                    .build(),
                RunOptions.bounded())) {
      assertThatThrownBy(run::awaitTermination)
          .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
    }
  }

  private static boolean fail(String text) {
    throw new UnsupportedOperationException("on " + text);
  }

  private static String nothing() {
    return null;
  }

  @Test
  void aStartThatRunsOutOfMemoryNamesTheHeap() {
    ResultSink sink =
        new ResultSink() {
          @Override
          public void open(BatchResults current) {
            throw new OutOfMemoryError("Java heap space");
          }

          @Override
          public void write(BatchResults results) {}
        };
    assertThatThrownBy(
            () -> new LocalEngine().start(pipeline().results(sink).build(), RunOptions.bounded()))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
        .hasMessageContainingAll("The heap is at most", "larger heap, such as -Xmx4g");
  }

  @Test
  void aSinkThatReportsAFullHeapAsAFailureOfItsFileNamesTheHeap() {
    add(0, "a", NOON);
    Pipeline pipeline =
        pipeline()
            .results(
                results -> {
                  throw new CallstreamException(
                      ErrorCode.SINK_FAILED,
                      "The file can't be written",
                      new IOException(new OutOfMemoryError("GC overhead limit exceeded")));
                })
            .build();
    try (RunningPipeline run = new LocalEngine().start(pipeline, RunOptions.bounded())) {
      assertThatThrownBy(() -> run.awaitTermination(Duration.ofSeconds(20)))
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
          .hasMessageContaining("Java ran out of memory (GC overhead limit exceeded)");
    }
  }

  /** An error of a heap that remains full: requesting its message runs out of memory again. */
  private static final class FullHeap extends OutOfMemoryError {
    private static final long serialVersionUID = 1L;

    @Override
    public String getMessage() {
      throw this;
    }
  }

  @Test
  void endsEvenIfTheHeapIsTooFullToDescribeTheFailure() {
    add(0, "a", NOON);
    Pipeline pipeline =
        pipeline()
            .statistic(
                Statistic.named("hungry")
                    .where(
                        call -> {
                          throw new FullHeap();
                        })
                    .build())
            .build();
    try (RunningPipeline run = new LocalEngine().start(pipeline, RunOptions.bounded())) {
      assertThatThrownBy(() -> run.awaitTermination(Duration.ofSeconds(20)))
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
          .hasMessageContaining("Java ran out of memory");
    }
  }

  @Test
  void anErrorInAFilterFailsItsStatistic() {
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
        new LocalEngine().start(pipeline, RunOptions.bounded()),
        ErrorCode.STATISTIC_FAILED,
        "'deep'");
  }

  @Test
  void computesRatesWithItsClock() {
    List<Progress> reports = new ArrayList<>();
    try (PipelineTester tester =
        PipelineTester.of(
            SanFranciscoCalls.json(),
            1,
            p -> p.statistic(StandardStatistics.callsByType()).listener(reports::add))) {
      tester.clock().set(NOON);
      for (int batch = 0; batch < 3; batch++) {
        for (int i = 0; i < 10; i++) {
          tester.receive(Call.builder("1", "a", NOON).build());
        }
        tester.endBatch();
        tester.clock().advance(Duration.ofSeconds(5));
      }
      assertThatAccounting(tester.accounting())
          .addsUpFor(List.of(StandardStatistics.callsByType()));
    }
    assertThat(reports).hasSize(3);
    assertThat(reports.get(0).timestamp()).isEqualTo(NOON);
    assertThat(reports.get(0).inputRowsPerSecond()).isNaN();
    assertThat(reports.get(1).timestamp()).isEqualTo(NOON.plusSeconds(5));
    assertThat(reports.get(1).inputRowsPerSecond()).isEqualTo(2.0);
    assertThat(reports).extracting(Progress::outputRows).containsOnly(1L);
    assertThat(reports.get(0).outputRowsPerSecond()).isNaN();
    assertThat(reports.get(1).outputRowsPerSecond()).isEqualTo(0.2);
    assertThat(reports.get(2).lag()).isZero();
    assertThat(reports.get(2).watermark()).contains(NOON);
    assertThat(reports.get(2).processedRowsPerSecond()).isPositive();
    assertThat(reports.get(2).phases()).containsOnlyKeys("read", "merge", "log", "sinks");
  }

  @Test
  void latencyIncludesTheSinks() {
    List<Progress> reports = new ArrayList<>();
    AtomicReference<ManualClock> clock = new AtomicReference<>();
    try (PipelineTester tester =
        PipelineTester.of(
            SanFranciscoCalls.json(),
            2,
            p ->
                p.statistic(StandardStatistics.callsByType())
                    .results(Sinks.callback(b -> clock.get().advance(Duration.ofSeconds(3))))
                    .listener(reports::add))) {
      clock.set(tester.clock());
      tester.clock().set(NOON);
      tester.receive(0, NOON.minusSeconds(7), "{".getBytes(UTF_8));
      tester.receive(1, NOON, "{".getBytes(UTF_8));
      tester.receive(1, NOON.plusSeconds(1_000), "{".getBytes(UTF_8));
      tester.receive(0, Instant.EPOCH.minusMillis(1), "{".getBytes(UTF_8)).endBatch();
      tester.receive(0, Instant.EPOCH.minusMillis(1), "{".getBytes(UTF_8)).endBatch();
    }
    // By Kafka's rules, the record before 1970 has no timestamp. The one from the future counts as
    // current: (10 + 3 + 3) / 3.
    assertThat(reports.get(0).latency())
        .contains(new Progress.Latency(Duration.ofMillis(5_333), Duration.ofSeconds(10)));
    assertThat(reports.get(1).latency()).isEmpty();
  }

  @Test
  void aTesterSetsTimestampsAndReturnsDeadLettersAndWatermark() {
    Statistic hourly =
        Statistic.named("hourly")
            .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
            .build();
    try (PipelineTester tester = PipelineTester.of(hourly)) {
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
      assertThatAccounting(tester.accounting()).addsUpFor(List.of(hourly));
    }
  }

  @Test
  void aBatchWaitsForTheTriggerInterval() throws Exception {
    add(0, "a", NOON);
    CountDownLatch reported = new CountDownLatch(1);
    Pipeline pipeline =
        pipeline()
            .listener(
                progress -> {
                  // More records arrive before the run can read them.
                  add(1, "b" + progress.batch(), NOON);
                  reported.countDown();
                })
            .build();
    try (RunningPipeline run =
        new LocalEngine()
            .start(pipeline, RunOptions.continuous().triggeringEvery(Duration.ofHours(1)))) {
      assertThat(reported.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(run.awaitTermination(Duration.ofMillis(300))).isFalse();
      assertThat(run.accounting().received()).isEqualTo(1);
    }
  }

  /** A memory source that counts how often its end offsets are requested. */
  private static final class CountingSource implements OpenSource {
    private final OpenSource memory;
    private final AtomicInteger requests = new AtomicInteger();

    CountingSource(MemorySource source) {
      memory = new OpenMemorySource(source);
    }

    @Override
    public String id() {
      return memory.id();
    }

    @Override
    public Map<Integer, Long> firstOffsets() {
      return memory.firstOffsets();
    }

    @Override
    public Map<Integer, Long> endOffsets() {
      requests.incrementAndGet();
      return memory.endOffsets();
    }

    @Override
    public Map<Integer, Long> startOffsets() {
      return memory.startOffsets();
    }

    @Override
    public SpanReader newReader() {
      return memory.newReader();
    }

    @Override
    public void stop() {
      memory.stop();
    }

    @Override
    public void close() {
      memory.close();
    }
  }

  @Test
  void aWaitingRunDoesNotSpin() throws InterruptedException {
    CountingSource counting = new CountingSource(source);
    try (RunningPipeline run =
        LocalRun.start(
            pipeline().build(),
            RunOptions.continuous().triggeringEvery(Duration.ZERO),
            Clock.systemUTC(),
            counting,
            2)) {
      add(0, "a", NOON);
      while (run.accounting().received() == 0) {
        assertThat(run.awaitTermination(Duration.ofMillis(10))).isFalse();
      }
      assertThat(run.awaitTermination(Duration.ofMillis(1_500))).isFalse();

      // The run looks once per second and for each record; a busy loop would ask many thousand
      // times.
      assertThat(counting.requests).hasValueLessThan(20);
    }
  }

  @Test
  void releasesEverythingIfItsThreadCannotStart(@TempDir Path root) throws Exception {
    String noThread = "unable to create native thread: for a test";
    Path output = root.resolve("out");
    Pipeline pipeline = pipeline().results(Sinks.csv(output)).build();
    RunOptions options =
        RunOptions.bounded().checkpointingTo(root.resolve("checkpoint").toString());
    assertThatThrownBy(
            () ->
                LocalRun.start(
                    pipeline,
                    options,
                    Clock.systemUTC(),
                    new CountingSource(source),
                    2,
                    work ->
                        new Thread(work) {
                          @Override
                          public void start() {
                            throw new OutOfMemoryError(noThread);
                          }
                        }))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
        .hasMessageContainingAll(noThread, "ulimit -u");
    try (RunningPipeline next = new LocalEngine().start(pipeline, options)) {
      next.awaitTermination();
    }
  }
}
