package io.callstream.benchmarks;

import io.callstream.engine.Engine;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.spark.SparkEngine;
import io.callstream.spark.SparkSettings;
import java.time.Duration;
import java.util.Map;

/**
 * The arguments that configure an engine.
 *
 * @param engine {@code engine=spark|local}; for Spark also {@code master=} and {@code
 *     conf.KEY=VALUE}
 * @param trigger {@code trigger=}: the trigger interval in milliseconds
 * @param maxOffsets {@code maxOffsets=}: the maximum number of records in a batch; 0 is the
 *     engine's default
 * @param kafka {@code kafka.KEY=VALUE}: settings of the Kafka client
 */
record EngineArguments(
    Engine engine, Duration trigger, long maxOffsets, Map<String, String> kafka) {
  static EngineArguments of(Arguments arguments) {
    String name = arguments.get("engine", SparkEngine.NAME);
    return new EngineArguments(
        name.equals(SparkEngine.NAME)
            ? SparkEngine.with(sparkSettings(arguments))
            : Engines.named(name),
        Duration.ofMillis(arguments.get("trigger", RunOptions.DEFAULT_TRIGGER.toMillis())),
        arguments.get("maxOffsets", 0L),
        arguments.withPrefix("kafka."));
  }

  private static SparkSettings sparkSettings(Arguments arguments) {
    SparkSettings settings = SparkSettings.defaults().master(arguments.get("master", "local[*]"));
    for (Map.Entry<String, String> property : arguments.withPrefix("conf.").entrySet()) {
      settings = settings.with(property.getKey(), property.getValue());
    }
    return settings;
  }

  /** Returns the default name of the engine in the output. */
  String name() {
    return "CALLSTREAM-" + engine.name();
  }

  /** Adds the settings of the Kafka client. */
  KafkaTopic configure(KafkaTopic topic) {
    return topic.with(kafka);
  }

  RunOptions limit(RunOptions options) {
    return maxOffsets > 0 ? options.readingAtMost(maxOffsets) : options;
  }

  RunOptions continuous() {
    return limit(RunOptions.continuous().triggeringEvery(trigger));
  }
}
