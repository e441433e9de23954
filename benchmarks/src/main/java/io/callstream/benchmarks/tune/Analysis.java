package io.callstream.benchmarks.tune;

import static java.util.Objects.requireNonNull;

import io.callstream.benchmarks.tune.StudyRun.Stage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The effects of configurations. An effect is the ratio of a value to that of the baseline, so the
 * analysis computes with logarithms. An effect is significant if it is outside the confidence
 * interval that holds for all comparisons of the report together, and at least 3 %, because a
 * smaller effect is not worth a setting.
 */
final class Analysis {
  private static final double MIN_EFFECT = Math.log(1.03);

  private final Map<Measure, BlockDesign> designs = new EnumMap<>(Measure.class);

  /**
   * The values of a configuration.
   *
   * @param mean the geometric mean over all rounds
   * @param min the minimum
   * @param max the maximum
   */
  record Estimate(double mean, double min, double max) {}

  /**
   * The effect of a configuration.
   *
   * @param ratio its mean divided by that of the baseline
   * @param margin the factor, greater than 1, from which on the ratio is significant
   * @param significant whether the ratio exceeds the margin
   * @param gain the logarithm of the improvement; greater than 0 if better than the baseline
   */
  record Effect(double ratio, double margin, boolean significant, double gain) {
    boolean isGain() {
      return significant && gain > 0;
    }

    String change() {
      return ratio > 3
          ? String.format(Locale.ROOT, "×%.1f", ratio)
          : String.format(Locale.ROOT, "%+.0f %%", 100 * (ratio - 1));
    }
  }

  /**
   * The effect of a setting over all its measured values, the default included.
   *
   * @param throughput the best throughput divided by the worst; NaN if not measured
   * @param latency the worst p95 divided by the best; NaN if not measured
   */
  record RankedSetting(
      Setting setting,
      double throughput,
      double latency,
      boolean throughputSignificant,
      boolean latencySignificant) {
    /** Returns the greatest significant factor; 1 if none is significant. */
    double strength() {
      return Math.max(throughputSignificant ? throughput : 1, latencySignificant ? latency : 1);
    }
  }

  /**
   * The effect of two settings together.
   *
   * @param expected the product of the ratios of each setting alone
   * @param measured the measured ratio
   * @param significant whether the two differ significantly
   */
  record Interaction(
      Configuration configuration,
      Measure measure,
      double expected,
      double measured,
      boolean significant) {}

  enum Goal {
    /** Better throughput or latency, and neither is worse. */
    BOTH,
    /** Better throughput at any cost. */
    THROUGHPUT,
    /** Better latency at any cost. */
    LATENCY
  }

  private Analysis() {}

  /** Analyzes the runs of one stage. */
  static Analysis of(List<StudyRun> runs, Stage stage) {
    Analysis analysis = new Analysis();
    for (Measure measure : Measure.values()) {
      List<BlockDesign.Value> values = new ArrayList<>();
      boolean baseline = false;
      for (StudyRun run : runs) {
        Double value = run.values().get(measure);
        if (value != null && run.stage() == stage) {
          values.add(new BlockDesign.Value(run.configuration(), run.round(), Math.log(value)));
          baseline |= run.configuration().isBaseline();
        }
      }
      if (baseline) {
        analysis.designs.put(measure, BlockDesign.of(values));
      }
    }
    return analysis;
  }

  /** Returns all compared configurations; the baseline is the first. */
  Set<Configuration> configurations() {
    Set<Configuration> all = new LinkedHashSet<>();
    all.add(Configuration.baseline());
    designs.values().forEach(design -> all.addAll(design.configurations()));
    return all;
  }

  /** Returns the configurations that change only {@code setting}. */
  List<Configuration> levels(Setting setting) {
    return configurations().stream()
        .filter(c -> c.values().keySet().equals(Set.of(setting)))
        .toList();
  }

  /**
   * Returns the number of comparisons: each configuration with the baseline in each measure, and
   * each interaction.
   */
  int comparisons() {
    int effects = designs.values().stream().mapToInt(d -> d.configurations().size() - 1).sum();
    return effects + pairs().size();
  }

  /** Returns the relative standard deviation of a run; NaN if unknown. */
  double noise(Measure measure) {
    BlockDesign design = designs.get(measure);
    return design == null ? Double.NaN : Math.expm1(design.deviation());
  }

  /**
   * Returns the smallest factor, greater than 1, from which on an effect is significant; NaN if
   * unknown.
   */
  double margin(Measure measure) {
    return configurations().stream()
        .filter(c -> !c.isBaseline() && has(c, measure))
        .mapToDouble(c -> effect(c, measure).margin())
        .min()
        .orElse(Double.NaN);
  }

  private BlockDesign design(Measure measure) {
    return requireNonNull(designs.get(measure), () -> "no values of " + measure);
  }

  boolean has(Configuration configuration, Measure measure) {
    BlockDesign design = designs.get(measure);
    return design != null && design.configurations().contains(configuration);
  }

