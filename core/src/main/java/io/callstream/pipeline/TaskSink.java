package io.callstream.pipeline;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.util.List;

/**
 * A sink that can also be written by the tasks of an engine, so that results do not pass through
 * the driver. An engine that keeps results in its executors refuses other sinks of results.
 *
 * <p>For each run, the driver calls {@link #open} and then {@link #writers} once. In each batch,
 * each task that has results opens a {@link TaskWriter} and commits it. Then the driver calls
 * {@link #finish}. The driver does not call {@link #write}. The results that {@link #open} and
 * {@link #finish} receive have no rows that can be read, except for {@link Results#top}.
 *
 * <p>A batch is delivered at least once, and a task may be attempted several times, also at the
 * same time. All attempts of a batch have the same results.
 */
public interface TaskSink extends ResultSink {
  /**
   * Returns what opens the writers of this run. The engine sends it to its executors.
   *
   * @throws CallstreamException with {@link ErrorCode#SINK_FAILED} if tasks cannot use what this
   *     sink was created with
   */
  TaskWriter.Factory writers();

  /**
   * Ends a batch: all its tasks have committed, and it is in the checkpoint. No task of a later
   * batch starts before this method returns.
   *
   * @param batch the batch, whose updates have a size but no rows that can be read
   * @param messages what {@link TaskWriter#commit} returned in each task that has results, in
   *     unspecified order
   */
  void finish(BatchResults batch, List<byte[]> messages);
}
