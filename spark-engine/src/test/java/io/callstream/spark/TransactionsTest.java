package io.callstream.spark;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.callstream.CallstreamException;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.contract.SourceRecord;
import io.callstream.internal.source.OpenTransactions;
import io.callstream.kafka.contract.KafkaTransaction;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.CallRecords;
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
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Tests topics with transactions; the contract kit covers the rules for all engines. */
class TransactionsTest {
  private static final Map<String, String> UNCOMMITTED =
      Map.of("isolation.level", "read_uncommitted");

  @TempDir Path directory;

  private static List<SourceRecord> calls(int number) {
    List<SourceRecord> records = new ArrayList<>();
    try (CallRecords calls = SyntheticCalls.of(number).open()) {
      while (calls.hasNext()) {
        records.add(new SourceRecord(0, Instant.now(), calls.next()));
      }
    }
    return records;
  }

  /** Returns a topic with a committed, an aborted and an open transaction of three calls each. */
  private static KafkaTopic topic(List<KafkaTransaction> open) {
    KafkaTopic topic = TestBroker.topic(1);
    KafkaTransaction committed = KafkaTransaction.begin(topic);
    committed.send(calls(3));
    committed.commit();
    KafkaTransaction aborted = KafkaTransaction.begin(topic);
    aborted.send(calls(3));
    aborted.abort();
    KafkaTransaction last = KafkaTransaction.begin(topic);
    last.send(calls(3));
    open.add(last);
    return topic;
  }

  private static long received(KafkaTopic topic, RunOptions options, List<Progress> reports)
      throws InterruptedException {
    Pipeline pipeline =
        Pipeline.builder(topic, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .listener(reports::add)
            .build();
    try (RunningPipeline run = SparkEngine.on(TestSession.get()).start(pipeline, options)) {
      run.awaitTermination();
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      return run.accounting().received();
    }
  }

  @Test
  void aCheckpointServesOneIsolationLevelOnly() throws Exception {
    List<KafkaTransaction> open = new ArrayList<>();
    KafkaTopic topic = topic(open);
    List<Progress> reports = new ArrayList<>();
    RunOptions options =
        RunOptions.bounded()
            .readingAtMost(3)
            .checkpointingTo(directory.resolve("checkpoint").toString());
    assertThat(received(topic, options, reports)).isEqualTo(3);
    assertThat(reports.stream().mapToLong(Progress::inputRows).sum()).isEqualTo(3);
    assertThat(reports.get(reports.size() - 1).lag()).isZero();

    assertThatThrownBy(() -> received(topic.with(UNCOMMITTED), options, new ArrayList<>()))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("the checkpoint has  isolation level: read_committed")
        .hasMessageContaining("this run has        isolation level: read_uncommitted");

    open.get(0).commit();
    assertThat(received(topic, options, new ArrayList<>())).isEqualTo(6);
  }

  @Tag("thorough")
  @Test
  void aRunWarnsOfATransactionThatStaysOpen() throws Exception {
    List<KafkaTransaction> open = new ArrayList<>();
    KafkaTopic topic = topic(open);
    Logger logger = (Logger) LoggerFactory.getLogger(OpenTransactions.class);
    List<String> warnings = new CopyOnWriteArrayList<>();
    AppenderBase<ILoggingEvent> appender =
        new AppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            warnings.add(event.getFormattedMessage());
          }
        };
    appender.start();
    logger.addAppender(appender);
    Pipeline pipeline =
        Pipeline.builder(topic, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .build();
    try (RunningPipeline run =
        SparkEngine.on(TestSession.get()).start(pipeline, RunOptions.continuous())) {
      Processes.await(() -> !warnings.isEmpty(), () -> run.accounting().toString());
      assertThat(warnings)
          .singleElement()
          .asString()
          // Three records of each transaction, and one offset for the end of each of the first two.
          .contains("partition 0 in topic " + topic.name() + " from offset 8 on, 3 offsets so far");
      open.get(0).commit();
      Processes.await(() -> run.accounting().received() == 6, () -> run.accounting().toString());
    } finally {
      logger.detachAppender(appender);
    }
  }

  @Test
  void whoeverAsksForUncommittedRecordsGetsThem() throws Exception {
    List<KafkaTransaction> open = new ArrayList<>();
    KafkaTopic topic = topic(open);

    assertThat(received(topic.with(UNCOMMITTED), RunOptions.bounded(), new ArrayList<>()))
        .isEqualTo(9);
    open.get(0).abort();
  }

  @Test
  void rowsOfSparksOwnSourceAreCommittedRecordsWithTheOptionThatCallRowsNames() {
    List<KafkaTransaction> open = new ArrayList<>();
    KafkaTopic topic = topic(open);
    Dataset<Row> records =
        TestSession.get()
            .read()
            .format("kafka")
            .option("kafka.bootstrap.servers", topic.bootstrapServers())
            .option("subscribe", topic.name())
            .option("kafka.isolation.level", "read_committed")
            .load();

    List<Row> calls = CallRows.of(records, SanFranciscoCalls.json()).collectAsList();

    assertThat(calls).hasSize(3).allMatch(call -> call.isNullAt(2));
    open.get(0).abort();
  }
}
