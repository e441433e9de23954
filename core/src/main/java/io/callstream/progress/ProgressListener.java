package io.callstream.progress;

/**
 * Receives a report of each finished batch. The engine calls a listener from one thread at a time.
 * An exception from a listener fails the pipeline. A slow listener delays later reports, but not
 * the data.
 */
@FunctionalInterface
public interface ProgressListener {
  /** Receives the report of a batch. */
  void onProgress(Progress progress);
}
