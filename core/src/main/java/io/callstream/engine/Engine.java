package io.callstream.engine;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.Pipeline;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Runs pipelines. An engine is found by its name through {@link java.util.ServiceLoader}: a
 * provider lists its class in {@code META-INF/services/io.callstream.engine.Engine} and gives it a
 * public constructor without parameters. Thread-safe.
 */
public interface Engine {
  /** Returns the name: lower-case letters, digits and hyphens. */
  String name();

  /** Returns what this engine can do. */
  Set<Capability> capabilities();

  /** Starts a pipeline that runs until it is stopped, without a checkpoint. */
  default RunningPipeline start(Pipeline pipeline) {
    return start(pipeline, RunOptions.continuous());
  }

  /**
   * Starts a pipeline.
   *
   * @throws CallstreamException if the engine does not support what the pipeline asks for, or can't
   *     start it; then nothing runs
   */
  RunningPipeline start(Pipeline pipeline, RunOptions options);

  /**
   * Refuses a run that needs what this engine can't do; engines call it before anything else.
   *
   * @throws CallstreamException with {@link ErrorCode#UNSUPPORTED}
   */
  default void requireSupport(Pipeline pipeline, RunOptions options) {
    Set<Capability> missing = EnumSet.copyOf(Capability.neededBy(pipeline, options));
    missing.removeAll(capabilities());
    if (!missing.isEmpty()) {
      throw new CallstreamException(
          ErrorCode.UNSUPPORTED,
          "The engine '"
              + name()
              + "' does not support "
              + words(missing)
              + ". It supports "
              + words(capabilities())
              + ". Change the pipeline, or choose another engine.");
    }
  }

  private static String words(Set<Capability> capabilities) {
    return capabilities.stream().sorted().map(Capability::words).collect(Collectors.joining(", "));
  }
}
