package io.callstream.spark;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.internal.kafka.KafkaAdmin;
import io.callstream.internal.ledger.Ledger;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.sink.Sinks;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Verifies that only one run at a time uses a checkpoint without a lock. */
class FenceTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final KafkaTopic topic = TestBroker.topic(1);
  private final String checkpoint = root() + "/" + topic.name();

  /** Returns the URI of the file system. */
  String root() {
    return HdfsCluster.address();
  }

  /** Returns a session with the settings of the file system. */
  SparkSession session() {
    return TestSession.get();
  }

  private FileSystem fileSystem() {
    try {
      return new Path(root()).getFileSystem(session().sessionState().newHadoopConf());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private RunningPipeline start(Pipeline pipeline, RunOptions options) {
    return SparkEngine.on(session())
        .start(pipeline, options.readingAtMost(500).checkpointingTo(checkpoint));
  }

  private RunningPipeline startContinuous() {
    return start(
        Driver.standard(topic).build(),
        RunOptions.continuous().triggeringEvery(Duration.ofMillis(100)));
  }

  private void send(int calls, long seed) {
    TestBroker.send(topic, SyntheticCalls.of(calls).withSeed(seed));
  }

  private static void awaitReceived(RunningPipeline run, long records) {
    Processes.await(
        () -> {
          assertThat(run.failure()).isEmpty();
          return run.accounting().received() >= records;
        },
        () -> run.accounting().toString());
  }

  private void assertExact(RunningPipeline run, long records) throws Exception {
    assertThat(run.accounting().received()).isEqualTo(records);
    assertThatAccounting(run.accounting()).addsUpFor(run.pipeline());
    try (RunningPipeline undisturbed =
        SparkEngine.on(TestSession.get())
            .start(Driver.standard(topic).build(), RunOptions.bounded())) {
      undisturbed.awaitTermination();
      for (String statistic : List.of("calls-by-type", "calls-by-location")) {
        assertThat(run.results(statistic).rows()).isEqualTo(undisturbed.results(statistic).rows());
      }
    }
  }

  private void assertTakenOver(RunningPipeline run) {
    CallstreamException e =
        catchThrowableOfType(CallstreamException.class, () -> run.awaitTermination(PATIENCE));
    assertThat(e.code()).as(e.getMessage()).isEqualTo(ErrorCode.CHECKPOINT);
    assertThat(e)
        .hasMessageContaining("Another run has taken over the checkpoint directory " + checkpoint)
        .hasMessageContaining("on host " + Fence.host())
        .hasMessageContaining("process " + ProcessHandle.current().pid())
        .hasMessageContaining("started at 20")
        .hasMessageNotContainingAny("estore", "copy", "damaged");
  }

  private List<String> files(String directory) {
    Path path = new Path(checkpoint + "/callstream/" + directory);
    List<String> names = new ArrayList<>();
    try {
      if (fileSystem().exists(path)) {
        for (FileStatus status : fileSystem().listStatus(path)) {
          names.add(status.getPath().getName());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return names;
  }

  @Test
  void theNewerRunGoesOnAndTheOlderOneFails() throws Exception {
    send(1_000, 1);
    try (RunningPipeline older = startContinuous()) {
      awaitReceived(older, 1_000);
      try (RunningPipeline newer = startContinuous()) {
        send(500, 2);
        awaitReceived(newer, 1_500);
        assertTakenOver(older);
        assertExact(newer, 1_500);
      }
    }
  }

  @Test
  @Tag("thorough")
  void aRunThatWaitsForItsNextTriggerEndsWhenAnotherOneTakesOver() throws Exception {
    send(300, 1);
    try (RunningPipeline older =
        start(
            Driver.standard(topic).build(),
            RunOptions.continuous().triggeringEvery(Duration.ofHours(1)))) {
      awaitReceived(older, 300);
      try (RunningPipeline newer = startContinuous()) {
        assertTakenOver(older);
        send(300, 2);
        awaitReceived(newer, 600);
      }
    }
  }

  @Test
  void aRunFollowsOneThatEnded() throws Exception {
    for (int run = 1; run <= 3; run++) {
      send(700, run);
      try (RunningPipeline next = start(Driver.standard(topic).build(), RunOptions.bounded())) {
        next.awaitTermination();
        assertThat(next.accounting().received()).isEqualTo(700L * run);
        assertThat(next.results("calls-by-type").rows().stream().mapToLong(ResultRow::count).sum())
            .isEqualTo(700L * run);
        if (run == 3) {
          assertExact(next, 2_100);
        }
      }
    }
    assertThat(files("runs"))
        .hasSize(2)
        .allMatch(name -> name.startsWith("0000000003-"))
        .anyMatch(name -> name.endsWith("-ended"));
  }

  @Test
  void aRunTakesOverFromOneThatCrashed() throws Exception {
    send(700, 1);
    Path crashed = new Path(checkpoint + "/callstream/runs/0000000041-" + UUID.randomUUID());
    fileSystem().create(crashed).close();
    Path letters =
        new Path(checkpoint + "/callstream/letters/" + crashed.getName() + "/read-0-letter");
    fileSystem().create(letters).close();
    try (RunningPipeline next = start(Driver.standard(topic).build(), RunOptions.bounded())) {
      next.awaitTermination();
      assertExact(next, 700);
    }
    assertThat(files("runs")).isNotEmpty().allMatch(name -> name.startsWith("0000000042-"));
    assertThat(files("letters")).isEmpty();
  }

  @Test
  void aNewRunWaitsForTheBatchOfTheOlderOneAndLeavesItsDeadLettersAlone() throws Exception {
    send(100, 1);
    sendLetters();
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Pipeline pipeline =
        Driver.standard(topic)
            .results(
                Sinks.callback(
                    batch -> {
                      reached.countDown();
                      await(goOn);
                    }))
            .build();
    String topicId = KafkaAdmin.requireId(topic);
    try (RunningPipeline older = start(pipeline, RunOptions.continuous())) {
      await(reached);
      String token = files("runs").get(0);
      try (Checkpoint newer = Checkpoint.open(checkpoint, session())) {
        CompletableFuture<Checkpoint.Claim> claim =
            CompletableFuture.supplyAsync(
                () ->
                    newer.claim(
                        pipeline, topicId, RunOptions.bounded(), SparkSettings.defaults(), 2));
        Processes.await(() -> files("runs").contains(token + "-ending"), () -> "no mark");
        assertThat(claim).isNotDone();
        assertThat(files("letters/" + token)).hasSize(1);
        goOn.countDown();
        claim.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(files("runs")).contains(token + "-ended");
        assertTakenOver(older);
        assertThat(newer.restore(pipeline, claim.get(), Instant.now()).lastBatch())
            .isEqualTo(Ledger.NO_BATCH);
      }
    }
    try (RunningPipeline next = start(Driver.standard(topic).build(), RunOptions.bounded())) {
      next.awaitTermination();
      assertThat(next.accounting().received()).isEqualTo(140);
    }
    assertThat(files("letters")).isEmpty();
  }

  /** A run may open its sinks for minutes before it starts its query. */
  @Test
  void aRunThatHasOnlyClaimedTheCheckpointAnnouncesItsEndToANewerRun() throws Exception {
    send(100, 1);
    Pipeline pipeline = Driver.standard(topic).build();
    String topicId = KafkaAdmin.requireId(topic);
    CompletableFuture<CallstreamException> superseded = new CompletableFuture<>();
    Checkpoint older = Checkpoint.open(checkpoint, session());
    try (Checkpoint newer = Checkpoint.open(checkpoint, session())) {
      Checkpoint.Claim ignored =
          older.claim(pipeline, topicId, RunOptions.bounded(), SparkSettings.defaults(), 2);
      String token = files("runs").get(0);
      CompletableFuture<Checkpoint.Claim> claim =
          CompletableFuture.supplyAsync(
              () ->
                  newer.claim(
                      pipeline, topicId, RunOptions.bounded(), SparkSettings.defaults(), 2));
      Processes.await(() -> files("runs").contains(token + "-ending"), () -> "no mark");
      assertThat(claim).isNotDone();
      assertThatThrownBy(older::requireOwned).hasMessageContaining("has taken over");
      older.watch(superseded::complete);
      assertThat(superseded.get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
          .hasMessageContaining("has taken over");
      older.close();
      assertThat(claim.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).shufflePartitions())
          .isEqualTo(2);
    }
  }

  private void sendLetters() {
    String lines = ("no call " + "x".repeat(300_000) + "\n").repeat(40);
    TestBroker.send(
        topic, CallSource.stream("no calls", new ByteArrayInputStream(lines.getBytes(UTF_8))));
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void ofTwoPipelinesThatClaimANewDirectoryAtTheSameTimeOneIsRefused() throws Exception {
    String topicId = KafkaAdmin.requireId(topic);
    CyclicBarrier start = new CyclicBarrier(2);
    List<CompletableFuture<Void>> claims = new ArrayList<>();
    for (Pipeline pipeline :
        List.of(Driver.standard(topic).build(), Driver.standard(topic).distinct().build())) {
      claims.add(
          CompletableFuture.runAsync(
              () -> {
                try (Checkpoint claimed = Checkpoint.open(checkpoint, session())) {
                  start.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                  claimed.claim(
                      pipeline, topicId, RunOptions.bounded(), SparkSettings.defaults(), 2);
                } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                  throw new IllegalStateException(e);
                }
              }));
    }
    List<Throwable> refused = new ArrayList<>();
    for (CompletableFuture<Void> claim : claims) {
      try {
        claim.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        refused.add(e.getCause());
      }
    }
    assertThat(refused)
        .isNotEmpty()
        .allSatisfy(
            e ->
                assertThat(e)
                    .isInstanceOf(CallstreamException.class)
                    .message()
                    .containsAnyOf("is that of another pipeline", "has taken over"));
  }

  @Test
  void aFailureOfARunThatWasSupersededIsReportedAsTheTakeover() {
    send(100, 1);
    Path token = new Path(checkpoint + "/callstream/runs/0000000002-" + UUID.randomUUID());
    Pipeline pipeline =
        Driver.standard(topic)
            .results(
                Sinks.callback(
                    batch -> {
                      try {
                        fileSystem().create(token).close();
                      } catch (IOException e) {
                        throw new UncheckedIOException(e);
                      }
                      throw new IllegalStateException("the connection of the sink was lost");
                    }))
            .build();
    try (RunningPipeline run = start(pipeline, RunOptions.bounded())) {
      CallstreamException e =
          catchThrowableOfType(CallstreamException.class, () -> run.awaitTermination(PATIENCE));
      assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT);
      assertThat(e).hasMessageStartingWith("Another run has taken over the checkpoint directory");
    }
  }

  @Test
  void aFileThatHdfsFindsDamagedIsADamageOfTheCheckpoint() throws Exception {
    send(100, 1);
    try (RunningPipeline run = start(Driver.standard(topic).build(), RunOptions.bounded())) {
      run.awaitTermination();
    }
    HdfsCluster.damage(new Path(checkpoint + "/callstream/pipeline.txt"));

    CallstreamException e =
        catchThrowableOfType(
            CallstreamException.class,
            () -> start(Driver.standard(topic).build(), RunOptions.bounded()));
    assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT);
    assertThat(e)
        .hasMessageContaining(" is damaged: ")
        .hasMessageContaining("callstream/pipeline.txt")
        .hasMessageContaining("Restore it from a copy");
  }

  @Test
  void filesOfDriversThatWereKilledWhileTheyAskedExecutorsAreDeletedAfterADay() throws Exception {
    Path recent = new Path(checkpoint + "/callstream/visible-recent");
    Path old = new Path(checkpoint + "/callstream/visible-old");
    for (Path file : List.of(recent, old)) {
      fileSystem().create(file).close();
    }
    long yesterday = System.currentTimeMillis() - Duration.ofHours(25).toMillis();
    fileSystem().setTimes(old, yesterday, -1);

    Checkpoint.open(checkpoint, session()).close();

    assertThat(files("")).contains("visible-recent").doesNotContain("visible-old");
  }

  private Fence claim(String application, Fence.Patience patience) throws IOException {
    Path parent = new Path(checkpoint + "/callstream");
    CheckpointFileManager manager =
        CheckpointFileManager.create(parent, session().sessionState().newHadoopConf());
    return Fence.claim(manager, parent, checkpoint, application, patience);
  }

  @Test
  void theGreatestTokenOwnsTheCheckpoint() throws Exception {
    Fence first = claim("first", Fence.Patience.DEFAULT);
    first.requireNewest();
    Fence second = claim("second", new Fence.Patience(Duration.ZERO, PATIENCE));
    assertThat(second.token()).isGreaterThan(first.token());
    assertThat(second.takenOver(null)).isEmpty();
    assertThat(first.takenOver(null))
        .get()
        .extracting(CallstreamException::getMessage)
        .asString()
        .contains("Spark application second");
  }

  @Test
  void aNewRunReportsAnOlderOneThatDoesNotEnd() throws Exception {
    CompletableFuture<CallstreamException> superseded = new CompletableFuture<>();
    Fence older = claim("older", Fence.Patience.DEFAULT);
    older.watch(superseded::complete);
    Logger logger = (Logger) LoggerFactory.getLogger(Fence.class);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.addAppender(log);
    try {
      Fence ignored = claim("newer", new Fence.Patience(PATIENCE, Duration.ofMillis(1)));
    } finally {
      logger.detachAppender(log);
    }
    assertThat(superseded.get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
        .hasMessageContaining("Spark application newer");
    assertThat(log.list)
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.getLevel()).isEqualTo(Level.WARN);
              assertThat(event.getFormattedMessage())
                  .contains("has not ended 0 s after it was superseded", "Spark application older");
            });
    older.end();
  }
}
