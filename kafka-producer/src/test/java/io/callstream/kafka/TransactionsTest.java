package io.callstream.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.contract.SourceRecord;
import io.callstream.engine.local.LocalEngine;
import io.callstream.internal.source.OpenTransactions;
import io.callstream.kafka.contract.KafkaTransaction;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress;
import io.callstream.statistic.StandardStatistics;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Tests all readers on topics with transactions and on topics with offsets that have no record. */
class TransactionsTest {
  private static final Map<String, String> UNCOMMITTED =
      Map.of("isolation.level", "read_uncommitted");

  @TempDir Path directory;

  private static List<SourceRecord> records(String... values) {
    return Stream.of(values)
        .map(value -> new SourceRecord(0, Instant.EPOCH, value.getBytes(UTF_8)))
        .toList();
  }

  private static List<String> read(TopicReader reader) {
    List<String> values = new ArrayList<>();
    long read = reader.read(row -> values.add(new String(row.value(), UTF_8)));
    assertThat(read).isEqualTo(values.size());
    return values;
  }

  private static TopicInfo info(KafkaTopic topic) {
    try (TopicAdmin admin = TopicAdmin.connect(TestBroker.cluster())) {
      return admin.require(topic.name());
    }
  }

  /** Returns a topic with six readable records at offsets 0 to 9. */
  private static KafkaTopic sixRecords() {
    KafkaTopic topic = TestBroker.topic(1);
    TestBroker.send(topic, records("a", "b"));
    KafkaTransaction committed = KafkaTransaction.begin(topic);
    committed.send(records("c", "d", "e"));
    committed.commit();
    KafkaTransaction aborted = KafkaTransaction.begin(topic);
    aborted.send(records("aborted", "aborted"));
    TestBroker.send(topic, records("f"));
    aborted.abort();
    return topic;
  }

  // ---- the reader

  @Test
  void aReaderLeavesOutRecordsOfAbortedTransactions() {
    String topic = sixRecords().name();
    TopicReader reader = TopicReader.of(TestBroker.cluster(), topic);

    assertThat(read(reader)).containsExactly("a", "b", "c", "d", "e", "f");
    assertThat(read(reader.fromBeginning())).containsExactly("a", "b", "c", "d", "e", "f");
    assertThat(read(TopicReader.of(TestBroker.cluster().with(UNCOMMITTED), topic)))
        .hasSize(8)
        .contains("aborted");
  }

  @Test
  void theLastRecordsAreAsManyAsWereAskedForWhateverOffsetsHaveNone() throws Exception {
    String topic = sixRecords().name();
    for (int limit = 1; limit <= 6; limit++) {
      assertThat(read(TopicReader.of(TestBroker.cluster(), topic).atMost(limit)))
          .as("the last %s", limit)
          .containsExactlyElementsOf(List.of("a", "b", "c", "d", "e", "f").subList(6 - limit, 6));
    }
    List<String> left = CompactedTopic.create(TestBroker.cluster(), "compacted-reader", 33, 5);
    TopicReader last = TopicReader.of(TestBroker.cluster(), "compacted-reader").atMost(5);
    assertThat(read(last)).isEqualTo(left);
  }

