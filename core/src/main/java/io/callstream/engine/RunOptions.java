package io.callstream.engine;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Options for running a pipeline on any engine. Start with {@link #continuous()} or {@link
 * #bounded()}; each other method returns changed options.
 *
 * @param mode when the run ends
 * @param checkpoint the directory of the state with which a later run resumes; empty if a restarted
 *     pipeline starts from the beginning
 * @param trigger the minimum time between the starts of two batches, from 0 to one day
 * @param maxRecordsPerBatch the maximum number of records of a batch, at least 1; empty if the
 *     engine decides, as with {@link Long#MAX_VALUE}
 * @param flushesAtEnd whether a bounded run emits open windows when it ends
 * @param sinkTimeout the time limit of a call of a sink, greater than 0, at most one day
 * @param evolves whether a run may add statistics to those of its checkpoint, or remove some
 */
public record RunOptions(
    Mode mode,
    Optional<String> checkpoint,
    Duration trigger,
    OptionalLong maxRecordsPerBatch,
    boolean flushesAtEnd,
    Duration sinkTimeout,
    boolean evolves) {
  /** The default trigger interval of a continuous run: one second. */
  public static final Duration DEFAULT_TRIGGER = Duration.ofSeconds(1);

  /** The default time limit of sinks: two minutes. */
  public static final Duration DEFAULT_SINK_TIMEOUT = Duration.ofMinutes(2);

  private static final Duration DAY = Duration.ofDays(1);

  /** When a run ends. */
  public enum Mode {
    /** The run ends when it is stopped or fails. */
    CONTINUOUS,
    /** The run ends when it has processed all records that existed when it started. */
    BOUNDED
  }

  /** Checks the bounds. */
  public RunOptions {
    if (checkpoint.isPresent() && checkpoint.get().isBlank()) {
      throw new IllegalArgumentException("The checkpoint directory is blank; specify a directory");
    }
    if (checkpoint.isPresent() && flushesAtEnd) {
      throw new IllegalArgumentException(
          ("A run with a checkpoint (%s) can't flush open windows: the next run continues with"
                  + " them, so they would be emitted twice. Remove checkpointingTo(...) or"
                  + " flushingAtEnd().")
              .formatted(checkpoint.get()));
    }
    if (trigger.isNegative() || trigger.compareTo(DAY) > 0) {
      throw new IllegalArgumentException(
          "The trigger interval is " + trigger + "; it must be from 0 to one day");
    }
    if (maxRecordsPerBatch.orElse(1) < 1) {
      throw new IllegalArgumentException(
          "The limit of records per batch is %s; it must be at least 1"
              .formatted(maxRecordsPerBatch.getAsLong()));
    }
    if (maxRecordsPerBatch.orElse(1) == Long.MAX_VALUE) {
      maxRecordsPerBatch = OptionalLong.empty();
    }
    if (sinkTimeout.isNegative() || sinkTimeout.isZero() || sinkTimeout.compareTo(DAY) > 0) {
      throw new IllegalArgumentException(
          "The time limit of sinks is %s; it must be greater than 0 and at most one day"
              .formatted(sinkTimeout));
    }
  }

  /** Returns options for a run that continues until it is stopped, without a checkpoint. */
  public static RunOptions continuous() {
    return of(Mode.CONTINUOUS, DEFAULT_TRIGGER);
  }

  /**
   * Returns options for a run that processes all records that exist when it starts, without a
   * checkpoint.
   */
  public static RunOptions bounded() {
    return of(Mode.BOUNDED, Duration.ZERO);
  }

  private static RunOptions of(Mode mode, Duration trigger) {
    return new RunOptions(
        mode, Optional.empty(), trigger, OptionalLong.empty(), false, DEFAULT_SINK_TIMEOUT, false);
  }

  /**
   * Sets the checkpoint: a directory with the state that a later run needs to resume. A directory
   * belongs to one pipeline. Defaults to none.
   *
   * @param directory a path or URI that the engine supports
   * @throws IllegalArgumentException if the directory is blank, or if the run flushes open windows
   */
  public RunOptions checkpointingTo(String directory) {
    return new RunOptions(
        mode,
        Optional.of(directory),
        trigger,
        maxRecordsPerBatch,
        flushesAtEnd,
        sinkTimeout,
        evolves);
  }

  /**
   * Sets the minimum time between the starts of two batches. With 0, the run starts the next batch
   * immediately. Defaults to one second. Has no effect on a bounded run.
   *
   * @throws IllegalArgumentException if {@code interval} is negative or more than one day
   */
  public RunOptions triggeringEvery(Duration interval) {
    return new RunOptions(
        mode, checkpoint, interval, maxRecordsPerBatch, flushesAtEnd, sinkTimeout, evolves);
  }

  /**
   * Sets the maximum number of records of a batch, over all partitions. By default, and with {@link
   * Long#MAX_VALUE}, the engine decides.
   *
   * <p>A batch always reads at least one record from each partition that has any, so that the
   * watermark does not advance past unread records of a partition. For a Kafka topic, the limit
   * applies to offsets: a batch has fewer records if not every offset has one.
   *
   * @throws IllegalArgumentException if {@code recordsPerBatch} is less than 1
   */
  public RunOptions readingAtMost(long recordsPerBatch) {
    return new RunOptions(
        mode,
        checkpoint,
        trigger,
        OptionalLong.of(recordsPerBatch),
        flushesAtEnd,
        sinkTimeout,
        evolves);
  }

  /**
   * Emits open windows at the end of a bounded run, for statistics that emit when windows close.
   *
   * @throws IllegalArgumentException if there is a checkpoint: the next run would continue with
   *     these windows and emit them again
   */
  public RunOptions flushingAtEnd() {
    return new RunOptions(
        mode, checkpoint, trigger, maxRecordsPerBatch, true, sinkTimeout, evolves);
  }

  /**
   * Sets the time limit of a sink for opening, for writing a batch and for closing. A sink can
   * request more with {@link io.callstream.pipeline.Sink#extraTime}. The run interrupts a sink that
   * takes longer, and the pipeline fails. Defaults to two minutes.
   *
   * @throws IllegalArgumentException if {@code limit} is not greater than 0, or more than one day
   */
  public RunOptions sinkTimeout(Duration limit) {
    return new RunOptions(
        mode, checkpoint, trigger, maxRecordsPerBatch, flushesAtEnd, limit, evolves);
  }

  /**
   * Allows the run to have other statistics than its checkpoint. Statistics that are unchanged keep
   * their results. A statistic that is new counts from the next batch; {@link
   * io.callstream.pipeline.Results#countedSince} reports from where. The checkpoint forgets a
   * statistic that the pipeline no longer has.
   *
   * <p>A checkpoint uses the name of a statistic once: the run is refused if a statistic has the
   * name of another one, or of one that was removed. It is also refused if anything else has
   * changed, except that a format may have more fields. Has no effect without a checkpoint.
   */
  public RunOptions evolving() {
    return new RunOptions(
        mode, checkpoint, trigger, maxRecordsPerBatch, flushesAtEnd, sinkTimeout, true);
  }
}
