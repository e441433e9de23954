package io.callstream.benchmarks.tune;

import io.callstream.benchmarks.tune.Analysis.Estimate;
import java.util.Locale;

/** What the study measures. */
enum Measure {
  THROUGHPUT("throughput", "calls/s", true),
  P50("latency p50", "ms", false),
  P95("latency p95", "ms", false),
  P99("latency p99", "ms", false),
  SUSTAINABLE("sustainable rate", "calls/s", true);

  final String title;
  final String unit;
  final boolean moreIsBetter;

  Measure(String title, String unit, boolean moreIsBetter) {
    this.title = title;
    this.unit = unit;
    this.moreIsBetter = moreIsBetter;
  }

  /** Returns a value, rounded to its significant digits. */
  String figure(double value) {
    double step = moreIsBetter ? Math.pow(10, Math.max(0, Math.floor(Math.log10(value)) - 2)) : 1;
    return String.format(Locale.ROOT, "%,.0f", Math.rint(value / step) * step);
  }

  /** Returns a mean with its minimum and maximum. */
  String range(Estimate estimate) {
    String mean = figure(estimate.mean());
    return estimate.min() == estimate.max()
        ? mean
        : mean + " (" + figure(estimate.min()) + "–" + figure(estimate.max()) + ")";
  }
}
