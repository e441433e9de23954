package io.callstream.dashboard;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** Draws counts over time as an SVG image: as a line, as bars or as steps. */
final class SvgChart {
  /** The CSS class of labels that are hidden on a phone. */
  private static final String INNER = " class=\"inner\"";

  /** Wide enough for labels on a phone, where the chart is scaled down and its font is larger. */
  private static final int LEFT = 64;

  private static final int TOP = 10;
  private static final int BOTTOM = 28;
  private static final int GRID_LINES = 4;
  private static final int TIME_LABELS = 4;

  private final List<Long> counts;

  /** The start of each count and the end of the last one, as fractions of the width. */
  private final double[] edges;

  private final int width;
  private final int height;
  private final long max;
  private final StringBuilder svg = new StringBuilder();

  private SvgChart(List<Long> counts, double[] edges, int width, int height) {
    this.counts = counts;
    this.edges = edges;
    this.width = width;
    this.height = height;
    this.max = roundUp(counts.stream().mapToLong(Long::longValue).max().orElse(1));
  }

  /**
   * Returns a line chart.
   *
   * @param counts at least one count
   * @param labels the label of each count
   */
  static String line(List<Long> counts, List<String> labels) {
    SvgChart chart = evenlySpaced(counts, labels, 220);
    chart.drawLine();
    return chart.finish();
  }

  /**
   * Returns a bar chart.
   *
   * @param counts at least one count
   * @param labels the label of each count
   */
  static String bars(List<Long> counts, List<String> labels) {
    SvgChart chart = evenlySpaced(counts, labels, 160);
    chart.drawBars();
    return chart.finish();
  }

  /**
   * Returns a step chart of rates that are constant in periods of different lengths.
   *
   * @param rates at least one rate
   * @param times the start of each period and the end of the last one, ascending
   * @param label returns the label of a time
   */
  static String steps(List<Long> rates, List<Instant> times, Function<Instant, String> label) {
    Instant first = times.get(0);
    Instant last = times.get(times.size() - 1);
    Duration span = Duration.between(first, last);
    double[] edges =
        times.stream()
            .mapToDouble(t -> (double) Duration.between(first, t).toNanos() / span.toNanos())
            .toArray();
    SvgChart chart = new SvgChart(rates, edges, 440, 160);
    chart.drawFrame(label.apply(first), label.apply(last));
    for (int i = 0; i < TIME_LABELS; i++) {
      Instant time = first.plus(span.multipliedBy(i).dividedBy(TIME_LABELS - 1));
      chart.drawTimeLabel(i, (double) i / (TIME_LABELS - 1), label.apply(time));
    }
    chart.drawSteps();
    return chart.finish();
  }

  private static SvgChart evenlySpaced(List<Long> counts, List<String> labels, int height) {
    int n = counts.size();
    double[] edges = new double[n + 1];
    for (int i = 0; i <= n; i++) {
      edges[i] = (double) i / n;
    }
    SvgChart chart = new SvgChart(counts, edges, 720, height);
    chart.drawFrame(labels.get(0), labels.get(n - 1));
    for (int i = 0; i < TIME_LABELS; i++) {
      int at = (n - 1) * i / (TIME_LABELS - 1);
      if (i == 0 || at != (n - 1) * (i - 1) / (TIME_LABELS - 1)) {
        chart.drawTimeLabel(i, (at + 0.5) / n, labels.get(at));
      }
    }
    return chart;
  }

  /** Returns the smallest axis end of the form 1, 2 or 5 times a power of ten, times the lines. */
  private static long roundUp(long count) {
    for (long unit = 1; ; unit *= 10) {
      for (long step : new long[] {1, 2, 5}) {
        if (step * unit * GRID_LINES >= count) {
          return step * unit * GRID_LINES;
        }
      }
    }
  }

  private double x(double fraction) {
    return LEFT + (width - LEFT - 4) * fraction;
  }

  private double middle(int index) {
    return x((edges[index] + edges[index + 1]) / 2);
  }

  private double y(long count) {
    return TOP + (height - TOP - BOTTOM) * (1 - (double) count / max);
  }

  private void drawFrame(String first, String last) {
    add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" style=\"--width:%d\""
            + " role=\"img\" aria-label=\"%s to %s, maximum %,d\">",
        width,
        height,
        width,
        HtmlWriter.escaped(first),
        HtmlWriter.escaped(last),
        counts.stream().mapToLong(Long::longValue).max().orElse(0));
    for (int i = 0; i <= GRID_LINES; i++) {
      long count = max * i / GRID_LINES;
      add(
          "<path d=\"M%d %.1fH%d\" stroke=\"var(--line)\"/><text x=\"%d\" y=\"%.1f\""
              + " text-anchor=\"end\" dominant-baseline=\"central\"%s>%s</text>",
          LEFT,
          y(count),
          width,
          LEFT - 6,
          y(count),
          i % 2 == 0 ? "" : INNER,
          Formats.compact(count));
    }
  }

  private void drawTimeLabel(int index, double fraction, String label) {
    boolean isFirst = index == 0;
    boolean isLast = index == TIME_LABELS - 1;
    add(
        "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\"%s>%s</text>",
        x(fraction),
        height - 6,
        isFirst ? "start" : isLast ? "end" : "middle",
        isFirst || isLast ? "" : INNER,
        HtmlWriter.escaped(label));
  }

  private void drawSteps() {
    add(
        "<path fill=\"none\" stroke=\"var(--first)\" stroke-width=\"1.5\" d=\"M%.1f %.1f",
        x(0), y(0));
    for (int i = 0; i < counts.size(); i++) {
      add("V%.1fH%.1f", y(counts.get(i)), x(edges[i + 1]));
    }
    add("V%.1f\"/>", y(0));
  }

  private void drawLine() {
    add("<path fill=\"none\" stroke=\"var(--first)\" stroke-width=\"1.5\" d=\"");
    for (int i = 0; i < counts.size(); i++) {
      add("%s%.1f %.1f", i == 0 ? "M" : "L", middle(i), y(counts.get(i)));
    }
    add("\"/>");
  }

  private void drawBars() {
    double bar = Math.max(0.5, (x(edges[1]) - x(0)) * 0.75);
    for (int i = 0; i < counts.size(); i++) {
      double top = y(counts.get(i));
      add(
          "<rect fill=\"var(--first)\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
          middle(i) - bar / 2, top, bar, y(0) - top);
    }
  }

  private String finish() {
    return svg.append("</svg>").toString();
  }

  private void add(String pattern, Object... values) {
    svg.append(values.length == 0 ? pattern : String.format(Locale.ROOT, pattern, values));
  }
}
