package io.callstream.spark;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.read.ListAppender;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engine;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.progress.Progress;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricsReporter;
import org.apache.spark.TaskContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerEvent;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQueryListener;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * Verifies the behavior that is specific to the Spark engine; {@link SparkEngineContractTest}
 * covers the rest.
 */
class SparkEngineTest {
  private static final JsonFormat FORMAT = SanFranciscoCalls.json();
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private static Pipeline.Builder standard(KafkaTopic topic) {
    return Pipeline.builder(topic, FORMAT)
        .statistics(StandardStatistics.all(FORMAT.zone(), Duration.ofHours(1)));
  }

  private static SparkEngine engine() {
    return SparkEngine.on(TestSession.get());
  }

  private static void runToEnd(SparkEngine engine, Pipeline pipeline, RunOptions options)
      throws InterruptedException {
    try (RunningPipeline run = engine.start(pipeline, options)) {
      run.awaitTermination();
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
    }
  }

  @Test
  void isFoundByItsName() {
    assertThat(Engines.named("spark")).isInstanceOf(SparkEngine.class);
  }

  @Test
  void badArgumentsReachTheCallerAsOnTheLocalEngine() {
    Pipeline pipeline = standard(TestBroker.topic(1)).build();
    RunOptions noPath = RunOptions.bounded().checkpointingTo("a\0b");
    for (Engine each : List.of(Engines.named("local"), engine())) {
      assertThatThrownBy(() -> each.start(pipeline, noPath))
          .as(each.name())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("'a\0b' is no path: ");
    }
  }

  @Test
  void valuesThatSparkOrHadoopRejectsReachTheCaller() {
    Pipeline pipeline = standard(TestBroker.topic(1)).build();
    assertThatThrownBy(() -> engine().start(pipeline, RunOptions.bounded().checkpointingTo("a:b")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("'a:b' is no path: ");
    assertThatThrownBy(() -> SparkSinks.parquet("a:b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("'a:b' is no path: ");
    SparkSettings settings =
        SparkSettings.defaults().with("spark.sql.streaming.minBatchesToRetain", "many");
    assertThatThrownBy(() -> SparkEngine.on(TestSession.get(), settings).start(pipeline))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("spark.sql.streaming.minBatchesToRetain", "many");
  }

  @Test
  void aHostThatIsUnknownIsNoBadArgument() {
    Pipeline pipeline = standard(TestBroker.topic(1)).build();
    RunOptions elsewhere = RunOptions.bounded().checkpointingTo("hdfs://nowhere.invalid/state");
    assertThatThrownBy(() -> engine().start(pipeline, elsewhere))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT))
        .hasMessageContaining("nowhere.invalid");
  }

  @Test
  void anUnknownHostOfTheDefaultFileSystemIsNoBadArgument() {
    SparkSession host = TestSession.get().newSession();
    host.conf().set("fs.defaultFS", "hdfs://nowhere.invalid");
    Pipeline pipeline = standard(TestBroker.topic(1)).build();
    RunOptions elsewhere = RunOptions.bounded().checkpointingTo("/state");
    assertThatThrownBy(() -> SparkEngine.on(host).start(pipeline, elsewhere))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT))
        .hasMessageStartingWith("The checkpoint directory /state can't be read or written: ")
        .hasMessageContaining("nowhere.invalid");
  }

