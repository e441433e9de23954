package io.callstream.benchmarks.tune;

import io.callstream.benchmarks.tune.Analysis.Effect;
import io.callstream.benchmarks.tune.Analysis.Estimate;
import java.util.Locale;

/** Formats figures for the report. */
final class FigureFormat {
  /** The text for a figure that was not measured. */
  static final String NONE = "–";

  private static final String UNKNOWN = "an unknown percentage";

  private FigureFormat() {}

  static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  /** Returns a value, rounded to its significant digits. */
  static String value(Measure measure, double value) {
    double step =
        measure.moreIsBetter() ? Math.pow(10, Math.max(0, Math.floor(Math.log10(value)) - 2)) : 1;
    return format("%,.0f", Math.rint(value / step) * step);
  }

  /** Returns a mean with its minimum and maximum. */
  static String range(Measure measure, Estimate estimate) {
    String mean = value(measure, estimate.mean());
    return estimate.min() == estimate.max()
        ? mean
        : format(
            "%s (%s–%s)", mean, value(measure, estimate.min()), value(measure, estimate.max()));
  }

  static String change(Effect effect) {
    return effect.ratio() > 3
        ? format("×%.1f", effect.ratio())
        : format("%+.0f %%", 100 * (effect.ratio() - 1));
  }

  static String percent(double part) {
    return Double.isNaN(part) ? UNKNOWN : format("%.0f %%", 100 * part);
  }

  /** Returns the changes within a margin: a factor reaches equally far in both directions. */
  static String noiseBand(double margin) {
    return Double.isNaN(margin)
        ? UNKNOWN
        : format("%+.0f to %+.0f %%", 100 * (1 / margin - 1), 100 * (margin - 1));
  }

  /** Returns a factor: bold if it is significant, and otherwise in parentheses. */
  static String factor(double factor, boolean significant) {
    return Double.isNaN(factor) ? NONE : format(significant ? "**%.2f**" : "(%.2f)", factor);
  }
}
