package io.callstream.dashboard;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/** Draws counts over time as an SVG image. */
final class SvgChart {
  /** The CSS class of labels that are hidden on a phone. */
  private static final String INNER = " class=\"inner\"";

  /** Wide enough for labels on a phone, where the chart is scaled down and its font is larger. */
  private static final int LEFT = 64;

  private static final int TOP = 10;
  private static final int BOTTOM = 28;
  private static final int GRID_LINES = 4;
  private static final int WIDE = 600;

  /** How a chart shows counts, and its size. */
  enum Shape {
    LINE(920, 220),
    BARS(440, 190),
    STEPS(440, 160);

    private final int width;
    private final int height;

    Shape(int width, int height) {
      this.width = width;
      this.height = height;
    }
  }

  /** How a bar looks. */
  enum Look {
    PLAIN,
    MARKED,
    /** Not complete, so that its count cannot be compared with others. */
    PALE
  }

  /**
   * The calls from a time to another one.
   *
   * @param usual the usual number of calls; NaN if unknown
   */
  record Period(Instant start, Instant end, long count, Look look, double usual) {
    Period(Instant start, Instant end, long count) {
      this(start, end, count, Look.PLAIN, Double.NaN);
    }
  }

  private final List<Period> periods;
  private final Instant start;
  private final Duration span;

  /** The time of the last label: a line and bars show periods, and steps show points in time. */
  private final Instant last;

  private final int width;
  private final int height;
  private final long highest;
  private final long max;
  private final StringBuilder svg = new StringBuilder();

  private SvgChart(Shape shape, List<Period> periods) {
    this.periods = periods;
    Period latest = periods.get(periods.size() - 1);
    this.start = periods.get(0).start();
    this.span = Duration.between(start, latest.end());
    this.last = shape == Shape.STEPS ? latest.end() : latest.start();
    this.width = shape.width;
    this.height = shape.height;
    this.highest = periods.stream().mapToLong(Period::count).max().orElse(0);
    double usual =
        periods.stream().mapToDouble(Period::usual).filter(u -> !Double.isNaN(u)).max().orElse(0);
    this.max = roundUp(Math.max(highest, (long) Math.ceil(usual)));
  }

  /** Returns a chart of at least one period; periods are ascending and without gaps. */
  static String of(Shape shape, List<Period> periods, DateTimeFormatter labels) {
    SvgChart chart = new SvgChart(shape, periods);
    chart.drawFrame(labels);
    chart.drawTimeLabels(labels);
    switch (shape) {
      case LINE -> chart.drawLine();
      case BARS -> chart.drawBars();
      case STEPS -> chart.drawSteps();
    }
    return chart.svg.append("</svg>").toString();
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

  private double x(Instant time) {
    double fraction = (double) Duration.between(start, time).toNanos() / span.toNanos();
    return LEFT + (width - LEFT - 4) * fraction;
  }

  private double middle(Period period) {
    return (x(period.start()) + x(period.end())) / 2;
  }

  private double y(long count) {
    return y((double) count);
  }

  private double y(double count) {
    return TOP + (height - TOP - BOTTOM) * (1 - count / max);
  }

  private void drawFrame(DateTimeFormatter labels) {
    add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" style=\"--width:%d\""
            + " role=\"img\" aria-label=\"%s to %s, maximum %,d\">",
        width, height, width, labels.format(start), labels.format(last), highest);
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

  private void drawTimeLabels(DateTimeFormatter labels) {
    String before = "";
    int number = width > WIDE ? 4 : 3;
    for (int i = 0; i < number; i++) {
      Instant time = start.plus(span.multipliedBy(i).dividedBy(number - 1));
      boolean isInner = i > 0 && i < number - 1;
      String label = labels.format(i == number - 1 ? last : time);
      if (!label.equals(before)) {
        add(
            "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\"%s>%s</text>",
            x(time),
            height - 6,
            isInner ? "middle" : i == 0 ? "start" : "end",
            isInner ? INNER : "",
            label);
      }
      before = label;
    }
  }

  private void drawSteps() {
    add(
        "<path fill=\"none\" stroke=\"var(--first)\" stroke-width=\"1.5\" d=\"M%.1f %.1f",
        x(start), y(0));
    for (Period period : periods) {
      add("V%.1fH%.1f", y(period.count()), x(period.end()));
    }
    add("V%.1f\"/>", y(0));
  }

  private void drawLine() {
    for (Period period : periods) {
      if (period.look() == Look.PALE) {
        add(
            "<rect class=\"gap\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%.1f\"/>",
            x(period.start()), TOP, x(period.end()) - x(period.start()), y(0) - TOP);
      }
    }
    add("<path fill=\"none\" stroke=\"var(--first)\" stroke-width=\"1.5\" d=\"");
    String command = "M";
    for (Period period : periods) {
      add("%s%.1f %.1f", command, middle(period), y(period.count()));
      command = "L";
    }
    add("\"/>");
  }

  private void drawBars() {
    double bar = Math.max(0.5, (x(periods.get(0).end()) - x(start)) * 0.75);
    for (Period period : periods) {
      double top = y(period.count());
      add(
          "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
          period.look().name().toLowerCase(Locale.ROOT),
          middle(period) - bar / 2,
          top,
          bar,
          y(0) - top);
    }
    StringBuilder path = new StringBuilder();
    for (Period period : periods) {
      if (!Double.isNaN(period.usual())) {
        path.append(
            Formats.text("M%.1f %.1fH%.1f", x(period.start()), y(period.usual()), x(period.end())));
      }
    }
    if (path.length() > 0) {
      add("<path class=\"usual\" d=\"%s\"/>", path);
    }
  }

  private void add(String pattern, Object... values) {
    svg.append(values.length == 0 ? pattern : String.format(Locale.ROOT, pattern, values));
  }
}
