package io.callstream.engine.local;

import io.callstream.CallstreamException;
import io.callstream.engine.Capability;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.internal.failures.EnvironmentFailures;
import io.callstream.internal.source.SourceOpener;
import io.callstream.pipeline.Pipeline;
import java.time.Clock;
import java.util.EnumSet;
import java.util.Set;

/**
 * Runs pipelines in this process. It reads Kafka topics and records in memory, keeps its state in
 * memory, and writes a checkpoint to a local directory. It is the reference for other engines: the
 * same pipeline and the same batches must give the same results.
 *
 * <p>Its name is {@value #NAME}. Kafka topics require {@code callstream-kafka-producer} on the
 * class path. Custom sources require a {@link SourceOpener}.
 *
 * <p>Each run has dedicated threads, and {@link #start} returns when the run has started. A batch
 * of a continuous run starts as soon as records are available, but not before the trigger interval
 * since the start of the previous batch has elapsed.
 *
 * <p>A checkpoint over a {@link io.callstream.pipeline.MemorySource} is for tests: it works only
 * for that source, and only within the same process.
 */
public final class LocalEngine implements Engine {
  /** The name by which {@link io.callstream.engine.Engines} finds this engine. */
  public static final String NAME = "local";

  private final Clock clock;
  private final int readers;

  /** Creates an engine that uses the system clock for the times in progress reports. */
  public LocalEngine() {
    this(Clock.systemUTC());
  }

  /** Creates an engine that uses a given clock for the times in progress reports. */
  public LocalEngine(Clock clock) {
    this(clock, Runtime.getRuntime().availableProcessors());
  }

  private LocalEngine(Clock clock, int readers) {
    this.clock = clock;
    this.readers = readers;
  }

  /**
   * Returns an engine with a maximum number of threads that read, parse and combine records. A run
   * never uses more threads than the source has partitions when the run starts. Defaults to the
   * number of available processors.
   *
   * @throws IllegalArgumentException if {@code threads} is less than 1
   */
  public LocalEngine readingIn(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException(
          "The number of reading threads is " + threads + "; it must be at least 1");
    }
    return new LocalEngine(clock, threads);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Set<Capability> capabilities() {
    return EnumSet.of(
        Capability.KAFKA_SOURCE,
        Capability.PARTS,
        Capability.MEMORY_SOURCE,
        Capability.OTHER_SOURCE,
        Capability.CHECKPOINT,
        Capability.DISTINCT,
        Capability.EVOLUTION,
        Capability.CORRECTIONS,
        Capability.LOOKUPS);
  }

  /**
   * Starts a pipeline.
   *
   * @throws CallstreamException if no opener for the source is on the class path, the source does
   *     not exist, the checkpoint belongs to another pipeline or engine, its state does not fit in
   *     the heap, or a sink cannot be opened. Nothing runs then
   */
  @Override
  public RunningPipeline start(Pipeline pipeline, RunOptions options) {
    requireSupport(pipeline, options);
    try {
      return LocalRun.start(pipeline, options, clock, Sources.open(pipeline.source()), readers);
    } catch (OutOfMemoryError e) {
      throw EnvironmentFailures.failure(e).orElseThrow();
    }
  }
}
