package io.callstream.benchmarks;

import io.callstream.benchmarks.load.Traffic;
import io.callstream.engine.Engine;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.spark.SparkEngine;
import io.callstream.spark.SparkSettings;
import java.time.Duration;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * What the arguments of a main say about the engine.
 *
 * @param engine {@code engine=spark|local}; for Spark also {@code master=}, {@code shuffle=},
 *     {@code minPartitions=}, {@code store=} and {@code conf.KEY=VALUE}
 * @param partitions {@code partitions=}: of a topic that the main makes
 * @param trigger {@code trigger=}: milliseconds
 * @param maxOffsets {@code maxOffsets=}: the most records of a batch; 0 leaves it to the engine
 * @param kafka {@code kafka.KEY=VALUE}: settings of the Kafka client
 * @param bootstrap {@code bootstrap=}: the brokers; a broker in a process beside if empty
 */
record EngineArguments(
    Engine engine,
    int partitions,
    Duration trigger,
    long maxOffsets,
    Map<String, String> kafka,
    String bootstrap) {
  static EngineArguments take(KeyValues args) {
    String name = args.take("engine", SparkEngine.NAME);
    return new EngineArguments(
        name.equals(SparkEngine.NAME) ? SparkEngine.with(spark(args)) : Engines.named(name),
        Math.toIntExact(args.take("partitions", 2L)),
        Duration.ofMillis(args.take("trigger", RunOptions.DEFAULT_TRIGGER.toMillis())),
        args.take("maxOffsets", 0L),
        args.takeAll("kafka."),
        args.take("bootstrap", ""));
  }

  private static SparkSettings spark(KeyValues args) {
    SparkSettings settings =
        SparkSettings.defaults()
            .master(args.take("master", "local[*]"))
            .stateStore(
                SparkSettings.StateStore.valueOf(
                    args.take("store", SparkSettings.StateStore.MEMORY.name())));
    int shuffle = Math.toIntExact(args.take("shuffle", 0L));
    if (shuffle > 0) {
      settings = settings.shufflePartitions(shuffle);
    }
    int minPartitions = Math.toIntExact(args.take("minPartitions", 0L));
    if (minPartitions > 0) {
      settings = settings.minPartitions(minPartitions);
    }
    for (Map.Entry<String, String> property : args.takeAll("conf.").entrySet()) {
      settings = settings.with(property.getKey(), property.getValue());
    }
    return settings;
  }

  Traffic traffic() {
    return bootstrap.isEmpty() ? Traffic.embedded() : Traffic.to(bootstrap);
  }

  UnaryOperator<KafkaTopic> reading() {
    return topic -> topic.with(kafka);
  }

  RunOptions limited(RunOptions options) {
    return maxOffsets > 0 ? options.readingAtMost(maxOffsets) : options;
  }

  RunOptions continuous() {
    return limited(RunOptions.continuous().triggeringEvery(trigger));
  }
}
