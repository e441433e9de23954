package io.callstream.metrics;

import io.callstream.CallstreamException;
import io.callstream.engine.RunningPipeline;
import io.callstream.internal.threads.DaemonThreads;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.progress.StabilityMonitor;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Binds a running pipeline to a meter registry. The metrics cover the pipeline's {@link Progress}
 * and {@link Accounting}, and the verdict of a {@link StabilityMonitor} if the pipeline has one as
 * a listener. {@code docs/dashboard.md} lists their names. Thread-safe.
 *
 * <p>Counters are totals of the pipeline. They include earlier runs that used the same checkpoint.
 * Gauges describe the last batch, and are NaN before the first batch. Metrics that depend on a
 * batch (partitions, phases, the number of batches and the sinks) appear within a second of the
 * first batch that has them. A daemon thread adds them until the pipeline ends or you close this
 * object. Reading a registry does not slow the pipeline down.
 *
 * <p>A registry ignores a meter whose name and tags it already has. {@linkplain #close() Close} the
 * metrics of a run before you bind the next run to the same registry. Otherwise the registry
 * continues to report the previous run.
 */
public final class PipelineMetrics implements MeterBinder, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PipelineMetrics.class);
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  private final RunningPipeline running;
  private final Tags tags;
  private final Map<MeterRegistry, PipelineMeters> bound = new HashMap<>();
  private @Nullable Thread watcher;

  private PipelineMetrics(RunningPipeline running, Tags tags) {
    this.running = running;
    this.tags = tags;
  }

  /** Returns the metrics of a pipeline. */
  public static PipelineMetrics of(RunningPipeline running) {
    return new PipelineMetrics(running, Tags.empty());
  }

  /**
   * Returns the metrics of a pipeline with additional tags.
   *
   * @param tags the tags that distinguish this pipeline from others in the same registry, such as
   *     {@code pipeline} and {@code engine}
   */
  public static PipelineMetrics of(RunningPipeline running, Iterable<Tag> tags) {
    return new PipelineMetrics(running, Tags.of(tags));
  }

  @Override
  public synchronized void bindTo(MeterRegistry registry) {
    if (!bound.containsKey(registry)) {
      PipelineMeters meters = new PipelineMeters(running, registry, tags);
      bound.put(registry, meters);
      meters.registerInitial();
    }
    registerReported();
    if (watcher == null) {
      watcher = DaemonThreads.start("callstream-metrics", this::watch);
    }
  }

  /** Removes the metrics of this pipeline from all registries. */
  @Override
  public synchronized void close() {
    if (watcher != null) {
      watcher.interrupt();
      watcher = null;
    }
    bound.values().forEach(PipelineMeters::remove);
    bound.clear();
  }

  private void watch() {
    try {
      boolean ended;
      do {
        ended = awaitEnd();
        registerReported();
      } while (!ended);
    } catch (InterruptedException closed) {
      // close() interrupts this thread.
    } catch (RuntimeException | Error e) {
      LOG.warn("Some metrics of a pipeline could not be bound and are missing", e);
    }
  }

  private boolean awaitEnd() throws InterruptedException {
    try {
      return running.awaitTermination(INTERVAL);
    } catch (CallstreamException failed) {
      return true; // The pipeline itself reports its failure.
    }
  }

  private synchronized void registerReported() {
    running
        .progress()
        .ifPresent(batch -> bound.values().forEach(meters -> meters.registerReported(batch)));
  }
}
