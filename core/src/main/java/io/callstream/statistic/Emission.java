package io.callstream.statistic;

/** When the results of a statistic go to the sinks. */
public enum Emission {
  /** In every batch, the groups that changed in it. */
  ON_UPDATE,
  /**
   * Once for each window: in the first batch whose watermark has reached the window's end plus its
   * allowed lateness, or when a bounded run ends that was asked to flush.
   */
  ON_CLOSE
}
