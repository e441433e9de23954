package io.callstream.internal.sink;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.BatchResults;

/**
 * The mark that a sink stores with each batch. The next run compares it with its own state: the
 * store can match, be behind, be ahead by the batch that is repeated, or belong to another run.
 *
 * @param batch the last batch that the store completed; -1 before the first
 * @param lineage the {@linkplain BatchResults#lineage lineage} of the run that wrote it
 */
public record BatchMark(long batch, String lineage) {
  public static BatchMark of(BatchResults batch) {
    return new BatchMark(batch.number(), batch.lineage());
  }

  /**
   * Returns whether a store with this mark has results of another run, or is ahead by more than the
   * batch that is repeated. The latter happens when a checkpoint was restored from a copy.
   *
   * @param restored the state with which the run starts
   */
  public boolean isOfAnotherRunThan(BatchResults restored) {
    return !lineage.equals(restored.lineage()) || batch > restored.number() + 1;
  }

  /**
   * Requires that the results of a restored state can be read, before a store is changed that is
   * filled with them.
   */
  public static void requireReadable(BatchResults restored) {
    restored.current().values().forEach(results -> results.stream().close());
  }

  /** Returns whether a store with this mark lacks batches of the restored state. */
  public boolean isBehind(BatchResults restored) {
    return batch < restored.number();
  }

  /** Returns the failure of a store that holds results of another run. */
  public CallstreamException refused(String store, BatchResults restored) {
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        ("%s holds results up to batch %s of another run: this run %s. Start with the checkpoint of"
                + " the run that wrote them, use another destination, or let the sink start over,"
                + " which deletes its content.")
            .formatted(
                store,
                batch,
                restored.number() < 0
                    ? "starts from the beginning"
                    : "continues after batch " + restored.number()));
  }

  /** Returns the failure of a store that holds results without a mark. */
  public static CallstreamException missing(String store) {
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        store
            + " holds results, and it is unknown which run wrote them. Use another destination, or"
            + " let the sink start over, which deletes its content.");
  }
}
