package io.callstream.benchmarks;

import static io.callstream.statistic.Dimensions.ADDRESS;
import static io.callstream.statistic.Dimensions.CRIME_TYPE;
import static io.callstream.statistic.Dimensions.DISPOSITION;
import static io.callstream.statistic.Measures.count;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.callstream.benchmarks.EndToEndOptions.Session;
import io.callstream.benchmarks.EndToEndOptions.Take;
import io.callstream.benchmarks.load.SparkSessions;
import io.callstream.benchmarks.load.TemporaryDirectory;
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
import io.callstream.statistic.RadioCodes;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.PrintStream;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/**
 * Counts the calls of a topic from its start to its end, on Spark or the local engine, and prints
 * one line of JSON for each measured pass.
 *
 * <p>The time of a pass starts before the pipeline starts, and ends when all results are in a
 * {@link ResultStore}. Each pass has a new durable checkpoint and dead-letter files. A pass fails
 * if the accounting does not contain every record. The Spark context starts before the first pass,
 * unless {@code session=own} asks for one context per pass.
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
    } else if (options.session() == Session.OWN) {
      SparkSettings settings = SparkSettings.defaults().master(options.master());
      new EndToEnd(options, SparkEngine.with(settings)).run(out);
    } else {
      SparkSession shared = SparkSessions.start(options.master(), Map.of());
      try {
        new EndToEnd(options, SparkEngine.on(shared)).run(out);
      } finally {
        shared.stop();
      }
    }
  }

  private void run(PrintStream out) throws Exception {
    for (int i = 0; i < options.warmUp().times(); i++) {
      long start = System.nanoTime();
      pass(options.warmUp().topic(), options.warmUp().records());
      System.err.printf("warm-up %d: %.2f s%n", i, (System.nanoTime() - start) / 1e9);
    }
    for (int pass = 0; pass < options.passes(); pass++) {
      System.gc();
      CpuProfile profile = CpuProfile.start(options, pass);
      ProcessUsage before = ProcessUsage.now();
      long start = System.nanoTime();
      ResultStore store = pass(options.topic(), options.records());
      double seconds = (System.nanoTime() - start) / 1e9;
      ProcessUsage used = ProcessUsage.now().since(before);
      profile.stop();
      ObjectNode line = JsonLines.line();
      line.put("name", options.name());
      line.put("topic", options.topic());
      line.put("records", options.records());
      line.put("seconds", JsonLines.rounded(seconds));
      line.put("rate", (long) (options.records() / seconds));
      used.writeTo(line);
      line.put("pass", pass);
      line.put("jvm_up_s", JsonLines.rounded(ProcessUsage.upSeconds()));
      line.put("batches", store.batches());
      if (!options.distinct()) {
        new ResultChecksums(store, RadioCodes.sanFrancisco()).writeTo(line);
      }
      out.println(line);
      out.flush();
    }
  }

  /** Counts a topic from its start to its end. */
  private ResultStore pass(String topic, long records) throws Exception {
    ResultStore store = new ResultStore();
    try (TemporaryDirectory directory = TemporaryDirectory.create()) {
      Pipeline.Builder pipeline =
          Pipeline.builder(
                  KafkaTopic.of(topic).at(options.bootstrap()), SanFranciscoCalls.json(ZONE))
              .statistics(statistics())
              .deadLetters(Sinks.deadLetterFiles(directory.deadLetters()));
      if (options.take() == Take.UPDATES) {
        pipeline.results(Sinks.callback(store::put));
      }
      if (options.distinct()) {
        pipeline.distinct();
      }
      RunOptions run = RunOptions.bounded().checkpointingTo(directory.checkpoint());
      if (options.maxOffsets() > 0) {
        run = run.readingAtMost(options.maxOffsets());
      }
      try (RunningPipeline running = engine.start(pipeline.build(), run)) {
        running.awaitTermination();
        if (options.take() == Take.RESULTS) {
          statistics().forEach(s -> store.put(running.results(s.name())));
        }
        long received = running.accounting().received();
        if (received != records) {
          throw new IllegalStateException(
              "The engine received " + received + " of " + records + " records of " + topic);
        }
      }
    }
    return store;
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
            .where(call -> call.type().contains("Noise"))
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

  /**
   * A CPU profile of the last pass by async-profiler, which must be on the class path. It does
   * nothing in other passes, or if the options name no file.
   */
  private record CpuProfile(EndToEndOptions options, boolean enabled) {
    static CpuProfile start(EndToEndOptions options, int pass) throws ReflectiveOperationException {
      boolean enabled = !options.profile().isEmpty() && pass == options.passes() - 1;
      CpuProfile profile = new CpuProfile(options, enabled);
      profile.execute("start,event=itimer,interval=1ms,threads");
      return profile;
    }

    void stop() throws ReflectiveOperationException {
      execute("stop,collapsed,threads,file=" + options.profile());
    }

    private void execute(String command) throws ReflectiveOperationException {
      if (enabled) {
        Class<?> type = Class.forName("one.profiler.AsyncProfiler");
        Object profiler =
            type.getMethod("getInstance", String.class).invoke(null, options.profiler());
        type.getMethod("execute", String.class).invoke(profiler, command);
      }
    }
  }
}
