package io.callstream.benchmarks.tune;

import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Draws the charts of the report as SVG. The axes are logarithmic, because effects are factors. No
 * chart library in use draws a band of noise on a logarithmic axis.
 */
final class Chart {
  private static final int WIDTH = 860;
  private static final double CHARACTER_WIDTH = 6.8;
  private static final String BETTER = "#2a7f62";
  private static final String WORSE = "#c2553a";
  private static final String NOISE = "#9aa7b4";
  private static final String INK = "#1d2733";
  private static final String FAINT = "#5a6877";
  private static final String GRID = "#e3e8ee";

  private final StringBuilder svg = new StringBuilder();

  /**
   * The effect of a configuration.
   *
   * @param ratio the ratio of the value to that of the defaults
   * @param value the value in words
   * @param gain greater than 0 if it is significantly better, less if it is significantly worse
   */
  record Bar(String label, double ratio, String value, double gain) {
    String color() {
      return gain > 0 ? BETTER : gain < 0 ? WORSE : NOISE;
    }
  }

  private record Axis(double min, double max, double from, double to) {
    double at(double value) {
      double part = Math.log(value / min) / Math.log(max / min);
      return from + Math.max(0, Math.min(1, part)) * (to - from);
    }

    /** Returns round numbers. The narrower the axis, the closer they are. */
    double[] ticks() {
      double[] steps =
          max / min < 8
              ? new double[] {1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 4, 5, 6, 8}
              : new double[] {1, 2, 5};
      return IntStream.range(-3, 9)
          .mapToDouble(exponent -> Math.pow(10, exponent))
          .flatMap(decade -> DoubleStream.of(steps).map(step -> decade * step))
          .filter(tick -> tick >= min && tick <= max)
          .toArray();
    }
  }

  private Chart(double height, String title) {
    add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" width=\"%d\""
            + " height=\"%.0f\" font-family=\"system-ui,sans-serif\" font-size=\"12.5\""
            + " role=\"img\">\n<title>%s</title>",
        WIDTH, height, WIDTH, height, escape(title));
    rect(0, 0, WIDTH, height, "#ffffff");
    add(
        "<text x=\"0\" y=\"16\" font-size=\"15\" font-weight=\"600\" fill=\"%s\">%s</text>",
        INK, escape(title));
  }

  /**
   * Draws a bar for each configuration, from the value of the defaults to its own value.
   *
   * @param margin the factor from which on an effect is significant; NaN omits the band of noise
   */
  static String effects(String title, List<Bar> bars, double margin) {
    int left =
        12
            + (int)
                (CHARACTER_WIDTH * bars.stream().mapToInt(b -> b.label().length()).max().orElse(0));
    int right = WIDTH - 112;
    int top = 48;
    int pitch = 24;
    int bottom = top + pitch * bars.size();
    double min = Math.min(0.8, bars.stream().mapToDouble(Bar::ratio).min().orElse(1) / 1.1);
    double max = Math.max(1.25, bars.stream().mapToDouble(Bar::ratio).max().orElse(1) * 1.1);
    Axis x = new Axis(min, max, left, right);
    Chart chart = new Chart(bottom + 44, title);
    if (!Double.isNaN(margin)) {
      double from = x.at(1 / margin);
      chart.rect(from, top - 6, x.at(margin) - from, bottom - top + 6, "#e9edf2");
    }
    for (double tick : x.ticks()) {
      chart.line(x.at(tick), top - 6, x.at(tick), bottom, tick == 1 ? INK : GRID);
      chart.text(x.at(tick), bottom + 16, "middle", FAINT, "×" + number(tick));
    }
    for (int i = 0; i < bars.size(); i++) {
      Bar bar = bars.get(i);
      double y = top + pitch * i;
      double from = x.at(Math.min(1, bar.ratio()));
      double width = Math.max(1.5, x.at(Math.max(1, bar.ratio())) - from);
      chart.rect(from, y, width, pitch - 8, bar.color());
      chart.text(left - 10, y + 12.5, "end", INK, bar.label());
      chart.text(right + 10, y + 12.5, "start", bar.color(), bar.value());
    }
    chart.text(
        left, bottom + 34, "start", FAINT, "factor relative to the defaults; gray band: noise");
    return chart.end();
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  private static String number(double value) {
    return value >= 10 || value == Math.rint(value)
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%.3g", value).replaceFirst("(\\.\\d*?)0+$", "$1");
  }

  private void add(String element, Object... values) {
    svg.append(String.format(Locale.ROOT, element, values)).append('\n');
  }

  private void rect(double x, double y, double width, double height, String color) {
    add(
        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>",
        x, y, width, height, color);
  }

  private void line(double x1, double y1, double x2, double y2, String color) {
    add(
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>",
        x1, y1, x2, y2, color);
  }

  private void text(double x, double y, String anchor, String color, String text) {
    add(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%s</text>",
        x, y, anchor, color, escape(text));
  }

  private String end() {
    return svg.append("</svg>\n").toString();
  }
}
