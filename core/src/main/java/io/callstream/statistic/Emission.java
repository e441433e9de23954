package io.callstream.statistic;

/** When the sinks receive the results of a statistic. */
public enum Emission {
  /** Each batch emits the groups that changed in it. */
  ON_UPDATE,
  /**
   * Each window emits its results once: in the first batch whose watermark has reached the end of
   * the window plus the allowed lateness, or at the end of a bounded run that flushes open windows.
   * A session closes a gap later, because a call can still join it.
   */
  ON_CLOSE
}
