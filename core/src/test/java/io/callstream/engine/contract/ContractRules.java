package io.callstream.engine.contract;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static io.callstream.engine.contract.SourceRecord.call;
import static io.callstream.engine.contract.SourceRecord.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import io.callstream.statistic.CallDuration;
import io.callstream.statistic.CodeTable;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowingConsumer;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtendWith;

/** Methods that the rules of all groups use: trials, options and assumptions. */
@TestInstance(Lifecycle.PER_CLASS)
@DisplayNameGeneration(RuleReport.class)
@ExtendWith(RuleReport.class)
abstract class ContractRules {
  static final ZoneId LOS_ANGELES = ZoneId.of("America/Los_Angeles");
  static final JsonFormat FORMAT = KitCalls.json(LOS_ANGELES);
  static final Duration HOUR = Duration.ofHours(1);
  static final CodeTable CODES = new CodeTable("codes of the kit", Map.of("HAN", "Handled"));
  static final Set<Field<?>> CALL_TIME = Set.of(Fields.CALL_TIME);

  /** Reads a number of milliseconds from a call that has one. */
  static final CallDuration MILLIS =
      call -> {
        String text = call.text(Fields.CALL_TIME);
        return text.isEmpty()
            ? Optional.empty()
            : Optional.of(Duration.ofMillis(Long.parseLong(text)));
      };

  static final Statistic TYPES = Statistic.named("types").by(Dimensions.CRIME_TYPE).build();

  private final ContractKit kit;

  ContractRules(ContractKit kit) {
    this.kit = kit;
  }

  final Testbed testbed() {
    return kit.testbed();
  }

  /** Returns a new empty directory for each test. */
  final Path directory() {
    return kit.directory();
  }

  /** Returns the outcomes of all trials so far, including those of other groups. */
  final List<Outcome> outcomes() {
    return kit.outcomes();
  }

  /** The outcome of a trial, which runs when the first rule asks for it. */
  final class Tried {
    private final Trial trial;
    private Outcome outcome;
    private Throwable failure;

    Tried(Trial trial) {
      this.trial = trial;
    }

    Outcome get() throws Exception {
      if (outcome == null && failure == null) {
        try {
          outcome = trial.run(testbed(), directory());
          outcomes().add(outcome);
        } catch (Exception | Error e) {
          failure = e;
        }
      }
      if (failure instanceof Error error) {
        throw error;
      }
      if (failure != null) {
        throw (Exception) failure;
      }
      return outcome;
    }
  }

  static Trial trial(String name, UnaryOperator<Pipeline.Builder> parts) {
    return new Trial(name, FORMAT, parts);
  }

  static Statistic byType(String name, Windows windows) {
    return Statistic.named(name).by(Dimensions.CRIME_TYPE).over(windows.withoutLateness()).build();
  }

  /** Returns a statistic of sessions by type with a gap of ten minutes. */
  static Statistic sessions(Duration lateness) {
    return Statistic.named("sessions")
        .by(Dimensions.CRIME_TYPE)
        .over(Windows.session(Duration.ofMinutes(10)).allowingLateness(lateness))
        .emitting(Emission.ON_CLOSE)
        .build();
  }

  /** Adds a lookup of the codes of dispositions, if the engine supports lookups. */
  Pipeline.Builder withCodes(Pipeline.Builder pipeline) {
    return supports(Capability.LOOKUPS)
        ? pipeline.lookup(StandardStatistics.dispositions(CODES))
        : pipeline;
  }

  RunningPipeline start(Pipeline pipeline, RunOptions options) {
    return testbed().engine().start(pipeline, options);
  }

  /** Returns a builder of a pipeline that counts types. */
  static Pipeline.Builder counting(ContractSource source) {
    return Pipeline.builder(source.source(), FORMAT).statistic(TYPES);
  }

  /** Returns a pipeline that counts types, whose sinks and listener are a recorder. */
  static Pipeline pipeline(ContractSource source, Recorder recorder) {
    return recorder.on(counting(source)).build();
  }

  /** Runs a pipeline over all available records. */
  Accounting runToEnd(Pipeline pipeline, RunOptions options) throws InterruptedException {
    return runToEnd(pipeline, options, run -> {});
  }

  /** Runs a pipeline over all available records, and checks the run before it is closed. */
  Accounting runToEnd(Pipeline pipeline, RunOptions options, Consumer<RunningPipeline> check)
      throws InterruptedException {
    try (RunningPipeline run = start(pipeline, options)) {
      awaitEnd(run);
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      check.accept(run);
      return run.accounting();
    }
  }

  /** Returns a check that an exception is a failure with a code. */
  static ThrowingConsumer<Throwable> hasCode(ErrorCode code) {
    return e ->
        assertThat(e)
            .isInstanceOfSatisfying(
                CallstreamException.class, failure -> assertThat(failure.code()).isEqualTo(code));
  }

  void awaitEnd(RunningPipeline run) throws InterruptedException {
    assertThat(run.awaitTermination(testbed().patience())).as("the run ends").isTrue();
  }

  boolean supports(Capability capability) {
    return testbed().engine().capabilities().contains(capability);
  }

  void assumeSupported(Capability capability) {
    assumeTrue(
        supports(capability),
        () -> "The engine does not declare " + capability + "; group 16 requires a rejection");
  }

  /** Returns options for runs that share a checkpoint. */
  RunOptions withCheckpoint() {
    Path fresh = kit.newDirectory();
    return RunOptions.bounded().checkpointingTo(testbed().checkpoint(fresh));
  }

  static Instant instant(String time) {
    return Instant.parse(time);
  }
}
