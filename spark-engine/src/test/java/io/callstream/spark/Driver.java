package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.KafkaSinks;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.spark.SparkSettings.StateStore;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.io.File;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.apache.spark.TaskContext;

/**
 * A program that counts a topic, in a separate JVM. It prints "batch N" when a sink receives a
 * batch, and at the end "received N", or "failed CODE: MESSAGE". This class is public because a
 * cluster starts it by name.
 *
 * <p>The mode is a list of words: "bounded" or "continuous", "distinct", "blocked" (in the first
 * attempt of a task), "logged" (into {@link #log} instead of the standard output).
 */
public final class Driver {
  /** The key of the topic for results that tasks write, instead of files. */
  static final String RESULTS_TOPIC = "results";

  /** The key of the state store among the settings. */
  static final String STATE_STORE = "state";

  private Driver() {}

  /** Returns the arguments of {@link #main}. */
  static List<String> arguments(
      KafkaTopic topic, String checkpoint, Path out, String mode, Map<String, String> settings) {
    List<String> arguments =
        new java.util.ArrayList<>(
            List.of(topic.bootstrapServers(), topic.name(), checkpoint, out.toString(), mode));
    settings.forEach((key, value) -> arguments.add(key + "=" + value));
    return arguments;
  }

  static Map<String, String> cluster(String master) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("spark.master", master);
    settings.put("spark.driver.host", "127.0.0.1");
    settings.put("spark.driver.bindAddress", "127.0.0.1");
    settings.put("spark.executor.memory", "600m");
    settings.put("spark.executor.extraClassPath", System.getProperty("java.class.path"));
    settings.put("spark.jars", "");
    return settings;
  }

  static Pipeline.Builder standard(KafkaTopic topic) {
    JsonFormat format = SanFranciscoCalls.json();
    return Pipeline.builder(topic, format)
        .statistics(StandardStatistics.all(format.zone(), Duration.ofHours(1)));
  }

  /** Returns a statistic whose first call blocks indefinitely in the first attempt of its task. */
  private static Statistic blockedInFirstAttempt() {
    return Statistic.named("blocked")
        .where(
            Set.of(Fields.TYPE),
            call -> {
              if (TaskContext.get().attemptNumber() == 0) {
                try {
                  new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              }
              return true;
            })
        .by(Dimensions.CRIME_TYPE)
        .build();
  }

  /** Returns the file with the output of a logged driver. */
  static Path log(Path out) {
    return out.resolveSibling(out.getFileName() + ".log");
  }

  public static void main(String[] args) throws Exception {
    List<String> mode = List.of(args[4].split(" "));
    if (mode.contains("logged")) {
      File log = log(Path.of(args[3])).toFile();
      System.setOut(new PrintStream(new FileOutputStream(log, true), true, UTF_8));
    }
    SparkSettings settings = SparkSettings.defaults().shufflePartitions(2);
    Optional<String> resultsTopic = Optional.empty();
    for (String pair : Arrays.asList(args).subList(5, args.length)) {
      String[] parts = pair.split("=", 2);
      if (parts[0].equals(RESULTS_TOPIC)) {
        resultsTopic = Optional.of(parts[1]);
        settings = settings.resultsInExecutors();
        continue;
      }
      settings =
          switch (parts[0]) {
            case "spark.master" -> settings.master(parts[1]);
            case STATE_STORE -> settings.stateStore(StateStore.valueOf(parts[1]));
            default -> settings.with(parts[0], parts[1]);
          };
    }
    Path out = Path.of(args[3]);
    Pipeline.Builder builder = standard(KafkaTopic.of(args[1]).at(args[0]));
    if (mode.contains("blocked")) {
      builder = builder.statistic(blockedInFirstAttempt());
    }
    if (mode.contains("distinct")) {
      builder = builder.distinct();
    }
    if (resultsTopic.isPresent()) {
      builder
          .results(
              KafkaSinks.at(KafkaCluster.at(args[0])).creating(2, 3).results(resultsTopic.get()))
          .listener(progress -> System.out.println("batch " + progress.batch()));
    } else {
      builder
          .results(Sinks.csv(out))
          .results(Sinks.callback(batch -> System.out.println("batch " + batch.number())));
    }
    Pipeline pipeline = builder.deadLetters(Sinks.deadLetterFiles(out)).build();
    RunOptions options =
        !mode.contains("continuous")
            ? RunOptions.bounded()
            : RunOptions.continuous().triggeringEvery(Duration.ofMillis(100));
    if (!args[2].isEmpty()) {
      options = options.checkpointingTo(args[2]);
    }
    try (RunningPipeline run =
        SparkEngine.with(settings).start(pipeline, options.readingAtMost(500))) {
      run.awaitTermination();
      System.out.println("received " + run.accounting().received());
    } catch (CallstreamException e) {
      System.out.println("failed " + e.code() + ": " + e.getMessage());
      System.exit(1);
    }
    System.exit(0);
  }
}
