package io.callstream.benchmarks;

import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Sends calls to a topic from every kind of source, and fixed records with Kafka's own
 * ProducerPerformance, interleaved, and prints how long that took: a line of JSON for each pass,
 * and in the end the medians.
 *
 * <p>Each contestant runs in a process of its own, several passes one after the other: the first is
 * cold, the last warm. A pass is timed from the first record that is read until the last outcome;
 * ProducerPerformance tells its own time, from its first send until all is flushed, and has its
 * records in memory before. Both send with the same settings: what callstream's producer has for
 * defaults. Before all, the first contestant sends once for nothing, so that none meets a broker
 * that is cold.
 *
 * <p>Arguments: {@code key=value ...}. {@code bootstrap=HOST:PORT} (an embedded broker in this
 * process), {@code input=FILE} (a file of calls, again and again; synthetic calls without it),
 * {@code records=2000000}, {@code contestants=json.gz,performance,...} (all of {@link
 * ProducerPasses.Contestant}), {@code repeats=3}, {@code passes=3}, {@code partitions=2}.
 */
public final class ProducerRate {
  private static final int SYNTHETIC = 200_000;

  private final Map<String, String> options = new TreeMap<>();
  private final Map<String, List<Double>> rates = new LinkedHashMap<>();

  private ProducerRate(String[] args) {
    for (String arg : args) {
      String[] option = arg.split("=", 2);
      if (option.length != 2) {
        throw new IllegalArgumentException("'" + arg + "' is not of the form key=value");
      }
      options.put(option[0], option[1]);
    }
  }

  /** Runs all contestants. */
  public static void main(String[] args) throws Exception {
    new ProducerRate(args).run();
  }

  private void run() throws Exception {
    String bootstrap = take("bootstrap", "");
    String input = take("input", "");
    long records = Long.parseLong(take("records", "2000000"));
    int repeats = Integer.parseInt(take("repeats", "3"));
    int passes = Integer.parseInt(take("passes", "3"));
    String partitions = take("partitions", "2");
    List<String> contestants =
        List.of(take("contestants", String.join(",", ProducerPasses.names())).split(",", -1));
    if (!options.isEmpty()) {
      throw new IllegalArgumentException("Unknown options: " + options.keySet());
    }
    Path directory = Files.createTempDirectory("callstream-producer-rate-");
    try (EmbeddedBroker broker = bootstrap.isEmpty() ? EmbeddedBroker.start() : null) {
      String servers = broker == null ? bootstrap : broker.bootstrapServers();
      CallSource calls =
          input.isEmpty() ? SyntheticCalls.of(SYNTHETIC) : CallSource.file(Path.of(input));
      ProducerFiles files = new ProducerFiles(directory, calls, records);
      for (String contestant : contestants) {
        files.prepare(ProducerPasses.named(contestant));
      }
      List<String> ignored = passes(0, servers, contestants.get(0), files, 1, partitions);
      for (int repeat = 0; repeat < repeats; repeat++) {
        for (String contestant : contestants) {
          int pass = 0;
          for (String line : passes(repeat, servers, contestant, files, passes, partitions)) {
            System.out.println(line);
            double rate = Double.parseDouble(line.replaceAll(".*\"rate\":([0-9.E]+).*", "$1"));
            rates.computeIfAbsent(contestant + " " + pass++, key -> new ArrayList<>()).add(rate);
          }
          System.out.flush();
        }
      }
      printMedians(passes);
    } finally {
      delete(directory);
    }
  }

  private String take(String key, String otherwise) {
    String value = options.remove(key);
    return value == null ? otherwise : value;
  }

  /** Has a contestant send, and returns a line for each of its passes. */
  private static List<String> passes(
      int repeat,
      String servers,
      String contestant,
      ProducerFiles files,
      int passes,
      String partitions)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(ProducerPasses.class.getName());
    command.addAll(
        List.of(
            servers,
            contestant,
            files.of(ProducerPasses.named(contestant)).toString(),
            Long.toString(files.records()),
            Integer.toString(passes),
            partitions,
            Integer.toString(repeat)));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    List<String> lines;
    try (BufferedReader out = process.inputReader()) {
      lines = out.lines().toList();
    } finally {
      process.destroy();
    }
    if (process.waitFor() != 0) {
      throw new IOException("The passes of " + contestant + " failed; why stands above");
    }
    return lines;
  }

  private void printMedians(int passes) {
    System.err.println("| contestant | cold | warm |\n|---|---|---|");
    for (String contestant : ProducerPasses.names()) {
      List<Double> cold = rates.get(contestant + " 0");
      List<Double> warm = rates.get(contestant + " " + (passes - 1));
      if (cold != null && warm != null) {
        System.err.printf("| %s | %s | %s |%n", contestant, median(cold), median(warm));
      }
    }
  }

  private static String median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    double median = (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    return String.format(
        Locale.ROOT, "%,.0f (%,.0f–%,.0f)", median, sorted[0], sorted[sorted.length - 1]);
  }

  private static void delete(Path directory) throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(directory)) {
      all = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.delete(path);
    }
  }
}
