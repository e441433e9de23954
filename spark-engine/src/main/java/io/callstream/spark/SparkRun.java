package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.RunOptions;
import io.callstream.internal.engine.LedgerRun;
import io.callstream.internal.engine.PartialResults;
import io.callstream.internal.engine.SinkSet;
import io.callstream.internal.files.Closing;
import io.callstream.internal.kafka.KafkaAdmin;
import io.callstream.internal.ledger.BatchUpdates;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.source.OpenTransactions;
import io.callstream.internal.task.DeadLetterMerge;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.task.TaskReport;
import io.callstream.internal.threads.DaemonThreads;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Progress;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.RuntimeConfig;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.OutputMode;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.Trigger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;
import scala.Tuple2;

/*
 * A run of the Spark engine. It uses three threads. The query's thread calls finish() with batches.
 * The listener bus delivers Spark's reports after the batches. A watcher waits for the query to end
 * and then closes everything in order. An exception in one of the first two threads ends the query,
 * and the watcher makes it the failure of the run.
 */
final class SparkRun extends LedgerRun {
  private static final Logger LOG = LoggerFactory.getLogger(SparkRun.class);

  /**
   * Properties that neither the context nor the caller sets. A batch has only a few rows, and
   * generating and compiling code for them costs more than it saves.
   */
  private static final Map<String, String> DEFAULTS =
      Map.of(
          "spark.sql.codegen.wholeStage", "false",
          "spark.sql.streaming.minBatchesToRetain", "10",
          "spark.sql.streaming.numRecentProgressUpdates", "10",
          "spark.sql.streaming.stopTimeout", "5s");

  private static final Duration STOP_PATIENCE = Duration.ofSeconds(20);
  private static final Duration LISTENER_PATIENCE = Duration.ofSeconds(10);

  private final RunOptions options;
  private final Map<String, String> engineSettings;
  private final TaskPlan plan;
  private final Sessions.Lease lease;
  private final Checkpoint checkpoint;
  private final BatchTables tables;
  private final SinkSet sinks;
  private final int shufflePartitions;
  private final @Nullable DriverView view;
  private final Failures failures;
  private final BatchReports reports;

  /** Held while a batch is being finished, so that a graceful stop can wait for it. */
  private final ReentrantLock batchLock = new ReentrantLock();

  /** The context of the current batch. */
  private @Nullable BatchContext batch;

  private volatile boolean stopping;
  private volatile @Nullable StreamingQuery query;
  private volatile @Nullable OpenTransactions transactions;

  private SparkRun(
      Pipeline pipeline,
      TaskPlan plan,
      RunOptions options,
      Map<String, String> engineSettings,
      Sessions.Lease lease,
      Checkpoint checkpoint,
      Ledger ledger,
      BatchTables tables,
      int shufflePartitions,
      @Nullable DriverView view,
      SinkSet sinks) {
    super(pipeline, options, ledger);
    this.options = options;
    this.engineSettings = engineSettings;
    this.plan = plan;
    this.lease = lease;
    this.checkpoint = checkpoint;
    this.tables = tables;
    this.shufflePartitions = shufflePartitions;
    this.view = view;
    this.sinks = sinks;
    this.failures = new Failures(options.checkpoint().orElse(null));
    this.reports =
        new BatchReports(sinks, checkpoint::firstOffsets, this::reported, e -> fail(failureOf(e)));
  }

  /** Starts a run. The lease is returned when the run ends, unless this method throws. */
  static SparkRun start(
      Pipeline pipeline,
      TaskPlan plan,
      String topicId,
      RunOptions options,
      SparkSettings settings,
      Sessions.Lease lease) {
    SparkSession session = lease.session();
    Checkpoint checkpoint = Checkpoint.open(options.checkpoint().orElse(null), session);
    try {
      int cores = session.sparkContext().defaultParallelism();
      Checkpoint.Claim claim = checkpoint.claim(pipeline, topicId, options, settings, cores);
      checkpoint.requireOwned();
      Ledger ledger = checkpoint.restore(pipeline, claim, Instant.now());
      checkpoint.requireOwned();
      BatchTables tables = BatchTables.open(pipeline, plan, ledger, session.sparkContext());
      try {
        return started(
            pipeline,
            plan.startingAt(ledger.starts()),
            options,
            settings,
            lease,
            checkpoint,
            claim.shufflePartitions(),
            ledger,
            tables);
      } catch (Exception | Error e) {
        Closing.after(e, tables);
        throw e;
      }
    } catch (Exception | Error e) {
      checkpoint.close();
      throw e;
    }
  }

