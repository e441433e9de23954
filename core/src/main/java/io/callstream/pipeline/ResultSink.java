package io.callstream.pipeline;

/**
 * Takes results out of a pipeline. The engine calls it from one thread at a time.
 *
 * <p>Each batch comes at least once and in order: after a crash a batch may come again, with the
 * same number and the same absolute values, so that a sink which writes values under their keys is
 * right without more ado. What {@link #write} throws fails the pipeline.
 */
public interface ResultSink extends Sink {
  /**
   * Prepares for a run.
   *
   * @param restored where everything stood after the last batch that was finished before, with no
   *     updates; its number is -1 for a pipeline that starts anew
   */
  default void open(BatchResults restored) {}

  /**
   * Takes the results of a batch; what it took is safe when it returns, unless it says otherwise.
   */
  void write(BatchResults batch);
}
