package io.callstream.examples.cli;

import io.callstream.engine.RunningPipeline;
import io.callstream.internal.sink.Plural;
import io.callstream.kafka.TopicInfo;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/** Watches a pipeline that counts, and shows its results. */
final class PipelineDisplay {
  private static final Duration LOOK = Duration.ofMillis(100);

  private final Terminal terminal;
  private final RunningPipeline running;
  private volatile boolean cutShort;

  PipelineDisplay(Terminal terminal, RunningPipeline running) {
    this.terminal = terminal;
    this.running = running;
  }

  /** Waits until an unbounded pipeline is stopped, and shows its progress. */
  void await() throws InterruptedException {
    long before = running.accounting().received();
    try (Meter meter = Meter.of(terminal, "counted", Meter.UNKNOWN, before)) {
      await(() -> false, meter::show);
    }
  }

  /**
   * Waits until the pipeline has ended, and shows its progress.
   *
   * @param sent the number of records that were sent to the topic, which contains no others
   * @param enough returns whether the pipeline must end
   */
  void await(long sent, BooleanSupplier enough) throws InterruptedException {
    try (Meter meter = Meter.of(terminal, "counted", sent)) {
      await(enough, meter::show);
    }
  }

  /**
   * Waits until a bounded pipeline has ended, and shows its progress.
   *
   * @param topic the content of the topic just before the pipeline started
   */
  void await(TopicInfo topic) throws InterruptedException {
    boolean fresh = running.accounting().received() == 0;
    try (Meter meter = Meter.ofOffsets(terminal, "counted", topic.offsets())) {
      await(
          () -> false,
          records -> {
            // A run that resumes from a checkpoint knows its start only after its first batch.
            if (fresh || running.progress().isPresent()) {
              meter.show(records, topic.offsets() - left(topic));
            }
          });
      if (!cutShort) {
        // The last offsets may have no records. Then no batch reports them.
        meter.show(running.accounting().received(), topic.offsets());
      }
    }
  }

  private void await(BooleanSupplier enough, LongConsumer meter) throws InterruptedException {
    boolean ended = false;
    while (!ended) {
      // The command also ends if the reader has closed the pipe, as "| head" does.
      if (enough.getAsBoolean() || terminal.out().isClosedByReader()) {
        stop();
      }
      ended = running.awaitTermination(LOOK);
      meter.accept(running.accounting().received());
    }
  }

  /** Ends the run, possibly before all records are counted. Thread-safe. */
  void stop() {
    if (running.state() == RunningPipeline.State.RUNNING) {
      cutShort = true;
    }
    running.stop();
  }

  /**
   * Returns whether a bounded run has counted all records that the topic contained at the start, as
   * far as this can be determined.
   */
  boolean isComplete(TopicInfo topic) {
    return !cutShort || left(topic) == 0;
  }

  /**
   * Returns the number of offsets that no batch has reported yet. It is the maximum number of
   * records that are not counted.
   */
  private long left(TopicInfo topic) {
    Map<Integer, Long> ends = new HashMap<>();
    running
        .progress()
        .ifPresent(report -> report.offsets().forEach(p -> ends.put(p.partition(), p.end())));
    return offsetsFrom(topic, ends);
  }

  /**
   * Returns the number of offsets of a topic from the given position of each partition on. A
   * partition without a position counts completely.
   */
  static long offsetsFrom(TopicInfo topic, Map<Integer, Long> positions) {
    return topic.partitions().stream()
        .mapToLong(
            p ->
                p.end()
                    - Math.min(
                        p.end(),
                        Math.max(p.beginning(), positions.getOrDefault(p.partition(), 0L))))
        .sum();
  }

  /**
   * Shows how many records are missing in the results, if the run ended before all were counted.
   */
  void tellMissing(long sent) {
    long counted = running.accounting().received();
    if (counted < sent) {
      terminal.warn(
          "ended early: %,d of %s were counted, and the tables lack the other %,d",
          counted, DisplayText.records(sent), sent - counted);
    }
  }

  /**
   * Shows how many records may be missing in the results, if the run ended before all were read.
   */
  void tellLeft(TopicInfo topic) {
    if (!isComplete(topic)) {
      terminal.warn(
          "ended early: %s counted; %s not read, so the tables lack at most as many records",
          DisplayText.records(running.accounting().received()), Plural.of(left(topic), "offset"));
    }
  }

  /**
   * Prints the requested output: the top rows of each statistic, the accounting, and the location
   * of the files, or all of this as JSON.
   *
   * @throws CallstreamException if standard output cannot be written
   */
  void print(StatisticsOptions options) {
    FinalResults.of(running).print(terminal, options.json(), options.top(), options.output());
  }
}