  private static SparkRun started(
      Pipeline pipeline,
      TaskPlan plan,
      RunOptions options,
      SparkSettings settings,
      Sessions.Lease lease,
      Checkpoint checkpoint,
      int shufflePartitions,
      Ledger ledger,
      BatchTables tables) {
    DriverView view =
        settings.hasResultsInExecutors()
            ? new DriverView(
                plan,
                ledger,
                WindowShards.restore(ledger, plan, shufflePartitions),
                checkpoint.state(lease.session(), settings.stateStore()))
            : null;
    BatchResults restored = ledger.current();
    SinkSet sinks =
        SinkSet.open(
            pipeline,
            view == null ? restored : DriverView.withoutGroups(restored, Map.of()),
            ledger.nextOffsets(),
            options.sinkTimeout());
    try {
      if (view != null) {
        view.open(pipeline, sinks);
      }
      SparkRun run =
          new SparkRun(
              pipeline,
              plan,
              options,
              settings.inForce(lease.session().sparkContext(), shufflePartitions),
              lease,
              checkpoint,
              ledger,
              tables,
              shufflePartitions,
              view,
              sinks);
      run.startQuery(settings);
      return run;
    } catch (Exception | Error e) {
      // Scala throws checked exceptions that its signatures do not declare.
      sinks.abandon(new Failures(options.checkpoint().orElse(null)).of(e));
      throw e;
    }
  }

  private void startQuery(SparkSettings settings) {
    SparkSession session = lease.session();
    configure(session.conf(), settings);
    session.streams().addListener(reports);
    Dataset<Tuple2<byte[], byte[]>> rows =
        QueryPlan.of(
            session,
            (KafkaTopic) pipeline().source(),
            plan,
            options,
            settings,
            shufflePartitions,
            checkpoint,
            tables);
    checkpoint.requireOwned();
    try {
      query =
          DriverSink.start(
              rows.writeStream()
                  .outputMode(OutputMode.Append())
                  .trigger(trigger())
                  .option("checkpointLocation", checkpoint.location()),
              new Batches());
    } catch (TimeoutException e) {
      throw failures.of(e);
    }
    try {
      KafkaTopic topic = (KafkaTopic) pipeline().source();
      transactions = OpenTransactions.watch(topic, KafkaAdmin.endsOf(topic));
      DaemonThreads.start("callstream-watcher", this::watch);
    } catch (RuntimeException | Error e) {
      stopQuery(); // Without its watcher, nothing would end the run.
      endTransactions();
      throw e;
    }
    checkpoint.watch(this::superseded);
  }

  private void configure(RuntimeConfig conf, SparkSettings settings) {
    conf.set("spark.sql.shuffle.partitions", shufflePartitions);
    useStateStore(conf, settings.stateStore());
    conf.set("spark.sql.streaming.noDataMicroBatches.enabled", false);
    SparkConf ofContext = lease.session().sparkContext().conf();
    DEFAULTS.forEach(
        (key, value) -> {
          if (!ofContext.contains(key) && !settings.properties().containsKey(key)) {
            conf.set(key, value);
          }
        });
  }

  static void useStateStore(RuntimeConfig conf, SparkSettings.StateStore store) {
    conf.set("spark.sql.streaming.stateStore.providerClass", store.provider().getName());
    conf.set(
        "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled",
        store == SparkSettings.StateStore.ROCKSDB_WITH_CHANGELOG);
  }

