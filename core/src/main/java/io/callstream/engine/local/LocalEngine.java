package io.callstream.engine.local;

import io.callstream.CallstreamException;
import io.callstream.engine.Capability;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.internal.source.SourceOpener;
import io.callstream.pipeline.Pipeline;
import java.time.Clock;
import java.util.EnumSet;
import java.util.Set;

/**
 * Runs pipelines in this process, over Kafka topics and over records in memory, with state in
 * memory and a checkpoint in a directory of this machine. It defines what other engines must do:
 * same pipeline, same batches, same results.
 *
 * <p>Its name is {@value #NAME}. Kafka topics need {@code callstream-kafka-producer} on the class
 * path; sources of other kinds need a {@link SourceOpener}. A run, bounded or not, has threads of
 * its own, and {@link #start} returns when it has begun. A batch of a continuous run takes what is
 * there, as soon as something is there, but begins no sooner after the one before than the trigger
 * says.
 *
 * <p>A checkpoint over a {@link io.callstream.pipeline.MemorySource} is for tests: it is good for
 * that one source, and ends with the process.
 */
public final class LocalEngine implements Engine {
  /** The name by which {@link io.callstream.engine.Engines} finds this engine. */
  public static final String NAME = "local";

  private final Clock clock;
  private final int readers;

  /** Creates an engine that tells the time of progress reports by the system's clock. */
  public LocalEngine() {
    this(Clock.systemUTC());
  }

  /** Creates an engine that tells the time of progress reports by a clock. */
  public LocalEngine(Clock clock) {
    this(clock, Runtime.getRuntime().availableProcessors());
  }

  private LocalEngine(Clock clock, int readers) {
    this.clock = clock;
    this.readers = readers;
  }

  /**
   * Returns an engine that reads, parses and combines in so many threads at most; never in more
   * than the source has partitions when a run starts. As many as there are cores if nothing is
   * said.
   *
   * @throws IllegalArgumentException if it is not at least 1
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
    return EnumSet.allOf(Capability.class);
  }

  /**
   * Starts a pipeline.
   *
   * @throws CallstreamException if nothing on the class path opens the source, it is not there, the
   *     checkpoint is that of another pipeline or engine, or a sink can't be opened; nothing is
   *     left running then
   */
  @Override
  public RunningPipeline start(Pipeline pipeline, RunOptions options) {
    requireSupport(pipeline, options);
    return LocalRun.start(pipeline, options, clock, Sources.open(pipeline.source()), readers);
  }
}
