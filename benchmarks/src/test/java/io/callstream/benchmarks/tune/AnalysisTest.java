package io.callstream.benchmarks.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.callstream.benchmarks.tune.Analysis.Goal;
import io.callstream.benchmarks.tune.Analysis.Interaction;
import io.callstream.benchmarks.tune.StudyRun.Stage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The expected figures were computed by hand, with quantiles from a table of Student's t. */
class AnalysisTest {
  private static final Configuration DEFAULTS = Configuration.baseline();
  private static final Configuration ONE = Configuration.of(Setting.SHUFFLE_PARTITIONS, 1);
  private static final Configuration MANY = Configuration.of(Setting.SHUFFLE_PARTITIONS, 200);
  private static final Configuration SMALL = Configuration.of(Setting.BATCH_LIMIT, 1_000);
  private static final Configuration FAST = Configuration.of(Setting.TRIGGER, 0);

  private final List<StudyRun> runs = new ArrayList<>();

  private void add(Configuration configuration, Measure measure, double... byRound) {
    for (int round = 0; round < byRound.length; round++) {
      runs.add(
          new StudyRun(
              Stage.COMPARE,
              round,
              configuration,
              Map.of(measure, byRound[round]),
              "",
              StudyRun.Trace.NONE));
    }
  }

  @Test
  void aSlowRoundIsNotNoise() {
    add(DEFAULTS, Measure.THROUGHPUT, 100, 50, 25);
    add(ONE, Measure.THROUGHPUT, 110, 55, 27.5);

    Analysis analysis = Analysis.of(runs, Stage.COMPARE);

    assertThat(analysis.noise(Measure.THROUGHPUT)).isCloseTo(0, within(1e-9));
    assertThat(analysis.effect(ONE, Measure.THROUGHPUT).ratio()).isCloseTo(1.1, within(1e-9));
    assertThat(analysis.effect(ONE, Measure.THROUGHPUT).isGain()).isTrue();
  }

  @Test
  void theMarginFollowsFromTheResiduals() {
    // The logarithms of the residuals are +d and -d for one configuration and -d and +d for the
    // other. Their squares sum up to 4 d^2 with one degree of freedom, so the deviation is 2 d. The
    // difference of two means of two runs has the same deviation. t(0.975; 1) = 12.706.
    double d = 0.01;
    add(DEFAULTS, Measure.P95, Math.exp(d), Math.exp(-d));
    add(ONE, Measure.P95, 1.2 * Math.exp(-d), 1.2 * Math.exp(d));

    Analysis analysis = Analysis.of(runs, Stage.COMPARE);

    assertThat(Math.log1p(analysis.noise(Measure.P95))).isCloseTo(2 * d, within(1e-9));
    assertThat(Math.log(analysis.margin(Measure.P95))).isCloseTo(12.706 * 2 * d, within(1e-5));
    assertThat(analysis.effect(ONE, Measure.P95).ratio()).isCloseTo(1.2, within(1e-9));
    assertThat(analysis.effect(ONE, Measure.P95).significant()).isFalse();
  }

  @Test
  void moreComparisonsWidenTheMargin() {
    // There are two comparisons: t(1 - 0.05/2/2; 2) = t(0.9875; 2) = 6.205.
    double d = 0.01;
    add(DEFAULTS, Measure.P95, Math.exp(d), Math.exp(-d));
    add(ONE, Measure.P95, Math.exp(-d), Math.exp(d));
    add(MANY, Measure.P95, 1, 1);

    double deviation = Math.sqrt(4 * d * d / 2);
    assertThat(Math.log(Analysis.of(runs, Stage.COMPARE).margin(Measure.P95)))
        .isCloseTo(6.205 * deviation, within(1e-4));
  }

  @Test
  void anEffectOfLessThanThreePercentIsNotSignificant() {
    add(DEFAULTS, Measure.THROUGHPUT, 1_000, 1_000);
    add(ONE, Measure.THROUGHPUT, 1_029, 1_029);
    add(MANY, Measure.THROUGHPUT, 1_031, 1_031);

    Analysis analysis = Analysis.of(runs, Stage.COMPARE);

    assertThat(analysis.effect(ONE, Measure.THROUGHPUT).significant()).isFalse();
    assertThat(analysis.effect(MANY, Measure.THROUGHPUT).significant()).isTrue();
  }

  private void fail(Configuration configuration, Measure measure, int round) {
    runs.removeIf(
        run ->
            run.configuration().equals(configuration)
                && run.values().containsKey(measure)
                && run.round() == round);
  }

  @Test
  void comparesAConfigurationWithinItsRounds() {
    // In the second round all runs are half as fast, so plain means would be wrong.
    add(DEFAULTS, Measure.THROUGHPUT, 100, 50, 100);
    add(ONE, Measure.THROUGHPUT, 120, 60, 120);
    add(MANY, Measure.THROUGHPUT, 10, 5, 10);
    fail(ONE, Measure.THROUGHPUT, 1);
    fail(DEFAULTS, Measure.THROUGHPUT, 2);

    Analysis analysis = Analysis.of(runs, Stage.COMPARE);

    assertThat(analysis.effect(ONE, Measure.THROUGHPUT).ratio()).isCloseTo(1.2, within(1e-9));
    assertThat(analysis.effect(MANY, Measure.THROUGHPUT).ratio()).isCloseTo(0.1, within(1e-9));
    assertThat(analysis.noise(Measure.THROUGHPUT)).isCloseTo(0, within(1e-9));
    assertThat(analysis.estimate(ONE, Measure.THROUGHPUT).min()).isCloseTo(120, within(1e-6));
  }

