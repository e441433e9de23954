package io.callstream.engine;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** How to run a pipeline, whatever the engine. Immutable; each method returns changed options. */
public final class RunOptions {
  /** How often a continuous run looks for records if nothing else is said: every second. */
  public static final Duration DEFAULT_TRIGGER = Duration.ofSeconds(1);

  /** How long a sink may take for a batch if nothing else is said: two minutes. */
  public static final Duration DEFAULT_SINK_TIMEOUT = Duration.ofMinutes(2);

  /** When a run ends. */
  public enum Mode {
    /** When it is stopped, or fails. */
    CONTINUOUS,
    /** When all records are processed that were there when it started. */
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

  /** Runs until stopped, without a checkpoint, looking for records every second. */
  public static RunOptions continuous() {
    return new RunOptions(
        Mode.CONTINUOUS, null, DEFAULT_TRIGGER, Long.MAX_VALUE, false, DEFAULT_SINK_TIMEOUT);
  }

  /** Runs until all records are processed that were there at the start, without a checkpoint. */
  public static RunOptions bounded() {
    return new RunOptions(
        Mode.BOUNDED, null, Duration.ZERO, Long.MAX_VALUE, false, DEFAULT_SINK_TIMEOUT);
  }

  /**
   * Keeps what is needed to go on after a restart in a directory, which belongs to one pipeline.
   *
   * @param directory a path or URI that the engine understands
   */
  public RunOptions checkpointingTo(String directory) {
    if (directory.isBlank()) {
      throw new IllegalArgumentException("The checkpoint directory is blank; name a directory");
    }
    requireNotBoth(directory, flushingAtEnd);
    return new RunOptions(mode, directory, trigger, maxRecordsPerBatch, flushingAtEnd, sinkTimeout);
  }

  private static void requireNotBoth(@Nullable String checkpoint, boolean flushing) {
    if (checkpoint != null && flushing) {
      throw new IllegalArgumentException(
          "A run with a checkpoint ("
              + checkpoint
              + ") can't flush open windows: the next run goes on with them, and they would be"
              + " emitted twice. Leave out one of the two.");
    }
  }

  /** Looks for records this often; zero is as often as it can. Without effect on a bounded run. */
  public RunOptions triggeringEvery(Duration interval) {
    if (interval.isNegative() || interval.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(
          "The trigger interval is " + interval + "; it must be at least 0, at most one day");
    }
    return new RunOptions(
        mode, checkpoint, interval, maxRecordsPerBatch, flushingAtEnd, sinkTimeout);
  }

  /**
   * Reads at most this many records in a batch, over all partitions, and at least one of each
   * partition that has some, so that the watermark does not run ahead of a partition. On a Kafka
   * topic the limit counts offsets: a batch has fewer records if not every offset has one.
   */
  public RunOptions readingAtMost(long recordsPerBatch) {
    if (recordsPerBatch < 1) {
      throw new IllegalArgumentException(
          "The limit of records per batch is " + recordsPerBatch + "; it must be at least 1");
    }
    return new RunOptions(mode, checkpoint, trigger, recordsPerBatch, flushingAtEnd, sinkTimeout);
  }

  /**
   * Emits open windows, of statistics that emit when windows close, as a bounded run ends.
   *
   * @throws IllegalArgumentException if there is a checkpoint: the next run would go on with those
   *     windows, and emit them again when they close
   */
  public RunOptions flushingAtEnd() {
    requireNotBoth(checkpoint, true);
    return new RunOptions(mode, checkpoint, trigger, maxRecordsPerBatch, true, sinkTimeout);
  }

  /**
   * Gives a sink this long to open, to write a batch, or to close, in addition to its {@link
   * io.callstream.pipeline.Sink#extraTime}. One that takes longer is interrupted, and the pipeline
   * fails.
   *
   * @param limit over 0, at most one day
   */
  public RunOptions sinkTimeout(Duration limit) {
    if (limit.isNegative() || limit.isZero() || limit.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(
          "The time limit of sinks is " + limit + "; it must be over 0, at most one day");
    }
    return new RunOptions(mode, checkpoint, trigger, maxRecordsPerBatch, flushingAtEnd, limit);
  }

  /** Returns when the run ends. */
  public Mode mode() {
    return mode;
  }

  /** Returns the checkpoint directory; without one a restart begins anew. */
  public Optional<String> checkpoint() {
    return Optional.ofNullable(checkpoint);
  }

  /** Returns how often the run looks for records. */
  public Duration trigger() {
    return trigger;
  }

  /** Returns the most records of a batch; empty if it is for the engine to say. */
  public OptionalLong maxRecordsPerBatch() {
    return maxRecordsPerBatch == Long.MAX_VALUE
        ? OptionalLong.empty()
        : OptionalLong.of(maxRecordsPerBatch);
  }

  /** Returns whether open windows are emitted as a bounded run ends. */
  public boolean flushesAtEnd() {
    return flushingAtEnd;
  }

  /** Returns how long a sink may take for a batch. */
  public Duration sinkTimeout() {
    return sinkTimeout;
  }
}
