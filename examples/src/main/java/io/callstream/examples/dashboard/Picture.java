package io.callstream.examples.dashboard;

import java.util.List;
import java.util.Locale;

/** Counts over time as an SVG: a line, or a bar each. */
final class Picture {
  private static final int WIDTH = 720;
  private static final int LEFT = 44;
  private static final int TOP = 8;
  private static final int BOTTOM = 22;
  private static final int GRID_LINES = 4;
  private static final int NAMES = 4;

  private final List<Long> counts;
  private final int height;
  private final long max;
  private final StringBuilder svg = new StringBuilder();

  private Picture(List<Long> counts, int height) {
    this.counts = counts;
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
    Picture picture = new Picture(counts, line ? 220 : 160);
    picture.frame(names);
    if (line) {
      picture.line();
    } else {
      picture.bars();
    }
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

  private double x(double index) {
    return LEFT + (WIDTH - LEFT - 4) * index / counts.size();
  }

  private double y(long count) {
    return TOP + (height - TOP - BOTTOM) * (1 - (double) count / max);
  }

  private void frame(List<String> names) {
    add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\""
            + " aria-label=\"%s to %s, at most %,d\">",
        WIDTH,
        height,
        ReportPage.escaped(names.get(0)),
        ReportPage.escaped(names.get(names.size() - 1)),
        counts.stream().mapToLong(Long::longValue).max().orElse(0));
    for (int i = 0; i <= GRID_LINES; i++) {
      long count = max * i / GRID_LINES;
      add(
          "<path d=\"M%d %.1fH%d\" stroke=\"var(--line)\"/><text x=\"%d\" y=\"%.1f\""
              + " text-anchor=\"end\">%,d</text>",
          LEFT, y(count), WIDTH, LEFT - 5, y(count) + 4, count);
    }
    for (int i = 0; i < NAMES; i++) {
      int at = (counts.size() - 1) * i / (NAMES - 1);
      if (i == 0 || at != (counts.size() - 1) * (i - 1) / (NAMES - 1)) {
        add(
            "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>",
            x(at + 0.5),
            height - 6,
            i == 0 ? "start" : i == NAMES - 1 ? "end" : "middle",
            ReportPage.escaped(names.get(at)));
      }
    }
  }

  private void line() {
    add("<path fill=\"none\" stroke=\"var(--first)\" stroke-width=\"1.5\" d=\"");
    for (int i = 0; i < counts.size(); i++) {
      add("%s%.1f %.1f", i == 0 ? "M" : "L", x(i + 0.5), y(counts.get(i)));
    }
    add("\"/>");
  }

  private void bars() {
    double width = Math.max(0.5, (x(1) - x(0)) * 0.75);
    for (int i = 0; i < counts.size(); i++) {
      double top = y(counts.get(i));
      add(
          "<rect fill=\"var(--first)\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
          x(i + 0.5) - width / 2, top, width, y(0) - top);
    }
  }

  private void add(String pattern, Object... values) {
    svg.append(values.length == 0 ? pattern : String.format(Locale.ROOT, pattern, values));
  }
}
