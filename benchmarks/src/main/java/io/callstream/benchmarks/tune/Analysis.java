package io.callstream.benchmarks.tune;

import io.callstream.benchmarks.tune.Run.Stage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.commons.math3.distribution.TDistribution;

/*
 * Effects are ratios, so everything is computed on logarithms. Each round runs every configuration
 * once: what a round as a whole was faster or slower than others (somebody else used the machine, the
 * JIT had seen more) belongs to the round, and is taken out. What is left when configuration and round
 * are taken out is noise. This is the randomized complete block design of the textbooks:
 *
 *   ln value = configuration + round + noise
 *
 * An effect is the difference of the means of a configuration and of the defaults. It is beyond noise
 * if it is greater than what noise alone would reach with a chance of 5 % in any of the comparisons
 * made (Student's t, with Bonferroni's correction for their number), and at least 3 %: what is less
 * may be real, and is not worth a setting.
 */
final class Analysis {
  private static final double CHANCE = 0.05;
  private static final double LEAST_EFFECT = Math.log(1.03);

  private final Map<Measure, Table> tables = new EnumMap<>(Measure.class);

  /** The values of one measure, their noise, and what follows from it. */
  private static final class Table {
    private final Map<Configuration, double[]> logs = new LinkedHashMap<>();
    private final int rounds;
    private final double deviation;
    private final double quantile;

    Table(Map<Configuration, Map<Integer, Double>> values, int rounds) {
      this.rounds = rounds;
      values.forEach(
          (configuration, byRound) -> {
            if (byRound.size() == rounds) {
              logs.put(
                  configuration,
                  byRound.values().stream().mapToDouble(value -> Math.log(value)).toArray());
            }
          });
      int freedom = (logs.size() - 1) * (rounds - 1);
      if (freedom < 1) {
        deviation = Double.NaN;
        quantile = Double.NaN;
        return;
      }
      deviation = Math.sqrt(squares() / freedom);
      quantile =
          new TDistribution(freedom)
              .inverseCumulativeProbability(1 - CHANCE / 2 / (logs.size() - 1));
    }

    private double squares() {
      double[] roundMeans = new double[rounds];
      logs.values()
          .forEach(
              row -> {
                for (int i = 0; i < rounds; i++) {
                  roundMeans[i] += row[i] / logs.size();
                }
              });
      double all = mean(roundMeans);
      double squares = 0;
      for (double[] row : logs.values()) {
        double own = mean(row);
        for (int i = 0; i < rounds; i++) {
          double left = row[i] - own - roundMeans[i] + all;
          squares += left * left;
        }
      }
      return squares;
    }

    /** Returns how far a sum of so many means strays, on the logarithmic scale. */
    double margin(int means) {
      return Math.max(LEAST_EFFECT, quantile * deviation * Math.sqrt((double) means / rounds));
    }
  }

  /**
   * The values of a configuration.
   *
   * @param mean their geometric mean
   * @param least the least of them
   * @param most the greatest of them
   */
  record Estimate(double mean, double least, double most) {}

  /**
   * What a configuration changes.
   *
   * @param ratio its mean by that of the defaults
   * @param margin the factor, over 1, by which noise alone may make the ratio stray from 1
   * @param beyondNoise whether it strays further than that
   * @param gain the logarithm of the improvement: over 0 if it is better than the defaults
   */
  record Effect(double ratio, double margin, boolean beyondNoise, double gain) {
    boolean isGain() {
      return beyondNoise && gain > 0;
    }

    boolean isLoss() {
      return beyondNoise && gain < 0;
    }
  }

  /**
   * A setting among the others.
   *
   * @param setting which
   * @param throughput the best value's throughput by the worst's, at least 1; NaN if not measured
   * @param latency the worst value's p95 by the best's, at least 1; NaN if not measured
   * @param throughputBeyondNoise whether a value's throughput differs from the default's
   * @param latencyBeyondNoise whether a value's p95 differs from the default's
   */
  record Ranked(
      Setting setting,
      double throughput,
      double latency,
      boolean throughputBeyondNoise,
      boolean latencyBeyondNoise) {
    /** Returns the greatest factor that is beyond noise; 1 if none is. */
    double strength() {
      return Math.max(throughputBeyondNoise ? throughput : 1, latencyBeyondNoise ? latency : 1);
    }
  }

