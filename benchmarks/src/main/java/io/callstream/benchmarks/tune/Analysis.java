package io.callstream.benchmarks.tune;

import static java.util.Objects.requireNonNull;

import io.callstream.benchmarks.tune.Run.Stage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.commons.math3.distribution.TDistribution;

/*
 * Effects are ratios, so everything is computed on logarithms. Each round runs every configuration
 * once: what a round as a whole was faster or slower than others (somebody else used the machine, the
 * JIT had seen more) belongs to the round, and is taken out. What is left when configuration and round
 * are taken out is noise. This is the randomized complete block design of the textbooks:
 *
 *   ln value = configuration + round + noise
 *
 * A run that failed leaves a hole, and the fit goes by the runs that are there: where there are fewer,
 * the margin is wider. Without holes the means are the plain ones.
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
    /** Where a step of the fit changes nothing any more. */
    private static final double SETTLED = 1e-12;

    /** The logarithms of the values by configuration and round. */
    private final Map<Configuration, Map<Integer, Double>> logs;

    private final Map<Configuration, Double> own = new HashMap<>();
    private final Map<Integer, Double> ofRound = new HashMap<>();
    private final double deviation;
    private final double quantile;

    Table(Map<Configuration, Map<Integer, Double>> logs) {
      this.logs = logs;
      logs.forEach(
          (configuration, row) -> {
            own.put(configuration, 0.0);
            row.keySet().forEach(round -> ofRound.put(round, 0.0));
          });
      fit();
      int values = logs.values().stream().mapToInt(Map::size).sum();
      int freedom = values - logs.size() - ofRound.size() + 1;
      deviation = freedom < 1 ? Double.NaN : Math.sqrt(squares() / freedom);
      quantile =
          freedom < 1
              ? Double.NaN
              : new TDistribution(freedom)
                  .inverseCumulativeProbability(1 - CHANCE / 2 / (logs.size() - 1));
    }

    /** Fits by least squares, in turns; where no value is missing the first turn is exact. */
    private void fit() {
      double change = Double.POSITIVE_INFINITY;
      while (change > SETTLED) {
        Map<Configuration, Double> before = Map.copyOf(own);
        logs.forEach(
            (configuration, row) ->
                own.put(
                    configuration,
                    mean(row.entrySet().stream().map(e -> e.getValue() - round(e.getKey())))));
        ofRound.replaceAll(
            (round, old) ->
                mean(
                    logs.entrySet().stream()
                        .filter(e -> e.getValue().containsKey(round))
                        .map(e -> log(e.getKey(), round) - own(e.getKey()))));
        double shift = mean(ofRound.values().stream());
        ofRound.replaceAll((round, value) -> value - shift);
        own.replaceAll((configuration, value) -> value + shift);
        change =
            own.entrySet().stream()
                .mapToDouble(e -> Math.abs(e.getValue() - requireNonNull(before.get(e.getKey()))))
                .max()
                .orElse(0);
      }
    }

    private double squares() {
      double squares = 0;
      for (Map.Entry<Configuration, Map<Integer, Double>> row : logs.entrySet()) {
        for (Map.Entry<Integer, Double> cell : row.getValue().entrySet()) {
          double left = cell.getValue() - own(row.getKey()) - round(cell.getKey());
          squares += left * left;
        }
      }
      return squares;
    }

    private double log(Configuration configuration, int round) {
      return requireNonNull(requireNonNull(logs.get(configuration)).get(round));
    }

    double own(Configuration configuration) {
      return requireNonNull(own.get(configuration));
    }

    private double round(int round) {
      return requireNonNull(ofRound.get(round));
    }

    /** Returns how far a sum of means of configurations strays, on the logarithmic scale. */
    double margin(List<Configuration> configurations) {
      return margin(
          configurations.stream().mapToDouble(c -> 1.0 / requireNonNull(logs.get(c)).size()).sum());
    }

    /** Returns how far two means stray that have a value of each round. */
    double usualMargin() {
      return margin(2.0 / ofRound.size());
    }

    private double margin(double variances) {
      return Math.max(LEAST_EFFECT, quantile * deviation * Math.sqrt(variances));
    }

    private static double mean(Stream<Double> values) {
      return values.mapToDouble(Double::doubleValue).average().orElseThrow();
    }
  }

  /**
   * The values of a configuration.
   *
   * @param mean their geometric mean, as it would be over all rounds
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
      Map<Configuration, Map<Integer, Double>> logs = new LinkedHashMap<>();
      for (Run run : runs) {
        Double value = run.values().get(measure);
        if (value != null && run.stage() == Stage.COMPARE) {
          logs.computeIfAbsent(run.configuration(), c -> new TreeMap<>())
              .put(run.round(), Math.log(value));
        }
      }
      if (logs.containsKey(Configuration.baseline())) {
        analysis.tables.put(measure, new Table(logs));
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
   * Returns the factor, over 1, from which on an effect is beyond noise where no run is missing;
   * NaN if it can't be told.
   */
  double margin(Measure measure) {
    Table table = tables.get(measure);
    return table == null ? Double.NaN : Math.exp(table.usualMargin());
  }

  private Table table(Measure measure) {
    return requireNonNull(tables.get(measure), () -> "no values of " + measure);
  }

  boolean has(Configuration configuration, Measure measure) {
    Table table = tables.get(measure);
    return table != null && table.logs.containsKey(configuration);
  }

  /** Returns the values of a configuration; it must have some. */
  Estimate estimate(Configuration configuration, Measure measure) {
    Table table = table(measure);
    DoubleSummaryStatistics all =
        requireNonNull(table.logs.get(configuration)).values().stream()
            .mapToDouble(Double::doubleValue)
            .summaryStatistics();
    return new Estimate(
        Math.exp(table.own(configuration)), Math.exp(all.getMin()), Math.exp(all.getMax()));
  }

  /** Returns what a configuration changes; it must have values. */
  Effect effect(Configuration configuration, Measure measure) {
    Table table = table(measure);
    double log = table.own(configuration) - table.own(Configuration.baseline());
    double margin = table.margin(List.of(configuration, Configuration.baseline()));
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
            double margin =
                table(measure)
                    .margin(List.of(pair, alone.get(0), alone.get(1), Configuration.baseline()));
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
}
