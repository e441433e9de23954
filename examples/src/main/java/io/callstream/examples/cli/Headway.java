package io.callstream.examples.cli;

import java.time.Duration;

/**
 * How far a task is, how fast it was lately, and how much time is left at that rate. Thread-safe.
 *
 * <p>A task counts records. Where it ends is known in records, in offsets, or not at all. Offsets
 * only give the part that is done: there may be fewer records than offsets.
 */
final class Headway {
  /** The rate is that of the last one to two of these. */
  private static final long SPAN_NANOS = Duration.ofSeconds(10).toNanos();

  private static final int MIN_BAR = 10;

  private final String task;
  private final long total;
  private final boolean inOffsets;
  private boolean started;
  private long records;
  private long steps;
  private long nanos;

  /** Where it was when the last span ended, and the one before that. */
  private Mark last = new Mark(0, 0, 0);

  private Mark before = last;

  private record Mark(long records, long steps, long nanos) {}

  private Headway(String task, long total, boolean inOffsets) {
    this.task = task;
    this.total = total;
    this.inOffsets = inOffsets;
  }

  /**
   * Returns the headway of a task that has not started.
   *
   * @param total how many records there are, or {@link Meter#UNKNOWN}
   */
  static Headway ofRecords(String task, long total) {
    return new Headway(task, total, false);
  }

  /**
   * Returns the headway of a task that has not started.
   *
   * @param total how many offsets there are, which is the most records that there can be
   */
  static Headway ofOffsets(String task, long total) {
    return new Headway(task, total, true);
  }

  /**
   * Takes note of how far the task is; the first time how far it was before.
   *
   * @param records how many records are done
   * @param steps how much of the total is done: the same, or offsets
   * @param nanos when, in terms of {@link System#nanoTime}
   */
  synchronized void reach(long records, long steps, long nanos) {
    Mark mark = new Mark(records, steps, nanos);
    if (!started) {
      started = true;
      last = mark;
      before = mark;
    } else if (nanos - last.nanos() >= SPAN_NANOS) {
      before = last;
      last = mark;
    }
    this.records = records;
    this.steps = steps;
    this.nanos = nanos;
  }

  /** Returns it as a line. */
  synchronized String line() {
    String of = total == Meter.UNKNOWN || inOffsets ? "" : Words.format(" of %,d", total);
    String part = inOffsets ? Words.format(", %d%% of the offsets read", percent()) : "";
    return Words.format("%-9s %,d%s records%s%s", task, records, of, part, pace(", "));
  }

  /** Returns it as a bar, if there is a total, and figures. */
  synchronized String bar(int width) {
    if (total == Meter.UNKNOWN) {
      return cut(Words.format("%-9s %,d records%s", task, records, pace("  ")), width);
    }
    String start = Words.format("%-9s %3d%% ", task, percent());
    String figures =
        inOffsets
            ? Words.format(" %,d records", records)
            : Words.format(" %,d of %,d", records, total);
    String end = figures + pace("  ");
    int room = width - start.length() - end.length() - "[]".length();
    if (room < MIN_BAR) {
      return cut(start + end, width);
    }
    int filled = (int) (part() * room);
    return start + "[" + "=".repeat(filled) + " ".repeat(room - filled) + "]" + end;
  }

  private double part() {
    return total == 0 ? 1 : Math.min(1, (double) steps / total);
  }

  private int percent() {
    return (int) (part() * 100);
  }

  private static String cut(String text, int width) {
    return text.substring(0, Math.min(text.length(), Math.max(0, width)));
  }

  /** Nothing before there is a rate, and no time left once all is done. */
  private String pace(String gap) {
    double seconds = (nanos - before.nanos()) / 1e9;
    if (seconds <= 0 || records <= before.records()) {
      return "";
    }
    String rate = Words.format("%s%,.0f/s", gap, (records - before.records()) / seconds);
    if (steps >= total || steps <= before.steps()) {
      return rate;
    }
    double stepsPerSecond = (steps - before.steps()) / seconds;
    Duration left = Duration.ofSeconds((long) ((total - steps) / stepsPerSecond));
    return rate + gap + Words.roughly(left) + " left";
  }
}