  /** Returns the values of a configuration, which must have some. */
  Estimate estimate(Configuration configuration, Measure measure) {
    BlockDesign design = design(measure);
    DoubleSummaryStatistics logs = design.summary(configuration);
    return new Estimate(
        Math.exp(design.mean(configuration)), Math.exp(logs.getMin()), Math.exp(logs.getMax()));
  }

  /** Returns the effect of a configuration, which must have values. */
  Effect effect(Configuration configuration, Measure measure) {
    BlockDesign design = design(measure);
    double log = design.mean(configuration) - design.mean(Configuration.baseline());
    double margin = margin(design, List.of(configuration), List.of(Configuration.baseline()));
    return new Effect(
        Math.exp(log),
        Math.exp(margin),
        !configuration.isBaseline() && Math.abs(log) > margin,
        measure.moreIsBetter ? log : -log);
  }

  private double margin(BlockDesign design, List<Configuration> plus, List<Configuration> minus) {
    return Math.max(MIN_EFFECT, design.confidence(plus, minus, comparisons()));
  }

  /** Returns the settings, ordered by strength. Folklore is not a setting. */
  List<RankedSetting> ranking() {
    return Stream.of(Setting.values())
        .filter(setting -> setting != Setting.PROPERTY && !levels(setting).isEmpty())
        .map(
            setting ->
                new RankedSetting(
                    setting,
                    span(setting, Measure.THROUGHPUT),
                    span(setting, Measure.P95),
                    isSignificant(setting, Measure.THROUGHPUT),
                    isSignificant(setting, Measure.P95)))
        .sorted(Comparator.comparingDouble(RankedSetting::strength).reversed())
        .toList();
  }

  private Stream<Effect> effects(Setting setting, Measure measure) {
    return levels(setting).stream().filter(c -> has(c, measure)).map(c -> effect(c, measure));
  }

  private double span(Setting setting, Measure measure) {
    DoubleSummaryStatistics ratios =
        effects(setting, measure).mapToDouble(Effect::ratio).summaryStatistics();
    return ratios.getCount() == 0
        ? Double.NaN
        : Math.max(1, ratios.getMax()) / Math.min(1, ratios.getMin());
  }

  private boolean isSignificant(Setting setting, Measure measure) {
    return effects(setting, measure).anyMatch(Effect::significant);
  }

  /** A configuration with two settings, and each setting alone, if all have been measured. */
  private record Pair(Measure measure, Configuration both, List<Configuration> alone) {}

  private List<Pair> pairs() {
    List<Pair> pairs = new ArrayList<>();
    for (Configuration both : configurations()) {
      if (both.values().size() == 2) {
        List<Configuration> alone =
            both.values().entrySet().stream()
                .map(e -> Configuration.of(e.getKey(), e.getValue()))
                .toList();
        Stream.of(Measure.THROUGHPUT, Measure.P95)
            .filter(m -> has(both, m) && alone.stream().allMatch(c -> has(c, m)))
            .forEach(m -> pairs.add(new Pair(m, both, alone)));
      }
    }
    return pairs;
  }

  List<Interaction> interactions() {
    return pairs().stream().map(this::interaction).toList();
  }

  private Interaction interaction(Pair pair) {
    double expected =
        pair.alone().stream()
            .mapToDouble(c -> effect(c, pair.measure()).ratio())
            .reduce(1, (a, b) -> a * b);
    double measured = effect(pair.both(), pair.measure()).ratio();
    double margin =
        margin(
            design(pair.measure()), List.of(pair.both(), Configuration.baseline()), pair.alone());
    return new Interaction(
        pair.both(),
        pair.measure(),
        expected,
        measured,
        Math.abs(Math.log(measured / expected)) > margin);
  }

  /** Returns the configuration with the best significant value of each setting. */
  Configuration recommended(Goal goal) {
    Configuration recommended = Configuration.baseline();
    for (Setting setting : Setting.values()) {
      double best = 0;
      for (Configuration level : levels(setting)) {
        double gain = gain(level, goal);
        if (gain > best && setting != Setting.PROPERTY) {
          best = gain;
          recommended = recommended.with(setting, level.value(setting).orElseThrow());
        }
      }
    }
    return recommended;
  }

  private double gain(Configuration level, Goal goal) {
    double throughput = significantGain(level, Measure.THROUGHPUT);
    double latency = significantGain(level, Measure.P95);
    return switch (goal) {
      case BOTH -> Math.min(throughput, latency) < 0 ? 0 : throughput + latency;
      case THROUGHPUT -> throughput;
      case LATENCY -> latency;
    };
  }

  /** Returns the gain of a configuration, or 0 if it is not significant. */
  private double significantGain(Configuration level, Measure measure) {
    if (!has(level, measure)) {
      return 0;
    }
    Effect effect = effect(level, measure);
    return effect.significant() ? effect.gain() : 0;
  }
}
