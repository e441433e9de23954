package io.callstream.examples.embedding;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import java.nio.file.Path;

/**
 * A pipeline in 20 lines. It counts the calls in a Kafka topic and keeps the results in CSV files.
 *
 * <p>Arguments: the brokers, the topic, the directory, and the engine, which defaults to {@code
 * local}. The program ends when it has counted all records that were in the topic at the start.
 */
public final class KafkaToCsv {
  private KafkaToCsv() {}

  /** Runs the pipeline. */
  public static void main(String[] args) throws InterruptedException {
    Path output = Path.of(args[2]);
    String engine = args.length > 3 ? args[3] : "local";
    Pipeline pipeline =
        Pipeline.builder(KafkaTopic.of(args[1]).at(args[0]), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .statistic(StandardStatistics.callsByTypeAndDispositionHourly())
            .results(Sinks.csv(output))
            .deadLetters(Sinks.deadLetterFiles(output))
            .build();

    try (RunningPipeline running = Engines.named(engine).start(pipeline, RunOptions.bounded())) {
      running.awaitTermination();
      running.results("calls-by-type").top(10).forEach(System.out::println);
      System.out.println(running.accounting().toJson());
    }
  }
}
