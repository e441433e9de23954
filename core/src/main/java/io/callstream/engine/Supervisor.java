package io.callstream.engine;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.RunningPipeline.Termination;
import io.callstream.internal.engine.RunEnd;
import io.callstream.internal.threads.DaemonThreads;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pipeline that is restarted from its checkpoint after a failure, until it finishes, is stopped,
 * or has failed too often. Thread-safe.
 *
 * <p>A supervisor is itself a {@link RunningPipeline}: a dashboard, metrics and queries that use it
 * keep working across restarts. {@link #state} is also {@link State#RUNNING} before the first run
 * and between two runs; {@link #isReading} is not true then. {@link #progress}, {@link #accounting}
 * and {@link #results} are those of the current run, or of the last run while a restart is pending;
 * before the first run they are empty. A batch that had not finished is repeated, so the accounting
 * can be lower after a restart than just before the failure. {@link #failure}, {@link
 * #awaitTermination} and {@link #onTermination} report the end of the last run, when no restart
 * follows.
 *
 * <p>The log contains each failure once at level ERROR, each restart at level WARN with its number,
 * delay and cause, and the end of all attempts at level ERROR.
 *
 * <p>Each restart opens the sinks of the pipeline again, so a sink must support {@code open} after
 * {@code close}. While a call of a sink has not returned after {@link RunOptions#sinkTimeout()},
 * restarts fail and are repeated. A sink must not call {@link #stop} from {@code open}.
 */
public final class Supervisor implements RunningPipeline {
  private static final Logger LOG = LoggerFactory.getLogger(Supervisor.class);

  private final Engine engine;
  private final Pipeline pipeline;
  private final RunOptions options;
  private final RestartPolicy policy;
  private final String name;
  private final RunEnd end;
  private final AtomicBoolean begun = new AtomicBoolean();
  private final CountDownLatch stopping = new CountDownLatch(1);
  private volatile RunningPipeline current;

  /** The thread that starts a run, which {@link #stop} interrupts. Guarded by this. */
  private @Nullable Thread starting;

  private final AtomicInteger restarts = new AtomicInteger();
  private final Deque<RunDetails.Restart> latest = new ArrayDeque<>();
  private volatile @Nullable CallstreamException lastFailure;

  private Supervisor(Engine engine, Pipeline pipeline, RunOptions options, RestartPolicy policy) {
    if (options.checkpoint().isEmpty()) {
      throw new IllegalArgumentException(
          "A supervised pipeline has no checkpoint, and each restart would count its source from the"
              + " start. Add RunOptions.checkpointingTo.");
    }
    this.engine = engine;
    this.pipeline = pipeline;
    this.options = options;
    this.policy = policy;
    this.name = "The pipeline over " + pipeline.source().description();
    this.end = new RunEnd(name);
    this.current = new NoRun(pipeline);
  }

  /**
   * Starts a pipeline, and supervises it in a daemon thread.
   *
   * @param options must have a checkpoint
   * @throws IllegalArgumentException if the options have no checkpoint: each restart would count
   *     the source from its start, and sinks would receive all results again
   * @throws CallstreamException if the first start fails. Only later failures lead to restarts, so
   *     that an error in the configuration appears immediately
   */
  public static Supervisor start(
      Engine engine, Pipeline pipeline, RunOptions options, RestartPolicy policy) {
    Supervisor supervisor = of(engine, pipeline, options, policy);
    RunningPipeline first = engine.start(pipeline, options);
    supervisor.current = first;
    try {
      supervisor.start();
    } catch (Error e) {
      first.stop();
      throw e;
    }
    return supervisor;
  }

  /**
   * Returns the supervisor of a pipeline that {@link #start()} starts.
   *
   * @param options must have a checkpoint
   * @throws IllegalArgumentException if the options have no checkpoint
   */
  public static Supervisor of(
      Engine engine, Pipeline pipeline, RunOptions options, RestartPolicy policy) {
    return new Supervisor(engine, pipeline, options, policy);
  }

  /**
   * Starts the pipeline in the daemon thread of the supervisor, and returns immediately. If the
   * first start fails, the supervisor tries again as after later failures, so that a program can
   * start before its brokers.
   *
   * @throws IllegalStateException if this supervisor was already started or stopped
   */
  public void start() {
    if (!begun.compareAndSet(false, true)) {
      throw new IllegalStateException(
          name + " was already started or stopped. Create another supervisor.");
    }
    DaemonThreads.start("callstream-supervisor", this::supervise);
  }

  /**
   * Returns the current run, or the last one while a restart is pending. Before the first run,
   * returns one that has ended without results.
   */
  public RunningPipeline current() {
    return current;
  }

  /** Returns the total number of restarts since the start. */
  public int restarts() {
    return restarts.get();
  }

  /** Returns the failure that led to the last restart or to the end. Empty if there was none. */
  public Optional<CallstreamException> lastFailure() {
    return Optional.ofNullable(lastFailure);
  }

  // ---- the thread of the supervisor

  private void supervise() {
    try {
      int row = 0;
      long begin = System.nanoTime();
      Optional<CallstreamException> failure = current instanceof NoRun ? run() : failureOf(current);
      while (failure.isPresent() && !isStopping()) {
        lastFailure = failure.get();
        if (System.nanoTime() - begin >= TimeUnit.NANOSECONDS.convert(policy.stableAfter())) {
          row = 0;
        }
        if (!policy.mayHelp(failure.get()) || row == policy.maxRestarts()) {
          giveUp(failure.get(), row);
          break;
        }
        row++;
        if (isStoppedWithin(announce(row, failure.get()))) {
          break;
        }
        restarts.incrementAndGet();
        begin = System.nanoTime();
        failure = run();
      }
      failure.ifPresent(end::failed);
    } catch (InterruptedException e) {
      end.failed(
          new CallstreamException(
              ErrorCode.ENGINE_FAILED, "The thread of the supervisor was interrupted", e));
    } catch (RuntimeException | Error e) {
      LOG.error("The supervisor of a pipeline failed", e);
      end.failed(unexpected(e));
    } finally {
      try {
        current.stop();
      } finally {
        end.endedQuietly();
      }
    }
  }

  /** Waits for the end of a run and returns its failure. */
  private static Optional<CallstreamException> failureOf(RunningPipeline run)
      throws InterruptedException {
    try {
      run.awaitTermination();
      return Optional.empty();
    } catch (CallstreamException e) {
      return Optional.of(e);
    }
  }

  /** Starts the next run, waits for its end and returns its failure. */
  private Optional<CallstreamException> run() throws InterruptedException {
    synchronized (this) {
      if (isStopping()) {
        return lastFailure();
      }
      starting = Thread.currentThread();
    }
    RunningPipeline next;
    try {
      next = engine.start(pipeline, options);
    } catch (RuntimeException | LinkageError e) {
      if (isStopping()) {
        LOG.info("{} was stopped during a start", name, e);
        return lastFailure();
      }
      return Optional.of(failureOfStart(e));
    } finally {
      synchronized (this) {
        starting = null;
        boolean ignored = isStopping() && Thread.interrupted();
      }
    }
    current = next;
    if (isStopping()) {
      next.stop();
    }
    return failureOf(next);
  }

  private CallstreamException failureOfStart(Throwable failure) {
    if (failure instanceof CallstreamException e) {
      LOG.warn("{} could not be started: {}", name, e.code(), e);
      return e;
    }
    if (failure instanceof IllegalArgumentException e) {
      // Another attempt has the same arguments.
      return new CallstreamException(
          ErrorCode.UNSUPPORTED, "The pipeline could not be started: " + e.getMessage(), e);
    }
    LOG.warn("{} could not be started", name, failure);
    return unexpected(failure);
  }

  private static CallstreamException unexpected(Throwable e) {
    return new CallstreamException(
        ErrorCode.ENGINE_FAILED, "The pipeline could not be started: " + e, e);
  }

  private Duration announce(int row, CallstreamException failure) {
    Duration delay = policy.delay(row, ThreadLocalRandom.current().nextDouble());
    synchronized (latest) {
      latest.addLast(
          new RunDetails.Restart(
              Instant.now(), failure.code(), String.valueOf(failure.getMessage()), delay, row));
      if (latest.size() > RunDetails.MAX_RESTARTS) {
        latest.removeFirst();
      }
    }
    LOG.warn(
        "{} failed with {} and is restarted in {} s, attempt {} of {}: {}",
        name,
        failure.code(),
        delay.toMillis() / 1e3,
        row,
        policy.maxRestarts(),
        failure.getMessage());
    return delay;
  }

  private void giveUp(CallstreamException failure, int row) {
    LOG.error(
        "{} is not restarted after {}: {}",
        name,
        failure.code(),
        row == 0
            ? "a restart does not help after a failure of this kind"
            : "the limit of " + policy.maxRestarts() + " restarts in a row is reached");
  }

  private boolean isStopping() {
    return stopping.getCount() == 0;
  }

  private boolean isStoppedWithin(Duration delay) throws InterruptedException {
    return stopping.await(delay.toMillis(), TimeUnit.MILLISECONDS);
  }

  // ---- called by other threads

  @Override
  public Pipeline pipeline() {
    return pipeline;
  }

  @Override
  public State state() {
    return end.state();
  }

  @Override
  public boolean isReading() {
    return state() == State.RUNNING && current.isReading();
  }

  @Override
  public Optional<Progress> progress() {
    return current.progress();
  }

  @Override
  public Accounting accounting() {
    return current.accounting();
  }

  @Override
  public Results results(String statistic) {
    return current.results(statistic);
  }

  /** Returns the details of the current run, or of the last one, and the latest restarts. */
  @Override
  public RunDetails details() {
    synchronized (latest) {
      return current.details().withRestarts(List.copyOf(latest));
    }
  }

  @Override
  public Optional<CallstreamException> failure() {
    return end.failure();
  }

  @Override
  public void awaitTermination() throws InterruptedException {
    end.awaitTermination();
  }

  @Override
  public boolean awaitTermination(Duration timeout) throws InterruptedException {
    return end.awaitTermination(timeout);
  }

  @Override
  public void onTermination(Consumer<? super Termination> listener) {
    end.onTermination(listener);
  }

  /**
   * Stops the current run, or cancels a pending restart or a start in progress. The supervisor then
   * ends with the failure of the last run, if it failed. A start that ignores interrupts completes
   * first. If a sink or a listener of the pipeline calls this method, it returns immediately.
   */
  @Override
  public void stop() {
    synchronized (this) {
      stopping.countDown();
      if (starting != null) {
        starting.interrupt();
      }
    }
    if (begun.compareAndSet(false, true)) {
      end.endedQuietly();
      return;
    }
    RunningPipeline run = current;
    run.stop();
    // A run that was stopped by its sink or listener ends after that call has returned.
    if (run.state() != State.RUNNING) {
      end.awaitEnd();
    }
  }
}
