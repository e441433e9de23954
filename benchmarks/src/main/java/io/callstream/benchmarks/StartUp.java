package io.callstream.benchmarks;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.SyntheticCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Starts the command line's {@code statistics} as a user does, on a topic that has calls already,
 * and takes the time from the start of the process until the first results stand in the files of
 * {@code --output}: a line of JSON for each start, and in the end the medians.
 *
 * <p>Arguments: {@code key=value ...}. {@code bootstrap=HOST:PORT} (an embedded broker in this
 * process), {@code jar=examples/target/callstream.jar}, {@code engines=local,spark}, {@code
 * repeats=5}, {@code calls=20000}, {@code jvm=} (options of the JVM that is started, separated by
 * blanks), {@code options=} (further options of the command).
 */
public final class StartUp {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration LOOK = Duration.ofMillis(2);

  private final Map<String, String> given = new TreeMap<>();

  private StartUp(String[] args) {
    for (String arg : args) {
      String[] option = arg.split("=", 2);
      if (option.length != 2) {
        throw new IllegalArgumentException("'" + arg + "' is not of the form key=value");
      }
      given.put(option[0], option[1]);
    }
  }

  /** Starts all engines in turn. */
  public static void main(String[] args) throws Exception {
    new StartUp(args).run();
  }

  private void run() throws Exception {
    String bootstrap = take("bootstrap", "");
    long calls = Long.parseLong(take("calls", "20000"));
    int repeats = Integer.parseInt(take("repeats", "5"));
    List<String> engines = List.of(take("engines", "local,spark").split(",", -1));
    String jar = take("jar", "examples/target/callstream.jar");
    List<String> jvm = words(take("jvm", "-Xmx4g -XX:+UseParallelGC"));
    List<String> options = words(take("options", ""));
    if (!given.isEmpty()) {
      throw new IllegalArgumentException("Unknown options: " + given.keySet());
    }
    Map<String, List<Double>> seconds = new TreeMap<>();
    try (EmbeddedBroker broker = bootstrap.isEmpty() ? EmbeddedBroker.start() : null) {
      String servers = broker == null ? bootstrap : broker.bootstrapServers();
      String topic = topic(servers, calls);
      for (int repeat = 0; repeat < repeats; repeat++) {
        for (String engine : engines) {
          List<String> command = new ArrayList<>();
          command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
          command.addAll(jvm);
          command.addAll(List.of("-jar", jar, "statistics", "--engine", engine));
          command.addAll(List.of("--bootstrap-servers", servers, "--topic", topic));
          command.addAll(options);
          double taken = start(engine, repeat, command);
          seconds.computeIfAbsent(engine, e -> new ArrayList<>()).add(taken);
        }
      }
    }
    seconds.forEach((engine, all) -> System.err.printf("%s %s%n", engine, median(all)));
  }

  private String take(String key, String otherwise) {
    String value = given.remove(key);
    return value == null ? otherwise : value;
  }

  private static List<String> words(String text) {
    return Arrays.stream(text.split(" ", -1)).filter(word -> !word.isEmpty()).toList();
  }

  private static String topic(String servers, long calls) {
    KafkaCluster cluster = KafkaCluster.at(servers);
    String topic = "start-up-" + System.currentTimeMillis();
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      admin.ensure(topic, 2, 1);
    }
    try (CallProducer producer =
        CallProducer.to(cluster, topic, SanFranciscoCalls.json()).connect()) {
      producer.send(SyntheticCalls.of(calls));
    }
    return topic;
  }

  /** Starts a process, waits for its first results, ends it, and returns how long these took. */
  private static double start(String engine, int repeat, List<String> command)
      throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("callstream-start-up-");
    try {
      List<String> all = new ArrayList<>(command);
      all.addAll(List.of("--output", directory.toString()));
      long start = System.nanoTime();
      Process process =
          new ProcessBuilder(all)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(directory.resolve("messages").toFile())
              .start();
      try {
        double taken = awaitResults(process, directory, start);
        EndToEnd.JsonLine line = new EndToEnd.JsonLine();
        line.put("name", engine);
        line.put("repeat", repeat);
        line.put("seconds", taken);
        long cpu = process.info().totalCpuDuration().orElse(Duration.ZERO).toMillis();
        line.put("cpu_s", cpu / 1e3);
        System.out.println(line);
        System.out.flush();
        return taken;
      } finally {
        process.destroy();
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
          process.destroyForcibly().waitFor();
        }
      }
    } finally {
      delete(directory);
    }
  }

  private static double awaitResults(Process process, Path directory, long start)
      throws IOException, InterruptedException {
    Path results = directory.resolve("calls-by-type.csv");
    while (!Files.exists(results) || Files.readAllLines(results).size() < 2) {
      long left = PATIENCE.toNanos() - (System.nanoTime() - start);
      if (left < 0 || process.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
        String messages = Files.readString(directory.resolve("messages"));
        throw new IOException("No results came: " + messages);
      }
    }
    return (System.nanoTime() - start) / 1e9;
  }

  private static String median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    double median = (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    return String.format(
        Locale.ROOT, "%.2f s (%.2f–%.2f)", median, sorted[0], sorted[sorted.length - 1]);
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