  /**
   * What two settings do together.
   *
   * @param configuration the two
   * @param measure of which
   * @param expected the ratio to the defaults if their effects just multiplied
   * @param measured the ratio that was measured
   * @param beyondNoise whether the two differ by more than noise
   */
  record Interaction(
      Configuration configuration,
      Measure measure,
      double expected,
      double measured,
      boolean beyondNoise) {}

  private Analysis() {}

  static Analysis of(List<Run> runs) {
    Analysis analysis = new Analysis();
    for (Measure measure : Measure.values()) {
      Map<Configuration, Map<Integer, Double>> values = new LinkedHashMap<>();
      Set<Integer> rounds = new TreeSet<>();
      for (Run run : runs) {
        Double value = run.values().get(measure);
        if (value != null && run.stage() == Stage.COMPARE) {
          values.computeIfAbsent(run.configuration(), c -> new TreeMap<>()).put(run.round(), value);
          rounds.add(run.round());
        }
      }
      if (values.containsKey(Configuration.baseline())) {
        analysis.tables.put(measure, new Table(values, rounds.size()));
      }
    }
    return analysis;
  }

  /** Returns all configurations that were compared, the defaults first. */
  Set<Configuration> configurations() {
    Set<Configuration> all = new LinkedHashSet<>();
    all.add(Configuration.baseline());
    tables.values().forEach(table -> all.addAll(table.logs.keySet()));
    return all;
  }

  /** Returns the noise of one run, as a part of its value; NaN if it can't be told. */
  double noise(Measure measure) {
    Table table = tables.get(measure);
    return table == null ? Double.NaN : Math.expm1(table.deviation);
  }

  /**
   * Returns the factor, over 1, from which on an effect is beyond noise; NaN if it can't be told.
   */
  double margin(Measure measure) {
    Table table = tables.get(measure);
    return table == null ? Double.NaN : Math.exp(table.margin(2));
  }

  private Table table(Measure measure) {
    return Objects.requireNonNull(tables.get(measure), () -> "no values of " + measure);
  }

  /** Returns the logarithms of a configuration's values; none if it has none. */
  private double[] logs(Configuration configuration, Measure measure) {
    Table table = tables.get(measure);
    double[] row = table == null ? null : table.logs.get(configuration);
    return row == null ? new double[0] : row;
  }

  boolean has(Configuration configuration, Measure measure) {
    return logs(configuration, measure).length > 0;
  }

  /** Returns the values of a configuration; it must have some. */
  Estimate estimate(Configuration configuration, Measure measure) {
    double[] row = logs(configuration, measure);
    DoubleSummaryStatistics all = Arrays.stream(row).summaryStatistics();
    return new Estimate(Math.exp(mean(row)), Math.exp(all.getMin()), Math.exp(all.getMax()));
  }

  /** Returns what a configuration changes; it must have values. */
  Effect effect(Configuration configuration, Measure measure) {
    Table table = table(measure);
    double log = mean(logs(configuration, measure)) - mean(logs(Configuration.baseline(), measure));
    double margin = table.margin(2);
    return new Effect(
        Math.exp(log),
        Math.exp(margin),
        !configuration.isBaseline() && Math.abs(log) > margin,
        measure.moreIsBetter() ? log : -log);
  }

  /** Returns the configurations that differ from the defaults in one setting, and in which. */
  private List<Configuration> levels(Setting setting) {
    return configurations().stream()
        .filter(c -> c.values().size() == 1 && c.values().containsKey(setting))
        .toList();
  }

  /** Returns the settings, the one with the strongest effect first. */
  List<Ranked> ranking() {
    List<Ranked> ranked = new ArrayList<>();
    for (Setting setting : Setting.values()) {
      List<Configuration> levels = levels(setting);
      if (setting != Setting.PROPERTY && !levels.isEmpty()) {
        ranked.add(
            new Ranked(
                setting,
                span(levels, Measure.THROUGHPUT),
                span(levels, Measure.P95),
                differs(levels, Measure.THROUGHPUT),
                differs(levels, Measure.P95)));
      }
    }
    ranked.sort(Comparator.comparingDouble(Ranked::strength).reversed());
    return ranked;
  }

  private double span(List<Configuration> levels, Measure measure) {
    double least = 0;
    double most = 0;
    boolean any = false;
    for (Configuration level : levels) {
      if (has(level, measure)) {
        any = true;
        double log = Math.log(effect(level, measure).ratio());
        least = Math.min(least, log);
        most = Math.max(most, log);
      }
    }
    return any ? Math.exp(most - least) : Double.NaN;
  }

