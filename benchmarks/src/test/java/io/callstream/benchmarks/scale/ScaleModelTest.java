package io.callstream.benchmarks.scale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.callstream.benchmarks.scale.CostModel.Measurement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScaleModelTest {
  private static final Path RESULTS = Path.of("results/2026-11-30-scale.ndjson");

  private static Workload workload(double calls, double groups, int partitions, int cores) {
    return new Workload(calls, groups, 1, 2, partitions, cores, cores, 0, 0, 0);
  }

  private static double[] even(int count, double value) {
    double[] all = new double[count];
    Arrays.fill(all, value);
    return all;
  }

  @Test
  void aBatchChangesTheGroupsOfItsCalls() {
    assertThat(workload(1e6, 10, 1, 1).changedGroups()).isCloseTo(2 * 10, within(1e-6));
    assertThat(workload(1, 1e9, 1, 1).changedGroups()).isCloseTo(2, within(1e-6));
    // Of n groups, n calls leave out the fraction 1/e.
    assertThat(workload(1e5, 1e5, 1, 1).changedGroups()).isCloseTo(2 * 63_212, within(2.0));
    assertThat(workload(1e5, 10, 4, 1).partialResults()).isCloseTo(2 * 4 * 10, within(1e-6));
  }

  @Test
  void skewReducesTheGroupsThatABatchChanges() {
    double hot = new Workload(1e5, 1e5, 1, 1, 1, 1, 0, 0.9, 0, 0).changedGroups();
    // 10,000 calls of 100,000 groups, and one more group.
    assertThat(hot).isCloseTo(9_516 + 1, within(2.0));
    double zipf = new Workload(1e5, 1e5, 1, 1, 1, 1, 0, 0, 1.1, 0).changedGroups();
    assertThat(zipf).isBetween(5_000.0, 30_000.0);
    double late = new Workload(1e5, 100, 25, 1, 1, 1, 0, 0, 0, 0.5).changedGroups();
    assertThat(late).isCloseTo(25 * 100, within(1.0));
  }

  @Test
  void theFitFindsTheCostsOfMeasurements() {
    CostModel costs = new CostModel(50, 2, 1.2, 0.3, 0.8, 0);
    List<Measurement> measurements = new ArrayList<>();
    for (double calls : new double[] {100, 5_000, 100_000, 1e6}) {
      for (double groups : new double[] {100, 1e5}) {
        for (int cores : new int[] {1, 2, 4}) {
          for (int statistics : new int[] {1, 8}) {
            Workload workload =
                new Workload(calls, groups, 1, statistics, 4, cores, cores, 0, 0, 0);
            measurements.add(new Measurement(workload, costs.millis(workload)));
          }
        }
      }
    }

    CostModel fitted = CostModel.fit(measurements);

    assertThat(fitted.batchMillis()).isCloseTo(50, within(0.01));
    assertThat(fitted.taskMillis()).isCloseTo(2, within(0.01));
    assertThat(fitted.callMicros()).isCloseTo(1.2, within(0.01));
    assertThat(fitted.combineMicros()).isCloseTo(0.3, within(0.01));
    assertThat(fitted.mergeMicros()).isCloseTo(0.8, within(0.01));
    assertThatThrownBy(() -> CostModel.fit(measurements.subList(0, 6)))
        .hasMessage("6 measurements are too few for 6 costs; measure at least 7 points");
  }

  @Test
  void evenTasksTakeAsLongAsTheModelSays() {
    CostModel costs = new CostModel(50, 0, 1, 0.5, 1, 0);
    Workload workload = workload(1e6, 1e5, 8, 8);
    double simulated =
        new Simulation(costs, workload, even(8, 1), even(8, 1 / 8.0)).callsPerSecond();

    // A stage ends with its slowest task, whose time varies by up to a fifth.
    assertThat(simulated / costs.callsPerSecond(workload)).isBetween(0.8, 1.0);
  }

  @Test
  void aSlowCoreAndAHotPartitionLimitAStage() {
    CostModel costs = new CostModel(0, 0, 1, 0, 0, 0);
    Workload workload = workload(1e6, 10, 8, 8);
    double[] slow = even(8, 1);
    slow[3] = 0.25;
    double[] hot = even(8, 0.5 / 7);
    hot[0] = 0.5;

    double all = costs.callsPerSecond(workload);
    assertThat(all).isCloseTo(8e6, within(1.0));
    assertThat(new Simulation(costs, workload, slow, even(8, 1 / 8.0)).callsPerSecond())
        .isCloseTo(all / 4, within(all / 20));
    assertThat(new Simulation(costs, workload, even(8, 1), hot).callsPerSecond())
        .isCloseTo(2e6, within(1e5));
    assertThatThrownBy(() -> new Simulation(costs, workload, even(7, 1), hot))
        .hasMessageContaining("7 speeds and 8 shares for 8 cores and 8 partitions");
  }

  @Test
  void theTablesOfThePageAreThoseOfTheResults() throws Exception {
    assertThat(Files.readString(Path.of("../docs/scale.md")))
        .contains(ScaleModel.markdown(RESULTS).strip().split("\n\n"));
  }
}
