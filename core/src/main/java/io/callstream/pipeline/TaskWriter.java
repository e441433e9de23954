package io.callstream.pipeline;

import java.io.Serializable;
import java.time.Instant;
import java.util.Optional;

/**
 * Writes the results that one attempt of a task computes in one batch. Used by one thread.
 *
 * <p>An attempt may end without a commit, and it may be stopped and resume later, when another
 * attempt has finished the batch and a later batch has changed the same results. A writer must not
 * replace the results of a later batch then.
 */
public interface TaskWriter extends AutoCloseable {
  /** Opens writers in executors. Thread-safe. */
  @FunctionalInterface
  interface Factory extends Serializable {
    /** Opens a writer. It is closed in any case. */
    TaskWriter open(Attempt attempt) throws Exception;
  }

  /**
   * An attempt of a task.
   *
   * @param batch the number of the batch
   * @param watermark the watermark of the batch, as in {@link BatchResults#watermark}
   * @param task the number of the task in its batch, from 0. A task always has the same groups of
   *     an open window
   * @param id identifies the attempt among all attempts of all runs: up to 80 letters, digits and
   *     hyphens
   */
  record Attempt(long batch, Optional<Instant> watermark, int task, String id) {}

  /**
   * Adds results. An attempt adds each group of a window at most once.
   *
   * @param changed absolute values of groups of one statistic. The rows can be read once, and only
   *     during this call
   */
  void write(Results changed) throws Exception;

  /**
   * Makes everything durable that was added. The engine allows one attempt of a task at a time to
   * commit.
   *
   * @return data for {@link TaskSink#finish}, which the driver collects from all tasks, so it
   *     should be small
   */
  byte[] commit() throws Exception;

  /** Releases everything. Without a commit, discards what was added. */
  @Override
  void close();
}
