package io.callstream.benchmarks.tune;

import static java.util.Objects.requireNonNull;

import io.callstream.benchmarks.tune.Run.Stage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.RealVector;

/*
 * Effects are ratios, so everything is computed on logarithms. What a round as a whole was faster or
 * slower than others (somebody else used the machine, the JIT had seen more) belongs to the round, and
 * is taken out. What is left when configuration and round are taken out is noise. This is the
 * randomized complete block design of the textbooks:
 *
 *   ln value = configuration + round + noise
 *
 * It is fitted by least squares over the runs that are there: one that failed leaves a hole, and the
 * defaults may run more than once in a round. How far noise makes a difference of configurations
 * stray is the noise's deviation times the square root of c' (X'X)^-1 c, where X says which run is of
 * which configuration and round, and c which configurations are added and subtracted. Without holes
 * that is the sum of 1/n over them; with holes it is more, since what their rounds were is estimated too.
 *
 * An effect is the difference of a configuration and the defaults. It is beyond noise if it is
 * greater than what noise alone would reach with a chance of 5 % in any of all the comparisons that
 * the report judges, in every measure, the interactions among them (Student's t, with Bonferroni's
 * correction for their number), and at least 3 %: what is less may be real, and is not worth a
 * setting.
 */
final class Analysis {
  private static final double CHANCE = 0.05;
  private static final double LEAST_EFFECT = Math.log(1.03);

  private final Map<Measure, Table> tables = new EnumMap<>(Measure.class);

  /** A value of one measure, as a logarithm. */
  private record Value(Configuration configuration, int round, double log) {}

  /** The values of one measure, their noise, and what follows from it. */
  private static final class Table {
    private final List<Value> values;
    private final List<Configuration> configurations;
    private final List<Integer> rounds;

    /** What each configuration and each round but the first amount to, in this order. */
    private final RealVector fitted;

    /** How these vary with the noise, in parts of its variance. */
    private final RealMatrix variances;

    private final int freedom;
    private final double deviation;

    Table(List<Value> values) {
      this.values = values;
      configurations = values.stream().map(Value::configuration).distinct().toList();
      rounds = values.stream().map(Value::round).distinct().toList();
      int parameters = configurations.size() + rounds.size() - 1;
      RealMatrix products = new Array2DRowRealMatrix(parameters, parameters);
      RealVector sums = new ArrayRealVector(parameters);
      for (Value value : values) {
        RealVector row = row(value);
        products = products.add(row.outerProduct(row));
        sums = sums.add(row.mapMultiply(value.log()));
      }
      variances = MatrixUtils.inverse(products);
      fitted = variances.operate(sums);
      freedom = values.size() - parameters;
      double squares = 0;
      for (Value value : values) {
        squares += Math.pow(value.log() - row(value).dotProduct(fitted), 2);
      }
      deviation = freedom < 1 ? Double.NaN : Math.sqrt(squares / freedom);
    }

    /** Returns which of the parameters a value consists of. */
    private RealVector row(Value value) {
      RealVector row = new ArrayRealVector(configurations.size() + rounds.size() - 1);
      row.setEntry(configurations.indexOf(value.configuration()), 1);
      int round = rounds.indexOf(value.round());
      if (round > 0) {
        row.setEntry(configurations.size() + round - 1, 1);
      }
      return row;
    }

    boolean has(Configuration configuration) {
      return configurations.contains(configuration);
    }

    List<Double> logs(Configuration configuration) {
      return values.stream()
          .filter(value -> value.configuration().equals(configuration))
          .map(Value::log)
          .toList();
    }

    /** Returns a configuration's mean as it would be over all rounds. */
    double own(Configuration configuration) {
      double ofRounds = 0;
      for (int i = configurations.size(); i < fitted.getDimension(); i++) {
        ofRounds += fitted.getEntry(i);
      }
      return fitted.getEntry(configurations.indexOf(configuration)) + ofRounds / rounds.size();
    }

