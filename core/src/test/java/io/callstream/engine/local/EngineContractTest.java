package io.callstream.engine.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.callstream.engine.Capability;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.RandomPipelinesContract;
import io.callstream.engine.contract.Rule;
import io.callstream.engine.contract.Testbed;
import io.callstream.engine.local.BrokenEngines.AcceptsWhatItDoesNotDeclare;
import io.callstream.engine.local.BrokenEngines.AddsInDoublePrecision;
import io.callstream.engine.local.BrokenEngines.AlwaysEvolves;
import io.callstream.engine.local.BrokenEngines.BelievesConfirmedTimesOnly;
import io.callstream.engine.local.BrokenEngines.BelievesEveryEventTime;
import io.callstream.engine.local.BrokenEngines.ClosesSessionsTooLate;
import io.callstream.engine.local.BrokenEngines.CountsAReplayedBatchTwice;
import io.callstream.engine.local.BrokenEngines.CountsAllVersions;
import io.callstream.engine.local.BrokenEngines.CountsNewStatisticsFromTheStart;
import io.callstream.engine.local.BrokenEngines.CountsNewStatisticsInARepeatedBatch;
import io.callstream.engine.local.BrokenEngines.CountsNoUnknownCalls;
import io.callstream.engine.local.BrokenEngines.CountsOneCallPerRecord;
import io.callstream.engine.local.BrokenEngines.EmitsClosedWindowsAgain;
import io.callstream.engine.local.BrokenEngines.EndsSessionsAtTheGap;
import io.callstream.engine.local.BrokenEngines.FailsWhereAFormatThrows;
import io.callstream.engine.local.BrokenEngines.ForgetsABaseline;
import io.callstream.engine.local.BrokenEngines.ForgetsEarlierCalls;
import io.callstream.engine.local.BrokenEngines.ForgetsIds;
import io.callstream.engine.local.BrokenEngines.ForgetsVersions;
import io.callstream.engine.local.BrokenEngines.HidesFailures;
import io.callstream.engine.local.BrokenEngines.HidesFailuresOfTables;
import io.callstream.engine.local.BrokenEngines.HidesRemovedGroups;
import io.callstream.engine.local.BrokenEngines.IgnoresChangedTables;
import io.callstream.engine.local.BrokenEngines.JoinsLookupsInwards;
import io.callstream.engine.local.BrokenEngines.KeepsFirstVersions;
import io.callstream.engine.local.BrokenEngines.KeepsLateCallsToItself;
import io.callstream.engine.local.BrokenEngines.LetsAllGroupsIn;
import io.callstream.engine.local.BrokenEngines.LosesLateCalls;
import io.callstream.engine.local.BrokenEngines.LosesTheFirstMillisecondOfAWindow;
import io.callstream.engine.local.BrokenEngines.MergesNoStates;
import io.callstream.engine.local.BrokenEngines.OnlyAppendsToSessions;
import io.callstream.engine.local.BrokenEngines.ReadsNoKeysAndHeaders;
import io.callstream.engine.local.BrokenEngines.ReadsTimesInUtc;
import io.callstream.engine.local.BrokenEngines.ReadsUncommittedRecords;
import io.callstream.engine.local.BrokenEngines.RejectsRecordsInAnOutage;
import io.callstream.engine.local.BrokenEngines.RepeatsABatchWithCurrentTables;
import io.callstream.engine.local.BrokenEngines.ReportsNoTables;
import io.callstream.engine.local.BrokenEngines.ReportsRowsPerSinkAndLatencyByEventTime;
import io.callstream.engine.local.BrokenEngines.RetractsOnlyCounts;
import io.callstream.engine.local.BrokenEngines.ReusesNames;
import io.callstream.engine.local.BrokenEngines.ShiftsWindowEdgesInSummer;
import io.callstream.engine.local.BrokenEngines.ShowsRemovedGroups;
import io.callstream.engine.local.BrokenEngines.SwallowsARejection;
import io.callstream.engine.local.BrokenEngines.TakesTheGreatestForTheWatermark;
import io.callstream.pipeline.Pipeline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.opentest4j.AssertionFailedError;

