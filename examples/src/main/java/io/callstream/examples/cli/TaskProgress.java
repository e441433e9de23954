package io.callstream.examples.cli;

import java.time.Duration;

/**
 * The progress of a task, its recent rate, and the remaining time at that rate. Thread-safe.
 *
 * <p>A task counts records. Its end is known in records, in offsets, or not at all. Offsets only
 * show which part is complete, because there may be fewer records than offsets.
 */
final class TaskProgress {
  /** The length of a span. The rate covers the last one to two spans. */
  private static final long SPAN_NANOS = Duration.ofSeconds(10).toNanos();

  private static final int MIN_BAR = 10;

  private final String task;
  private final long total;
  private final boolean inOffsets;
  private boolean started;
  private long records;
  private long steps;
  private long nanos;

  /** The progress at the end of the last span, and at the end of the one before. */
  private Mark last = new Mark(0, 0, 0);

  private Mark before = last;

  private record Mark(long records, long steps, long nanos) {}

  private TaskProgress(String task, long total, boolean inOffsets) {
    this.task = task;
    this.total = total;
    this.inOffsets = inOffsets;
  }

  /**
   * Returns the progress of a task that has not started.
   *
   * @param total the number of records, or {@link Meter#UNKNOWN}
   */
  static TaskProgress ofRecords(String task, long total) {
    return new TaskProgress(task, total, false);
  }

  /**
   * Returns the progress of a task that has not started.
   *
   * @param total the number of offsets, which is the maximum number of records
   */
  static TaskProgress ofOffsets(String task, long total) {
    return new TaskProgress(task, total, true);
  }

  /**
   * Records the progress of the task. The first call records the progress before the task started.
   *
   * @param records the number of records that are done
   * @param steps the part of the total that is done, in the unit of the total: records or offsets
   * @param nanos the time of {@link System#nanoTime}
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

  /** Records that there was no progress until a time, so that the rate falls. */
  synchronized void advance(long nanos) {
    if (started) {
      reach(records, steps, nanos);
    }
  }

  synchronized String line() {
    String figures =
        total == Meter.UNKNOWN || inOffsets
            ? DisplayText.records(records)
            : DisplayText.format("%,d of %s", records, DisplayText.records(total));
    String part = inOffsets ? DisplayText.format(", %d%% of the offsets read", percent()) : "";
    return DisplayText.format("%-9s %s%s%s", task, figures, part, pace(", "));
  }

  /** Returns the progress as figures, with a bar if the total is known. */
  synchronized String bar(int width) {
    if (total == Meter.UNKNOWN) {
      return cut(
          DisplayText.format("%-9s %s%s", task, DisplayText.records(records), pace("  ")), width);
    }
    String start = DisplayText.format("%-9s %3d%% ", task, percent());
    String figures =
        inOffsets
            ? " " + DisplayText.records(records)
            : DisplayText.format(" %,d of %,d", records, total);
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

  /**
   * Returns the rate and the remaining time. Empty without a rate; without the remaining time if
   * the task is complete.
   */
  private String pace(String gap) {
    double seconds = (nanos - before.nanos()) / 1e9;
    if (seconds <= 0 || records <= before.records()) {
      return "";
    }
    String rate = DisplayText.format("%s%,.0f/s", gap, (records - before.records()) / seconds);
    if (steps >= total || steps <= before.steps()) {
      return rate;
    }
    double stepsPerSecond = (steps - before.steps()) / seconds;
    Duration left = Duration.ofSeconds((long) ((total - steps) / stepsPerSecond));
    return rate + gap + DisplayText.roughly(left) + " left";
  }
}