  private Trigger trigger() {
    return options.mode() == RunOptions.Mode.BOUNDED
        ? Trigger.AvailableNow()
        : Trigger.ProcessingTime(options.trigger().toMillis());
  }

  // ---- batches, in the query's thread

  private final class Batches implements DriverSink.Receiver {
    @Override
    public void begin() throws InterruptedException {
      if (view != null) {
        ledger()
            .shortenLog(
                () -> {
                  checkpoint.requireOwned();
                  return view.note();
                });
        checkpoint.requireOwned();
        ledger().announce(tables.next());
        checkpoint.requireOwned();
      }
      BatchContext context =
          view == null ? BatchContext.of(ledger(), shufflePartitions) : view.next();
      batch = context;
      context.publish(lease.session().sparkContext());
      batchLock.lockInterruptibly();
      if (stopping) {
        batchLock.unlock();
        // The batch has not started and will be repeated; stop() interrupts this thread.
        new CountDownLatch(1).await();
      }
    }

    @Override
    public @Nullable TaskSinks taskSinks() {
      return view == null ? null : view.sinks();
    }

    @Override
    public void finish(long number, List<Tuple2<byte[], byte[]>> rows) {
      SparkRun.this.finish(number, rows);
    }

    @Override
    public void end() {
      if (batchLock.isHeldByCurrentThread()) {
        batchLock.unlock();
      }
    }
  }

  private void finish(long number, List<Tuple2<byte[], byte[]>> rows) {
    List<DeadLetterMerge.Input> letters = new ArrayList<>();
    boolean hasLetterFiles = false;
    TaskReport report = new TaskReport(TaskReport.none(pipeline()), List.of());
    PartialResults partials = new PartialResults(plan);
    for (Tuple2<byte[], byte[]> row : rows) {
      RowKey key = RowKey.of(row._1());
      byte[] bytes = row._2();
      switch (key.kind()) {
        case WINDOW -> partials.add(plan.indexOfSlot(key.number()), key.windowStart(), bytes);
        case REPORT -> report = report.plus(TaskReport.of(bytes));
        case LETTERS -> letters.add(() -> new ByteArrayInputStream(bytes));
        case LETTER_FILE -> {
          String file = new String(bytes, UTF_8);
          hasLetterFiles = true;
          letters.add(() -> checkpoint.openLetters(file));
        }
        case TOP, WRITTEN, EMITTED -> Objects.requireNonNull(view).add(key, bytes);
        case CANDIDATES -> throw new IllegalStateException("Candidates reached the driver");
      }
    }
    BatchContext context = Objects.requireNonNull(batch);
    BatchUpdates updates = view == null ? partials.merge(ledger()) : view.updates(context);
    updates.tables(tables.stored());
    checkpoint.requireOwned();
    BatchResults results = ledger().append(number, report, updates);
    Progress.State inDriver =
        view == null ? ledger().sizeAfter(updates) : new Progress.State(0, 0, 0);
    checkpoint.requireOwned();
    try (DeadLetterMerge merged = new DeadLetterMerge(letters)) {
      if (view == null) {
        sinks.write(results, merged);
      } else {
        results = view.finish(context, results, merged, sinks);
      }
    }
    // Spark commits the batch next. Only the run that owns the checkpoint may do this.
    checkpoint.requireOwned();
    reports.expect(results, report.latencyAt(Instant.now()), inDriver);
    checkpoint.finished(hasLetterFiles);
  }

  @Override
  public Results results(String statistic) {
    return view == null ? super.results(statistic) : view.results(pipeline().statistic(statistic));
  }

  private void fail(CallstreamException e) {
    failed(e);
    stopQuery();
  }

  /** Ends this run, after its current batch, because another run has taken over. */
  private void superseded(CallstreamException e) {
    if (!stopping && !hasEnded()) {
      failed(e);
    }
    boolean ignored = awaitBatch();
    stopQuery();
  }

  @Override
  protected Map<String, String> engineSettings() {
    return engineSettings;
  }

