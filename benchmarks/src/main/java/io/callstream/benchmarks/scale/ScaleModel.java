package io.callstream.benchmarks.scale;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.benchmarks.scale.CostModel.Measurement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * Fits {@link CostModel} to measurements. Prints in Markdown: the costs and errors, the cores that
 * some rates need, and a comparison with a {@link Simulation}.
 *
 * <p>Argument: a file with the lines of JSON that {@link io.callstream.benchmarks.Scale} prints.
 * Several lines of one point are combined to their median.
 */
public final class ScaleModel {
  private static final double[] RATES = {1e4, 1e6, 1e8};
  private static final double[] GROUPS = {1e4, 1e6, 1e8};
  private static final double LONGEST_BATCH_SECONDS = 16;

  /** The fraction of its time in which a system that keeps up works. */
  private static final double UTILIZATION = 0.7;

  private static final int MOST_CORES = 4_096;
  private static final int SIMULATED_CORES = 64;
  private static final double SIMULATED_CALLS = 5e7;
  private static final double MILLION = 1e6;

  private final Map<Variant, List<Measurement>> measurements = new EnumMap<>(Variant.class);
  private final Map<Variant, CostModel> models = new EnumMap<>(Variant.class);
  private final StringBuilder out = new StringBuilder();

  private ScaleModel(List<JsonNode> lines) {
    for (Variant variant : Variant.values()) {
      List<Measurement> medians =
          medians(lines.stream().filter(l -> Variant.of(l) == variant).toList());
      measurements.put(variant, medians);
      models.put(variant, CostModel.fit(medians));
    }
  }

  /** Prints the model of the measurements in a file. */
  public static void main(String[] args) throws IOException {
    System.out.print(markdown(Path.of(args[0])));
  }

