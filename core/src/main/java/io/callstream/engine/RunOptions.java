package io.callstream.engine;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Options for running a pipeline on any engine. Immutable; each method returns changed options. */
public final class RunOptions {
  /** The default trigger interval of a continuous run: one second. */
  public static final Duration DEFAULT_TRIGGER = Duration.ofSeconds(1);

  /** The default time limit of sinks: two minutes. */
  public static final Duration DEFAULT_SINK_TIMEOUT = Duration.ofMinutes(2);

  /** When a run ends. */
  public enum Mode {
    /** The run ends when it is stopped or fails. */
    CONTINUOUS,
    /** The run ends when it has processed all records that existed when it started. */
    BOUNDED
  }

  private final Mode mode;
  private final @Nullable String checkpoint;
  private final Duration trigger;
  private final long maxRecordsPerBatch;
  private final boolean flushingAtEnd;
  private final Duration sinkTimeout;

  private RunOptions(
      Mode mode,
      @Nullable String checkpoint,
      Duration trigger,
      long maxRecordsPerBatch,
      boolean flushingAtEnd,
      Duration sinkTimeout) {
    this.mode = mode;
    this.checkpoint = checkpoint;
    this.trigger = trigger;
    this.maxRecordsPerBatch = maxRecordsPerBatch;
    this.flushingAtEnd = flushingAtEnd;
    this.sinkTimeout = sinkTimeout;
  }

  /** Returns options for a run that continues until it is stopped, without a checkpoint. */
  public static RunOptions continuous() {
    return new RunOptions(
        Mode.CONTINUOUS, null, DEFAULT_TRIGGER, Long.MAX_VALUE, false, DEFAULT_SINK_TIMEOUT);
  }

  /**
   * Returns options for a run that processes all records that exist when it starts, without a
   * checkpoint.
   */
  public static RunOptions bounded() {
    return new RunOptions(
        Mode.BOUNDED, null, Duration.ZERO, Long.MAX_VALUE, false, DEFAULT_SINK_TIMEOUT);
  }

  /**
   * Sets the checkpoint: a directory with the state that a later run needs to resume. A directory
   * belongs to one pipeline. Defaults to none.
   *
   * @param directory a path or URI that the engine supports
   * @throws IllegalArgumentException if the directory is blank, or if the run flushes open windows
   */
  public RunOptions checkpointingTo(String directory) {
    if (directory.isBlank()) {
      throw new IllegalArgumentException("The checkpoint directory is blank; specify a directory");
    }
    requireNotBoth(directory, flushingAtEnd);
    return new RunOptions(mode, directory, trigger, maxRecordsPerBatch, flushingAtEnd, sinkTimeout);
  }

  private static void requireNotBoth(@Nullable String checkpoint, boolean flushing) {
    if (checkpoint != null && flushing) {
      throw new IllegalArgumentException(
          "A run with a checkpoint ("
              + checkpoint
              + ") can't flush open windows: the next run continues with them, so they would be"
              + " emitted twice. Remove checkpointingTo(...) or flushingAtEnd().");
    }
  }

  /**
   * Sets the minimum time between the starts of two batches. With 0, the run starts the next batch
   * immediately. Defaults to one second. Has no effect on a bounded run.
   *
   * @param interval at least 0, at most one day
   * @throws IllegalArgumentException if {@code interval} is outside these bounds
   */
  public RunOptions triggeringEvery(Duration interval) {
    if (interval.isNegative() || interval.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(
          "The trigger interval is " + interval + "; it must be from 0 to one day");
    }
    return new RunOptions(
        mode, checkpoint, interval, maxRecordsPerBatch, flushingAtEnd, sinkTimeout);
  }

  /**
   * Sets the maximum number of records of a batch, over all partitions. Defaults to no limit.
   *
   * <p>A batch always reads at least one record from each partition that has any, so that the
   * watermark does not advance past unread records of a partition. For a Kafka topic, the limit
   * applies to offsets: a batch has fewer records if not every offset has one.
   *
   * @param recordsPerBatch at least 1
   * @throws IllegalArgumentException if {@code recordsPerBatch} is less than 1
   */
  public RunOptions readingAtMost(long recordsPerBatch) {
    if (recordsPerBatch < 1) {
      throw new IllegalArgumentException(
          "The limit of records per batch is " + recordsPerBatch + "; it must be at least 1");
    }
    return new RunOptions(mode, checkpoint, trigger, recordsPerBatch, flushingAtEnd, sinkTimeout);
  }

  /**
   * Emits open windows at the end of a bounded run, for statistics that emit when windows close.
   *
   * @throws IllegalArgumentException if there is a checkpoint: the next run would continue with
   *     these windows and emit them again
   */
  public RunOptions flushingAtEnd() {
    requireNotBoth(checkpoint, true);
    return new RunOptions(mode, checkpoint, trigger, maxRecordsPerBatch, true, sinkTimeout);
  }

  /**
   * Sets the time limit of a sink for opening, for writing a batch and for closing. A sink can
   * request more with {@link io.callstream.pipeline.Sink#extraTime}. The run interrupts a sink that
   * takes longer, and the pipeline fails. Defaults to two minutes.
   *
   * @param limit greater than 0, at most one day
   * @throws IllegalArgumentException if {@code limit} is outside these bounds
   */
  public RunOptions sinkTimeout(Duration limit) {
    if (limit.isNegative() || limit.isZero() || limit.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(
          "The time limit of sinks is %s; it must be greater than 0 and at most one day"
              .formatted(limit));
    }
    return new RunOptions(mode, checkpoint, trigger, maxRecordsPerBatch, flushingAtEnd, limit);
  }

  /** Returns when the run ends. */
  public Mode mode() {
    return mode;
  }

  /** Returns the checkpoint directory. Empty if a restarted pipeline starts from the beginning. */
  public Optional<String> checkpoint() {
    return Optional.ofNullable(checkpoint);
  }

  /** Returns the minimum time between the starts of two batches. */
  public Duration trigger() {
    return trigger;
  }

  /** Returns the maximum number of records of a batch. Empty if the engine decides. */
  public OptionalLong maxRecordsPerBatch() {
    return maxRecordsPerBatch == Long.MAX_VALUE
        ? OptionalLong.empty()
        : OptionalLong.of(maxRecordsPerBatch);
  }

  /** Returns whether a bounded run emits open windows when it ends. */
  public boolean flushesAtEnd() {
    return flushingAtEnd;
  }

  /** Returns the time limit of a sink for a batch. */
  public Duration sinkTimeout() {
    return sinkTimeout;
  }
}
