package io.callstream.sink;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.BatchResults;

/**
 * What a store is told with each batch, so that the next run sees whether the store is where the
 * pipeline is, behind it, ahead of it by the batch that comes again, or another run's altogether.
 *
 * @param batch the last batch that the store took whole; -1 before the first
 * @param lineage the {@linkplain BatchResults#lineage lineage} of the run that wrote it
 */
public record BatchMark(long batch, String lineage) {
  /** Returns the mark of a batch, or of where a pipeline stands that was restored. */
  public static BatchMark of(BatchResults batch) {
    return new BatchMark(batch.number(), batch.lineage());
  }

  /**
   * Returns whether a store with this mark holds results that a run did not write, or is further
   * ahead than by the batch that comes again, as after a checkpoint was put back from a copy.
   *
   * @param restored where the run stands that begins
   */
  public boolean isOfAnotherRunThan(BatchResults restored) {
    return !lineage.equals(restored.lineage()) || batch > restored.number() + 1;
  }

  /** Returns whether a run may have to bring a store with this mark up to date. */
  public boolean isBehind(BatchResults restored) {
    return batch < restored.number();
  }

  /**
   * Returns the failure of a sink that finds another run's results.
   *
   * @param store what holds them, such as "The table x"
   * @param restored where the run stands that begins
   */
  public CallstreamException refused(String store, BatchResults restored) {
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        store
            + " holds results up to batch "
            + batch
            + " of another run: this one "
            + (restored.number() < 0 ? "begins anew" : "goes on after batch " + restored.number())
            + ". Start with the checkpoint of the run that wrote it, name another place, or say that"
            + " the sink shall start over, which deletes what is there.");
  }

  /**
   * Returns the failure of a sink that finds results and no mark.
   *
   * @param store what holds them, such as "The table x"
   */
  public static CallstreamException missing(String store) {
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        store
            + " holds results, and nothing tells which run wrote them. Name another place, or say"
            + " that the sink shall start over, which deletes what is there.");
  }
}