  private boolean differs(List<Configuration> levels, Measure measure) {
    return levels.stream()
        .anyMatch(level -> has(level, measure) && effect(level, measure).beyondNoise());
  }

  /**
   * A configuration between throughput and latency.
   *
   * @param configuration which
   * @param latency its p95
   * @param throughput calls of a backlog in a second; a trigger interval is without effect on it,
   *     and has the defaults'
   * @param frontier whether none other beats it in both
   */
  record Place(Configuration configuration, double latency, double throughput, boolean frontier) {}

  /** Returns the configurations of which both throughput and p95 are known, by p95. */
  List<Place> places() {
    List<Place> places = new ArrayList<>();
    double best = 0;
    for (Configuration configuration :
        configurations().stream()
            .filter(c -> has(c, Measure.P95) && has(draining(c), Measure.THROUGHPUT))
            .sorted(
                Comparator.comparingDouble((Configuration c) -> value(c, Measure.P95))
                    .thenComparing(c -> -value(draining(c), Measure.THROUGHPUT)))
            .toList()) {
      double throughput = value(draining(configuration), Measure.THROUGHPUT);
      places.add(
          new Place(
              configuration, value(configuration, Measure.P95), throughput, throughput > best));
      best = Math.max(best, throughput);
    }
    return places;
  }

  /** Returns what a configuration amounts to for a backlog. */
  private static Configuration draining(Configuration configuration) {
    Map<Setting, String> values = new HashMap<>(configuration.values());
    values.remove(Setting.TRIGGER);
    return new Configuration(values);
  }

  private double value(Configuration configuration, Measure measure) {
    return estimate(configuration, measure).mean();
  }

  /** Returns what pairs of settings do together, where both were measured alone too. */
  List<Interaction> interactions() {
    List<Interaction> found = new ArrayList<>();
    for (Configuration pair : configurations()) {
      if (pair.values().size() == 2) {
        List<Configuration> alone =
            pair.values().entrySet().stream()
                .map(e -> Configuration.of(e.getKey(), e.getValue()))
                .toList();
        for (Measure measure : List.of(Measure.THROUGHPUT, Measure.P95)) {
          if (has(pair, measure) && alone.stream().allMatch(c -> has(c, measure))) {
            double expected =
                alone.stream()
                    .mapToDouble(c -> effect(c, measure).ratio())
                    .reduce(1, (a, b) -> a * b);
            double measured = effect(pair, measure).ratio();
            double margin = table(measure).margin(4);
            found.add(
                new Interaction(
                    pair,
                    measure,
                    expected,
                    measured,
                    Math.abs(Math.log(measured / expected)) > margin));
          }
        }
      }
    }
    return found;
  }

  /** What a recommendation is for. */
  enum Goal {
    /** Better in one, worse in none. */
    BOTH,
    /** Throughput, whatever it costs. */
    THROUGHPUT,
    /** Latency, whatever it costs. */
    LATENCY
  }

  /** Returns the settings to change: for each the value that serves a goal best, beyond noise. */
  Configuration recommended(Goal goal) {
    Configuration recommended = Configuration.baseline();
    for (Setting setting : Setting.values()) {
      if (setting == Setting.PROPERTY) {
        continue;
      }
      double best = 0;
      String value = null;
      for (Configuration level : levels(setting)) {
        double gain = gain(level, goal);
        if (gain > best) {
          best = gain;
          value = level.values().get(setting);
        }
      }
      if (value != null) {
        recommended = recommended.with(setting, value);
      }
    }
    return recommended;
  }

  private double gain(Configuration level, Goal goal) {
    double throughput = gain(level, Measure.THROUGHPUT);
    double latency = gain(level, Measure.P95);
    return switch (goal) {
      case BOTH -> Math.min(throughput, latency) < 0 ? 0 : throughput + latency;
      case THROUGHPUT -> throughput;
      case LATENCY -> latency;
    };
  }

  /** Returns the gain of a configuration in one measure; 0 if it is within noise. */
  private double gain(Configuration level, Measure measure) {
    if (!has(level, measure)) {
      return 0;
    }
    Effect effect = effect(level, measure);
    return effect.beyondNoise() ? effect.gain() : 0;
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }
}
