package io.callstream.dashboard;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
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

  /**
   * The number of hours from which on the labels between the first and the last are of the first
   * hours of days.
   */
  private static final int HOURS_OF_DAYS = 4 * 24;

  private static final int HALF_A_DAY = 12;

  /**
   * The distances of labels of durations in milliseconds, each at most 2.5 times the one before.
   */
  private static final long[] STEPS = {
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    10_800_000,
    21_600_000,
    43_200_000
  };

  private static final long DAY = Duration.ofDays(1).toMillis();

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
    this.width = shape.width;
    this.height = shape.height;
    this.highest = periods.stream().mapToLong(Period::count).max().orElse(0);
    double usual =
        periods.stream().mapToDouble(Period::usual).filter(u -> !Double.isNaN(u)).max().orElse(0);
    this.max = roundUp(Math.max(highest, (long) Math.ceil(usual)));
  }

  /**
   * Returns a line or bars, with labels of the starts of periods.
   *
   * @param periods at least one, ascending and without gaps
   */
  static String of(Shape shape, List<Period> periods, DateTimeFormatter labels) {
    SvgChart chart = new SvgChart(shape, periods);
    List<Label> shown = chart.periodLabels(labels);
    String last = shown.get(shown.size() - 1).text();
    chart.drawFrame(shown.size() == 1 ? last : shown.get(0).text() + " to " + last);
    chart.drawLabels(shown);
    if (shape == Shape.LINE) {
      chart.drawLine();
    } else {
      chart.drawBars();
    }
    return chart.svg.append("</svg>").toString();
  }

  /**
   * Returns steps, with labels of the time since the start of the first period.
   *
   * @param periods at least one, ascending and without gaps
   */
  static String steps(List<Period> periods) {
    SvgChart chart = new SvgChart(Shape.STEPS, periods);
    chart.drawFrame(Formats.duration(chart.span));
    chart.drawLabels(chart.durationLabels());
    chart.drawSteps();
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

  private void drawFrame(String time) {
    add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" style=\"--width:%d\""
            + " role=\"img\" aria-label=\"%s, maximum %,d\">",
        width, height, width, time, highest);
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

  /** A label of the time axis, and how it is aligned. */
  private record Label(double x, String anchor, String text) {}

  /** Returns labels of the first and the last period, and of periods at whole times between. */
  private List<Label> periodLabels(DateTimeFormatter labels) {
    int last = periods.size() - 1;
    int number = Math.min(periods.size(), width > WIDE ? 4 : 3);
    List<Label> shown = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      int index = number == 1 ? 0 : Math.round((float) i * last / (number - 1));
      // The first and the last label do not exceed the chart, unless all periods have a label.
      boolean isCentered = number == periods.size() || (i > 0 && i < number - 1);
      if (isCentered && last >= HOURS_OF_DAYS && !startsDay(index, labels)) {
        index += HALF_A_DAY; // So that the nearest start of a day is the one before.
        while (!startsDay(index, labels)) {
          index--;
        }
      }
      Period period = periods.get(index);
      shown.add(
          new Label(
              isCentered ? middle(period) : x(i == 0 ? period.start() : period.end()),
              isCentered ? "middle" : i == 0 ? "start" : "end",
              labels.format(period.start())));
    }
    return shown;
  }

  /** Returns whether a period is the first one of its day. Hours may start at half past. */
  private boolean startsDay(int index, DateTimeFormatter labels) {
    return index == 0 || !date(index, labels).equals(date(index - 1, labels));
  }

  private LocalDate date(int index, DateTimeFormatter labels) {
    return LocalDate.ofInstant(periods.get(index).start(), labels.getZone());
  }

  /** Returns two to four labels at multiples of a step. */
  private List<Label> durationLabels() {
    long millis = span.toMillis();
    long step = Arrays.stream(STEPS).filter(s -> s * 4 > millis).findFirst().orElse(DAY);
    while (step * 4 <= millis) {
      step *= 2;
    }
    List<Label> shown = new ArrayList<>(List.of(new Label(x(start), "start", "0")));
    for (long time = step; time <= millis; time += step) {
      Duration since = Duration.ofMillis(time);
      String text = step < 1_000 ? Formats.milliseconds(since) : Formats.duration(since);
      shown.add(new Label(x(start.plus(since)), time + step / 2 > millis ? "end" : "middle", text));
    }
    return shown;
  }

  /** Draws labels, except for one that equals the label before it. */
  private void drawLabels(List<Label> labels) {
    String before = "";
    for (int i = 0; i < labels.size(); i++) {
      Label label = labels.get(i);
      if (!label.text().equals(before)) {
        add(
            "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\"%s>%s</text>",
            label.x(),
            height - 6,
            label.anchor(),
            i > 0 && i < labels.size() - 1 ? INNER : "",
            label.text());
      }
      before = label.text();
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
    if (periods.size() == 1) { // A line of one point is invisible.
      Period only = periods.get(0);
      add(
          "<circle fill=\"var(--first)\" r=\"3\" cx=\"%.1f\" cy=\"%.1f\"/>",
          middle(only), y(only.count()));
    }
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
