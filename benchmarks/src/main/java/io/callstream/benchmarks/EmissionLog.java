package io.callstream.benchmarks;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.callstream.benchmarks.Arguments.WarmUp;
import io.callstream.benchmarks.load.Schedule;
import io.callstream.benchmarks.load.TemporaryDirectory;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.ResultRow;
import io.callstream.sink.Sinks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.util.function.Consumer;

/**
 * Counts a topic that another program fills, and logs when it emitted each count. A harness that
 * compares the latency of several engines joins this log with the times of the sends.
 *
 * <p>Arguments:
 *
 * <ul>
 *   <li>{@code bootstrap=}, {@code topic=}: where the calls are
 *   <li>{@code records=}: how many calls to wait for
 *   <li>{@code log=}: the log. Each emitted row is a line with the window's start in milliseconds,
 *       the type, the disposition, the count, and the time in microseconds since the epoch,
 *       separated by tabs
 *   <li>{@code ready=}: a file that the engine creates when it runs
 *   <li>{@code warm=topic:records:times}: passes before the measurement, in batches of {@code
 *       warmOffsets=} records. Use the batch size of the measurement, so that the JVM compiles the
 *       code that it needs
 *   <li>{@code timeout=}: the maximum time in seconds
 * </ul>
 */
record EmissionLog(String bootstrap, EngineArguments engine) {
  private static final Duration POLL_INTERVAL = Duration.ofMillis(50);
  private static final Duration LATENESS = Duration.ofDays(7);

  void run(String topic, Arguments arguments) throws InterruptedException, IOException {
    long records = arguments.get("records", 0L);
    Path log = Path.of(arguments.get("log", "emit.tsv"));
    Path ready = Path.of(arguments.get("ready", "ready"));
    WarmUp warmUp = arguments.warmUp();
    long warmOffsets = arguments.get("warmOffsets", 0L);
    Duration timeout = Duration.ofSeconds(arguments.get("timeout", 120L));
    arguments.requireAllRead();
    RunOptions warming =
        warmOffsets > 0
            ? RunOptions.bounded().readingAtMost(warmOffsets)
            : engine.limit(RunOptions.bounded());
    for (int i = 0; i < warmUp.times(); i++) {
      try (TemporaryDirectory directory = TemporaryDirectory.create();
          RunningPipeline running = start(warmUp.topic(), directory, batch -> {}, warming)) {
        running.awaitTermination();
      }
    }
    long received;
    try (Writer lines = Files.newBufferedWriter(log);
        TemporaryDirectory directory = TemporaryDirectory.create();
        RunningPipeline running =
            start(topic, directory, batch -> write(batch, lines), engine.continuous())) {
      Files.writeString(ready, "ready");
      long end = System.nanoTime() + timeout.toNanos();
      while (running.accounting().received() < records && System.nanoTime() < end) {
        if (running.awaitTermination(POLL_INTERVAL)) {
          throw new IllegalStateException("The pipeline ended before it had received all records");
        }
      }
      received = running.accounting().received();
    }
    System.out.println(
        JsonNodeFactory.instance
            .objectNode()
            .put("name", engine.name() + "-latency")
            .put("records", received)
            .put("arguments", arguments.toString()));
  }

  private RunningPipeline start(
      String topic, TemporaryDirectory directory, Consumer<BatchResults> sink, RunOptions options) {
    return engine
        .engine()
        .start(
            directory
                .pipeline(
                    engine.configure(KafkaTopic.of(topic).at(bootstrap)),
                    ZoneId.of("UTC"),
                    LATENESS,
                    2)
                .results(Sinks.callback(sink))
                .build(),
            options.checkpointingTo(directory.checkpoint()));
  }

  private static void write(BatchResults batch, Writer lines) {
    long micros = Schedule.nowMicros();
    try {
      for (ResultRow row : batch.updates(ResultTables.HOURLY)) {
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
