package io.callstream.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.CapturedLog;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.RunningPipeline.Termination;
import io.callstream.engine.local.LocalEngine;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RunEndTest {
  private static final Instant NOON = Instant.parse("2018-11-01T12:00:00Z");

  /** Runs a pipeline over one call of the type "hush" to its end. */
  private static RunningPipeline end(UnaryOperator<Pipeline.Builder> parts) throws Exception {
    MemorySource source = MemorySource.withPartitions(1);
    source.add(0, NOON, SanFranciscoCalls.json().write(Call.builder("1", "hush", NOON).build()));
    Pipeline.Builder pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType());
    RunningPipeline run =
        new LocalEngine().start(parts.apply(pipeline).build(), RunOptions.bounded());
    CompletableFuture<Termination> end = new CompletableFuture<>();
    run.onTermination(end::complete);
    end.get();
    return run;
  }

  @Test
  void warnsOfARunWhoseRecordsWereAllRejected() throws Exception {
    MemorySource source = MemorySource.withPartitions(1);
    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .build();
    try (CapturedLog log = CapturedLog.of(LedgerRun.class)) {
      runToEnd(pipeline); // without records
      source.add(0, NOON, "{}".getBytes(UTF_8));
      source.add(0, NOON, "no call".getBytes(UTF_8));
      runToEnd(pipeline);
      source.add(0, NOON, SanFranciscoCalls.json().write(Call.builder("1", "a", NOON).build()));
      runToEnd(pipeline);
      assertThat(log.events(Level.WARN))
          .extracting(ILoggingEvent::getFormattedMessage)
          .containsExactly(
              "All 2 records of memory were rejected by the format 'sf-2018'. The dead letters, and"
                  + " 'callstream consume --from-beginning', show why each is invalid. If the"
                  + " records have another format, name it (on the command line, with --format or"
                  + " --format-file).");
    }
  }

  @Test
  void listenersAreCalledEvenIfTheEndCannotBeDescribed() throws Exception {
    RunEnd end =
        new RunEnd("A run") {
          @Override
          void logSuccess() {
            throw new IllegalStateException("no description");
          }
        };
    CompletableFuture<Termination> heard = new CompletableFuture<>();
    end.onTermination(heard::complete);
    try (CapturedLog log = CapturedLog.of(RunningPipeline.class)) {
      end.ended();
      assertThat(log.events(Level.ERROR))
          .extracting(ILoggingEvent::getFormattedMessage)
          .containsExactly("A run ended, and describing its end threw an exception");
    }
    assertThat(heard).isCompleted();
  }

  private static void runToEnd(Pipeline pipeline) throws Exception {
    try (RunningPipeline run = new LocalEngine().start(pipeline, RunOptions.bounded())) {
      run.awaitTermination();
    }
  }

  /** A sink that fails to write, and then to close. */
  private static final class Throwing implements ResultSink {
    @Override
    public void write(BatchResults batch) {
      throw new IllegalStateException("no room");
    }

    @Override
    public void close() {
      throw new IllegalStateException("jammed");
    }

    @Override
    public String toString() {
      return "the throwing sink";
    }
  }

  @Test
  void aFailureIsLoggedOnceWithItsCodeItsCauseAndLaterFailures() throws Exception {
    try (CapturedLog log = CapturedLog.of(RunningPipeline.class)) {
      RunningPipeline run = end(pipeline -> pipeline.results(new Throwing()));
      assertThat(run.state()).isEqualTo(State.FAILED);
      assertThat(log.events(Level.ERROR))
          .singleElement()
          .satisfies(
              event -> {
                assertThat(event.getFormattedMessage())
                    .contains("SINK_FAILED", "the throwing sink", "no room", "memory");
                assertThat(ThrowableProxyUtil.asString(event.getThrowableProxy()))
                    .contains("IllegalStateException: no room", "Suppressed: ", "jammed");
              });
    }
  }

  @Test
  void aRunThatFinishesLogsNothing() throws Exception {
    try (CapturedLog log = CapturedLog.of(RunningPipeline.class)) {
      assertThat(end(pipeline -> pipeline).state()).isEqualTo(State.FINISHED);
      assertThat(log.events(Level.ERROR)).isEmpty();
    }
  }

  @Test
  void theLogHasNothingOfACallOnWhichAStatisticFailed() throws Exception {
    Statistic broken =
        Statistic.named("broken").by(Dimension.of("d", call -> fail(call.type()))).build();
    try (CapturedLog log = CapturedLog.of(RunningPipeline.class)) {
      RunningPipeline run = end(pipeline -> pipeline.statistic(broken));
      assertThat(run.failure().orElseThrow().getCause()).hasMessageContaining("hush");
      assertThat(log.events(Level.ERROR))
          .singleElement()
          .satisfies(
              event ->
                  assertThat(
                          event.getFormattedMessage()
                              + ThrowableProxyUtil.asString(event.getThrowableProxy()))
                      .contains("STATISTIC_FAILED", "NumberFormatException", "RunEndTest.fail")
                      .doesNotContain("hush"));
    }
  }

  private static String fail(String text) {
    throw new NumberFormatException("For input string: " + text);
  }

  @Test
  void aListenerThatThrowsIsLoggedAndChangesNothing() {
    RunEnd end = new RunEnd("a test");
    List<Termination> received = new ArrayList<>();
    end.onTermination(
        termination -> {
          throw new AssertionError("deaf");
        });
    end.onTermination(received::add);
    try (CapturedLog log = CapturedLog.of(RunningPipeline.class)) {
      end.ended();
      assertThat(log.events(Level.ERROR)).hasSize(1);
    }
    assertThat(received).containsExactly(new Termination(end.state(), end.failure()));
    assertThat(end.state()).isEqualTo(State.FINISHED);
  }

  @Test
  void aFailureAfterTheEndIsLoggedAndDoesNotChangeTheOutcome() {
    RunEnd end = new RunEnd("a test");
    end.ended();
    try (CapturedLog log = CapturedLog.of(RunningPipeline.class)) {
      end.failed(new CallstreamException(ErrorCode.SINK_FAILED, "too late"));
      assertThat(log.events(Level.ERROR)).hasSize(1);
    }
    assertThat(end.state()).isEqualTo(State.FINISHED);
  }

  @Test
  void aFailureThatIsTheCauseOfALaterOneIsLogged() {
    RunEnd end = new RunEnd("a test");
    CallstreamException first = new CallstreamException(ErrorCode.STATISTIC_FAILED, "first");
    end.failed(first);
    end.failed(new CallstreamException(ErrorCode.ENGINE_FAILED, "later", first));
    try (CapturedLog log = CapturedLog.of(RunningPipeline.class)) {
      end.ended();
      assertThat(log.events(Level.ERROR)).hasSize(1);
    }
    assertThat(end.failure()).contains(first);
  }

  @Test
  void aWaitMayBeLongerThanALongOfNanoseconds() throws Exception {
    RunEnd end = new RunEnd("a test");
    end.ended();
    assertThat(end.awaitTermination(Duration.ofSeconds(Long.MAX_VALUE))).isTrue();
    assertThat(end.awaitTermination(Duration.ofSeconds(Long.MIN_VALUE))).isTrue();
  }
}
