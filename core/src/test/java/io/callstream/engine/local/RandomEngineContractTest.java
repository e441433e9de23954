package io.callstream.engine.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import io.callstream.engine.Engine;
import io.callstream.engine.contract.Scenario;
import io.callstream.engine.local.BrokenEngines.AddsInDoublePrecision;
import io.callstream.engine.local.BrokenEngines.BelievesEveryEventTime;
import io.callstream.engine.local.BrokenEngines.CountsAReplayedBatchTwice;
import io.callstream.engine.local.BrokenEngines.CountsNewStatisticsFromTheStart;
import io.callstream.engine.local.BrokenEngines.CountsNewStatisticsInARepeatedBatch;
import io.callstream.engine.local.BrokenEngines.CountsOneCallPerRecord;
import io.callstream.engine.local.BrokenEngines.ForgetsIds;
import io.callstream.engine.local.BrokenEngines.KeepsFirstVersions;
import io.callstream.engine.local.BrokenEngines.LosesLateCalls;
import io.callstream.engine.local.BrokenEngines.MergesNoStates;
import io.callstream.engine.local.BrokenEngines.RepeatsABatchWithCurrentTables;
import io.callstream.engine.local.BrokenEngines.ReportsNoTables;
import io.callstream.engine.local.BrokenEngines.SwallowsARejection;
import io.callstream.engine.local.BrokenEngines.TakesTheGreatestForTheWatermark;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;

/** Checks that random pipelines accept a correct engine and detect broken engines. */
@Tag("thorough")
class RandomEngineContractTest {
  /** Returns the failure of rule 17.1 with random pipelines, or empty. */
  private static Optional<Throwable> testedAtRandom(Engine tested, int tries) {
    EngineContractTest.test(tested);
    return EngineTestKit.engine("jqwik")
        .configurationParameter("jqwik.database", "target/jqwik-database")
        .configurationParameter("jqwik.tries.default", Integer.toString(tries))
        .configurationParameter("jqwik.failures.after.default", "RANDOM_SEED")
        .configurationParameter("jqwik.shrinking.bounded.seconds", "30")
        .selectors(
            selectMethod(EngineContractTest.OnRandomTrial.class, "rule_17_1", Scenario.class))
        .execute()
        .testEvents()
        .finished()
        .stream()
        .map(event -> event.getRequiredPayload(TestExecutionResult.class))
        .flatMap(result -> result.getThrowable().stream())
        .findFirst();
  }

  @Test
  void randomPipelinesAcceptACorrectEngine() {
    assertThat(testedAtRandom(new CheckpointedEngine(), 60)).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("brokenAtRandom")
  void randomPipelinesDetectBrokenEnginesWithASmallScenario(Engine tested) {
    // Few scenarios add a statistic while a batch is pending, so this needs many tries at worst.
    Throwable failure = testedAtRandom(tested, 500).orElseThrow();
    assertThat(failure)
        .isInstanceOf(AssertionError.class)
        .hasMessageStartingWith("Rule 17.1 failed: ");
    // The message contains the scenario with the number of records in each batch.
    Matcher batches = Pattern.compile("batches of \\[([0-9, ]*)]").matcher(failure.getMessage());
    assertThat(batches.find()).as(failure.getMessage()).isTrue();
    int records = Arrays.stream(batches.group(1).split(", ")).mapToInt(Integer::parseInt).sum();
    // One record less can move the end of every batch, so the smallest scenario found is not always
    // the smallest that fails.
    assertThat(records).as(failure.getMessage()).isBetween(1, 100);
  }

  static Stream<Engine> brokenAtRandom() {
    return Stream.of(
        new LosesLateCalls(),
        new CountsAReplayedBatchTwice(),
        new SwallowsARejection(),
        new CountsOneCallPerRecord(),
        new ForgetsIds(),
        new MergesNoStates(),
        new KeepsFirstVersions(),
        new AddsInDoublePrecision(),
        new BelievesEveryEventTime(),
        new RepeatsABatchWithCurrentTables(),
        new ReportsNoTables(),
        new TakesTheGreatestForTheWatermark(),
        new CountsNewStatisticsFromTheStart(),
        new CountsNewStatisticsInARepeatedBatch());
  }
}
