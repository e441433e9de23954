package io.callstream.dashboard;

import io.callstream.progress.Progress;
import io.callstream.progress.ProgressListener;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Remembers how many records came in over a whole run, for the picture of it in a {@link Report}.
 * Add it to a pipeline as a listener. It takes the same little memory however long the run is: when
 * its {@value #MAX_POINTS} points are full, two of them become one each, and from then on a point
 * has twice as many batches. Thread-safe.
 */
public final class RunHistory implements ProgressListener {
  static final int MAX_POINTS = 240;

  private final List<Point> points = new ArrayList<>();
  private long batchesPerPoint = 1;

  /** Creates the history of a run that has not begun. */
  public RunHistory() {}

  /**
   * Batches that follow each other.
   *
   * @param start the end of the batch before them, or their own beginning in the first point
   * @param end the end of the last of them
   */
  record Point(Instant start, Instant end, long batches, long records) {
    /** Returns how many records came in per second. */
    double perSecond() {
      return records * 1e9 / Duration.between(start, end).toNanos();
    }

    private Point with(Point next) {
      return new Point(start, next.end, batches + next.batches, records + next.records);
    }
  }

  @Override
  public synchronized void onProgress(Progress progress) {
    Instant start = points.isEmpty() ? progress.timestamp() : points.get(points.size() - 1).end();
    // A batch that was read ahead began before the one before it had ended, and its duration counts
    // from there. No batch is without time.
    Instant begin = progress.timestamp().isBefore(start) ? start : progress.timestamp();
    Duration took = progress.batchDuration();
    Instant end = begin.plus(took.isZero() ? Duration.ofMillis(1) : took);
    Point batch = new Point(start, end, 1, progress.inputRows());
    int last = points.size() - 1;
    if (last >= 0 && points.get(last).batches() < batchesPerPoint) {
      points.set(last, points.get(last).with(batch));
      return;
    }
    if (points.size() == MAX_POINTS) {
      halve();
    }
    points.add(batch);
  }

  private void halve() {
    for (int i = 0; i < MAX_POINTS / 2; i++) {
      points.set(i, points.get(2 * i).with(points.get(2 * i + 1)));
    }
    points.subList(MAX_POINTS / 2, MAX_POINTS).clear();
    batchesPerPoint *= 2;
  }

  /** Returns the run so far, the oldest first, without gaps. */
  synchronized List<Point> points() {
    return List.copyOf(points);
  }
}
