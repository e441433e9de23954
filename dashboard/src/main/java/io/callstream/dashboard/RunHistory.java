package io.callstream.dashboard;

import io.callstream.progress.Progress;
import io.callstream.progress.ProgressListener;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Records the throughput over a whole run for the chart in a {@link Report}. Add it to a pipeline
 * as a listener. It keeps at most {@value #MAX_POINTS} points. When it has reached that number, it
 * merges neighboring points in pairs, and each new point covers twice as many batches. Thread-safe.
 */
public final class RunHistory implements ProgressListener {
  static final int MAX_POINTS = 240;

  private final List<Point> points = new ArrayList<>();
  private long batchesPerPoint = 1;

  /** Creates an empty history. */
  public RunHistory() {}

  /** Consecutive batches; the start is the end of the previous point. */
  record Point(Instant start, Instant end, long batches, long records) {
    /** Returns the records per second. */
    double perSecond() {
      return records * 1e9 / Duration.between(start, end).toNanos();
    }

    private Point merge(Point next) {
      return new Point(start, next.end, batches + next.batches, records + next.records);
    }
  }

  @Override
  public synchronized void onProgress(Progress progress) {
    Instant start = points.isEmpty() ? progress.timestamp() : points.get(points.size() - 1).end();
    // A prefetched batch starts before the previous one ends; its duration counts from that end.
    // Each batch takes at least one millisecond, so that rates are finite.
    Instant from = progress.timestamp().isBefore(start) ? start : progress.timestamp();
    Duration duration = progress.batchDuration();
    Instant end = from.plus(duration.isZero() ? Duration.ofMillis(1) : duration);
    Point batch = new Point(start, end, 1, progress.inputRows());
    int last = points.size() - 1;
    if (last >= 0 && points.get(last).batches() < batchesPerPoint) {
      points.set(last, points.get(last).merge(batch));
      return;
    }
    if (points.size() == MAX_POINTS) {
      mergeNeighbors();
    }
    points.add(batch);
  }

  private void mergeNeighbors() {
    for (int i = 0; i < MAX_POINTS / 2; i++) {
      points.set(i, points.get(2 * i).merge(points.get(2 * i + 1)));
    }
    points.subList(MAX_POINTS / 2, MAX_POINTS).clear();
    batchesPerPoint *= 2;
  }

  /** Returns the points so far, oldest first and without gaps. */
  synchronized List<Point> points() {
    return List.copyOf(points);
  }
}
