package io.callstream.engine.contract;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static io.callstream.engine.contract.SourceRecord.call;
import static io.callstream.engine.contract.SourceRecord.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.RunningPipeline.Termination;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Rules 14: failures. */
abstract class FailureRules extends ContractRules {
  FailureRules(ContractKit kit) {
    super(kit);
  }

  /** Starts a pipeline over a valid call and an invalid record. */
  private RunningPipeline bounded(UnaryOperator<Pipeline.Builder> parts) {
    return bounded(FORMAT, parts);
  }

  private RunningPipeline bounded(CallFormat format, UnaryOperator<Pipeline.Builder> parts) {
    ContractSource source = testbed().source(1);
    source.send(List.of(call(0, "1", "hush", "2018-06-01T12:00"), text(0, "no call")));
    Pipeline.Builder pipeline = Pipeline.builder(source.source(), format).statistic(TYPES);
    return start(parts.apply(pipeline).build(), RunOptions.bounded());
  }

  private void requireFailure(RunningPipeline run, ErrorCode code, String... words) {
    assertThatThrownBy(() -> run.awaitTermination(testbed().patience()))
        .satisfies(hasCode(code))
        .hasMessageContainingAll(words);
    assertThat(run.state()).isEqualTo(State.FAILED);
    CallstreamException failure = run.failure().orElseThrow();
    assertThatThrownBy(run::awaitTermination).isSameAs(failure);
    assertThat(failure.getMessage()).doesNotContain("hush");
    assertThatAccounting(run.accounting()).addsUpFor(run.pipeline());
    run.stop();
    run.close();
    assertThat(run.state()).isEqualTo(State.FAILED);
  }

  @Test
  @Rule(
      number = "14.1",
      text =
          "A sink that throws fails the run. The state shows it, and waiting threads get the"
              + " cause.",
      check = "how the engine handles exceptions of sinks")
  void rule_14_1() {
    requireFailure(
        bounded(p -> p.results(Sinks.callback(batch -> fail("no room")))),
        ErrorCode.SINK_FAILED,
        "callback",
        "no room");
  }

  @Test
  @Rule(
      number = "14.2",
      text = "A dead-letter sink that throws fails the run.",
      check = "how the engine handles exceptions of dead-letter sinks")
  void rule_14_2() {
    requireFailure(
        bounded(p -> p.deadLetters(Sinks.deadLetterCallback(letter -> fail("no stamps")))),
        ErrorCode.SINK_FAILED,
        "dead-letter callback",
        "no stamps");
  }

  @Test
  @Rule(
      number = "14.3",
      text = "A listener that throws fails the run.",
      check = "how the engine handles exceptions of listeners")
  void rule_14_3() {
    requireFailure(bounded(p -> p.listener(report -> fail("deaf"))), ErrorCode.SINK_FAILED, "deaf");
  }

  @Test
  @Rule(
      number = "14.4",
      text = "A sink that fails to close fails the run.",
      check = "whether the engine closes sinks before it sets the final state")
  void rule_14_4() {
    requireFailure(
        bounded(p -> p.results(sink(() -> {}, () -> fail("jammed")))),
        ErrorCode.SINK_FAILED,
        "the sink of the kit",
        "jammed");
  }

  @Test
  @Rule(
      number = "14.5",
      text =
          "Code of a statistic that throws or returns null fails the run with the names of"
              + " the statistic and the part, without content of the call.",
      check = "how the engine wraps exceptions of tasks")
  void rule_14_5() {
    requireFailureOf(broken().by(Dimension.of("d", call -> hush(call))), "dimension 'd'");
    requireFailureOf(broken().by(Dimension.of("d", call -> nothing())), "dimension 'd'", "null");
    requireFailureOf(broken().where(call -> hush(call).isEmpty()), "filter");
    requireFailureOf(
        broken()
            .measuring(Measures.mean("m", Set.of(Fields.TYPE), call -> Optional.of(took(call)))),
        "measure 'm'");
  }

  @Test
  @Rule(
      number = "14.10",
      text =
          "Code that reads an undeclared field fails the run with its name, even if the"
              + " format sets all fields.",
      check = "that tasks receive calls with only the declared fields")
  void rule_14_10() {
    requireFailureOf(
        broken().by(Dimension.of("d", CALL_TIME, call -> call.address())),
        "dimension 'd'",
        "the field address");
    requireFailureOf(
        broken().where(Set.of(), call -> call.text(Fields.CITY).isEmpty()),
        "filter",
        "the field city");
    requireFailureOf(
        broken()
            .measuring(
                Measures.mean("m", CALL_TIME, Measures.between(Fields.ON_SCENE, Fields.CLOSED))),
        "measure 'm'",
        "the field on_scene");
    requireFailure(
        bounded(
            new AllFields(FORMAT),
            p ->
                p.statistic(
                    broken().by(Dimension.of("d", CALL_TIME, call -> call.address())).build())),
        ErrorCode.STATISTIC_FAILED,
        "dimension 'd'",
        "the field address");
    if (supports(Capability.DISTINCT)) {
      requireFailure(
          bounded(
              p ->
                  p.distinct()
                      .statistic(
                          broken()
                              .where(
                                  Set.of(Fields.CITY), call -> !call.text(Fields.CITY).equals("x"))
                              .by(Dimension.of("d", CALL_TIME, call -> call.address()))
                              .build())),
          ErrorCode.STATISTIC_FAILED,
          "dimension 'd'",
          "the field address");
    }
  }

  private void requireFailureOf(Statistic.Builder broken, String... words) {
    RunningPipeline run = bounded(p -> p.statistic(broken.build()));
    requireFailure(run, ErrorCode.STATISTIC_FAILED, words);
    assertThat(run.failure().orElseThrow()).hasMessageContaining("statistic 'broken'");
  }