    /**
     * Returns how far noise makes a sum of configurations stray, in any of so many comparisons.
     *
     * @param plus those that are added
     * @param minus as many, that are subtracted
     */
    double margin(List<Configuration> plus, List<Configuration> minus, int comparisons) {
      if (freedom < 1) {
        return Double.NaN;
      }
      RealVector contrast = new ArrayRealVector(fitted.getDimension());
      plus.forEach(c -> contrast.addToEntry(configurations.indexOf(c), 1));
      minus.forEach(c -> contrast.addToEntry(configurations.indexOf(c), -1));
      double variance = contrast.dotProduct(variances.operate(contrast));
      double quantile =
          new TDistribution(freedom)
              .inverseCumulativeProbability(1 - CHANCE / 2 / Math.max(1, comparisons));
      return Math.max(LEAST_EFFECT, quantile * deviation * Math.sqrt(variance));
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
   * @param margin the factor, over 1, by which noise alone may make the ratio stray from 1; of the
   *     defaults it says nothing
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
      List<Value> values = new ArrayList<>();
      for (Run run : runs) {
        Double value = run.values().get(measure);
        if (value != null && run.stage() == Stage.COMPARE) {
          values.add(new Value(run.configuration(), run.round(), Math.log(value)));
        }
      }
      List<Value> comparable = comparable(values);
      if (!comparable.isEmpty()) {
        analysis.tables.put(measure, new Table(comparable));
      }
    }
    return analysis;
  }

  /**
   * Leaves out what can't be compared with the defaults: what has no round in common with them, nor
   * with anything that has.
   */
  private static List<Value> comparable(List<Value> values) {
    Set<Configuration> configurations = new HashSet<>(Set.of(Configuration.baseline()));
    Set<Integer> rounds = new HashSet<>();
    boolean more = true;
    while (more) {
      more = false;
      for (Value value : values) {
        if (configurations.contains(value.configuration())) {
          more |= rounds.add(value.round());
        } else if (rounds.contains(value.round())) {
          more |= configurations.add(value.configuration());
        }
      }
    }
    return values.stream().filter(v -> configurations.contains(v.configuration())).toList();
  }

  /** Returns all configurations that were compared, the defaults first. */
  Set<Configuration> configurations() {
    Set<Configuration> all = new LinkedHashSet<>();
    all.add(Configuration.baseline());
    tables.values().forEach(table -> all.addAll(table.configurations));
    return all;
  }

  /**
   * Returns how many comparisons are judged: each configuration with the defaults in each measure
   * that it has, and each pair with what its settings do alone.
   */
  int comparisons() {
    int effects = tables.values().stream().mapToInt(t -> t.configurations.size() - 1).sum();
    return effects + pairs().size();
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
    return configurations().stream()
        .filter(c -> !c.isBaseline() && has(c, measure))
        .mapToDouble(c -> effect(c, measure).margin())
        .min()
        .orElse(Double.NaN);
  }

  private Table table(Measure measure) {
    return requireNonNull(tables.get(measure), () -> "no values of " + measure);
  }

  boolean has(Configuration configuration, Measure measure) {
    Table table = tables.get(measure);
    return table != null && table.has(configuration);
  }

  /** Returns the values of a configuration; it must have some. */
  Estimate estimate(Configuration configuration, Measure measure) {
    Table table = table(measure);
    DoubleSummaryStatistics all =
        table.logs(configuration).stream().mapToDouble(log -> log).summaryStatistics();
    return new Estimate(
        Math.exp(table.own(configuration)), Math.exp(all.getMin()), Math.exp(all.getMax()));
  }

  /** Returns what a configuration changes; it must have values. */
  Effect effect(Configuration configuration, Measure measure) {
    Table table = table(measure);
    double log = table.own(configuration) - table.own(Configuration.baseline());
    double margin =
        table.margin(List.of(configuration), List.of(Configuration.baseline()), comparisons());
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

  /** Two settings together and each alone, of which a measure is known. */
  private record Pair(
      Measure measure, Configuration both, Configuration first, Configuration second) {}

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
            .forEach(m -> pairs.add(new Pair(m, both, alone.get(0), alone.get(1))));
      }
    }
    return pairs;
  }

  /** Returns what pairs of settings do together, where both were measured alone too. */
  List<Interaction> interactions() {
    return pairs().stream().map(this::interaction).toList();
  }

  private Interaction interaction(Pair pair) {
    double expected =
        effect(pair.first(), pair.measure()).ratio()
            * effect(pair.second(), pair.measure()).ratio();
    double measured = effect(pair.both(), pair.measure()).ratio();
    double margin =
        table(pair.measure())
            .margin(
                List.of(pair.both(), Configuration.baseline()),
                List.of(pair.first(), pair.second()),
                comparisons());
    return new Interaction(
        pair.both(),
        pair.measure(),
        expected,
        measured,
        Math.abs(Math.log(measured / expected)) > margin);
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
