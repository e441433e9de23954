package io.callstream.benchmarks.tune;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** Draws the two charts of the report as SVG, on logarithmic axes: effects are factors. */
final class Chart {
  private static final int WIDTH = 860;
  private static final double CHARACTER = 6.8; // How wide one is on average, amply.
  private static final String BETTER = "#2a7f62";
  private static final String WORSE = "#c2553a";
  private static final String NOISE = "#9aa7b4";
  private static final String INK = "#1d2733";
  private static final String FAINT = "#5a6877";
  private static final double[] STEPS = {1, 2, 5};
  private static final double[] FINE_STEPS = {1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 4, 5, 6, 8};

  private final StringBuilder svg = new StringBuilder();

  /**
   * A bar of the chart of effects.
   *
   * @param label what was set
   * @param ratio by which factor the value differs from the defaults'
   * @param value the value, in words
   * @param kind how the bar is coloured
   */
  record Bar(String label, double ratio, String value, Kind kind) {}

  /** What an effect is. */
  enum Kind {
    /** Better than the defaults, beyond noise. */
    BETTER,
    /** Worse than the defaults, beyond noise. */
    WORSE,
    /** Within noise. */
    NOISE
  }

  /**
   * A point of the chart of throughput against latency.
   *
   * @param label what was set
   * @param x latency
   * @param y throughput
   * @param frontier whether none beats it in both
   * @param baseline whether it is the defaults
   */
  record Point(String label, double x, double y, boolean frontier, boolean baseline) {}

  private Chart() {}

  /**
   * Draws a bar for each configuration, from the defaults' value to its own, with the band of noise
   * behind them.
   *
   * @param margin the factor up to which an effect is noise; without a band if it is NaN
   */
  static String effects(String title, List<Bar> bars, double margin) {
    Chart chart = new Chart();
    int left = room(bars.stream().map(Bar::label));
    int right = 112;
    int top = 48;
    int pitch = 24;
    int bottom = top + pitch * bars.size();
    double least = Math.min(0.8, bars.stream().mapToDouble(Bar::ratio).min().orElse(1) / 1.1);
    double most = Math.max(1.25, bars.stream().mapToDouble(Bar::ratio).max().orElse(1) * 1.1);
    Axis x = new Axis(least, most, left, WIDTH - right);
    chart.open(bottom + 44, title);
    if (!Double.isNaN(margin)) {
      chart.rect(
          x.at(1 / margin), top - 6, x.at(margin) - x.at(1 / margin), bottom - top + 6, "#e9edf2");
    }
    for (double tick : ratioTicks(least, most)) {
      chart.line(x.at(tick), top - 6, x.at(tick), bottom, tick == 1 ? INK : "#d5dce4");
      chart.text(x.at(tick), bottom + 16, "middle", FAINT, "×" + number(tick));
    }
    for (int i = 0; i < bars.size(); i++) {
      Bar bar = bars.get(i);
      double y = top + pitch * i;
      String colour =
          switch (bar.kind()) {
            case BETTER -> BETTER;
            case WORSE -> WORSE;
            case NOISE -> NOISE;
          };
      double from = Math.min(x.at(1), x.at(bar.ratio()));
      double to = Math.max(x.at(1), x.at(bar.ratio()));
      chart.rect(from, y, Math.max(1.5, to - from), pitch - 8, colour);
      chart.text(left - 10, y + 12.5, "end", INK, bar.label());
      chart.text(WIDTH - right + 10, y + 12.5, "start", colour, bar.value());
    }
    chart.text(
        left, bottom + 34, "start", FAINT, "factor to the defaults; grey band: what noise can do");
    return chart.close();
  }

  /** Draws throughput against latency, with the line of those that none beats in both. */
  static String frontier(String title, List<Point> points) {
    Chart chart = new Chart();
    int left = 84;
    int top = 66;
    int bottom = 480;
    int right = WIDTH - 20 - room(points.stream().map(Chart::label));
    Axis x =
        new Axis(
            points.stream().mapToDouble(Point::x).min().orElse(1) / 1.15,
            points.stream().mapToDouble(Point::x).max().orElse(1) * 1.15,
            left,
            right);
    Axis y =
        new Axis(
            points.stream().mapToDouble(Point::y).min().orElse(1) / 1.15,
            points.stream().mapToDouble(Point::y).max().orElse(1) * 1.15,
            bottom,
            top);
    chart.open(bottom + 50, title);
    for (double tick : ticks(x)) {
      chart.line(x.at(tick), top, x.at(tick), bottom, "#e3e8ee");
      chart.text(x.at(tick), bottom + 16, "middle", FAINT, number(tick));
    }
    for (double tick : ticks(y)) {
      chart.line(left, y.at(tick), right, y.at(tick), "#e3e8ee");
      chart.text(left - 8, y.at(tick) + 4, "end", FAINT, number(tick));
    }
    chart.text(
        (left + right) / 2.0, bottom + 38, "middle", FAINT, "latency p95, ms (less is better)");
    chart.text(left - 60, top - 14, "start", FAINT, "throughput, calls/s (more is better)");
    List<Point> frontier =
        points.stream()
            .filter(Point::frontier)
            .sorted(Comparator.comparingDouble(Point::x))
            .toList();
    for (int i = 1; i < frontier.size(); i++) {
      Point from = frontier.get(i - 1);
      Point to = frontier.get(i);
      chart.line(x.at(from.x()), y.at(from.y()), x.at(to.x()), y.at(to.y()), BETTER);
    }
    for (Point point : points) {
      String colour = point.frontier() ? BETTER : NOISE;
      chart.circle(x.at(point.x()), y.at(point.y()), colour, point.baseline());
    }
    chart.labels(points, x, y, right);
    return chart.close();
  }

