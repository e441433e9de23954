package io.callstream.benchmarks.load;

import io.callstream.progress.Progress;
import io.callstream.progress.ProgressListener;
import io.callstream.progress.StabilityMonitor;
import io.callstream.progress.StabilityVerdict;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Asks a stability monitor about the batches that began after a moment. Thread-safe. */
final class Verdict implements ProgressListener {
  private static final Duration SPAN = Duration.ofHours(1);

  private final StabilityMonitor monitor;
  private volatile @Nullable Instant begun;

  Verdict(Duration trigger) {
    monitor = StabilityMonitor.ofThisJvm(SPAN, trigger);
  }

  /** Begins to look. */
  void begin() {
    begun = Instant.now();
  }

  @Override
  public void onProgress(Progress progress) {
    Instant from = begun;
    if (from != null && progress.timestamp().isAfter(from)) {
      monitor.onProgress(progress);
    }
  }

  Optional<StabilityVerdict> told() {
    return monitor.verdict();
  }
}