  @Test
  void aReaderEndsBeforeAnOpenTransactionAndOneThatFollowsWaitsForItsEnd() throws Exception {
    KafkaTopic topic = TestBroker.topic(1);
    KafkaTransaction open = KafkaTransaction.begin(topic);
    TestBroker.send(topic, records("before"));
    open.send(records("committed"));
    TestBroker.send(topic, records("after"));
    assertThat(read(TopicReader.of(TestBroker.cluster(), topic.name()))).containsExactly("before");

    List<String> followed = new ArrayList<>();
    CountDownLatch first = new CountDownLatch(1);
    TopicReader following =
        TopicReader.of(TestBroker.cluster(), topic.name()).fromBeginning().following().atMost(3);
    Thread reading =
        new Thread(
            () ->
                following.read(
                    row -> {
                      followed.add(new String(row.value(), UTF_8));
                      first.countDown();
                    }));
    reading.start();
    assertThat(first.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(reading.isAlive()).isTrue();
    open.commit();
    reading.join(30_000);

    assertThat(reading.isAlive()).isFalse();
    assertThat(followed).containsExactly("before", "committed", "after");
  }

  @Test
  void aTopicTellsItsOffsetsAndWhatIsHeldBack() {
    KafkaTopic topic = sixRecords();
    assertThat(info(topic).partitions()).containsExactly(new TopicInfo.PartitionInfo(0, 0, 10, 10));
    assertThat(info(topic).heldBack()).isZero();

    KafkaTransaction open = KafkaTransaction.begin(topic);
    open.send(records("open", "open"));
    TestBroker.send(topic, records("after"));

    assertThat(info(topic).offsets()).isEqualTo(10);
    assertThat(info(topic).heldBack()).isEqualTo(3);
    try (TopicAdmin admin = TopicAdmin.connect(TestBroker.cluster().with(UNCOMMITTED))) {
      assertThat(admin.require(topic.name()).offsets()).isEqualTo(13);
    }
    open.abort();
    assertThat(info(topic).offsets()).isEqualTo(14);
  }

  @Test
  void aClusterRefusesAnIsolationLevelThatKafkaDoesNotKnow() {
    assertThatThrownBy(() -> TestBroker.cluster().with(Map.of("isolation.level", "READ_COMMITTED")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'READ_COMMITTED'; it must be read_committed or read_uncommitted");
  }

  // ---- who asks a topic what it holds

  @Test
  void recordsOfAnAbortedTransactionAreStillToBeSent() {
    KafkaTopic topic = TestBroker.topic(1);
    CallSource source = SyntheticCalls.of(3);
    List<String> calls = new ArrayList<>();
    try (var all = source.open()) {
      while (all.hasNext()) {
        calls.add(new String(all.next(), UTF_8));
      }
    }
    KafkaTransaction aborted = KafkaTransaction.begin(topic);
    aborted.send(records(calls.get(0), calls.get(1)));
    aborted.abort();
    TestBroker.send(topic, records(calls.get(2)));
    UnsentCalls rest = UnsentCalls.of(source, TestBroker.cluster(), topic.name());
    try (var unsent = rest.open()) {
      assertThat(new String(unsent.next(), UTF_8)).isEqualTo(calls.get(0));
      assertThat(new String(unsent.next(), UTF_8)).isEqualTo(calls.get(1));
      assertThat(unsent.hasNext()).isFalse();
    }
    assertThat(rest.skipped()).isEqualTo(1);
  }

  @Test
  void whatIsLeftToSendIsNotDecidedWhileATransactionIsOpen() {
    KafkaTopic topic = TestBroker.topic(1);
    TestBroker.send(topic, records("a"));
    KafkaTransaction open = KafkaTransaction.begin(topic);
    open.send(records("b"));
    TestBroker.send(topic, records("c"));
    UnsentCalls rest = UnsentCalls.of(SyntheticCalls.of(3), TestBroker.cluster(), topic.name());

    assertThatThrownBy(rest::open)
        .isInstanceOf(CallstreamException.class)
        .hasMessageStartingWith(
            "Topic "
                + topic.name()
                + " at "
                + topic.bootstrapServers()
                + " has an open transaction in partition 0, which hides 2 offsets from offset 1 on:"
                + " records among them would be sent a second time.")
        .extracting(e -> ((CallstreamException) e).code())
        .isEqualTo(ErrorCode.TOPIC);
    open.abort();
  }

  @Test
  void offsetsWithoutRecordsAreNoResultsOfAnotherRun() throws Exception {
    KafkaTopic calls = TestBroker.topic(1);
    TestBroker.send(calls, records("no call"));
    String results = calls.name() + "-results";
    KafkaTopic held = KafkaTopic.of(results).at(calls.bootstrapServers());
    try (TopicAdmin admin = TopicAdmin.connect(TestBroker.cluster())) {
      assertThat(admin.ensureCompacted(results, 1, 1).offsets()).isZero();
    }
    Pipeline pipeline =
        Pipeline.builder(calls, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .results(KafkaSinks.at(TestBroker.cluster()).results(results))
            .build();
    KafkaTransaction transaction = KafkaTransaction.begin(held);
    transaction.send(new byte[] {1}, records("of another program"));

    assertThatThrownBy(() -> new LocalEngine().start(pipeline, RunOptions.bounded()))
        .hasMessageContaining("has an open transaction in partition 0")
        .hasMessageContaining("results of an earlier run may be among them");
    transaction.abort();

    try (RunningPipeline run = new LocalEngine().start(pipeline, RunOptions.bounded())) {
      run.awaitTermination();
      assertThat(run.accounting().rejected()).isEqualTo(1);
    }
  }

  // ---- the local engine

  private static Pipeline pipeline(KafkaTopic topic, List<Progress> reports) {
    return Pipeline.builder(topic, SanFranciscoCalls.json())
        .statistic(StandardStatistics.callsByType())
        .listener(reports::add)
        .build();
  }

  private static long received(KafkaTopic topic, RunOptions options, List<Progress> reports)
      throws InterruptedException {
    try (RunningPipeline run = new LocalEngine().start(pipeline(topic, reports), options)) {
      run.awaitTermination();
      return run.accounting().received();
    }
  }

  @Test
  void recordsAreCountedAsRecordsAndLagInOffsets() throws Exception {
    List<Progress> reports = new ArrayList<>();
    assertThat(received(sixRecords(), RunOptions.bounded().readingAtMost(4), reports)).isEqualTo(6);
    assertThat(reports).extracting(Progress::inputRows).containsExactly(4L, 1L, 1L);
    assertThat(reports.get(0).lag()).isEqualTo(6);

    List<String> left = CompactedTopic.create(TestBroker.cluster(), "compacted-engine", 33, 5);
    reports.clear();
    KafkaTopic compacted =
        KafkaTopic.of("compacted-engine").at(TestBroker.cluster().bootstrapServers());
    assertThat(received(compacted, RunOptions.bounded(), reports)).isEqualTo(left.size());
    assertThat(reports).hasSize(1);
    assertThat(reports.get(0).inputRows()).isEqualTo(5);
    assertThat(reports.get(0).lag()).isZero();
  }

  @Test
  void whoeverAsksForUncommittedRecordsGetsThem() throws Exception {
    KafkaTopic topic = sixRecords();
    KafkaTransaction open = KafkaTransaction.begin(topic);
    open.send(records("open"));

    assertThat(received(topic, RunOptions.bounded(), new ArrayList<>())).isEqualTo(6);
    assertThat(received(topic.with(UNCOMMITTED), RunOptions.bounded(), new ArrayList<>()))
        .isEqualTo(9);
    open.abort();
  }

  @Test
  void aRunWarnsOfATransactionThatStaysOpen() throws Exception {
    KafkaTopic topic = sixRecords();
    KafkaTransaction open = KafkaTransaction.begin(topic);
    open.send(records("open", "open"));
    Logger logger = (Logger) LoggerFactory.getLogger(OpenTransactions.class);
    CompletableFuture<String> warning = new CompletableFuture<>();
    AppenderBase<ILoggingEvent> appender =
        new AppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            warning.complete(event.getFormattedMessage());
          }
        };
    appender.start();
    logger.addAppender(appender);
    try (RunningPipeline run =
        new LocalEngine().start(pipeline(topic, new ArrayList<>()), RunOptions.continuous())) {
      assertThat(warning.get(1, TimeUnit.MINUTES))
          .contains(
              "partition 0 in topic " + topic.name() + " from offset 10 on, 2 offsets so far");
      assertThat(run.failure()).isEmpty();
    } finally {
      logger.detachAppender(appender);
    }
    open.abort();
  }

  @Test
  void aCheckpointServesOneIsolationLevelOnly() throws Exception {
    KafkaTopic topic = sixRecords();
    RunOptions options =
        RunOptions.bounded().checkpointingTo(directory.resolve("checkpoint").toString());
    assertThat(received(topic, options, new ArrayList<>())).isEqualTo(6);

    assertThatThrownBy(() -> received(topic.with(UNCOMMITTED), options, new ArrayList<>()))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("the checkpoint has  isolation level: read_committed")
        .hasMessageContaining("this run has        isolation level: read_uncommitted");
    assertThat(received(topic, options, new ArrayList<>())).isEqualTo(6);
  }
}
