package io.callstream.benchmarks.scale;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.benchmarks.scale.CostModel.Measurement;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Fits {@link CostModel} to measurements and prints, in Markdown, the costs, the errors, what some
 * rates need, and how the model compares with a {@link Simulation}.
 *
 * <p>Arguments: files with the lines of JSON that {@link io.callstream.benchmarks.Scale} prints.
 * Several lines of one point are combined to their median.
 */
public final class ScaleModel {
  private static final double[] RATES = {1e4, 1e6, 1e8};
  private static final double LONGEST_BATCH_SECONDS = 10;

  /** The fraction of the time in which a system that keeps up works. */
  private static final double UTILIZATION = 0.7;

  private static final int MAX_CORES = 1 << 14;

  private ScaleModel() {}

  /** Prints the model of the measurements in the files. */
  public static void main(String[] args) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String file : args) {
      for (String line : Files.readAllLines(Path.of(file))) {
        lines.add(new ObjectMapper().readTree(line));
      }
    }
    print(lines, System.out);
  }

  static void print(List<JsonNode> lines, PrintStream out) {
    Map<String, CostModel> models = new LinkedHashMap<>();
    for (String engine : List.of("local", "spark")) {
      List<Measurement> measurements =
          measurements(
              lines.stream().filter(l -> l.path("engine").asText().equals(engine)).toList());
      if (!measurements.isEmpty()) {
        models.put(engine, CostModel.fit(measurements));
        printErrors(engine, models.get(engine), measurements, out);
      }
    }
    printCosts(models, out);
    if (models.containsKey("spark")) {
      printRates(models.get("spark"), out);
      printSimulations(models.get("spark"), out);
    }
  }

  /** Returns the medians of the points. */
  static List<Measurement> measurements(List<JsonNode> lines) {
    Map<Workload, List<Double>> points = new LinkedHashMap<>();
    for (JsonNode line : lines) {
      points
          .computeIfAbsent(Workload.of(line), point -> new ArrayList<>())
          .add(line.path("batch_ms_p50").asDouble());
    }
    return points.entrySet().stream()
        .map(
            point -> {
              double[] sorted =
                  point.getValue().stream().mapToDouble(Double::doubleValue).sorted().toArray();
              return new Measurement(point.getKey(), sorted[(sorted.length - 1) / 2]);
            })
        .toList();
  }

  private static void printErrors(
      String engine, CostModel model, List<Measurement> measurements, PrintStream out) {
    double[] errors =
        measurements.stream().mapToDouble(m -> Math.abs(model.error(m))).sorted().toArray();
    out.printf(
        Locale.ROOT,
        "%s: %d points, median error %.0f %%, greatest %.0f %%%n",
        engine,
        errors.length,
        100 * errors[errors.length / 2],
        100 * errors[errors.length - 1]);
    measurements.stream()
        .sorted(Comparator.comparingDouble(m -> -Math.abs(model.error(m))))
        .limit(5)
        .forEach(
            m ->
                out.printf(
                    Locale.ROOT,
                    "  %+.0f %% of %.1f ms: %s%n",
                    100 * model.error(m),
                    m.millis(),
                    m.workload()));
  }

  private static void printCosts(Map<String, CostModel> models, PrintStream out) {
    out.println(
        "\n| engine | batch ms | task ms | call us | call and statistic us | partial result us | row us |");
    out.println("|---|--:|--:|--:|--:|--:|--:|");
    models.forEach(
        (engine, m) ->
            out.printf(
                Locale.ROOT,
                "| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |%n",
                engine,
                m.batchMillis(),
                m.taskMillis(),
                m.callMicros(),
                m.combineMicros(),
                m.mergeMicros(),
                m.rowMicros()));
  }

  private static void printRates(CostModel model, PrintStream out) {
    out.println("\n| calls/s | groups | results | cores | batch s | first bottleneck |");
    out.println("|--:|--:|---|--:|--:|---|");
    for (double rate : RATES) {
      for (double groups : new double[] {1e4, 1e6, 1e8}) {
        for (boolean driver : new boolean[] {true, false}) {
          printRate(model, rate, groups, driver, out);
        }
      }
    }
  }

  /** Prints the least number of cores that keeps up, with a task of each stage per core. */
  private static void printRate(
      CostModel fitted, double rate, double groups, boolean driver, PrintStream out) {
    CostModel model = driver ? fitted : fitted.withoutRows();
    for (int cores = 2; cores <= MAX_CORES; cores *= 2) {
      for (double seconds = 0.5; seconds <= LONGEST_BATCH_SECONDS; seconds *= 2) {
        Workload workload = cluster(rate * seconds, groups, cores);
        if (model.millis(workload) <= UTILIZATION * seconds * 1e3) {
          printRow(
              rate,
              groups,
              driver,
              "%d".formatted(cores),
              seconds,
              bottleneck(model, workload),
              out);
          return;
        }
      }
    }
    Workload largest = cluster(rate * LONGEST_BATCH_SECONDS, groups, 512);
    printRow(rate, groups, driver, "none", LONGEST_BATCH_SECONDS, bottleneck(model, largest), out);
  }

  private static void printRow(
      double rate,
      double groups,
      boolean driver,
      String cores,
      double seconds,
      String bottleneck,
      PrintStream out) {
    out.printf(
        Locale.ROOT,
        "| %,.0f | %,.0f | %s | %s | %.1f | %s |%n",
        rate,
        groups,
        driver ? "driver" : "executors",
        cores,
        seconds,
        bottleneck);
  }

  private static Workload cluster(double calls, double groups, int cores) {
    return new Workload(calls, groups, 1, 2, cores, cores, cores, cores, 0, 0, 0);
  }

  private static String bottleneck(CostModel model, Workload workload) {
    Map<String, Double> parts = model.parts(workload);
    return parts.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(
            part ->
                "%s (%.0f %%)"
                    .formatted(part.getKey(), 100 * part.getValue() / model.millis(workload)))
        .orElseThrow();
  }

  private static void printSimulations(CostModel model, PrintStream out) {
    int cores = 64;
    double calls = 5e7;
    out.println("\n| 64 cores, batches of 50,000,000 calls | model calls/s | simulation |");
    out.println("|---|--:|--:|");
    Workload one = cluster(calls, 1e4, cores);
    Workload four = new Workload(calls, 1e4, 1, 2, 4 * cores, cores, cores, cores, 0, 0, 0);
    Workload zipf = new Workload(calls, 1e6, 1, 2, cores, cores, cores, cores, 0, 1.1, 0);
    Workload hotGroup = new Workload(calls, 1e6, 1, 2, cores, cores, cores, cores, 0.9, 0, 0);
    double[] even = evenly(cores);
    double[] slow = even.clone();
    slow[0] = 0.25;
    double[] hot = evenly(cores);
    Arrays.fill(hot, 0.75 / (cores - 1));
    hot[0] = 0.25;
    double[] shares = shares(cores);
    printSimulation("even", model, one, even, shares, out);
    printSimulation(
        "10,000 groups, Zipf's law (1.1), 1,000,000 groups", model, zipf, even, shares, out);
    printSimulation(
        "90 % of the calls in one group of 1,000,000", model, hotGroup, even, shares, out);
    printSimulation("one core at a quarter of the speed", model, one, slow, shares, out);
    printSimulation(
        "the same, four partitions per core", model, four, slow, shares(4 * cores), out);
    printSimulation("a quarter of the calls in one partition", model, one, even, hot, out);
  }

  private static void printSimulation(
      String name,
      CostModel model,
      Workload workload,
      double[] speeds,
      double[] shares,
      PrintStream out) {
    double predicted = model.callsPerSecond(workload);
    double simulated = new Simulation(model, workload, speeds, shares).callsPerSecond();
    out.printf(Locale.ROOT, "| %s | %,.0f | %.2f |%n", name, predicted, simulated / predicted);
  }

  private static double[] evenly(int cores) {
    double[] speeds = new double[cores];
    Arrays.fill(speeds, 1);
    return speeds;
  }

  private static double[] shares(int partitions) {
    double[] shares = new double[partitions];
    Arrays.fill(shares, 1.0 / partitions);
    return shares;
  }
}
