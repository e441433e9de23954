package io.callstream.benchmarks;

import io.callstream.engine.local.LocalEngine;
import io.callstream.spark.SparkEngine;
import java.util.List;
import java.util.Locale;

/**
 * The arguments of {@link EndToEnd}.
 *
 * @param bootstrap the brokers
 * @param topic the topic of the measured passes
 * @param records the number of records in the topic
 * @param engine {@code engine=spark|local}
 * @param name {@code name=}: the name of the engine in the output
 * @param warmUp {@code warm=topic:records:times}: the passes before the measured ones
 * @param passes {@code passes=}: the number of measured passes
 * @param statistics {@code statistics=}: 2, 4 (the standard statistics) or 8
 * @param maxOffsets {@code maxOffsets=}: the maximum number of records in a batch; 0 is the
 *     engine's default
 * @param distinct {@code distinct=true}: removes duplicates; the output then has no checksums
 * @param take {@code take=updates|results}: see {@link Take}
 * @param session {@code session=shared|own}: see {@link Session}
 * @param master {@code master=}: the Spark master
 * @param profile {@code prof=}: the file for the CPU profile of the last pass; empty for none
 * @param profiler {@code lib=}: the native library of async-profiler
 */
record EndToEndOptions(
    String bootstrap,
    String topic,
    long records,
    String engine,
    String name,
    WarmUp warmUp,
    int passes,
    int statistics,
    long maxOffsets,
    boolean distinct,
    Take take,
    Session session,
    String master,
    String profile,
    String profiler) {

  /** How results get into the store. */
  enum Take {
    /** Through a sink, batch by batch. */
    UPDATES,
    /** From the results of the running pipeline, at the end. */
    RESULTS
  }

  /** Who owns the Spark context. */
  enum Session {
    /** The benchmark: all passes share one context, which starts before the first pass. */
    SHARED,
    /** The engine: each pass starts and stops a context. */
    OWN
  }

  /**
   * Passes that are not measured.
   *
   * @param topic the topic; it may be empty if {@code times} is 0
   * @param records the number of records in the topic
   * @param times the number of passes
   */
  record WarmUp(String topic, long records, int times) {
    /** Parses {@code topic:records[:times]}. */
    static WarmUp parse(String text) {
      String[] parts = text.split(":", -1);
      return new WarmUp(
          parts[0], Long.parseLong(parts[1]), parts.length > 2 ? Integer.parseInt(parts[2]) : 1);
    }

    static WarmUp of(Arguments arguments) {
      return parse(arguments.get("warm", ":0:0"));
    }
  }

  static EndToEndOptions parse(String[] args) {
    if (args.length < 3) {
      throw new IllegalArgumentException(
          "Pass the brokers, the topic and the number of records, then key=value options");
    }
    Arguments arguments = new Arguments(args, 3);
    String engine = arguments.get("engine", SparkEngine.NAME);
    EndToEndOptions options =
        new EndToEndOptions(
            args[0],
            args[1],
            Long.parseLong(args[2]),
            engine,
            arguments.get("name", "CALLSTREAM-" + engine),
            WarmUp.of(arguments),
            arguments.get("passes", 1),
            arguments.get("statistics", 2),
            arguments.get("maxOffsets", 0L),
            Boolean.parseBoolean(arguments.get("distinct", "false")),
            Take.valueOf(arguments.get("take", "updates").toUpperCase(Locale.ROOT)),
            Session.valueOf(arguments.get("session", "shared").toUpperCase(Locale.ROOT)),
            arguments.get("master", "local[2]"),
            arguments.get("prof", ""),
            arguments.get("lib", ""));
    arguments.requireAllRead();
    requireOneOf("engine", engine, List.of(SparkEngine.NAME, LocalEngine.NAME));
    requireOneOf("statistics", options.statistics, List.of(2, 4, 8));
    return options;
  }

  private static void requireOneOf(String key, Object value, List<?> allowed) {
    if (!allowed.contains(value)) {
      throw new IllegalArgumentException(key + "=" + value + " is not one of " + allowed);
    }
  }
}
