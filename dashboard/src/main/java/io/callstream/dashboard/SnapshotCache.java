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
 * Caches the snapshot of a running pipeline. A new one is created on demand if something has
 * changed, at most once a second for all clients together. Thread-safe.
 */
final class SnapshotCache {
  /** The minimum time between two snapshots. */
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /** The period that the dashboard's monitor observes if the pipeline has none. */
  private static final Duration MONITOR_PERIOD = Duration.ofMinutes(5);

  private static final int MAX_SAMPLES = 300;

  private final RunningPipeline running;
  private final StabilityMonitor monitor;
  private final boolean hasOwnMonitor;
  private final SnapshotFactory factory;
  private final Deque<Sample> history = new ArrayDeque<>();
  private long lastBatch = -1;
  private @Nullable Update last;
  private long createdNanos;

  /** The inputs of a snapshot. Snapshots with equal inputs are equal. */
  private record Inputs(
      State state, long batch, Accounting accounting, Optional<StabilityVerdict> verdict) {}

  /** A snapshot as JSON, numbered from 0. */
  record Update(long number, String json, Inputs inputs) {}

  SnapshotCache(RunningPipeline running) {
    this.running = running;
    Optional<StabilityMonitor> listener = SnapshotFactory.monitor(running);
    this.monitor =
        listener.orElseGet(() -> StabilityMonitor.ofThisJvm(MONITOR_PERIOD, Duration.ZERO));
    this.hasOwnMonitor = listener.isEmpty();
    this.factory = new SnapshotFactory(running);
  }

  /** Records the last batch if it is new. This is cheap. */
  synchronized void observe() {
    Optional<Progress> progress = running.progress();
    if (progress.isEmpty() || progress.get().batch() == lastBatch) {
      return;
    }
    Progress report = progress.get();
    lastBatch = report.batch();
    history.addLast(Sample.of(report));
    if (history.size() > MAX_SAMPLES) {
      history.removeFirst();
    }
    if (hasOwnMonitor) {
      monitor.onProgress(report);
    }
  }

  /** Returns a snapshot that is at most one second old. */
  synchronized Update current() {
    return current(INTERVAL);
  }

  /** Returns an up-to-date snapshot. */
  synchronized Update latest() {
    return current(Duration.ZERO);
  }

  /** Returns an up-to-date snapshot without statistics. */
  synchronized Snapshot withoutStatistics() {
    observe();
    return factory.createWithoutStatistics(monitor.verdict().orElse(null));
  }

  private Update current(Duration interval) {
    observe();
    Update before = last;
    if (before != null
        && (System.nanoTime() - createdNanos < interval.toNanos()
            || before.inputs().equals(inputs()))) {
      return before;
    }
    Inputs inputs = inputs();
    Snapshot snapshot = factory.create(inputs.verdict().orElse(null), List.copyOf(history));
    Update update =
        new Update(before == null ? 0 : before.number() + 1, SnapshotJson.of(snapshot), inputs);
    last = update;
    createdNanos = System.nanoTime();
    return update;
  }

  private Inputs inputs() {
    return new Inputs(running.state(), lastBatch, running.accounting(), monitor.verdict());
  }
}
