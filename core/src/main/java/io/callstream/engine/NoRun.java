package io.callstream.engine;

import io.callstream.CallstreamException;
import io.callstream.engine.RunningPipeline.Termination;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Represents the run of a pipeline that was not started: it has ended without results. */
record NoRun(Pipeline pipeline) implements RunningPipeline {
  @Override
  public State state() {
    return State.FINISHED;
  }

  @Override
  public Optional<Progress> progress() {
    return Optional.empty();
  }

  @Override
  public Accounting accounting() {
    return Accounting.none(
        pipeline.statistics().stream().map(Statistic::name).toList(),
        pipeline.lookups().stream().map(lookup -> lookup.name()).toList());
  }

  @Override
  public Results results(String statistic) {
    return new BlockResults(pipeline.statistic(statistic), new TreeMap<>());
  }

  @Override
  public Optional<CallstreamException> failure() {
    return Optional.empty();
  }

  @Override
  public void awaitTermination() {}

  @Override
  public boolean awaitTermination(Duration timeout) {
    return true;
  }

  @Override
  public void onTermination(Consumer<? super Termination> listener) {
    listener.accept(new Termination(state(), failure()));
  }

  @Override
  public void stop() {}
}
