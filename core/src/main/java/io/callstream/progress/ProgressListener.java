package io.callstream.progress;

/**
 * Hears of each batch that is finished. Called from one thread at a time; what it throws fails the
 * pipeline, and what it takes long to do delays the next report, not the data.
 */
@FunctionalInterface
public interface ProgressListener {
  /** Takes the report of a batch. */
  void onProgress(Progress progress);
}
