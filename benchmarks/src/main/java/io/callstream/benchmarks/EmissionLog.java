package io.callstream.benchmarks;

import io.callstream.benchmarks.EndToEnd.JsonLine;
import io.callstream.benchmarks.load.Schedule;
import io.callstream.benchmarks.load.Scratch;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.function.Consumer;

/**
 * Counts a topic that somebody else fills, and writes down when it told which count: the engine's
 * side of the latency measurement that compares several engines. Emissions and sends are joined
 * afterwards.
 *
 * <p>Arguments: {@code bootstrap= topic= records=} how many come, {@code log=} a file that gets a
 * line {@code window start in ms, type, disposition, count, microseconds since the epoch}, with
 * tabs in between, for each row told, {@code ready=} a file that is created when the engine runs,
 * {@code warm=topic:records:times} passes before, in batches of {@code warmOffsets=} records (as
 * many as come in a batch of the measurement, or else it is the first to warm up what a batch
 * costs), {@code timeout=} seconds.
 */
final class EmissionLog {
  private static final ZoneId ZONE = ZoneId.of("UTC");
  private static final Duration LOOK = Duration.ofMillis(50);
  private static final Duration LATENESS = Duration.ofDays(7);

  private final KeyValues given;
  private final EngineArguments engine;
  private final List<Statistic> statistics = StandardStatistics.all(ZONE, LATENESS).subList(0, 2);

  private EmissionLog(KeyValues given, EngineArguments engine) {
    this.given = given;
    this.engine = engine;
  }

  static void run(String topic, KeyValues given, EngineArguments engine, PrintStream out)
      throws Exception {
    new EmissionLog(given, engine).run(topic, out);
  }

  private void run(String topic, PrintStream out) throws Exception {
    long records = given.take("records", 0L);
    Path log = Path.of(given.take("log", "emit.tsv"));
    Path ready = Path.of(given.take("ready", "ready"));
    String[] warm = given.take("warm", ":0:0").split(":", -1);
    long warmOffsets = given.take("warmOffsets", 0L);
    Duration timeout = Duration.ofSeconds(given.take("timeout", 120L));
    given.requireAllTaken();
    for (int i = 0; i < Integer.parseInt(warm[2]); i++) {
      try (Scratch scratch = Scratch.create();
          RunningPipeline running = start(warm[0], scratch, batch -> {}, warming(warmOffsets))) {
        running.awaitTermination();
      }
    }
    long received;
    try (Writer lines = Files.newBufferedWriter(log);
        Scratch scratch = Scratch.create();
        RunningPipeline running =
            start(topic, scratch, batch -> write(batch, lines), engine.continuous())) {
      Files.writeString(ready, "ready");
      long end = System.nanoTime() + timeout.toNanos();
      while (running.accounting().received() < records && System.nanoTime() < end) {
        if (running.awaitTermination(LOOK)) {
          throw new IllegalStateException("The run ended by itself");
        }
      }
      received = running.accounting().received();
    }
    JsonLine line = new JsonLine();
    line.put("name", "CALLSTREAM-" + engine.engine().name() + "-latency");
    line.put("records", received);
    line.put("arguments", given.toString());
    out.println(line);
  }

  private RunOptions warming(long maxOffsets) {
    RunOptions bounded = RunOptions.bounded();
    return maxOffsets > 0 ? bounded.readingAtMost(maxOffsets) : engine.limited(bounded);
  }

  private RunningPipeline start(
      String topic, Scratch scratch, Consumer<BatchResults> sink, RunOptions options) {
    Pipeline pipeline =
        Pipeline.builder(
                engine.reading().apply(KafkaTopic.of(topic).at(engine.bootstrap())),
                SanFranciscoCalls.json(ZONE))
            .statistics(statistics)
            .results(Sinks.callback(sink))
            .deadLetters(Sinks.deadLetterFiles(scratch.directory().resolve("dead-letters")))
            .build();
    return engine
        .engine()
        .start(
            pipeline,
            options.checkpointingTo(scratch.directory().resolve("checkpoint").toString()));
  }

  private void write(BatchResults batch, Writer lines) {
    long micros = Schedule.nowMicros();
    try {
      for (ResultRow row : batch.updates(Answer.HOURLY)) {
        lines.write(
            String.join(
                "\t",
                Long.toString(row.window().orElseThrow().start().toEpochMilli()),
                row.dimensions().get(0),
                row.dimensions().get(1),
                Long.toString(row.count()),
                Long.toString(micros)));
        lines.write('\n');
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
