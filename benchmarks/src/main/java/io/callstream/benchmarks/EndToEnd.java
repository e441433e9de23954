package io.callstream.benchmarks;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.callstream.benchmarks.Arguments.WarmUp;
import io.callstream.benchmarks.load.SparkSessions;
import io.callstream.benchmarks.load.TemporaryDirectory;
import io.callstream.engine.Engine;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.local.LocalEngine;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.spark.SparkEngine;
import io.callstream.statistic.StandardStatistics;
import java.time.ZoneId;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/**
 * Counts the calls of a topic from its start to its end, on Spark or the local engine, and prints
 * one line of JSON for each measured pass.
 *
 * <p>The time of a pass starts before the pipeline starts, and ends when all results are in a
 * {@link ResultTables}. Each pass has a new durable checkpoint and dead-letter files. A pass fails
 * if the accounting does not contain every record, unless it counts a part. The Spark context
 * starts before the first pass.
 *
 * <p>Arguments: {@code bootstrap topic records [key=value ...]}, with {@code engine=spark|local},
 * {@code warm=topic:records:times} (the passes before the measured ones), {@code passes=1}, {@code
 * statistics=2} (the number of standard statistics), {@code maxOffsets=} (the maximum number of
 * records in a batch), {@code master=local[2]}, {@code threads=} (the reading threads of the local
 * engine), {@code part=1} and {@code parts=2} (the part of the topic that the local engine counts),
 * and {@code name=}, the name in the output.
 */
public final class EndToEnd {
  private final String bootstrap;
  private final int statistics;
  private final RunOptions run;
  private final int part;
  private final int parts;

  private EndToEnd(String bootstrap, Arguments arguments) {
    this.bootstrap = bootstrap;
    statistics = arguments.get("statistics", 2);
    part = arguments.get("part", 1);
    parts = arguments.get("parts", 1);
    long maxOffsets = arguments.get("maxOffsets", 0L);
    run = maxOffsets > 0 ? RunOptions.bounded().readingAtMost(maxOffsets) : RunOptions.bounded();
  }

  /** Runs the passes. */
  public static void main(String[] args) throws Exception {
    if (args.length < 3) {
      throw new IllegalArgumentException(
          "Pass the brokers, the topic and the number of records, then key=value options");
    }
    Arguments arguments = new Arguments(args, 3);
    String engineName = arguments.get("engine", SparkEngine.NAME);
    String name = arguments.get("name", "CALLSTREAM-" + engineName);
    String master = arguments.get("master", "local[2]");
    WarmUp warmUp = arguments.warmUp();
    int passes = arguments.get("passes", 1);
    int threads = arguments.get("threads", Runtime.getRuntime().availableProcessors());
    EndToEnd benchmark = new EndToEnd(args[0], arguments);
    arguments.requireAllRead();
    if (engineName.equals(SparkEngine.NAME)) {
      SparkSession session = SparkSessions.start(master, Map.of());
      try {
        benchmark.run(
            SparkEngine.on(session), name, args[1], Long.parseLong(args[2]), warmUp, passes);
      } finally {
        session.stop();
      }
    } else {
      Engine engine =
          engineName.equals(LocalEngine.NAME)
              ? new LocalEngine().readingIn(threads)
              : Engines.named(engineName);
      benchmark.run(engine, name, args[1], Long.parseLong(args[2]), warmUp, passes);
    }
  }

  private void run(
      Engine engine, String name, String topic, long records, WarmUp warmUp, int passes)
      throws Exception {
    for (int i = 0; i < warmUp.times(); i++) {
      long start = System.nanoTime();
      pass(engine, warmUp.topic(), warmUp.records());
      System.err.printf("warm-up %d: %.2f s%n", i, (System.nanoTime() - start) / 1e9);
    }
    for (int pass = 0; pass < passes; pass++) {
      System.gc();
      ProcessUsage before = ProcessUsage.now();
      long start = System.nanoTime();
      Pass counted = pass(engine, topic, records);
      double seconds = (System.nanoTime() - start) / 1e9;
      ProcessUsage used = ProcessUsage.now().since(before);
      ObjectNode line = JsonNodeFactory.instance.objectNode();
      line.put("name", name);
      line.put("topic", topic);
      line.put("records", counted.records());
      line.put("seconds", ProcessUsage.rounded(seconds));
      line.put("rate", (long) (counted.records() / seconds));
      used.writeTo(line);
      line.put("pass", pass);
      counted.tables().writeTo(line);
      System.out.println(line);
    }
  }

  /** The results of a pass, and the number of records that it received. */
  private record Pass(ResultTables tables, long records) {}

  /** Counts a topic, or a part of it, from its start to its end. */
  private Pass pass(Engine engine, String topic, long records) throws Exception {
    ResultTables tables = new ResultTables();
    KafkaTopic all = KafkaTopic.of(topic).at(bootstrap);
    try (TemporaryDirectory directory = TemporaryDirectory.create()) {
      Pipeline pipeline =
          directory
              .pipeline(
                  parts == 1 ? all : all.part(part, parts),
                  ZoneId.of("UTC"),
                  StandardStatistics.DEFAULT_LATENESS,
                  statistics)
              .results(Sinks.callback(tables::put))
              .build();
      try (RunningPipeline running =
          engine.start(pipeline, run.checkpointingTo(directory.checkpoint()))) {
        running.awaitTermination();
        long received = running.accounting().received();
        if (parts == 1 && received != records) {
          throw new IllegalStateException(
              "The engine received " + received + " of " + records + " records of " + topic);
        }
        return new Pass(tables, received);
      }
    }
  }
}
