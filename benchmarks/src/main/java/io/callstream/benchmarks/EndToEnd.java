package io.callstream.benchmarks;

import static io.callstream.statistic.Dimensions.ADDRESS;
import static io.callstream.statistic.Dimensions.CRIME_TYPE;
import static io.callstream.statistic.Dimensions.DISPOSITION;
import static io.callstream.statistic.Measures.count;

import io.callstream.call.CallFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.local.LocalEngine;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.spark.SparkEngine;
import io.callstream.spark.SparkSettings;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;

/**
 * Counts the calls of a topic from its start to its end, on Spark or the local engine, and prints
 * how long that took: a line of JSON for each measured pass, as the comparison with other engines
 * wants it.
 *
 * <p>A pass is timed from the start of the pipeline until its end, when all calls are in a map that
 * stands for an external key-value store. It has a durable checkpoint of its own and files for dead
 * letters, and ends with an error if a call is not accounted for. The Spark context is there before
 * the first pass, unless {@code session=own} asks for one in each.
 *
 * <p>Arguments: {@code bootstrap topic records [key=value ...]}, see {@link EndToEndOptions}.
 */
public final class EndToEnd {
  private static final ZoneId ZONE = ZoneId.of("UTC");

  private final EndToEndOptions options;
  private final Engine engine;

  private EndToEnd(EndToEndOptions options, Engine engine) {
    this.options = options;
    this.engine = engine;
  }

  /** Runs the passes. */
  public static void main(String[] args) throws Exception {
    PrintStream out = System.out;
    EndToEndOptions options = EndToEndOptions.parse(args);
    if (options.engine().equals(LocalEngine.NAME)) {
      new EndToEnd(options, new LocalEngine()).run(out);
      return;
    }
    SparkSession host =
        options.session() == EndToEndOptions.Session.SHARED ? sharedSession(options) : null;
    Engine engine =
        host == null
            ? SparkEngine.with(SparkSettings.defaults().master(options.master()))
            : SparkEngine.on(host);
    try {
      new EndToEnd(options, engine).run(out);
    } finally {
      if (host != null) {
        host.stop();
      }
    }
  }

  /** Builds the session that the engine would build, so that it outlives the passes. */
  private static SparkSession sharedSession(EndToEndOptions options) {
    return SparkSession.builder()
        .appName("callstream end to end")
        .master(options.master())
        .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate();
  }

  private void run(PrintStream out) throws Exception {
    for (int i = 0; i < options.warmTimes(); i++) {
      long start = System.nanoTime();
      pass(options.warmTopic(), options.warmRecords());
      System.err.printf("warm-up %d: %.2f s%n", i, (System.nanoTime() - start) / 1e9);
    }
    for (int pass = 0; pass < options.passes(); pass++) {
      System.gc();
      Profile profile = Profile.start(options, pass);
      ProcessUsage before = ProcessUsage.now();
      long start = System.nanoTime();
      Store store = pass(options.topic(), options.records());
      double seconds = (System.nanoTime() - start) / 1e9;
      ProcessUsage used = ProcessUsage.now().since(before);
      profile.stop();
      JsonLine line = new JsonLine();
      line.put("name", options.name());
      line.put("topic", options.topic());
      line.put("records", options.records());
      line.put("seconds", seconds);
      line.put("rate", (long) (options.records() / seconds));
      used.writeTo(line);
      line.put("pass", pass);
      line.put("jvm_up_s", ProcessUsage.upSeconds());
      line.put("batches", store.batches());
      if (!options.distinct()) {
        new Answer(store).writeTo(line);
      }
      out.println(line);
      out.flush();
    }
  }

  /** Counts a topic from its start to its end. */
  private Store pass(String topic, long records) throws Exception {
    Path directory = Files.createTempDirectory("callstream-end-to-end-");
    try {
      Store store = new Store();
      Pipeline.Builder pipeline =
          Pipeline.builder(KafkaTopic.of(topic).at(options.bootstrap()), format())
              .statistics(statistics())
              .deadLetters(Sinks.deadLetterFiles(directory.resolve("dead-letters")));
      if (options.take() == EndToEndOptions.Take.UPDATES) {
        pipeline.results(Sinks.callback(store::take));
      }
      if (options.distinct()) {
        pipeline.distinct();
      }
      RunOptions run =
          RunOptions.bounded().checkpointingTo(directory.resolve("checkpoint").toString());
      if (options.maxOffsets() > 0) {
        run = run.readingAtMost(options.maxOffsets());
      }
      try (RunningPipeline running = engine.start(pipeline.build(), run)) {
        running.awaitTermination();
        if (options.take() == EndToEndOptions.Take.RESULTS) {
          statistics().forEach(s -> store.take(running.results(s.name())));
        }
        long received = running.accounting().received();
        if (received != records) {
          throw new IllegalStateException(
              "Of the " + records + " records of " + topic + " " + received + " were received");
        }
      }
      return store;
    } finally {
      delete(directory);
    }
  }

  private static CallFormat format() {
    return SanFranciscoCalls.json(ZONE);
  }

  private List<Statistic> statistics() {
    List<Statistic> all =
        new ArrayList<>(StandardStatistics.all(ZONE, StandardStatistics.DEFAULT_LATENESS));
    all.add(Statistic.named("by-disposition").by(DISPOSITION).measuring(count()).build());
    all.add(
        Statistic.named("by-type-daily")
            .by(CRIME_TYPE)
            .over(Windows.daily(ZONE).allowingLateness(StandardStatistics.DEFAULT_LATENESS))
            .measuring(count())
            .build());
    all.add(
        Statistic.named("noise-by-location")
            .where(call -> call.crimeType().contains("Noise"))
            .by(ADDRESS)
            .measuring(count())
            .build());
    all.add(
        Statistic.named("by-disposition-sliding")
            .by(DISPOSITION)
            .over(
                Windows.sliding(Duration.ofHours(2), Duration.ofHours(1))
                    .allowingLateness(StandardStatistics.DEFAULT_LATENESS))
            .measuring(count())
            .build());
    return all.subList(0, options.statistics());
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

  /** async-profiler, if it is asked for and on the class path: CPU stacks of the last pass. */
  private record Profile(EndToEndOptions options, boolean on) {
    static Profile start(EndToEndOptions options, int pass) throws ReflectiveOperationException {
      Profile profile =
          new Profile(options, !options.profile().isEmpty() && pass == options.passes() - 1);
      profile.execute("start,event=itimer,interval=1ms,threads");
      return profile;
    }

    void stop() throws ReflectiveOperationException {
      execute("stop,collapsed,threads,file=" + options.profile());
    }

    private void execute(String command) throws ReflectiveOperationException {
      if (on) {
        Class<?> type = Class.forName("one.profiler.AsyncProfiler");
        Object profiler =
            type.getMethod("getInstance", String.class).invoke(null, options.profiler());
        type.getMethod("execute", String.class).invoke(profiler, command);
      }
    }
  }

  /** A flat JSON object in the making. */
  static final class JsonLine {
    private final StringBuilder json = new StringBuilder("{");

    void put(String key, String value) {
      putRaw(key, '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"');
    }

    void put(String key, long value) {
      putRaw(key, Long.toString(value));
    }

    /** Puts a number with three decimals. */
    void put(String key, double value) {
      putRaw(key, Double.toString(Math.round(value * 1e3) / 1e3));
    }

    private void putRaw(String key, String value) {
      json.append(json.length() == 1 ? "" : ",").append('"').append(key).append("\":");
      json.append(value);
    }

    @Override
    public String toString() {
      return json + "}";
    }
  }
}
