package io.callstream.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.RunningPipeline.Termination;
import io.callstream.engine.local.LocalEngine;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.testing.WatchedRun;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SupervisorTest {
  private static final Instant NOON = Instant.parse("2018-11-01T12:00:00Z");
  private static final Duration TINY = Duration.ofMillis(1);
  private static final Duration LONG = Duration.ofHours(1);
  private static final RestartPolicy QUICK = RestartPolicy.defaults().delaying(TINY, TINY);

  @TempDir private Path directory;

  private final MemorySource source = MemorySource.withPartitions(1);

  private void add(String type) {
    source.add(
        0, NOON, SanFranciscoCalls.json().write(Call.builder("id " + type, type, NOON).build()));
  }

  private Pipeline.Builder pipeline() {
    return Pipeline.builder(source, SanFranciscoCalls.json())
        .statistic(StandardStatistics.callsByType());
  }

  private RunOptions continuous() {
    return RunOptions.continuous()
        .triggeringEvery(Duration.ZERO)
        .checkpointingTo(directory.resolve("state").toString());
  }

  private RunOptions bounded() {
    return RunOptions.bounded().checkpointingTo(directory.resolve("state").toString());
  }

  private static Supervisor start(Pipeline pipeline, RunOptions options, RestartPolicy policy) {
    return Supervisor.start(new LocalEngine(), pipeline, options, policy);
  }

  /** Fails to write some batches before it accepts one. */
  private static final class Failing implements ResultSink {
    private final AtomicInteger left;
    private final List<Long> batches = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch taken = new CountDownLatch(1);

    Failing(int failures) {
      left = new AtomicInteger(failures);
    }

    @Override
    public void write(BatchResults batch) {
      if (left.getAndDecrement() > 0) {
        throw new IllegalStateException("no room");
      }
      batches.add(batch.number());
      taken.countDown();
    }

    @Override
    public String toString() {
      return "the failing sink";
    }
  }

  @Test
  void restartsAPipelineUntilItWorksAgain() throws Exception {
    Failing sink = new Failing(3);
    Pipeline pipeline = pipeline().results(sink).build();
    try (CapturedLog failures = CapturedLog.of(RunningPipeline.class);
        CapturedLog restarts = CapturedLog.of(Supervisor.class);
        Supervisor supervisor = start(pipeline, continuous(), QUICK)) {
      RunningPipeline first = supervisor.current();
      add("a");
      sink.taken.await();
      assertThat(supervisor.state()).isEqualTo(State.RUNNING);
      assertThat(supervisor.restarts()).isEqualTo(3);
      assertThat(supervisor.failure()).isEmpty();
      assertThat(supervisor.details().restarts())
          .hasSize(3)
          .extracting(RunDetails.Restart::attempt)
          .containsExactly(1, 2, 3);
      assertThat(supervisor.details().restarts())
          .allSatisfy(
              restart -> {
                assertThat(restart.code()).isEqualTo(ErrorCode.SINK_FAILED);
                assertThat(restart.message()).contains("no room");
                assertThat(restart.delay()).isLessThan(Duration.ofSeconds(1));
              });
      assertThat(supervisor.details().settings()).containsEntry("trigger", "0");
      assertThat(supervisor.lastFailure().orElseThrow()).hasMessageContaining("no room");
      assertThat(supervisor.current()).isNotSameAs(first);
      assertThat(supervisor.pipeline()).isSameAs(pipeline);
      supervisor.stop();
      assertThat(supervisor.state()).isEqualTo(State.FINISHED);
      assertThat(supervisor.accounting().received()).isEqualTo(1);
      assertThat(supervisor.results("calls-by-type").rows()).hasSize(1);
      assertThat(sink.batches).containsExactly(0L);
      assertThat(failures.events(Level.ERROR)).hasSize(3);
      assertThat(restarts.events(Level.WARN))
          .extracting(ILoggingEvent::getFormattedMessage)
          .hasSize(3)
          .allSatisfy(
              line -> assertThat(line).contains("SINK_FAILED", "no room", " of 20", "0.001 s"))
          .satisfiesExactly(
              line -> assertThat(line).contains("attempt 1 "),
              line -> assertThat(line).contains("attempt 2 "),
              line -> assertThat(line).contains("attempt 3 "));
      assertThat(restarts.events(Level.ERROR)).isEmpty();
    }
  }

  @Test
  void resumesWithTheBatchThatFailed() throws Exception {
    AtomicInteger failures = new AtomicInteger();
    AtomicInteger calls = new AtomicInteger();
    CountDownLatch first = new CountDownLatch(1);
    CompletableFuture<Long> second = new CompletableFuture<>();
    Pipeline pipeline =
        pipeline()
            .results(
                Sinks.callback(
                    batch -> {
                      if (batch.number() > 0 && failures.getAndIncrement() < 3) {
                        throw new IllegalStateException("no room");
                      }
                      calls.incrementAndGet();
                      if (batch.number() == 0) {
                        first.countDown();
                      } else {
                        second.complete(batch.total().received());
                      }
                    }))
            .build();
    try (Supervisor supervisor = start(pipeline, continuous(), QUICK)) {
      add("a");
      first.await();
      source.add(0, NOON, null);
      assertThat(second.get()).isEqualTo(2);
      assertThat(supervisor.accounting().rejected()).isEqualTo(1);
      assertThat(supervisor.restarts()).isEqualTo(3);
      assertThat(calls).hasValue(2);
    }
  }

  @Test
  void givesUpAtTheLimitOfRestartsInARow() throws Exception {
    Failing sink = new Failing(100);
    add("a");
    try (CapturedLog log = CapturedLog.of(Supervisor.class);
        Supervisor supervisor =
            start(pipeline().results(sink).build(), bounded(), QUICK.atMost(4))) {
      CompletableFuture<Termination> end = new CompletableFuture<>();
      supervisor.onTermination(end::complete);
      assertThat(end.get().state()).isEqualTo(State.FAILED);
      assertThat(supervisor.state()).isEqualTo(State.FAILED);
      assertThat(supervisor.restarts()).isEqualTo(4);
      assertThat(sink.left).hasValue(95);
      assertThat(supervisor.failure()).isEqualTo(end.get().failure());
      assertThatThrownBy(supervisor::awaitTermination).isSameAs(end.get().failure().orElseThrow());
      assertThat(log.events(Level.ERROR))
          .singleElement()
          .extracting(ILoggingEvent::getFormattedMessage)
          .asString()
          .contains("limit of 4 restarts", "SINK_FAILED");
    }
  }

  @Test
  void aRunThatWasStableStartsANewRow() throws Exception {
    Failing sink = new Failing(5);
    add("a");
    RestartPolicy policy = QUICK.atMost(1).stableAfter(Duration.ofNanos(1));
    try (Supervisor supervisor = start(pipeline().results(sink).build(), bounded(), policy)) {
      supervisor.awaitTermination();
      assertThat(supervisor.restarts()).isEqualTo(5);
      assertThat(supervisor.state()).isEqualTo(State.FINISHED);
    }
  }

  @Test
  void doesNotRestartAfterAFailureThatComesAgain() {
    add("a");
    Statistic broken =
        Statistic.named("broken")
            .by(
                Dimension.of(
                    "d",
                    call -> {
                      throw new UnsupportedOperationException();
                    }))
            .build();
    try (CapturedLog log = CapturedLog.of(Supervisor.class);
        Supervisor supervisor = start(pipeline().statistic(broken).build(), bounded(), QUICK)) {
      assertThatThrownBy(supervisor::awaitTermination).hasMessageContaining("'broken'");
      assertThat(supervisor.restarts()).isZero();
      assertThat(log.events(Level.WARN)).isEmpty();
      assertThat(log.events(Level.ERROR)).hasSize(1);
    }
  }

  /** Ignores interrupts in its first write, and records whether two calls overlap. */
  private static final class Deaf implements ResultSink {
    private final CountDownLatch end = new CountDownLatch(1);
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicInteger opened = new AtomicInteger();
    private final List<String> overlaps = Collections.synchronizedList(new ArrayList<>());
    private final List<Long> batches = Collections.synchronizedList(new ArrayList<>());

    private void call(String name, Runnable work) {
      if (calls.getAndIncrement() > 0) {
        overlaps.add(name);
      }
      work.run();
      calls.decrementAndGet();
    }

    @Override
    public void open(BatchResults restored) {
      call("open", opened::incrementAndGet);
    }

    @Override
    public void write(BatchResults batch) {
      call("write", opened.get() == 1 ? this::awaitEnd : () -> batches.add(batch.number()));
    }

    private void awaitEnd() {
      while (end.getCount() > 0) {
        try {
          end.await();
        } catch (InterruptedException e) {
          // The sink ignores the interrupt.
        }
      }
    }

    @Override
    public void close() {
      call("close", () -> {});
    }

    @Override
    public String toString() {
      return "the deaf sink";
    }
  }

  @Test
  void restartsWithASinkOnlyAfterItsLateCallHasReturned() throws Exception {
    Deaf sink = new Deaf();
    add("a");
    RunOptions options = bounded().sinkTimeout(Duration.ofMillis(50));
    RestartPolicy policy =
        RestartPolicy.defaults()
            .atMost(10_000)
            .delaying(Duration.ofMillis(20), Duration.ofMillis(20));
    try (Supervisor supervisor = start(pipeline().results(sink).build(), options, policy)) {
      WatchedRun.await("three restarts", () -> supervisor.restarts() >= 3);
      assertThat(supervisor.lastFailure().orElseThrow())
          .hasMessageContaining("the deaf sink cannot be opened")
          .hasMessageContaining("has not returned");
      sink.end.countDown();
      supervisor.awaitTermination();
    }
    assertThat(sink.overlaps).isEmpty();
    assertThat(sink.opened).hasValue(2);
    assertThat(sink.batches).containsExactly(0L);
  }

  @Test
  void stopEndsTheWaitForARestartAndLeavesTheFailure() throws Exception {
    Failing sink = new Failing(1);
    add("a");
    RestartPolicy policy = RestartPolicy.defaults().delaying(LONG, LONG);
    Supervisor supervisor = start(pipeline().results(sink).build(), continuous(), policy);
    CompletableFuture<Termination> firstEnd = new CompletableFuture<>();
    supervisor.current().onTermination(firstEnd::complete);
    firstEnd.get();
    assertThat(supervisor.state()).isEqualTo(State.RUNNING);
    supervisor.stop();
    assertThat(supervisor.state()).isEqualTo(State.FAILED);
    assertThat(supervisor.restarts()).isZero();
    assertThat(supervisor.failure()).isEqualTo(firstEnd.get().failure());
  }

  @Test
  void aFailureWhileTheRunIsStoppedIsReported() {
    ResultSink jammed =
        new ResultSink() {
          @Override
          public void write(BatchResults batch) {}

          @Override
          public void close() {
            throw new IllegalStateException("jammed");
          }
        };
    Supervisor supervisor = start(pipeline().results(jammed).build(), continuous(), QUICK);
    supervisor.stop();
    assertThat(supervisor.state()).isEqualTo(State.FAILED);
    assertThat(supervisor.failure().orElseThrow()).hasMessageContaining("jammed");
    assertThat(supervisor.restarts()).isZero();
  }

  @Test
  void aSinkMayStopIt() throws Exception {
    AtomicReference<Supervisor> supervisor = new AtomicReference<>();
    CountDownLatch started = new CountDownLatch(1);
    Pipeline pipeline =
        pipeline()
            .results(
                Sinks.callback(
                    batch -> {
                      awaitQuietly(started);
                      supervisor.get().stop();
                    }))
            .build();
    supervisor.set(start(pipeline, continuous(), QUICK));
    started.countDown();
    add("a");
    supervisor.get().awaitTermination();
    assertThat(supervisor.get().state()).isEqualTo(State.FINISHED);
    assertThat(supervisor.get().accounting().received()).isEqualTo(1);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Starts once, and then fails to start several times. */
  private static final class Unreachable implements Engine {
    private final Engine local = new LocalEngine();
    private final AtomicInteger starts = new AtomicInteger();

    @Override
    public String name() {
      return local.name();
    }

    @Override
    public Set<Capability> capabilities() {
      return local.capabilities();
    }

    @Override
    public RunningPipeline start(Pipeline pipeline, RunOptions options) {
      return switch (starts.getAndIncrement()) {
        case 1 -> throw new CallstreamException(ErrorCode.BROKER_UNAVAILABLE, "nobody answers");
        case 2 -> throw new NoClassDefFoundError("gone");
        default -> local.start(pipeline, options);
      };
    }
  }

  @Test
  void aRestartThatFailsToStartIsTriedAgain() throws Exception {
    Failing sink = new Failing(1);
    add("a");
    Unreachable engine = new Unreachable();
    Pipeline pipeline = pipeline().results(sink).build();
    try (CapturedLog log = CapturedLog.of(Supervisor.class);
        Supervisor supervisor = Supervisor.start(engine, pipeline, bounded(), QUICK)) {
      supervisor.awaitTermination();
      assertThat(supervisor.restarts()).isEqualTo(3);
      assertThat(supervisor.lastFailure().orElseThrow()).hasMessageContaining("gone");
      assertThat(log.events(Level.WARN))
          .extracting(ILoggingEvent::getFormattedMessage)
          .anyMatch(line -> line.contains("could not be started: BROKER_UNAVAILABLE"))
          .anyMatch(line -> line.contains("attempt 3 "));
    }
  }

  @Test
  void aFirstStartThatFailsIsNotRetried() {
    source.add(0, NOON, null);
    ResultSink locked =
        new ResultSink() {
          @Override
          public void open(BatchResults restored) {
            throw new IllegalStateException("locked");
          }

          @Override
          public void write(BatchResults batch) {}
        };
    assertThatThrownBy(() -> start(pipeline().results(locked).build(), bounded(), QUICK))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("locked");
  }

  @Test
  void startsInTheBackgroundAndTriesAgainIfTheFirstStartFails() throws Exception {
    add("a");
    Unreachable engine = new Unreachable();
    engine.starts.set(1);
    Supervisor supervisor = Supervisor.of(engine, pipeline().build(), bounded(), QUICK);
    assertThat(supervisor.state()).isEqualTo(State.RUNNING);
    assertThat(supervisor.isReading()).isFalse();
    assertThat(supervisor.progress()).isEmpty();
    assertThat(supervisor.results("calls-by-type").rows()).isEmpty();
    assertThat(supervisor.accounting().toJson())
        .contains("\"received\":0", "{\"calls-by-type\":{\"counted\":0,\"late\":0}}");
    assertThatThrownBy(() -> supervisor.results("other")).hasMessageContaining("'other'");

    supervisor.start();

    supervisor.awaitTermination();
    assertThat(supervisor.restarts()).isEqualTo(2);
    assertThat(supervisor.accounting().received()).isEqualTo(1);
    assertThatThrownBy(supervisor::start)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("already started");
  }

  @Test
  void aFirstStartInTheBackgroundThatCannotSucceedIsFinal() throws Exception {
    RunOptions elsewhere = RunOptions.continuous().checkpointingTo("s3://bucket/state");
    Supervisor supervisor = Supervisor.of(new LocalEngine(), pipeline().build(), elsewhere, QUICK);
    supervisor.start();
    assertThatThrownBy(supervisor::awaitTermination).isInstanceOf(CallstreamException.class);
    assertThat(supervisor.state()).isEqualTo(State.FAILED);
    assertThat(supervisor.restarts()).isZero();
    supervisor.stop();
  }

  @Test
  void endsWithoutARunIfItIsStoppedFirst() throws Exception {
    Supervisor supervisor =
        Supervisor.of(new Unreachable(), pipeline().build(), continuous(), QUICK);
    supervisor.stop();
    supervisor.awaitTermination();
    assertThat(supervisor.state()).isEqualTo(State.FINISHED);
    assertThatThrownBy(supervisor::start).hasMessageContaining("stopped");
  }

  /** Waits in each start, until it is interrupted if the thread reacts to that. */
  private static final class Slow implements Engine {
    private final Engine local = new LocalEngine();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);
    private final boolean reacts;

    Slow(boolean reacts) {
      this.reacts = reacts;
    }

    @Override
    public String name() {
      return local.name();
    }

    @Override
    public Set<Capability> capabilities() {
      return local.capabilities();
    }

    @Override
    public RunningPipeline start(Pipeline pipeline, RunOptions options) {
      begun.countDown();
      boolean interrupted = false;
      while (true) {
        try {
          go.await();
          break;
        } catch (InterruptedException e) {
          if (reacts) {
            throw new CallstreamException(ErrorCode.BROKER_UNAVAILABLE, "nobody answers", e);
          }
          interrupted = true;
          go.countDown();
        }
      }
      RunningPipeline started = local.start(pipeline, options);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      return started;
    }
  }

  @Test
  void stopCancelsAStart() throws Exception {
    Slow engine = new Slow(true);
    Supervisor supervisor = Supervisor.of(engine, pipeline().build(), continuous(), QUICK);
    supervisor.start();
    engine.begun.await();
    supervisor.stop();
    assertThat(supervisor.state()).isEqualTo(State.FINISHED);
    assertThat(supervisor.lastFailure()).isEmpty();
    assertThat(supervisor.restarts()).isZero();
  }

  @Test
  void stopEndsARunWhoseStartIgnoredTheInterrupt() throws Exception {
    Slow engine = new Slow(false);
    Supervisor supervisor = Supervisor.of(engine, pipeline().build(), continuous(), QUICK);
    supervisor.start();
    engine.begun.await();
    supervisor.stop();
    assertThat(supervisor.state()).isEqualTo(State.FINISHED);
    assertThat(supervisor.current().state()).isEqualTo(State.FINISHED);
    assertThat(supervisor.current().pipeline()).isSameAs(supervisor.pipeline());
  }

  @Test
  void requiresACheckpoint() {
    assertThatThrownBy(() -> start(pipeline().build(), RunOptions.bounded(), QUICK))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no checkpoint");
  }

  @Test
  void delaysDoubleUpToTheLongestAndChanceShortensThem() {
    RestartPolicy policy =
        RestartPolicy.defaults().delaying(Duration.ofSeconds(1), Duration.ofSeconds(10));
    assertThat(policy.delay(1, 0)).isEqualTo(Duration.ofSeconds(1));
    assertThat(policy.delay(2, 0)).isEqualTo(Duration.ofSeconds(2));
    assertThat(policy.delay(4, 0)).isEqualTo(Duration.ofSeconds(8));
    assertThat(policy.delay(5, 0)).isEqualTo(Duration.ofSeconds(10));
    assertThat(policy.delay(Integer.MAX_VALUE, 0)).isEqualTo(Duration.ofSeconds(10));
    assertThat(policy.delay(5, 1)).isEqualTo(Duration.ofSeconds(8));
    assertThat(policy.delay(1, 0.5)).isEqualTo(Duration.ofMillis(900));
  }

  @Test
  void aPolicyHasBounds() {
    RestartPolicy policy = RestartPolicy.defaults();
    assertThatThrownBy(() -> policy.atMost(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 1");
    assertThatThrownBy(() -> policy.delaying(Duration.ofSeconds(2), Duration.ofSeconds(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("PT2S");
    assertThatThrownBy(() -> policy.delaying(TINY, Duration.ofSeconds(Long.MAX_VALUE)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("one day");
    assertThatThrownBy(() -> policy.stableAfter(Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("more than 0");
    assertThat(policy.permanent(Set.of()).permanent()).isEmpty();
  }
}