  @Test
  void fewerRunsWidenTheMargin() {
    // ONE has a single run, which the fit matches exactly. The residuals are those of DEFAULTS and
    // MANY, as in theMarginFollowsFromTheResiduals: the squares sum up to 4 d^2 with one degree of
    // freedom. There are two comparisons: t(0.9875; 1) = 25.452. Only DEFAULTS and MANY determine
    // the effect of the first round, so the effect of ONE is
    // ONE 1 - 3/4 DEFAULTS 1 - 1/4 DEFAULTS 2 - 1/4 MANY 1 + 1/4 MANY 2, with the variance 28/16.
    double d = 0.01;
    add(DEFAULTS, Measure.P95, Math.exp(d), Math.exp(-d));
    add(MANY, Measure.P95, Math.exp(-d), Math.exp(d));
    add(ONE, Measure.P95, 1.2);

    Analysis analysis = Analysis.of(runs, Stage.COMPARE);

    assertThat(Math.log1p(analysis.noise(Measure.P95))).isCloseTo(2 * d, within(1e-9));
    assertThat(Math.log(analysis.effect(MANY, Measure.P95).margin()))
        .isCloseTo(25.452 * 2 * d, within(1e-4));
    assertThat(Math.log(analysis.effect(ONE, Measure.P95).margin()))
        .isCloseTo(25.452 * 2 * d * Math.sqrt(1.75), within(1e-4));
  }

  @Test
  void missingRunsWidenTheMargin() {
    // Two of three by three runs are missing. The normal equations are
    //   2 D + r1 + r2 = .., 2 O + r1 + r3 = .., 3 M + r1 + r2 + r3 = ..
    // Their inverse gives var(O - D) = 4/3 and var(M - D) = 14/15. With known rounds, the variances
    // would be 1/2 + 1/2 and 1/2 + 1/3.
    // There are 7 - 3 - 2 = 2 degrees of freedom and two comparisons: t(0.9875; 2) = 6.205.
    add(DEFAULTS, Measure.P95, 100, 110, 100);
    add(ONE, Measure.P95, 100, 100, 112);
    add(MANY, Measure.P95, 107, 100, 100);
    fail(ONE, Measure.P95, 1);
    fail(DEFAULTS, Measure.P95, 2);

    Analysis analysis = Analysis.of(runs, Stage.COMPARE);

    double deviation = Math.log1p(analysis.noise(Measure.P95));
    assertThat(Math.log(analysis.effect(ONE, Measure.P95).margin()) / deviation)
        .isCloseTo(6.205 * Math.sqrt(4 / 3.0), within(1e-3));
    assertThat(Math.log(analysis.effect(MANY, Measure.P95).margin()) / deviation)
        .isCloseTo(6.205 * Math.sqrt(14 / 15.0), within(1e-3));
  }

  @Test
  void moreRunsOfTheDefaultsNarrowTheMargin() {
    // In each of two rounds, DEFAULTS runs twice, with the residuals +d and -d, and MANY once, with
    // the residual 0: the squares sum up to 4 d^2 with 6 - 2 - 1 = 3 degrees of freedom. The
    // difference of means of four and of two runs has the variance 3/4.
    // t(0.975; 3) = 3.182.
    double d = 0.1;
    add(DEFAULTS, Measure.P95, Math.exp(d), Math.exp(d));
    add(DEFAULTS, Measure.P95, Math.exp(-d), Math.exp(-d));
    add(MANY, Measure.P95, 2, 2);

    Analysis analysis = Analysis.of(runs, Stage.COMPARE);

    assertThat(analysis.effect(MANY, Measure.P95).ratio()).isCloseTo(2, within(1e-9));
    assertThat(Math.log(analysis.margin(Measure.P95)))
        .isCloseTo(3.182 * Math.sqrt(4 * d * d / 3) * Math.sqrt(0.75), within(1e-4));
  }

  @Test
  void countsTheComparisonsOfAllMeasures() {
    // Two configurations in two measures are four comparisons: t(1 - 0.05/2/4; 2) = 8.860.
    double d = 0.01;
    for (Measure measure : List.of(Measure.P95, Measure.THROUGHPUT)) {
      add(DEFAULTS, measure, Math.exp(d), Math.exp(-d));
      add(ONE, measure, Math.exp(-d), Math.exp(d));
      add(MANY, measure, 1, 1);
    }

    Analysis analysis = Analysis.of(runs, Stage.COMPARE);

    assertThat(analysis.comparisons()).isEqualTo(4);
    assertThat(Math.log(analysis.margin(Measure.P95)))
        .isCloseTo(8.860 * Math.sqrt(4 * d * d / 2), within(1e-4));
  }