  @Test
  void sparkReportsHowFarItsSourceIsBehindTheTopic() throws Exception {
    KafkaTopic topic = TestBroker.topic(1);
    TestBroker.send(topic, SyntheticCalls.of(30));
    BlockingQueue<Map<String, String>> metrics = new LinkedBlockingQueue<>();
    SparkListener listener =
        new SparkListener() {
          @Override
          public void onOtherEvent(SparkListenerEvent event) {
            if (event instanceof StreamingQueryListener.QueryProgressEvent batch
                && batch.progress().sources()[0].description().contains(topic.name())) {
              metrics.add(batch.progress().sources()[0].metrics());
            }
          }
        };
    TestSession.get().sparkContext().addSparkListener(listener);
    try {
      runToEnd(engine(), standard(topic).build(), RunOptions.bounded().readingAtMost(10));
      for (String behind : List.of("20", "10", "0")) {
        assertThat(metrics.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS))
            .containsEntry("minOffsetsBehindLatest", behind)
            .containsEntry("maxOffsetsBehindLatest", behind);
      }
    } finally {
      TestSession.get().sparkContext().removeSparkListener(listener);
    }
  }

  /** A component of Kafka's client that blocks the query's thread and swallows an interrupt. */
  public static final class Swallower implements MetricsReporter {
    static final CountDownLatch REACHED = new CountDownLatch(1);
    static final CountDownLatch SWALLOWED = new CountDownLatch(1);

    @Override
    public void configure(Map<String, ?> configs) {
      if (Thread.currentThread().getName().startsWith("stream execution thread")) {
        REACHED.countDown();
        for (int i = 0; i < 2; i++) {
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            SWALLOWED.countDown();
          }
        }
      }
    }

    @Override
    public void init(List<KafkaMetric> metrics) {}

    @Override
    public void metricChange(KafkaMetric metric) {}

    @Override
    public void metricRemoval(KafkaMetric metric) {}

    @Override
    public void close() {}
  }

  @Nested
  class WhileItRuns {
    @Test
    void itCountsWhatComesAndShowsItAtOnce() throws Exception {
      KafkaTopic topic = TestBroker.topic(2);
      BlockingQueue<Progress> reports = new LinkedBlockingQueue<>();
      Pipeline pipeline = standard(topic).listener(reports::add).build();
      try (RunningPipeline run =
          engine().start(pipeline, RunOptions.continuous().triggeringEvery(Duration.ZERO))) {
        TestBroker.send(topic, SyntheticCalls.of(500));
        awaitReceived(reports, 500);
        assertThat(run.results("calls-by-type").stream().mapToLong(ResultRow::count).sum())
            .isEqualTo(500);
        TestBroker.send(topic, SyntheticCalls.of(300).withSeed(2));
        Progress last = awaitReceived(reports, 800);
        assertThat(last.lag()).isZero();
        assertThat(last.offsets()).hasSize(2);
        assertThat(last.state().rows()).isPositive();
        assertThat(run.state()).isEqualTo(RunningPipeline.State.RUNNING);
        run.stop();
        assertThat(run.state()).isEqualTo(RunningPipeline.State.FINISHED);
        assertThat(run.accounting().received()).isEqualTo(800);
        assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      }
    }

    @Test
    void itStopsThoughALibrarySwallowsInterruptsAndTheCallerIsInterrupted() throws Exception {
      KafkaTopic topic =
          TestBroker.topic(1).with(Map.of("metric.reporters", Swallower.class.getName()));
      TestBroker.send(topic, SyntheticCalls.of(10));
      RunningPipeline run = engine().start(standard(topic).build(), RunOptions.continuous());
      assertThat(Swallower.REACHED.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
      Thread stopper =
          new Thread(
              () -> {
                run.stop();
                interrupted.complete(Thread.interrupted());
              });
      stopper.start();
      assertThat(Swallower.SWALLOWED.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      // stop() waits for the query now. The interrupt of this thread must be preserved.
      stopper.interrupt();
      assertThat(interrupted.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      assertThat(run.state()).isEqualTo(RunningPipeline.State.FINISHED);
      assertThat(run.accounting().received()).isZero();
    }

    private Progress awaitReceived(BlockingQueue<Progress> reports, long records)
        throws InterruptedException {
      Progress report;
      do {
        report = reports.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(report).as("a report before patience ran out").isNotNull();
      } while (report.total().received() < records);
      return report;
    }

    @Test
    void stateFollowsOpenWindowsNotCallsRead() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      TestBroker.send(topic, SyntheticCalls.of(10_000));
      List<Progress> reports = new ArrayList<>();
      Pipeline pipeline =
          Pipeline.builder(topic, FORMAT)
              .statistics(
                  StandardStatistics.all(FORMAT.zone(), Duration.ofHours(1)).stream()
                      .filter(statistic -> statistic.window().isPresent())
                      .toList())
              .listener(reports::add)
              .build();
      runToEnd(engine(), pipeline, RunOptions.bounded().readingAtMost(2_000));
      // 2,000 calls cover about a day: 24 windows that opened, and as many that are about to close.
      assertThat(reports).hasSize(5);
      assertThat(reports).allSatisfy(report -> assertThat(report.state().rows()).isLessThan(80));
    }

    @Test
    void stateHasOnlyOpenSessions(@TempDir Path directory) throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      List<Progress> reports = new ArrayList<>();
      Pipeline pipeline =
          Pipeline.builder(topic, FORMAT)
              .statistic(
                  Statistic.named("sessions")
                      .by(Dimensions.CRIME_TYPE)
                      .over(Windows.session(Duration.ofMinutes(10)).withoutLateness())
                      .emitting(Emission.ON_CLOSE)
                      .build())
              .withoutMaxEventTimeJump()
              .listener(reports::add)
              .build();
      RunOptions options = RunOptions.bounded().checkpointingTo(directory.toString());
      // Each call has another type: one in each minute.
      for (int hour = 0; hour < 3; hour++) {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        for (int minute = 0; minute < (hour < 2 ? 60 : 1); minute++) {
          Instant time =
              Instant.parse("2018-12-31T10:00:00Z").plus(Duration.ofMinutes(60 * hour + minute));
          lines.write(FORMAT.write(Call.builder("1", hour + "-" + minute, time).build()));
          lines.write('\n');
        }
        TestBroker.send(
            topic, CallSource.stream("calls", new ByteArrayInputStream(lines.toByteArray())));
        runToEnd(engine(), pipeline, options);
      }
      // The watermark of a batch is the last call of the batch before it. Then sessions are open
      // whose last call is less than two gaps ago.
      assertThat(reports)
          .extracting(report -> report.accounting().statistics().get("sessions").counted())
          .containsExactly(60L, 60L, 1L);
      assertThat(reports.get(0).state().rows()).isBetween(20L, 60L);
      assertThat(reports.get(2).state().rows()).isBetween(1L, 21L);
    }
  }

  /** The tasks that read calls: one for each range of a split partition. */
  private static final Set<Integer> READERS = ConcurrentHashMap.newKeySet();

  /**
   * Two of five calls have a wrong date, next to each other, so that boundaries of ranges are
   * before, after and between them.
   */
  @Test
  void aPartitionThatIsSplitOverTasksHasTheClockOfItsCallsInOrder() throws Exception {
    KafkaTopic topic = TestBroker.topic(1);
    StringBuilder calls = new StringBuilder();
    List<Instant> good = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      Instant time = Instant.parse("2018-12-31T18:00:00Z").plus(Duration.ofMinutes(i));
      boolean misdated = i % 5 > 2;
      if (!misdated) {
        good.add(time);
      }
      byte[] call =
          FORMAT.write(
              Call.builder("c" + i, "Noise", misdated ? time.plus(Duration.ofDays(300)) : time)
                  .build());
      calls.append(new String(call, UTF_8)).append('\n');
    }
    byte[] lines = calls.toString().getBytes(UTF_8);
    TestBroker.send(topic, CallSource.stream("calls", new ByteArrayInputStream(lines)));
    List<Progress> reports = new ArrayList<>();
    Pipeline pipeline =
        Pipeline.builder(topic, FORMAT)
            .statistic(
                Statistic.named("hourly")
                    .where(call -> READERS.add(TaskContext.getPartitionId()) || true)
                    .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
                    .build())
            .listener(reports::add)
            .build();
    SparkEngine engine =
        SparkEngine.on(TestSession.get(), SparkSettings.defaults().minPartitions(7));
    runToEnd(engine, pipeline, RunOptions.bounded().readingAtMost(20));
    assertThat(READERS).hasSizeGreaterThanOrEqualTo(7);
    // Each batch of 20 calls contains 12 correct ones. The last two calls of the topic are not
    // followed by two more calls.
    assertThat(reports)
        .extracting(Progress::watermark)
        .containsExactly(Optional.empty(), Optional.of(good.get(11)), Optional.of(good.get(23)));
    assertThat(reports.get(2).total().unconfirmedTimes()).isEqualTo(22);
    assertThat(reports.get(2).total().statistics().get("hourly"))
        .isEqualTo(new Contributions(60, 0, 0));
  }

  @Nested
  class WithACheckpoint {
    @TempDir Path directory;

    @Test
    void deadLettersThatDoNotFitIntoRowsArriveInTheirOrder() throws Exception {
      KafkaTopic topic = TestBroker.topic(2);
      StringBuilder lines = new StringBuilder();
      for (int i = 0; i < 60; i++) {
        lines.append(i).append(' ').append("x".repeat(300_000)).append('\n');
      }
      TestBroker.send(
          topic,
          CallSource.stream(
              "no calls", new ByteArrayInputStream(lines.toString().getBytes(UTF_8))));
      List<DeadLetter> letters = new ArrayList<>();
      Path checkpoint = directory.resolve("checkpoint");
      Pipeline pipeline =
          standard(topic).deadLetters(Sinks.deadLetterCallback(letters::add)).build();
      runToEnd(engine(), pipeline, RunOptions.bounded().checkpointingTo(checkpoint.toString()));

      assertThat(letters).hasSize(60);
      assertThat(letters)
          .extracting(DeadLetter::origin)
          .isSortedAccordingTo(
              Comparator.comparingInt(Origin::partition).thenComparingLong(Origin::offset));
      assertThat(letters)
          .extracting(letter -> new String(letter.value(), UTF_8).split(" ", 2)[0])
          .containsExactlyInAnyOrderElementsOf(
              IntStream.range(0, 60).mapToObj(Integer::toString).toList());
      assertThat(checkpoint.resolve("callstream/letters")).doesNotExist();
    }

    @Test
    @Tag("thorough")
    void itGoesOnWhereItStopped() throws Exception {
      KafkaTopic topic = TestBroker.topic(2);
      Path out = directory.resolve("out");
      RunOptions options =
          RunOptions.bounded()
              .readingAtMost(1_000)
              .checkpointingTo(directory.resolve("checkpoint").toString());
      TestBroker.send(topic, SyntheticCalls.of(3_000).withGarbage(0.1));
      run(topic, out, options);
      TestBroker.send(topic, SyntheticCalls.of(2_000).withSeed(7).withGarbage(0.1));
      run(topic, out, options);
      run(topic, out, options);

      // Uses the same batches, without a stop: the topic is complete from the start.
      Path undisturbed = directory.resolve("undisturbed");
      run(topic, undisturbed, RunOptions.bounded().readingAtMost(1_000));
      for (String file : List.of("calls-by-type.csv", "calls-by-location.csv", "rejected.ndjson")) {
        assertThat(out.resolve(file)).hasSameBinaryContentAs(undisturbed.resolve(file));
      }
      assertThat(Files.readString(out.resolve("accounting.json"))).contains("\"received\":5500");
    }

    private void run(KafkaTopic topic, Path out, RunOptions options) throws Exception {
      Pipeline pipeline =
          standard(topic).results(Sinks.csv(out)).deadLetters(Sinks.deadLetterFiles(out)).build();
      runToEnd(engine(), pipeline, options);
    }

    @Test
    void itRefusesOtherShufflePartitionsAndTakesOverThoseThatAreNotSet() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      RunOptions options =
          RunOptions.bounded().checkpointingTo(directory.resolve("checkpoint").toString());
      SparkEngine three =
          SparkEngine.on(TestSession.get(), SparkSettings.defaults().shufflePartitions(3));
      runToEnd(three, standard(topic).build(), options);
      runToEnd(engine(), standard(topic).build(), options);
      SparkEngine four =
          SparkEngine.on(TestSession.get(), SparkSettings.defaults().shufflePartitions(4));
      assertThatThrownBy(() -> four.start(standard(topic).build(), options))
          .hasMessageContaining("shuffle partitions: 3")
          .hasMessageContaining("shuffle partitions: 4");
    }
  }

  @Nested
  class WhenSomethingFails {
    @Test
    void aSinkFailsTheRunAndNothingIsLeftBehind() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      TestBroker.send(topic, SyntheticCalls.of(100));
      Set<Path> before = checkpoints();
      Pipeline pipeline =
          standard(topic)
              .results(
                  Sinks.callback(
                      batch -> {
                        throw new IllegalStateException("no room");
                      }))
              .build();
      RunningPipeline run = engine().start(pipeline, RunOptions.bounded());
      assertThatThrownBy(run::awaitTermination)
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
          .hasMessageContaining("no room");
      assertThat(run.state()).isEqualTo(RunningPipeline.State.FAILED);
      assertThat(run.failure()).isPresent();
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      assertThat(checkpoints()).isEqualTo(before);
    }

    @Test
    void aFailureIsLoggedOnceWithItsCodeAndItsCause() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      TestBroker.send(topic, SyntheticCalls.of(100));
      Pipeline pipeline =
          standard(topic)
              .results(
                  Sinks.callback(
                      batch -> {
                        throw new IllegalStateException("no room");
                      }))
              .build();
      Logger logger = (Logger) LoggerFactory.getLogger(RunningPipeline.class);
      ListAppender<ILoggingEvent> log = new ListAppender<>();
      log.start();
      logger.addAppender(log);
      try {
        RunningPipeline run = engine().start(pipeline, RunOptions.continuous());
        assertThatThrownBy(run::awaitTermination).hasMessageContaining("no room");
      } finally {
        logger.detachAppender(log);
      }
      assertThat(log.list)
          .singleElement()
          .satisfies(
              event -> {
                assertThat(event.getLevel()).isEqualTo(Level.ERROR);
                assertThat(event.getFormattedMessage()).contains("SINK_FAILED", topic.name());
                assertThat(ThrowableProxyUtil.asString(event.getThrowableProxy()))
                    .contains("Caused by: java.lang.IllegalStateException: no room");
              });
    }

    private Set<Path> checkpoints() throws Exception {
      try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
        return new HashSet<>(
            files
                .filter(file -> file.getFileName().toString().startsWith(Checkpoint.TEMPORARY))
                .toList());
      }
    }

    @Test
    void anErrorInAListenerFailsTheRun() throws Exception {
      KafkaTopic topic = TestBroker.topic(1);
      TestBroker.send(topic, SyntheticCalls.of(100));
      Pipeline pipeline =
          standard(topic)
              .listener(
                  report -> {
                    throw new AssertionError("not what the test expected");
                  })
              .build();
      RunningPipeline run = engine().start(pipeline, RunOptions.continuous());
      assertThatThrownBy(() -> run.awaitTermination(PATIENCE))
          .hasMessageContaining("not what the test expected");
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
    }
  }

  @Nested
  class BeforeItStarts {
    @Test
    void itSaysThatTheTopicIsMissing() {
      KafkaTopic missing =
          KafkaTopic.of("no-such-topic").at(TestBroker.cluster().bootstrapServers());
      assertThatThrownBy(() -> engine().start(standard(missing).build()))
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TOPIC))
          .hasMessageContaining("no-such-topic");
    }

    @Test
    void itSaysThatNoBrokerAnswers() throws Exception {
      int port;
      try (ServerSocket socket = new ServerSocket(0)) {
        port = socket.getLocalPort();
      }
      KafkaTopic nowhere =
          KafkaTopic.of("calls")
              .at("127.0.0.1:" + port)
              .with(Map.of("default.api.timeout.ms", "1000"));
      assertThatThrownBy(() -> engine().start(standard(nowhere).build()))
          .isInstanceOfSatisfying(
              CallstreamException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.BROKER_UNAVAILABLE))
          .hasMessageContaining("127.0.0.1:" + port);
    }
  }
}
