package io.callstream.spring;

import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.Supervisor;
import io.callstream.progress.Progress;
import org.springframework.boot.actuate.health.Health;

/** Describes the health of a pipeline. */
final class PipelineHealth {
  private PipelineHealth() {}

  /** Returns whether the pipeline reads records, with the details of its run. */
  static Health ready(Supervisor supervisor) {
    Health.Builder health = new Health.Builder();
    health.status(supervisor.isReading() ? "UP" : "DOWN");
    health.withDetail("state", supervisor.state());
    health.withDetail("received", supervisor.accounting().received());
    health.withDetail("restarts", supervisor.restarts());
    supervisor
        .lastFailure()
        .ifPresent(e -> health.withDetail("lastFailure", e.code() + ": " + e.getMessage()));
    supervisor.progress().ifPresent(last -> addProgress(health, last));
    return health.build();
  }

  private static void addProgress(Health.Builder health, Progress last) {
    health.withDetail("batch", last.batch());
    health.withDetail("lag", last.lag());
    last.watermark().ifPresent(time -> health.withDetail("watermark", time));
  }

  /** Returns whether the pipeline has not failed for good. */
  static Health live(Supervisor supervisor) {
    State state = supervisor.state();
    return new Health.Builder()
        .status(state == State.FAILED ? "DOWN" : "UP")
        .withDetail("state", state)
        .build();
  }
}
