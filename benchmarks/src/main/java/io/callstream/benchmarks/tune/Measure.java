package io.callstream.benchmarks.tune;

/** What is measured. */
enum Measure {
  /** Calls of a backlog counted in a second. */
  THROUGHPUT("throughput", "calls/s", true),
  /** The median of latency at a steady rate. */
  P50("latency p50", "ms", false),
  /** The 95th percentile of it. */
  P95("latency p95", "ms", false),
  /** The 99th percentile of it. */
  P99("latency p99", "ms", false),
  /** The highest rate that is kept up with. */
  SUSTAINABLE("sustainable rate", "calls/s", true);

  private final String title;
  private final String unit;
  private final boolean moreIsBetter;

  Measure(String title, String unit, boolean moreIsBetter) {
    this.title = title;
    this.unit = unit;
    this.moreIsBetter = moreIsBetter;
  }

  String title() {
    return title;
  }

  String unit() {
    return unit;
  }

  boolean moreIsBetter() {
    return moreIsBetter;
  }
}