  /** Returns the model of the measurements in a file, in Markdown. */
  static String markdown(Path file) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(file, UTF_8)) {
      lines.add(new ObjectMapper().readTree(line));
    }
    ScaleModel model = new ScaleModel(lines);
    model.printCosts();
    model.printRates();
    model.printSimulations();
    return model.out.toString();
  }

  private static <V> V of(Map<Variant, V> all, Variant variant) {
    return Objects.requireNonNull(all.get(variant));
  }

  private static List<Measurement> medians(List<JsonNode> lines) {
    Map<Workload, List<Double>> points = new LinkedHashMap<>();
    for (JsonNode line : lines) {
      points
          .computeIfAbsent(Workload.of(line), point -> new ArrayList<>())
          .add(line.path("batch_ms_p50").asDouble());
    }
    List<Measurement> medians = new ArrayList<>();
    points.forEach((workload, millis) -> medians.add(new Measurement(workload, median(millis))));
    return medians;
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get((values.size() - 1) / 2);
  }

  private void print(String format, Object... args) {
    out.append(String.format(Locale.ROOT, format, args)).append('\n');
  }

  private void printCosts() {
    print(
        "| | batch, ms | task, ms | call, µs | call in a statistic, µs | partial result, µs |"
            + " changed group, µs | points | median error | greatest |");
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    models.forEach(
        (variant, m) -> {
          List<Double> errors =
              of(measurements, variant).stream().map(x -> Math.abs(m.error(x))).toList();
          print(
              "| %s | %.1f | %.1f | %.2f | %.2f | %.2f | %.2f | %d | %.0f %% | %.0f %% |",
              variant,
              m.batchMillis(),
              m.taskMillis(),
              m.callMicros(),
              m.combineMicros(),
              m.mergeMicros(),
              m.rowMicros(),
              errors.size(),
              100 * median(errors),
              100 * errors.stream().mapToDouble(e -> e).max().orElse(0));
        });
  }

  private void printRates() {
    print("");
    print(
        "| calls/s | groups | driver: cores, batch | most of it | executors: cores, batch | most of it |");
    print("|--:|--:|--:|---|--:|---|");
    for (double rate : RATES) {
      for (double groups : GROUPS) {
        print(
            "| %,.0f | %,.0f | %s | %s |",
            rate,
            groups,
            leastCores(Variant.DRIVER, rate, groups),
            leastCores(Variant.EXECUTORS, rate, groups));
      }
    }
  }

  /** Returns the least number of cores that keeps up, with the shortest batch, and a bottleneck. */
  private String leastCores(Variant variant, double rate, double groups) {
    CostModel model = of(models, variant);
    Workload fastest = cluster(variant, rate * LONGEST_BATCH_SECONDS, groups, 2, 2, 0, 0);
    for (int cores = 2; cores <= MOST_CORES; cores *= 2) {
      for (double seconds = 0.25; seconds <= LONGEST_BATCH_SECONDS; seconds *= 2) {
        Workload workload = cluster(variant, rate * seconds, groups, cores, cores, 0, 0);
        if (model.millis(workload) <= UTILIZATION * seconds * 1e3) {
          return "%d, %s s | %s"
              .formatted(cores, Double.toString(seconds), bottleneck(model, workload));
        }
        if (seconds == LONGEST_BATCH_SECONDS && model.millis(workload) < model.millis(fastest)) {
          fastest = workload;
        }
      }
    }
    return "none | " + bottleneck(model, fastest);
  }

  /** Returns a workload with two statistics, and a merging task for each core. */
  private static Workload cluster(
      Variant variant,
      double calls,
      double groups,
      int cores,
      int partitions,
      double skew,
      double zipf) {
    int tasks = variant == Variant.EXECUTORS ? cores : 0;
    return new Workload(calls, groups, 1, 2, partitions, cores, tasks, skew, zipf, 0);
  }

  private static String bottleneck(CostModel model, Workload workload) {
    Map.Entry<String, Double> greatest =
        model.parts(workload).entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow();
    return "%s, %.0f %%"
        .formatted(greatest.getKey(), 100 * greatest.getValue() / model.millis(workload));
  }

  private void printSimulations() {
    print("");
    print(
        "| %d cores, 50,000,000 calls in a batch | model, calls/s | simulation |", SIMULATED_CORES);
    print("|---|--:|--:|");
    double[] even = even(SIMULATED_CORES, 1);
    double[] slow = even.clone();
    slow[0] = 0.25;
    double[] shares = even(SIMULATED_CORES, 1.0 / SIMULATED_CORES);
    double[] hot = even(SIMULATED_CORES, 0.75 / (SIMULATED_CORES - 1));
    hot[0] = 0.25;
    int more = 4 * SIMULATED_CORES;
    simulate("10,000 groups", 1e4, 0, 0, even, shares);
    simulate("1,000,000 groups", MILLION, 0, 0, even, shares);
    simulate("1,000,000 groups, Zipf's law with exponent 1.1", MILLION, 0, 1.1, even, shares);
    simulate("1,000,000 groups, 90 % of the calls in one", MILLION, 0.9, 0, even, shares);
    simulate("a core with a quarter of the speed", 1e4, 0, 0, slow, shares);
    simulate("the same with four partitions per core", 1e4, 0, 0, slow, even(more, 1.0 / more));
    simulate("a quarter of the calls in one partition", 1e4, 0, 0, even, hot);
  }

  private void simulate(
      String name, double groups, double skew, double zipf, double[] speeds, double[] shares) {
    CostModel model = of(models, Variant.EXECUTORS);
    Workload workload =
        cluster(
            Variant.EXECUTORS, SIMULATED_CALLS, groups, speeds.length, shares.length, skew, zipf);
    double predicted = model.callsPerSecond(workload);
    double simulated = new Simulation(model, workload, speeds, shares).callsPerSecond();
    print(
        "| %s | %.1f million | %.1f million (%.2f ×) |",
        name, predicted / MILLION, simulated / MILLION, simulated / predicted);
  }

  private static double[] even(int count, double value) {
    double[] all = new double[count];
    Arrays.fill(all, value);
    return all;
  }
}