  /** Puts labels in a column at the side, in the order of the points, with a line to each. */
  private void labels(List<Point> points, Axis x, Axis y, double right) {
    List<Point> sorted =
        points.stream().sorted(Comparator.comparingDouble(point -> y.at(point.y()))).toList();
    double least = 0;
    List<Double> places = new ArrayList<>();
    for (Point point : sorted) {
      least = Math.max(least + 15, y.at(point.y()));
      places.add(least);
    }
    // Those pushed below the chart push the others up.
    double most = y.from;
    for (int i = places.size() - 1; i >= 0; i--) {
      places.set(i, Math.min(places.get(i), most));
      most = places.get(i) - 15;
    }
    for (int i = 0; i < sorted.size(); i++) {
      Point point = sorted.get(i);
      double place = places.get(i);
      line(x.at(point.x()) + 7, y.at(point.y()), right + 16, place, "#e9d9c0");
      text(right + 20, place + 4, "start", point.frontier() ? BETTER : INK, label(point));
    }
  }

  private static String label(Point point) {
    return point.baseline() ? point.label() + " (◉)" : point.label();
  }

  /** Returns how much room the longest label wants. */
  private static int room(Stream<String> labels) {
    return 12 + (int) (CHARACTER * labels.mapToInt(String::length).max().orElse(0));
  }

  private static double[] ticks(Axis axis) {
    List<Double> ticks = new ArrayList<>();
    double[] steps = axis.most / axis.least < 8 ? FINE_STEPS : STEPS;
    for (double decade = 1e-3; decade < 1e9; decade *= 10) {
      for (double step : steps) {
        if (decade * step >= axis.least && decade * step <= axis.most) {
          ticks.add(decade * step);
        }
      }
    }
    return ticks.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static double[] ratioTicks(double least, double most) {
    double[] fine =
        most / least < 6
            ? new double[] {0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3}
            : new double[] {
              0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100
            };
    return DoubleStream.of(fine).filter(tick -> tick >= least && tick <= most).toArray();
  }

  private static String number(double value) {
    return value >= 10 || value == Math.rint(value)
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%.3g", value).replaceFirst("(\\.\\d*?)0+$", "$1");
  }

  /** A logarithmic axis: where values lie in the drawing. */
  private static final class Axis {
    private final double least;
    private final double most;
    private final double from;
    private final double to;

    Axis(double least, double most, double from, double to) {
      this.least = least;
      this.most = most;
      this.from = from;
      this.to = to;
    }

    double at(double value) {
      double part = Math.log(value / least) / Math.log(most / least);
      return from + Math.max(0, Math.min(1, part)) * (to - from);
    }
  }

  private void open(double height, String title) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" width=\"%d\""
                + " height=\"%.0f\" font-family=\"system-ui,sans-serif\" font-size=\"12.5\""
                + " role=\"img\">\n<title>%s</title>\n",
            WIDTH,
            height,
            WIDTH,
            height,
            Document.escaped(title)));
    rect(0, 0, WIDTH, height, "#ffffff");
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"0\" y=\"16\" font-size=\"15\" font-weight=\"600\" fill=\"%s\">%s</text>\n",
            INK,
            Document.escaped(title)));
  }

  private void rect(double x, double y, double width, double height, String colour) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
            x,
            y,
            width,
            height,
            colour));
  }

  private void line(double x1, double y1, double x2, double y2, String colour) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n",
            x1,
            y1,
            x2,
            y2,
            colour));
  }

  private void circle(double x, double y, String colour, boolean ring) {
    svg.append(
        String.format(
            Locale.ROOT, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/>\n", x, y, colour));
    if (ring) {
      svg.append(
          String.format(
              Locale.ROOT,
              "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"8.5\" fill=\"none\" stroke=\"%s\"/>\n",
              x,
              y,
              INK));
    }
  }

  private void text(double x, double y, String anchor, String colour, String text) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%s</text>\n",
            x,
            y,
            anchor,
            colour,
            Document.escaped(text)));
  }

  private String close() {
    return svg.append("</svg>\n").toString();
  }
}
