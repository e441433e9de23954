package com.example;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;

/** Counts the calls in a topic. Arguments, both optional: the brokers, the engine. */
public final class Main {
  static Statistic noise() {
    return Statistic.named("noise")
        .where(call -> call.type().startsWith("Noise"))
        .by(Dimensions.ADDRESS)
        .over(Windows.daily(ZoneId.of("America/Los_Angeles")).allowingLateness(Duration.ofHours(1)))
        .measuring(Measures.count())
        .build();
  }

  public static void main(String[] args) throws InterruptedException {
    String brokers = args.length > 0 ? args[0] : "localhost:9092";
    String engine = args.length > 1 ? args[1] : "local";
    Path out = Path.of("out");

    Pipeline pipeline =
        Pipeline.builder(
                KafkaTopic.of("police.service.calls").at(brokers), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .statistic(noise())
            .results(Sinks.csv(out))
            .deadLetters(Sinks.deadLetterFiles(out))
            .build();
    RunOptions options = RunOptions.bounded().checkpointingTo("state/" + engine);

    try (RunningPipeline running = Engines.named(engine).start(pipeline, options)) {
      running.awaitTermination();
      running.results("calls-by-type").top(5).forEach(System.out::println);
      System.out.println(running.accounting().toJson());
      System.out.println("All counts are in " + out.toAbsolutePath());
    }
  }
}
