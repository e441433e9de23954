package io.callstream.spark;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.StandardStatistics;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.spark.sql.kafka010.KafkaBatchInputPartition;
import org.apache.spark.sql.kafka010.KafkaOffsetRange;
import org.junit.jupiter.api.Test;
import scala.Option;

/** Verifies that ranges of offsets are read completely and once, independent of earlier reads. */
class RecordReaderTest {
  private static final String CALL =
      "{\"crime_id\":\"%d\",\"original_crime_type_name\":\"Noise\","
          + "\"call_date_time\":\"2018-12-31T23:54:00.000\"}";

  private static KafkaProducer<byte[], byte[]> producer(Map<String, Object> more) {
    Map<String, Object> settings = new HashMap<>(more);
    settings.put("bootstrap.servers", TestBroker.cluster().bootstrapServers());
    return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private static ProducerRecord<byte[], byte[]> record(KafkaTopic topic, long id) {
    return new ProducerRecord<>(topic.name(), CALL.formatted(id).getBytes(UTF_8));
  }

  private static KafkaTopic topicWith(int records) {
    KafkaTopic topic = TestBroker.topic(1);
    try (KafkaProducer<byte[], byte[]> producer = producer(Map.of())) {
      LongStream.range(0, records).forEach(id -> producer.send(record(topic, id)));
    }
    return topic;
  }

  private static KafkaBatchInputPartition range(
      KafkaTopic topic, long from, long until, long patienceMillis) {
    Map<String, Object> settings =
        Map.of(
            "bootstrap.servers",
            topic.bootstrapServers(),
            "auto.offset.reset",
            "none",
            "enable.auto.commit",
            "false",
            "max.poll.records",
            "7");
    return new KafkaBatchInputPartition(
        KafkaOffsetRange.apply(new TopicPartition(topic.name(), 0), from, until, Option.empty()),
        settings,
        patienceMillis,
        true,
        false);
  }

  /** Reads ranges in a task, one after the other, and returns their offsets as text. */
  private static List<String> read(List<KafkaBatchInputPartition> ranges) {
    return TestSession.get()
        .range(0, 1, 1, 1)
        .toJavaRDD()
        .map(
            task -> {
              List<String> read = new ArrayList<>();
              for (KafkaBatchInputPartition range : ranges) {
                List<Long> offsets = new ArrayList<>();
                RecordReader.read(range, record -> offsets.add(record.offset()));
                read.add(offsets.stream().map(String::valueOf).collect(joining(",")));
              }
              return read;
            })
        .collect()
        .get(0);
  }

  private static String offsets(long from, long until) {
    return LongStream.range(from, until).mapToObj(String::valueOf).collect(joining(","));
  }

  @Test
  void rangesAreReadWholeWhetherTheyFollowEachOtherOrComeAgain() {
    KafkaTopic topic = topicWith(40);

    List<String> read =
        read(
            List.of(
                range(topic, 0, 10, 60_000),
                range(topic, 10, 12, 60_000),
                range(topic, 12, 33, 60_000),
                range(topic, 10, 12, 60_000),
                range(topic, 33, 40, 60_000)));

    assertThat(read)
        .containsExactly(
            offsets(0, 10), offsets(10, 12), offsets(12, 33), offsets(10, 12), offsets(33, 40));
  }

  @Test
  void recordsThatAreGoneFailTheTask() throws Exception {
    KafkaTopic topic = topicWith(40);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", topic.bootstrapServers()))) {
      admin
          .deleteRecords(
              Map.of(new TopicPartition(topic.name(), 0), RecordsToDelete.beforeOffset(20)))
          .all()
          .get();
    }

    assertThat(failure(range(topic, 10, 30, 60_000)))
        .isEqualTo(topic.name() + "-0 no longer has offset 10");
    assertThat(failure(range(topic, 30, 50, 10)))
        .isEqualTo(topic.name() + "-0 ends at offset 40 and not at 50");
  }

  /** Returns the specific part of the message of a task that finds records missing. */
  private static String failure(KafkaBatchInputPartition range) {
    Throwable failure = catchThrowable(() -> read(List.of(range)));
    CallstreamException reported = new Failures(null).of(failure);
    assertThat(reported.code()).isEqualTo(ErrorCode.SOURCE_FAILED);
    return reported.getMessage().replaceAll(".*deleted them: |\\. Keep records longer.*", "");
  }

  @Test
  void marksOfTransactionsAreNoRecordsAndHoldNothingUp() throws Exception {
    KafkaTopic topic = TestBroker.topic(1);
    try (KafkaProducer<byte[], byte[]> producer =
        producer(Map.of("transactional.id", topic.name()))) {
      producer.initTransactions();
      for (int transaction = 0; transaction < 12; transaction++) {
        producer.beginTransaction();
        for (int i = 0; i < 5; i++) {
          producer.send(record(topic, transaction * 5L + i));
        }
        if (transaction % 3 == 2) {
          producer.flush();
          producer.abortTransaction();
        } else {
          producer.commitTransaction();
        }
      }
    }
    JsonFormat format = SanFranciscoCalls.json();
    Pipeline pipeline =
        Pipeline.builder(topic, format).statistic(StandardStatistics.callsByType()).build();

    // Batches of four offsets end before, at and after the markers, and some contain only markers.
    try (RunningPipeline run =
        SparkEngine.on(TestSession.get()).start(pipeline, RunOptions.bounded().readingAtMost(4))) {
      run.awaitTermination();

      assertThat(run.accounting().received()).isEqualTo(8 * 5);
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
    }
  }
}
