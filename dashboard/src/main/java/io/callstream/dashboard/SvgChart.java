package io.callstream.dashboard;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** Counts over time as an SVG: a line, a bar each, or steps that are as wide as their time. */
final class Picture {
  /** Room for the larger letters on a phone, where the picture is less than half as wide. */
  private static final int LEFT = 64;

  /** What a phone has no room for. */
  private static final String INNER = " class=\"inner\"";

  private static final int TOP = 10;
  private static final int BOTTOM = 28;
  private static final int GRID_LINES = 4;
  private static final int NAMES = 4;

  private final List<Long> counts;

  /** Where counts begin, and the last ends, from 0 to 1. */
  private final double[] edges;

  private final int width;
  private final int height;
  private final long max;
  private final StringBuilder svg = new StringBuilder();

  private Picture(List<Long> counts, double[] edges, int width, int height) {
    this.counts = counts;
    this.edges = edges;
    this.width = width;
    this.height = height;
    this.max = round(counts.stream().mapToLong(Long::longValue).max().orElse(1));
  }

  /**
   * Returns the picture.
   *
   * @param counts the counts, at least one
   * @param names what each of them is of
   * @param line whether they are one line, and not bars
   */
  static String of(List<Long> counts, List<String> names, boolean line) {
    int n = counts.size();
    double[] edges = new double[n + 1];
    for (int i = 0; i <= n; i++) {
      edges[i] = (double) i / n;
    }
    Picture picture = new Picture(counts, edges, 720, line ? 220 : 160);
    picture.frame(names.get(0), names.get(n - 1));
    for (int i = 0; i < NAMES; i++) {
      int at = (n - 1) * i / (NAMES - 1);
      if (i == 0 || at != (n - 1) * (i - 1) / (NAMES - 1)) {
        picture.name(i, (at + 0.5) / n, names.get(at));
      }
    }
    if (line) {
      picture.line();
    } else {
      picture.bars();
    }
    return picture.svg.append("</svg>").toString();
  }

  /**
   * Returns a picture of rates that held for a while each.
   *
   * @param rates the rates, at least one
   * @param times when each of them began, and when the last ended: one more, ascending
   * @param names names a time
   */
  static String steps(List<Long> rates, List<Instant> times, Function<Instant, String> names) {
    Instant first = times.get(0);
    Instant last = times.get(times.size() - 1);
    Duration span = Duration.between(first, last);
    double[] edges =
        times.stream()
            .mapToDouble(t -> (double) Duration.between(first, t).toNanos() / span.toNanos())
            .toArray();
    Picture picture = new Picture(rates, edges, 440, 160);
    picture.frame(names.apply(first), names.apply(last));
    for (int i = 0; i < NAMES; i++) {
      Instant at = first.plus(span.multipliedBy(i).dividedBy(NAMES - 1));
      picture.name(i, (double) i / (NAMES - 1), names.apply(at));
    }
    picture.steps();
    return picture.svg.append("</svg>").toString();
  }

  /** Returns the least of 1, 2 or 5 times a power of ten and four that is not below a count. */
  private static long round(long count) {
    for (long unit = 1; ; unit *= 10) {
      for (long step : new long[] {1, 2, 5}) {
        if (step * unit * GRID_LINES >= count) {
          return step * unit * GRID_LINES;
        }
      }
    }
  }

  private double x(double part) {
    return LEFT + (width - LEFT - 4) * part;
  }

  private double middle(int index) {
    return x((edges[index] + edges[index + 1]) / 2);
  }

  private double y(long count) {
    return TOP + (height - TOP - BOTTOM) * (1 - (double) count / max);
  }

  private void frame(String first, String last) {
    add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" style=\"--width:%d\""
            + " role=\"img\" aria-label=\"%s to %s, at most %,d\">",
        width,
        height,
        width,
        ReportPage.escaped(first),
        ReportPage.escaped(last),
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
          ReportPage.shortened(count));
    }
  }

  private void name(int number, double part, String name) {
    add(
        "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\"%s>%s</text>",
        x(part),
        height - 6,
        number == 0 ? "start" : number == NAMES - 1 ? "end" : "middle",
        number == 0 || number == NAMES - 1 ? "" : INNER,
        ReportPage.escaped(name));
  }

  private void steps() {
    add(
        "<path fill=\"none\" stroke=\"var(--first)\" stroke-width=\"1.5\" d=\"M%.1f %.1f",
        x(0), y(0));
    for (int i = 0; i < counts.size(); i++) {
      add("V%.1fH%.1f", y(counts.get(i)), x(edges[i + 1]));
    }
    add("V%.1f\"/>", y(0));
  }

  private void line() {
    add("<path fill=\"none\" stroke=\"var(--first)\" stroke-width=\"1.5\" d=\"");
    for (int i = 0; i < counts.size(); i++) {
      add("%s%.1f %.1f", i == 0 ? "M" : "L", middle(i), y(counts.get(i)));
    }
    add("\"/>");
  }

  private void bars() {
    double bar = Math.max(0.5, (x(edges[1]) - x(0)) * 0.75);
    for (int i = 0; i < counts.size(); i++) {
      double top = y(counts.get(i));
      add(
          "<rect fill=\"var(--first)\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
          middle(i) - bar / 2, top, bar, y(0) - top);
    }
  }

  private void add(String pattern, Object... values) {
    svg.append(values.length == 0 ? pattern : String.format(Locale.ROOT, pattern, values));
  }
}
