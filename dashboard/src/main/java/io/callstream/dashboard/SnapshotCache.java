package io.callstream.dashboard;

import io.callstream.dashboard.Snapshot.Sample;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.progress.StabilityMonitor;
import io.callstream.progress.StabilityVerdict;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The snapshot of a pipeline that runs: made when somebody wants it and something has changed, at
 * most once a second however many want it. Thread-safe.
 */
final class LiveSnapshot {
  /** The least time between two snapshots. */
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /** How far back a monitor of our own looks. */
  private static final Duration SPAN = Duration.ofMinutes(5);

  /** How many batches are remembered. */
  private static final int MAX_SAMPLES = 300;

  private final RunningPipeline running;
  private final StabilityMonitor monitor;
  private final boolean hasOwnMonitor;
  private final SnapshotMaker maker;
  private final Deque<Sample> history = new ArrayDeque<>();
  private long lastBatch = -1;
  private @Nullable Update last;
  private long madeNanos;

  /** What a snapshot depends on: while this is equal, so is the snapshot. */
  private record Moment(
      State state, long batch, Accounting accounting, Optional<StabilityVerdict> verdict) {}

  /**
   * A snapshot that was made.
   *
   * @param number counts snapshots, from 0
   * @param json what the page gets
   */
  record Update(long number, String json, Moment moment) {}

  LiveSnapshot(RunningPipeline running) {
    this.running = running;
    Optional<StabilityMonitor> theirs = SnapshotMaker.monitor(running);
    this.monitor = theirs.orElseGet(() -> StabilityMonitor.ofThisJvm(SPAN, Duration.ZERO));
    this.hasOwnMonitor = theirs.isEmpty();
    this.maker = new SnapshotMaker(running);
  }

  /** Takes notice of the last batch, if it is a new one. Cheap. */
  synchronized void observe() {
    Optional<Progress> progress = running.progress();
    if (progress.isEmpty() || progress.get().batch() == lastBatch) {
      return;
    }
    Progress report = progress.get();
    lastBatch = report.batch();
    history.addLast(
        new Sample(
            report.timestamp(),
            report.inputRowsPerSecond(),
            report.processedRowsPerSecond(),
            report.outputRowsPerSecond(),
            report.lag(),
            report.latency()));
    if (history.size() > MAX_SAMPLES) {
      history.removeFirst();
    }
    if (hasOwnMonitor) {
      monitor.onProgress(report);
    }
  }

  /** Returns the snapshot of now, or one that is a second old at most. */
  synchronized Update current() {
    return current(INTERVAL);
  }

  /** Returns the snapshot of now. */
  synchronized Update latest() {
    return current(Duration.ZERO);
  }

  /** Returns where the run is now: a snapshot without statistics. */
  synchronized Snapshot run() {
    observe();
    return maker.makeWithoutStatistics(monitor.verdict().orElse(null));
  }

  private Update current(Duration interval) {
    observe();
    Update before = last;
    if (before != null
        && (System.nanoTime() - madeNanos < interval.toNanos()
            || before.moment().equals(moment()))) {
      return before;
    }
    Moment moment = moment();
    Snapshot snapshot = maker.make(moment.verdict().orElse(null), List.copyOf(history));
    Update made =
        new Update(before == null ? 0 : before.number() + 1, SnapshotJson.of(snapshot), moment);
    last = made;
    madeNanos = System.nanoTime();
    return made;
  }

  private Moment moment() {
    return new Moment(running.state(), lastBatch, running.accounting(), monitor.verdict());
  }
}
