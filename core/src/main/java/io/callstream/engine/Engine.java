package io.callstream.engine;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.Pipeline;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Runs pipelines. {@link Engines} finds an engine by name through {@link java.util.ServiceLoader}.
 * A provider lists its class in {@code META-INF/services/io.callstream.engine.Engine}. The class
 * needs a public constructor without parameters. Thread-safe.
 */
public interface Engine {
  /** Returns the name of the engine: lower-case letters, digits and hyphens. */
  String name();

  /** Returns the capabilities of this engine. */
  Set<Capability> capabilities();

  /**
   * Starts a pipeline that runs until it is stopped, without a checkpoint.
   *
   * @throws CallstreamException as {@link #start(Pipeline, RunOptions)} does
   */
  default RunningPipeline start(Pipeline pipeline) {
    return start(pipeline, RunOptions.continuous());
  }

  /**
   * Starts a pipeline.
   *
   * @throws CallstreamException with {@link ErrorCode#UNSUPPORTED} if the engine does not support
   *     what the pipeline requires, or with another code if it cannot start the pipeline. Nothing
   *     runs then
   */
  RunningPipeline start(Pipeline pipeline, RunOptions options);

  /**
   * Checks that this engine supports a run. Engines call this method before they start anything.
   *
   * @throws CallstreamException with {@link ErrorCode#UNSUPPORTED} if the engine lacks a required
   *     capability
   */
  default void requireSupport(Pipeline pipeline, RunOptions options) {
    Set<Capability> missing = EnumSet.copyOf(Capability.neededBy(pipeline, options));
    missing.removeAll(capabilities());
    if (!missing.isEmpty()) {
      throw new CallstreamException(
          ErrorCode.UNSUPPORTED,
          ("The engine '%s' does not support %s. It supports %s. Change the pipeline, or choose"
                  + " another engine.")
              .formatted(name(), descriptions(missing), descriptions(capabilities())));
    }
  }

  private static String descriptions(Set<Capability> capabilities) {
    return capabilities.stream()
        .sorted()
        .map(Capability::description)
        .collect(Collectors.joining(", "));
  }
}