  /** Returns the address of Spark's own pages; empty if Spark shows none. */
  Optional<URI> userInterface() {
    Option<String> page = lease.session().sparkContext().uiWebUrl();
    return page.isDefined() ? Optional.of(URI.create(page.get())) : Optional.empty();
  }

  // ---- the end, in the watcher's thread

  private void watch() {
    try {
      StreamingQuery running = query;
      if (running != null) {
        running.awaitTermination();
      }
      if (!stopping) {
        // Spark stops a query without an exception if the same process starts another query on its
        // checkpoint.
        checkpoint.takenOver(null).ifPresent(this::failed);
      }
      if (!reports.awaitEnd(LISTENER_PATIENCE)) {
        LOG.debug("Spark's listener bus did not report the end of the query in time");
      }
      if (options.flushesAtEnd() && !stopping && failure().isEmpty()) {
        sinks.write(ledger().flush());
      }
    } catch (StreamingQueryException e) {
      // A failure of a listener takes precedence, and interrupts the query.
      if (!((stopping || failure().isPresent()) && Failures.isInterrupt(e))) {
        failed(failureOf(e));
      }
    } catch (InterruptedException e) {
      failed(
          new CallstreamException(
              ErrorCode.ENGINE_FAILED, "The thread of the run was interrupted", e));
      stopQuery();
    } catch (RuntimeException | Error e) {
      failed(failureOf(e));
    }
    close(this::endTransactions);
    close(sinks::close);
    close(() -> lease.session().streams().removeListener(reports));
    close(tables::close);
    close(checkpoint::close);
    close(lease::close);
    ended();
  }

  private void endTransactions() {
    OpenTransactions watching = transactions;
    if (watching != null) {
      watching.close();
    }
  }

  /** Returns the failure of the run, which is the takeover if another run has taken over. */
  private CallstreamException failureOf(Throwable e) {
    return checkpoint.takenOver(e).orElseGet(() -> failures.of(e));
  }

  private void close(Runnable part) {
    try {
      part.run();
    } catch (RuntimeException | Error e) {
      failed(failures.of(e));
    }
  }

  @Override
  public void stop() {
    if (hasEnded()) {
      return;
    }
    stopping = true;
    if (reports.isCallingListener() || sinks.isCallingSink()) {
      DaemonThreads.start("callstream-stop", this::stopLogged);
      return;
    }
    boolean interrupted = !awaitBatch();
    stopQuery();
    awaitEnd();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for the end of the current batch; false if interrupted, with the interrupt cleared. */
  private boolean awaitBatch() {
    try {
      if (batchLock.tryLock(STOP_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        batchLock.unlock();
      }
      return true;
    } catch (InterruptedException e) {
      return false;
    }
  }

  private void stopLogged() {
    try {
      stop();
    } catch (RuntimeException | Error e) {
      LOG.error("A pipeline that its sink or listener stopped is still running", e);
    }
  }

  /** Interrupts the query until it has ended, because a library may have swallowed an interrupt. */
  private void stopQuery() {
    StreamingQuery running = query;
    if (running == null) {
      return;
    }
    boolean ended = false;
    boolean interrupted = false;
    while (!ended) {
      try {
        running.stop();
        ended = true;
      } catch (TimeoutException e) {
        LOG.warn(
            "The Spark query did not end after an interrupt and is interrupted again",
            placeOf(running));
      } catch (Exception e) {
        if (Failures.isInterrupt(e)) {
          interrupted = true;
        } else if (running.isActive()) {
          throw e;
        } else {
          // The query ended in the meantime, and its session ended with it.
          ended = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static Exception placeOf(StreamingQuery running) {
    Exception place = new Exception("Where the query's thread is");
    String run = running.runId().toString(); // Spark names the query's thread after it.
    Thread.getAllStackTraces()
        .forEach(
            (thread, stack) -> {
              if (thread.getName().contains(run)) {
                place.setStackTrace(stack);
              }
            });
    return place;
  }
}