  @Test
  void omitsAConfigurationWithoutACommonRound() {
    add(DEFAULTS, Measure.P95, 100, 100);
    add(ONE, Measure.P95, 120, 121);
    add(MANY, Measure.P95, 100, 100, 200);
    fail(MANY, Measure.P95, 0);
    fail(MANY, Measure.P95, 1);

    Analysis analysis = Analysis.of(runs, Stage.COMPARE);

    assertThat(analysis.has(MANY, Measure.P95)).isFalse();
    assertThat(analysis.comparisons()).isEqualTo(1);
    assertThat(analysis.effect(ONE, Measure.P95).ratio()).isCloseTo(1.205, within(1e-3));
  }

  @Test
  void withOneRoundNothingIsSignificant() {
    add(DEFAULTS, Measure.P95, 100);
    add(ONE, Measure.P95, 900);

    Analysis analysis = Analysis.of(runs, Stage.COMPARE);

    assertThat(analysis.noise(Measure.P95)).isNaN();
    assertThat(analysis.effect(ONE, Measure.P95).ratio()).isCloseTo(9, within(1e-9));
    assertThat(analysis.effect(ONE, Measure.P95).significant()).isFalse();
  }

  @Test
  void ranksSettingsByTheirStrongestSignificantEffect() {
    throughputOfAll();
    add(DEFAULTS, Measure.P95, 1_000, 1_010, 990);
    add(FAST, Measure.P95, 200, 202, 198);
    add(MANY, Measure.P95, 1_500, 1_515, 1_485);

    List<Analysis.RankedSetting> ranking = Analysis.of(runs, Stage.COMPARE).ranking();

    assertThat(ranking)
        .extracting(Analysis.RankedSetting::setting)
        .containsExactly(Setting.SHUFFLE_PARTITIONS, Setting.TRIGGER, Setting.BATCH_LIMIT);
    assertThat(ranking.get(0).throughput()).isCloseTo(110 / 10.0, within(1e-3));
    assertThat(ranking.get(0).latency()).isCloseTo(1.5, within(1e-3));
    assertThat(ranking.get(1).throughput()).isNaN();
    assertThat(ranking.get(1).latency()).isCloseTo(5, within(1e-3));
    assertThat(ranking.get(2).throughputSignificant()).isFalse();
    assertThat(ranking.get(2).strength()).isEqualTo(1);
  }

  /** The noise is about 1 %. ONE is 10 % better, MANY ten times worse, SMALL the same. */
  private void throughputOfAll() {
    add(DEFAULTS, Measure.THROUGHPUT, 100, 101, 99);
    add(ONE, Measure.THROUGHPUT, 110, 111.1, 108.9);
    add(MANY, Measure.THROUGHPUT, 10, 10.1, 9.9);
    add(SMALL, Measure.THROUGHPUT, 100.5, 100, 100);
  }

  @Test
  void recommendsSignificantGainsWithoutLosses() {
    throughputOfAll();
    add(DEFAULTS, Measure.P95, 1_000, 1_010, 990);
    add(FAST, Measure.P95, 200, 202, 198);
    add(ONE, Measure.P95, 2_000, 2_020, 1_980);

    Analysis analysis = Analysis.of(runs, Stage.COMPARE);

    assertThat(analysis.recommended(Goal.BOTH)).isEqualTo(FAST);
    assertThat(analysis.recommended(Goal.THROUGHPUT)).isEqualTo(ONE);
    assertThat(analysis.recommended(Goal.LATENCY)).isEqualTo(FAST);
  }

  @Test
  void recommendsTheDefaultsIfNothingIsSignificant() {
    add(DEFAULTS, Measure.THROUGHPUT, 100, 103, 98);
    add(ONE, Measure.THROUGHPUT, 104, 99, 101);
    add(SMALL, Measure.THROUGHPUT, 98, 102, 103);

    Analysis analysis = Analysis.of(runs, Stage.COMPARE);

    for (Goal goal : Goal.values()) {
      assertThat(analysis.recommended(goal).isBaseline()).isTrue();
    }
  }

  @Test
  void anInteractionDiffersFromTheProductOfTheFactors() {
    Configuration both = SMALL.with(Setting.SHUFFLE_PARTITIONS, 200);
    add(DEFAULTS, Measure.THROUGHPUT, 100, 101, 99);
    add(SMALL, Measure.THROUGHPUT, 50, 50.5, 49.5);
    add(MANY, Measure.THROUGHPUT, 40, 40.4, 39.6);
    add(both, Measure.THROUGHPUT, 5, 5.05, 4.95);

    Analysis analysis = Analysis.of(runs, Stage.COMPARE);
    List<Interaction> interactions = analysis.interactions();

    assertThat(analysis.comparisons()).isEqualTo(3 + 1);
    assertThat(interactions).hasSize(1);
    assertThat(interactions.get(0).expected()).isCloseTo(0.5 * 0.4, within(1e-6));
    assertThat(interactions.get(0).measured()).isCloseTo(0.05, within(1e-6));
    assertThat(interactions.get(0).significant()).isTrue();
  }
}
