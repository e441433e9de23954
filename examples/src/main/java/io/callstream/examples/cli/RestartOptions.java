package io.callstream.examples.cli;

import io.callstream.engine.Engine;
import io.callstream.engine.RestartPolicy;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.Supervisor;
import io.callstream.internal.notation.CheckpointLocation;
import io.callstream.pipeline.Pipeline;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Whether and how often a pipeline is restarted after a failure. */
final class RestartOptions {
  private static final RestartPolicy DEFAULTS = RestartPolicy.defaults();

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init")
  private CommandSpec command;

  @Option(
      names = "--restart",
      description =
          "Restart from --checkpoint after a failure, with a delay that doubles up to 5m."
              + " Failures of a statistic, a format or the checkpoint are not restarted.")
  private boolean restart;

  @Option(
      names = "--max-restarts",
      paramLabel = "N",
      description =
          "Fail after N restarts in a row; a run of 10 minutes starts a new row. Default: 20.")
  private @Nullable Integer maxRestarts;

  @Option(
      names = "--restart-delay",
      paramLabel = "TIME",
      description = "Delay before the first restart of a row. Default: 1s.")
  private @Nullable Duration delay;

  /** Rejects options that contradict each other. */
  void check(@Nullable CheckpointLocation checkpoint) {
    if (!restart && (maxRestarts != null || delay != null)) {
      throw Usage.wrong(
          command, "--max-restarts and --restart-delay need --restart. Add it, or leave them out.");
    }
    if (restart && checkpoint == null) {
      throw Usage.wrong(
          command,
          "--restart needs --checkpoint: without it each restart would count the topic from its"
              + " start. Add --checkpoint DIR.");
    }
    RestartPolicy ignored = Usage.of(command, this::policy);
  }

  private RestartPolicy policy() {
    RestartPolicy policy = DEFAULTS;
    if (delay != null) {
      Duration longest = delay.compareTo(policy.maxDelay()) > 0 ? delay : policy.maxDelay();
      policy = policy.delaying(delay, longest);
    }
    return maxRestarts == null ? policy : policy.atMost(maxRestarts);
  }

  /** Starts a pipeline, under supervision if it must be restarted after failures. */
  RunningPipeline start(Engine engine, Pipeline pipeline, RunOptions options) {
    return restart
        ? Supervisor.start(engine, pipeline, options, policy())
        : engine.start(pipeline, options);
  }
}
