package io.callstream.spring;

import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.Supervisor;
import org.springframework.context.SmartLifecycle;

/**
 * Starts the pipeline when all beans exist, without waiting for brokers or sinks, and stops it
 * before any bean is destroyed.
 */
final class PipelineLifecycle implements SmartLifecycle {
  private final Supervisor supervisor;
  private volatile boolean started;

  PipelineLifecycle(Supervisor supervisor) {
    this.supervisor = supervisor;
  }

  @Override
  public void start() {
    supervisor.start();
    started = true;
  }

  @Override
  public void stop() {
    supervisor.stop();
  }

  @Override
  public boolean isRunning() {
    return started && supervisor.state() == State.RUNNING;
  }
}
