package io.callstream.pipeline;

/**
 * Receives the results of a pipeline. The engine calls a sink from one thread at a time.
 *
 * <p>The engine delivers each batch at least once and in order. After a crash it may deliver a
 * batch again, with the same number and the same absolute values. A sink that writes values by
 * their keys is therefore idempotent. An exception from {@link #write} fails the pipeline.
 */
public interface ResultSink extends Sink {
  /**
   * Prepares for a run.
   *
   * @param restored the state after the last finished batch, without updates; its number is -1 for
   *     a pipeline that starts from the beginning
   */
  default void open(BatchResults restored) {}

  /**
   * Stores the results of a batch. They are durable when this method returns, unless the sink
   * documents otherwise.
   */
  void write(BatchResults batch);
}
