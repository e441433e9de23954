package io.callstream.benchmarks.load;

import io.callstream.progress.Progress;
import io.callstream.progress.ProgressListener;
import io.callstream.progress.StabilityMonitor;
import io.callstream.progress.StabilityVerdict;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Passes the batches after a given moment to a {@link StabilityMonitor}. Thread-safe. */
final class StabilityCheck implements ProgressListener {
  private static final Duration SPAN = Duration.ofHours(1);

  private final StabilityMonitor monitor;
  private volatile @Nullable Instant start;

  StabilityCheck(Duration trigger) {
    monitor = StabilityMonitor.ofThisJvm(SPAN, trigger);
  }

  /** Starts to check the batches that begin from now on. */
  void begin() {
    start = Instant.now();
  }

  @Override
  public void onProgress(Progress progress) {
    Instant from = start;
    if (from != null && progress.timestamp().isAfter(from)) {
      monitor.onProgress(progress);
    }
  }

  /** Returns the verdict, or nothing after too few batches. */
  Optional<StabilityVerdict> verdict() {
    return monitor.verdict();
  }
}
