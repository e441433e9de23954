package io.callstream.examples.cli;

import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.TopicInfo;
import io.callstream.sink.Tables;
import io.callstream.statistic.Statistic;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/** Watches a pipeline that counts, and shows what came of it. */
final class Counting {
  private static final Duration LOOK = Duration.ofMillis(100);
  private static final int ROWS = 10;

  private final Terminal terminal;
  private final RunningPipeline running;
  private volatile boolean cutShort;

  Counting(Terminal terminal, RunningPipeline running) {
    this.terminal = terminal;
    this.running = running;
  }

  /** Waits until a pipeline that has no end is stopped, and shows how far it is. */
  void await() throws InterruptedException {
    long before = running.accounting().received();
    try (Meter meter = Meter.of(terminal, "counted", Meter.UNKNOWN, before)) {
      await(() -> false, meter::show);
    }
  }

  /**
   * Waits until the pipeline has ended, and shows how far it is.
   *
   * @param sent how many records were sent to the topic, which has no others
   * @param enough whether the pipeline is to end
   */
  void await(long sent, BooleanSupplier enough) throws InterruptedException {
    try (Meter meter = Meter.of(terminal, "counted", sent)) {
      await(enough, meter::show);
    }
  }

  /**
   * Waits until a bounded pipeline has ended, and shows how far it is.
   *
   * @param topic what the topic held when the pipeline was about to start
   */
  void await(TopicInfo topic) throws InterruptedException {
    boolean fresh = running.accounting().received() == 0;
    try (Meter meter = Meter.ofOffsets(terminal, "counted", topic.offsets())) {
      await(
          () -> false,
          records -> {
            // Where a checkpoint has the run start is known when its first batch is done.
            if (fresh || running.progress().isPresent()) {
              meter.show(records, topic.offsets() - left(topic));
            }
          });
      if (!cutShort) {
        // The last offsets may have no record, and then no batch reports them.
        meter.show(running.accounting().received(), topic.offsets());
      }
    }
  }

  private void await(BooleanSupplier enough, LongConsumer meter) throws InterruptedException {
    boolean ended = false;
    while (!ended) {
      // A closed pipe, as of "| head", is enough too.
      if (enough.getAsBoolean() || terminal.out().isClosedByReader()) {
        stop();
      }
      ended = running.awaitTermination(LOOK);
      meter.accept(running.accounting().received());
    }
  }

  /** Ends the run, which may be before all was counted. From any thread. */
  void stop() {
    if (running.state() == RunningPipeline.State.RUNNING) {
      cutShort = true;
    }
    running.stop();
  }

  /** Returns whether a bounded run has counted all that the topic held, as far as can be known. */
  boolean isComplete(TopicInfo topic) {
    return !cutShort || left(topic) == 0;
  }

  /**
   * Returns how many of the offsets that the topic held no batch has reported, which is the most
   * records that are not counted.
   */
  private long left(TopicInfo topic) {
    Map<Integer, Long> ends = new HashMap<>();
    running
        .progress()
        .ifPresent(report -> report.offsets().forEach(p -> ends.put(p.partition(), p.end())));
    return topic.partitions().stream()
        .mapToLong(
            p ->
                p.end()
                    - Math.max(
                        p.beginning(),
                        Math.min(p.end(), ends.getOrDefault(p.partition(), p.beginning()))))
        .sum();
  }

  /** Shows how many records are missing in the results if the run ended before all were counted. */
  void tellMissing(long sent) {
    long counted = running.accounting().received();
    if (counted < sent) {
      terminal.say(
          "ended early: %,d of %s were counted, and the tables lack the other %,d",
          counted, Words.records(sent), sent - counted);
    }
  }

  /** Shows how many records may be missing in the results if the run ended before all were read. */
  void tellLeft(TopicInfo topic) {
    if (!isComplete(topic)) {
      terminal.say(
          "ended early: %s counted; %,d offsets were not read, so the tables lack at most as many"
              + " records",
          Words.records(running.accounting().received()), left(topic));
    }
  }

  /**
   * Prints what was asked for: the top of each statistic, where every record went, and where the
   * files are, or all that as JSON.
   *
   * @throws CallstreamException if standard output can't be written
   */
  void print(StatisticsOptions options) {
    if (options.json()) {
      ResultsJson.write(terminal.out(), running, options.top(), options.output());
    } else {
      printTables(options);
    }
    terminal.out().requireWritten();
  }

  private void printTables(StatisticsOptions options) {
    int width = terminal.columns().getAsInt();
    int rows = options.top().orElse(ROWS);
    for (Statistic statistic : running.pipeline().statistics()) {
      terminal
          .out()
          .println(
              Tables.top(
                  running.results(statistic.name()),
                  rows,
                  running.pipeline().format().zone(),
                  width));
    }
    terminal.out().print(Tables.accounting(running.accounting()));
    Path output = options.output();
    if (output != null) {
      terminal.out().println("files: " + output.toAbsolutePath().normalize());
    }
  }
}
