package io.callstream.benchmarks.tune;

/** What the study measures. */
enum Measure {
  /** Calls per second over a backlog. */
  THROUGHPUT("throughput", "calls/s", true),
  /** The median latency at a steady rate. */
  P50("latency p50", "ms", false),
  /** The 95th percentile of latency at a steady rate. */
  P95("latency p95", "ms", false),
  /** The 99th percentile of latency at a steady rate. */
  P99("latency p99", "ms", false),
  /** The highest rate at which the engine keeps up. */
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