/** Checks that the contract kit accepts a correct engine and detects broken engines. */
class EngineContractTest {
  private static volatile Engine engine = new CheckpointedEngine();

  static void test(Engine tested) {
    engine = tested;
  }

  /** The engine under test. */
  private static final class Dock implements Testbed {
    @Override
    public Engine engine() {
      return engine;
    }

    @Override
    public ContractSource source(int partitions) {
      return engine instanceof ReadsUncommittedRecords
          ? ReadsUncommittedRecords.source(partitions)
          : ContractSource.inMemory(partitions);
    }

    @Override
    public Duration patience() {
      // One of the waits times out.
      return Duration.ofSeconds(engine instanceof HidesFailures ? 2 : 60);
    }
  }

  /** The contract kit for the engine under test; only this test runs it. */
  static final class OnTrial extends EngineContract {
    @Override
    protected Testbed testbed() {
      return new Dock();
    }
  }

  /** Random pipelines for the engine under test; only this test runs them. */
  static final class OnRandomTrial extends RandomPipelinesContract {
    @Override
    protected Testbed testbed() {
      return new Dock();
    }
  }

  static Stream<Arguments> engines() {
    return Stream.of(
        Arguments.of(new CheckpointedEngine(), List.of()),
        Arguments.of(
            new LosesLateCalls(),
            List.of("4.2", "4.3", "4.4", "4.11", "8.1", "8.5", "18.8", "19.2", "21.5")),
        Arguments.of(
            new KeepsLateCallsToItself(), List.of("4.3", "4.11", "8.4", "18.8", "19.2", "21.5")),
        Arguments.of(
            new CountsAReplayedBatchTwice(),
            List.of("7.10", "15.3", "15.4", "15.8", "19.4", "21.12")),
        Arguments.of(new ShiftsWindowEdgesInSummer(), List.of("2.4", "2.5", "2.6", "2.8", "2.9")),
        Arguments.of(
            new LosesTheFirstMillisecondOfAWindow(),
            List.of("2.1", "18.8", "22.1", "22.2", "22.3")), // A filter makes gaps zeros.
        Arguments.of(
            new EndsSessionsAtTheGap(), List.of("2.10", "2.11", "2.12", "4.11", "4.12", "15.8")),
        Arguments.of(new ClosesSessionsTooLate(), List.of("4.11", "4.12")),
        Arguments.of(new OnlyAppendsToSessions(), List.of("2.11", "2.12", "15.8")),
        Arguments.of(new JoinsLookupsInwards(), List.of("7.1", "7.3", "7.4")),
        Arguments.of(new SwallowsARejection(), List.of("6.1", "6.2", "6.3", "6.6", "8.3")),
        Arguments.of(new ReadsUncommittedRecords(), List.of("6.7", "6.8", "6.9")),
        Arguments.of(new FailsWhereAFormatThrows(), List.of("6.10", "6.11")),
        Arguments.of(new ReadsNoKeysAndHeaders(), List.of("18.1")),
        Arguments.of(new CountsOneCallPerRecord(), List.of("18.2", "18.3", "18.6", "18.7", "18.8")),
        Arguments.of(new RejectsRecordsInAnOutage(), List.of("18.5")),
        Arguments.of(
            new TakesTheGreatestForTheWatermark(), List.of("3.1", "3.5", "18.1", "18.7", "21.5")),
        Arguments.of(
            new BelievesEveryEventTime(),
            List.of("3.10", "3.11", "3.12", "3.13", "3.14", "3.15", "3.16", "3.17", "4.10")),
        Arguments.of(
            new BelievesConfirmedTimesOnly(),
            List.of("3.10", "3.12", "3.13", "3.14", "3.15", "3.17")),
        Arguments.of(new ForgetsIds(), List.of("5.2", "5.3", "5.4", "5.5", "5.6")),
        Arguments.of(new ReadsTimesInUtc(), List.of("1.1", "1.3", "1.4", "1.5")),
        Arguments.of(new LetsAllGroupsIn(), List.of("10.1", "10.2", "21.9")),
        Arguments.of(
            new MergesNoStates(),
            List.of(
                "11.2", "11.5", "11.6", "11.7", "11.8", "11.9", "11.10", "11.11", "11.12", "21.8")),
        Arguments.of(new AddsInDoublePrecision(), List.of("11.7", "11.8", "21.8")),
        Arguments.of(new EmitsClosedWindowsAgain(), List.of("9.3", "22.1")),
        Arguments.of(new ReportsRowsPerSinkAndLatencyByEventTime(), List.of("13.9", "13.10")),
        Arguments.of(
            new HidesFailures(),
            List.of(
                "14.1", "14.2", "14.3", "14.6", "14.8", "14.11", "15.3", "15.4", "15.8", "7.10",
                "19.4", "21.12")),
        Arguments.of(
            new CountsNewStatisticsFromTheStart(), List.of("19.1", "19.2", "19.4", "19.7")),
        Arguments.of(new CountsNewStatisticsInARepeatedBatch(), List.of("19.4")),
        Arguments.of(new ForgetsEarlierCalls(), List.of("19.1", "19.2", "19.4", "19.7")),
        Arguments.of(new ReusesNames(), List.of("19.3", "19.5", "19.6", "19.7")),
        Arguments.of(new AlwaysEvolves(), List.of("19.6")),
        Arguments.of(new IgnoresChangedTables(), List.of("7.6", "7.7", "7.8", "7.9", "7.10")),
        Arguments.of(new RepeatsABatchWithCurrentTables(), List.of("7.10")),
        Arguments.of(new HidesFailuresOfTables(), List.of("7.11")),
        Arguments.of(new CountsNoUnknownCalls(), List.of("5.6", "7.2", "7.7", "7.9")),
        Arguments.of(new ReportsNoTables(), List.of("7.8")),
        Arguments.of(new AcceptsWhatItDoesNotDeclare(), List.of("16.5", "16.7", "16.8")),
        Arguments.of(
            new KeepsFirstVersions(),
            List.of(
                "21.1", "21.2", "21.3", "21.4", "21.5", "21.6", "21.7", "21.8", "21.9", "21.10",
                "21.11", "21.12")),
        Arguments.of(
            new CountsAllVersions(),
            List.of(
                "21.1", "21.2", "21.3", "21.4", "21.5", "21.6", "21.7", "21.8", "21.9", "21.10",
                "21.11", "21.12")),
        Arguments.of(
            new ForgetsVersions(),
            List.of("21.1", "21.2", "21.3", "21.4", "21.5", "21.6", "21.10", "21.11")),
        Arguments.of(new ShowsRemovedGroups(), List.of("21.6")),
        Arguments.of(new HidesRemovedGroups(), List.of("21.3", "21.6", "21.9", "21.10", "21.12")),
        Arguments.of(new RetractsOnlyCounts(), List.of("21.8")),
        Arguments.of(new ForgetsABaseline(), List.of("22.1", "22.2", "22.3")));
  }

