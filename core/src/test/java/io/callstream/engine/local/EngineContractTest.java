package io.callstream.engine.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import io.callstream.engine.Engine;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.RandomPipelinesContract;
import io.callstream.engine.contract.Scenario;
import io.callstream.engine.contract.Testbed;
import io.callstream.engine.local.BrokenEngines.AcceptsWhatItDoesNotDeclare;
import io.callstream.engine.local.BrokenEngines.CountsAReplayedBatchTwice;
import io.callstream.engine.local.BrokenEngines.EmitsClosedWindowsAgain;
import io.callstream.engine.local.BrokenEngines.ForgetsIds;
import io.callstream.engine.local.BrokenEngines.HidesFailures;
import io.callstream.engine.local.BrokenEngines.JoinsLookupsInwards;
import io.callstream.engine.local.BrokenEngines.KeepsLateCallsToItself;
import io.callstream.engine.local.BrokenEngines.LetsAllGroupsIn;
import io.callstream.engine.local.BrokenEngines.LosesLateCalls;
import io.callstream.engine.local.BrokenEngines.LosesTheFirstMillisecondOfAWindow;
import io.callstream.engine.local.BrokenEngines.ReadsTimesInUtc;
import io.callstream.engine.local.BrokenEngines.ShiftsWindowEdgesInSummer;
import io.callstream.engine.local.BrokenEngines.SwallowsARejection;
import io.callstream.engine.local.BrokenEngines.TakesTheGreatestForTheWatermark;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;

/** The contract kit lets a sound engine pass, and catches broken ones by the rules they break. */
class EngineContractTest {
  private static volatile Engine engine = new CheckpointedEngine();

  /** Whichever engine is on trial. */
  private static final class Dock implements Testbed {
    @Override
    public Engine engine() {
      return engine;
    }

    @Override
    public ContractSource source(int partitions) {
      return ContractSource.inMemory(partitions);
    }

    @Override
    public Duration patience() {
      return Duration.ofSeconds(3);
    }
  }

  /** The kit over whichever engine is on trial; run by this test only. */
  static final class OnTrial extends EngineContract {
    @Override
    protected Testbed testbed() {
      return new Dock();
    }
  }

  /** Random pipelines over whichever engine is on trial; run by this test only. */
  static final class OnRandomTrial extends RandomPipelinesContract {
    @Override
    protected Testbed testbed() {
      return new Dock();
    }
  }

  static Stream<Arguments> engines() {
    return Stream.of(
        Arguments.of(new CheckpointedEngine(), List.of()),
        Arguments.of(new LosesLateCalls(), List.of("4.2", "4.3", "4.4", "8.1", "8.5")),
        Arguments.of(new KeepsLateCallsToItself(), List.of("4.3", "8.4")),
        Arguments.of(new CountsAReplayedBatchTwice(), List.of("15.3", "15.4")),
        Arguments.of(new ShiftsWindowEdgesInSummer(), List.of("2.4", "2.5", "2.6")),
        Arguments.of(new LosesTheFirstMillisecondOfAWindow(), List.of("2.1")),
        Arguments.of(new JoinsLookupsInwards(), List.of("7.1", "7.3", "7.4")),
        Arguments.of(new SwallowsARejection(), List.of("6.1", "6.6", "8.3")),
        Arguments.of(new TakesTheGreatestForTheWatermark(), List.of("3.1", "3.5")),
        Arguments.of(new ForgetsIds(), List.of("5.2", "5.3", "5.4", "5.5", "5.6")),
        Arguments.of(new ReadsTimesInUtc(), List.of("1.1", "1.3", "1.4", "1.5")),
        Arguments.of(new LetsAllGroupsIn(), List.of("10.1", "10.2")),
        Arguments.of(new EmitsClosedWindowsAgain(), List.of("9.3")),
        Arguments.of(
            new HidesFailures(), List.of("14.1", "14.2", "14.3", "14.6", "14.8", "15.3", "15.4")),
        Arguments.of(new AcceptsWhatItDoesNotDeclare(), List.of("16.5")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("engines")
  void anEngineFailsByTheRulesThatItBreaks(Engine onTrial, List<String> broken) {
    engine = onTrial;
    Map<String, Status> outcomes = new TreeMap<>();
    Map<String, String> why = new TreeMap<>();
    EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(OnTrial.class))
        .execute()
        .allEvents()
        .finished()
        .stream()
        .filter(event -> event.getTestDescriptor().isTest())
        .forEach(
            event -> {
              var result =
                  event.getRequiredPayload(org.junit.platform.engine.TestExecutionResult.class);
              String rule = rule(event);
              outcomes.put(rule, result.getStatus());
              result.getThrowable().ifPresent(t -> why.put(rule, t.toString()));
            });
    List<String> failed =
        outcomes.keySet().stream()
            .filter(rule -> outcomes.get(rule) == Status.FAILED)
            .collect(Collectors.toList());
    assertThat(failed).as("%s", why).containsExactlyInAnyOrderElementsOf(broken);
    assertThat(outcomes).hasSizeGreaterThan(80);
    if (broken.isEmpty()) {
      assertThat(outcomes.entrySet().stream().filter(e -> e.getValue() == Status.ABORTED))
          .extracting(Map.Entry::getKey)
          .containsExactlyInAnyOrder("16.2", "16.4", "16.5");
    }
  }

  /** Returns the number of a rule from the name of its test. */
  private static String rule(Event event) {
    String[] parts =
        ((org.junit.platform.engine.support.descriptor.MethodSource)
                event.getTestDescriptor().getSource().orElseThrow())
            .getMethodName()
            .split("_");
    return parts[1] + "." + parts[2];
  }

  /** What random pipelines say of an engine: nothing, or the failure of rule 17.1. */
  private static Optional<Throwable> onRandomTrial(Engine onTrial) {
    engine = onTrial;
    return EngineTestKit.engine("jqwik")
        .configurationParameter("jqwik.tries.default", "60")
        .configurationParameter("jqwik.failures.after.default", "RANDOM_SEED")
        .configurationParameter("jqwik.shrinking.bounded.seconds", "5")
        .selectors(
            selectMethod(
                OnRandomTrial.class,
                "rule_17_1_anyPipelineOverAnyRecordsComesToWhatTheModelSays",
                Scenario.class))
        .execute()
        .testEvents()
        .finished()
        .stream()
        .map(event -> event.getRequiredPayload(TestExecutionResult.class))
        .flatMap(result -> result.getThrowable().stream())
        .findFirst();
  }

  @Test
  void randomPipelinesLetASoundEnginePass() {
    assertThat(onRandomTrial(new CheckpointedEngine())).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("brokenAtRandom")
  void randomPipelinesCatchBrokenEnginesWithASmallScenario(Engine onTrial) {
    Throwable failure = onRandomTrial(onTrial).orElseThrow();
    assertThat(failure).isInstanceOf(AssertionError.class);
    // The message has the scenario: how many records were in its batches.
    Matcher batches = Pattern.compile("batches of \\[([0-9, ]*)]").matcher(failure.getMessage());
    assertThat(batches.find()).as(failure.getMessage()).isTrue();
    int records = Arrays.stream(batches.group(1).split(", ")).mapToInt(Integer::parseInt).sum();
    assertThat(records).as(failure.getMessage()).isBetween(1, 12);
  }

  static Stream<Engine> brokenAtRandom() {
    return Stream.of(
        new LosesLateCalls(),
        new CountsAReplayedBatchTwice(),
        new SwallowsARejection(),
        new ForgetsIds(),
        new TakesTheGreatestForTheWatermark());
  }
}