  /**
   * A format whose parser returns more fields than requested, as the parser of an application may
   * do.
   */
  private static final class AllFields extends DelegatingFormat {
    AllFields(JsonFormat calls) {
      super(calls);
    }

    @Override
    public CallParser parser(Set<Field<?>> fields) {
      return super.parser(Fields.ALL);
    }
  }

  private static Statistic.Builder broken() {
    return Statistic.named("broken");
  }

  private static String hush(Call call) {
    throw new UnsupportedOperationException("can't take " + call.type());
  }

  private static String nothing() {
    return null;
  }

  private static Duration took(Call call) {
    return Duration.parse(call.type());
  }

  @Test
  @Rule(
      number = "14.6",
      text = "After a failure, every opened sink is closed once and gets nothing more.",
      check = "how the engine closes sinks after a failure")
  void rule_14_6() {
    Recorder first = new Recorder();
    Recorder last = new Recorder();
    RunningPipeline run =
        bounded(
            p -> p.results(first).results(Sinks.callback(batch -> fail("no room"))).results(last));
    requireFailure(run, ErrorCode.SINK_FAILED, "no room");
    assertThat(first.events()).containsExactly("open results", "batch 0", "close");
    assertThat(last.events()).containsExactly("open results", "close");
  }

  @Test
  @Rule(
      number = "14.7",
      text =
          "A sink that fails to open prevents the start. Sinks that were opened before are"
              + " closed.",
      check = "how the engine opens sinks")
  void rule_14_7() {
    Recorder first = new Recorder();
    assertThatThrownBy(
            () -> bounded(p -> p.results(first).results(sink(() -> fail("locked"), () -> {}))))
        .satisfies(hasCode(ErrorCode.SINK_FAILED))
        .hasMessageContainingAll("the sink of the kit", "locked");
    assertThat(first.events()).containsExactly("open results", "close");
  }

  @Test
  @Rule(
      number = "14.8",
      text =
          "A failure of a sink or a listener ends a continuous run and releases waiting"
              + " threads.",
      check = "whether the engine continues or waits after a failure")
  void rule_14_8() {
    List<UnaryOperator<Pipeline.Builder>> failures =
        List.of(
            p -> p.results(Sinks.callback(batch -> fail("no room"))),
            p -> p.listener(report -> fail("no room")));
    for (UnaryOperator<Pipeline.Builder> failure : failures) {
      ContractSource source = testbed().source(1);
      Pipeline.Builder pipeline = counting(source);
      RunningPipeline run = start(failure.apply(pipeline).build(), RunOptions.continuous());
      source.send(List.of(call(0, "1", "t", "2018-06-01T12:00")));
      requireFailure(run, ErrorCode.SINK_FAILED, "no room");
    }
  }

  @Test
  @Rule(
      number = "14.11",
      text =
          "A termination listener gets state and failure once, even if added after the end."
              + " If it throws, nothing changes.",
      check = "how the engine calls termination listeners")
  void rule_14_11() throws Exception {
    for (boolean failing : new boolean[] {true, false}) {
      ContractSource source = testbed().source(1);
      source.send(List.of(call(0, "1", "t", "2018-06-01T12:00")));
      Pipeline.Builder pipeline = counting(source);
      if (failing) {
        pipeline.results(Sinks.callback(batch -> fail("no room")));
      }
      RunningPipeline run = start(pipeline.build(), RunOptions.bounded());
      List<Termination> received = Collections.synchronizedList(new ArrayList<>());
      CompletableFuture<Termination> last = new CompletableFuture<>();
      run.onTermination(received::add);
      run.onTermination(termination -> fail("deaf"));
      run.onTermination(last::complete);
      Termination termination = last.get(testbed().patience().toMillis(), TimeUnit.MILLISECONDS);
      run.onTermination(received::add);
      assertThat(received).containsExactly(termination, termination);
      assertThat(termination.state()).isEqualTo(failing ? State.FAILED : State.FINISHED);
      assertThat(run.state()).isEqualTo(termination.state());
      assertThat(run.failure()).isEqualTo(termination.failure());
      run.close();
      assertThat(received).hasSize(2);
    }
  }

  @Test
  @Rule(
      number = "14.9",
      text = "A sink that exceeds its time limit fails the run. The others are closed.",
      check = "that the engine applies the sink timeout")
  void rule_14_9() {
    CountDownLatch never = new CountDownLatch(1);
    ContractSource source = testbed().source(1);
    source.send(List.of(call(0, "1", "t", "2018-06-01T12:00")));
    List<String> closed = Collections.synchronizedList(new ArrayList<>());
    Pipeline pipeline =
        counting(source)
            .results(Sinks.callback(batch -> await(never)))
            .results(sink(() -> {}, () -> closed.add("closed")))
            .build();
    RunningPipeline run =
        start(pipeline, RunOptions.continuous().sinkTimeout(Duration.ofSeconds(1)));
    requireFailure(run, ErrorCode.SINK_FAILED, "not done after 1.0 s");
    assertThat(closed).containsExactly("closed");
  }

  private void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted", e);
    }
  }

  private ResultSink sink(Runnable onOpen, Runnable onClose) {
    return new ResultSink() {
      @Override
      public void open(BatchResults restored) {
        onOpen.run();
      }

      @Override
      public void write(BatchResults batch) {}

      @Override
      public void close() {
        onClose.run();
      }

      @Override
      public String toString() {
        return "the sink of the kit";
      }
    };
  }

  private void fail(String why) {
    throw new IllegalStateException(why);
  }
}