  /** The results of the rules by number. */
  private record Verdict(Map<String, Status> rules, Map<String, String> why) {
    List<String> all(Status status) {
      return rules.keySet().stream().filter(rule -> rules.get(rule) == status).toList();
    }
  }

  private static Verdict tested(Engine tested) {
    engine = tested;
    Verdict verdict = new Verdict(new TreeMap<>(), new TreeMap<>());
    EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(OnTrial.class))
        .execute()
        .testEvents()
        .finished()
        .stream()
        .forEach(
            event -> {
              TestExecutionResult result = event.getRequiredPayload(TestExecutionResult.class);
              String rule = rule(event);
              verdict.rules().put(rule, result.getStatus());
              result.getThrowable().ifPresent(t -> verdict.why().put(rule, t.toString()));
            });
    assertThat(verdict.rules()).hasSizeGreaterThan(80);
    for (String rule : verdict.all(Status.FAILED)) {
      assertThat(verdict.why().get(rule)).contains("Rule " + rule + " failed: ", " Check ");
    }
    return verdict;
  }

  @Tag("thorough")
  @ParameterizedTest(name = "{0}")
  @MethodSource("engines")
  void anEngineFailsTheRulesThatItBreaks(Engine tested, List<String> broken) {
    Verdict verdict = tested(tested);
    assertThat(verdict.all(Status.FAILED))
        .as("%s", verdict.why())
        .containsExactlyInAnyOrderElementsOf(broken);
    if (broken.isEmpty()) {
      assertThat(verdict.all(Status.ABORTED))
          .containsExactly("16.2", "16.4", "16.5", "16.7", "16.8", "16.9");
    }
  }

  @Test
  void aFailureShowsTheRuleAndWhereToLook() throws IOException {
    engine = new LosesLateCalls();
    Event failed =
        EngineTestKit.engine("junit-jupiter")
            .selectors(selectClass(OnTrial.class))
            .execute()
            .testEvents()
            .failed()
            .stream()
            .filter(event -> rule(event).equals("4.2"))
            .findFirst()
            .orElseThrow();
    String text =
        "At a watermark of end + allowed lateness, a call is late and counts as late. A call of the"
            + " next window is not late.";
    assertThat(failed.getTestDescriptor().getDisplayName()).isEqualTo("4.2 " + text);
    Throwable failure =
        failed.getRequiredPayload(TestExecutionResult.class).getThrowable().orElseThrow();
    assertThat(failure)
        .hasMessageStartingWith(
            "Rule 4.2 failed: "
                + text
                + " Check for `<` instead of `<=`, or for late calls that are dropped.\nexpected: 1L")
        .isInstanceOfSatisfying(
            AssertionFailedError.class, e -> assertThat(e.isExpectedDefined()).isTrue());
    assertThat(Files.readString(Path.of("../docs/write-an-engine.md")))
        .containsIgnoringWhitespaces(failure.getMessage());
  }

  /** The local engine with batches of one record. */
  private static final class CutsSteps implements Engine {
    private final Engine local = new LocalEngine();

    @Override
    public String name() {
      return local.name();
    }

    @Override
    public Set<Capability> capabilities() {
      return EnumSet.of(Capability.MEMORY_SOURCE, Capability.DISTINCT, Capability.LOOKUPS);
    }

    @Override
    public RunningPipeline start(Pipeline pipeline, RunOptions options) {
      requireSupport(pipeline, options);
      return local.start(pipeline, options.readingAtMost(1));
    }
  }

  @Test
  @Tag("thorough")
  void skipsRulesForBatchesThatAnEngineDoesNotMake() {
    Verdict verdict = tested(new CutsSteps());
    assertThat(verdict.all(Status.FAILED)).as("%s", verdict.why()).isEmpty();
    assertThat(verdict.all(Status.ABORTED)).contains("3.1", "4.2", "5.1", "8.1", "9.3");
    assertThat(verdict.why().get("3.1")).contains("cut a step of 'watermarks'");
    assertThat(verdict.all(Status.SUCCESSFUL)).contains("11.5", "13.5", "14.1");
  }

  /** Returns the number of the rule that a test checks. */
  private static String rule(Event event) {
    return ((org.junit.platform.engine.support.descriptor.MethodSource)
            event.getTestDescriptor().getSource().orElseThrow())
        .getJavaMethod()
        .getAnnotation(Rule.class)
        .number();
  }
}
