package io.callstream.examples.cli;

import java.time.Duration;

/**
 * How far something is, how fast it has gone lately, and how much time is left at that rate.
 * Thread-safe.
 */
final class Headway {
  /** The rate is that of the last one to two of these. */
  private static final long SPAN_NANOS = Duration.ofSeconds(10).toNanos();

  private static final int MIN_BAR = 10;

  private final String task;
  private final long total;
  private boolean started;
  private long done;
  private long nanos;

  /** Where it was when the last span ended, and the one before that. */
  private Mark last = new Mark(0, 0);

  private Mark before = last;

  private record Mark(long done, long nanos) {}

  /**
   * Creates one that has yet to start.
   *
   * @param total how many records there are, or {@link Meter#UNKNOWN}
   */
  Headway(String task, long total) {
    this.task = task;
    this.total = total;
  }

  /**
   * Takes note of how many records are done; the first time what was done before.
   *
   * @param nanos when, in terms of {@link System#nanoTime}
   */
  synchronized void reach(long done, long nanos) {
    Mark mark = new Mark(done, nanos);
    if (!started) {
      started = true;
      last = mark;
      before = mark;
    } else if (nanos - last.nanos() >= SPAN_NANOS) {
      before = last;
      last = mark;
    }
    this.done = done;
    this.nanos = nanos;
  }

  /** Returns it as a line. */
  synchronized String line() {
    String of = total == Meter.UNKNOWN ? "" : Words.format(" of %,d", total);
    return Words.format("%-9s %,d%s records%s", task, done, of, pace(", "));
  }

  /** Returns it as a bar, if there is a total, and figures. */
  synchronized String bar(int width) {
    if (total == Meter.UNKNOWN) {
      return cut(Words.format("%-9s %,d records%s", task, done, pace("  ")), width);
    }
    double part = total == 0 ? 1 : Math.min(1, (double) done / total);
    String start = Words.format("%-9s %3d%% ", task, (int) (part * 100));
    String end = Words.format(" %,d of %,d%s", done, total, pace("  "));
    int room = width - start.length() - end.length() - "[]".length();
    if (room < MIN_BAR) {
      return cut(start + end, width);
    }
    int filled = (int) (part * room);
    return start + "[" + "=".repeat(filled) + " ".repeat(room - filled) + "]" + end;
  }

  private static String cut(String text, int width) {
    return text.substring(0, Math.min(text.length(), Math.max(0, width)));
  }

  /** Nothing before there is a rate, and no time left once all is done. */
  private String pace(String gap) {
    double seconds = (nanos - before.nanos()) / 1e9;
    if (seconds <= 0 || done <= before.done()) {
      return "";
    }
    double perSecond = (done - before.done()) / seconds;
    String rate = Words.format("%s%,.0f/s", gap, perSecond);
    return done >= total
        ? rate
        : rate
            + gap
            + Words.roughly(Duration.ofSeconds((long) ((total - done) / perSecond)))
            + " left";
  }
}
