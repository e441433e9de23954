package io.callstream.engine.local;

import io.callstream.engine.Capability;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.Pipeline;
import java.time.Clock;
import java.util.EnumSet;
import java.util.Set;

/**
 * Runs pipelines over {@link io.callstream.pipeline.MemorySource} in this process, in memory. It
 * defines what other engines must do: same pipeline, same batches, same results.
 *
 * <p>Its name is {@value #NAME}. A bounded run is done when {@link #start} returns; a continuous
 * one has a thread of its own, and each batch takes what is there.
 */
public final class LocalEngine implements Engine {
  /** The name by which {@link io.callstream.engine.Engines} finds this engine. */
  public static final String NAME = "local";

  private final Clock clock;

  /** Creates an engine that tells the time of progress reports by the system's clock. */
  public LocalEngine() {
    this(Clock.systemUTC());
  }

  /** Creates an engine that tells the time of progress reports by a clock. */
  public LocalEngine(Clock clock) {
    this.clock = clock;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Set<Capability> capabilities() {
    return EnumSet.of(Capability.MEMORY_SOURCE, Capability.DISTINCT);
  }

  @Override
  public RunningPipeline start(Pipeline pipeline, RunOptions options) {
    requireSupport(pipeline, options);
    LocalRun run = new LocalRun(pipeline, options, clock);
    switch (options.mode()) {
      case BOUNDED -> run.runToEnd();
      case CONTINUOUS -> run.runInBackground();
    }
    return run;
  }
}
