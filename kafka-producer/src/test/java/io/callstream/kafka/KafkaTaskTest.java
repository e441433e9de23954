package io.callstream.kafka;

import static io.callstream.testing.SinkRun.call;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.internal.kafka.KafkaAdmin;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.TaskWriter;
import io.callstream.testing.NumberCalls;
import io.callstream.testing.SinkRun;
import io.callstream.testing.TaskDelivery;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Topics that tasks write, compared with topics that the driver writes. */
class KafkaTaskTest {
  private static final int TASKS = 3;
  private static final String MARK = "{\"batches\":\"callstream\"}";
  private static final AtomicInteger TOPICS = new AtomicInteger();

  /** Three batches, the second and third of which remove groups. */
  private static final SinkRun CORRECTED = SinkRun.corrected(List.of());

  private String topic;

  @BeforeEach
  void nameTopic() {
    topic = "tasks-" + TOPICS.incrementAndGet();
  }

  private TaskDelivery delivery(SinkRun run) {
    return new TaskDelivery(run, TASKS, KafkaSinks.at(TestBroker.cluster()).results(topic));
  }

  /** Returns the committed records without marks. */
  private static List<String> records(String topic) {
    List<String> records = new ArrayList<>();
    TopicReader.of(TestBroker.cluster(), topic)
        .fromBeginning()
        .read(
            row -> {
              String key = new String(row.key(), UTF_8);
              if (!key.equals(MARK)) {
                String value = row.value() == null ? "" : new String(row.value(), UTF_8);
                records.add(key + " " + value);
              }
            });
    return records;
  }

  /** Returns the last value of each key, without the run and the accounting of the mark. */
  private static SortedMap<String, String> current(String topic) {
    SortedMap<String, String> current = new TreeMap<>();
    TopicReader.of(TestBroker.cluster(), topic)
        .fromBeginning()
        .read(
            row -> {
              String key = new String(row.key(), UTF_8);
              if (row.value() == null) {
                current.remove(key);
              } else {
                current.put(key, new String(row.value(), UTF_8).replaceFirst(",\"_run\".*", ""));
              }
            });
    return current;
  }

  /** Returns the name of a topic that the driver has written. */
  private static String byDriver(SinkRun run) {
    String other = "driver-" + TOPICS.incrementAndGet();
    ResultSink sink = KafkaSinks.at(TestBroker.cluster()).results(other);
    sink.open(run.opened());
    for (BatchResults batch : run.batches()) {
      sink.write(batch);
    }
    sink.close();
    return other;
  }

  /** Waits for marks of transactions: brokers write them after they acknowledge the commit. */
  private void awaitEndsOfTransactions() {
    for (int i = 0; i < 1_000 && heldBack() > 0; i++) {
      LockSupport.parkNanos(10_000_000);
    }
  }

  private void assertHasWhatTheDriverWrites() {
    awaitEndsOfTransactions();
    assertThat(current(topic)).isEqualTo(current(byDriver(CORRECTED)));
  }

  private static void assertFails(ThrowingCallable call, String message) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining(message);
  }

  private void assertIsFenced(ThrowingCallable call) {
    assertFails(call, "A later attempt or run writes the same results to the topic " + topic);
  }

  private void assertIsTakenOver(ThrowingCallable call) {
    assertFails(call, "The topic " + topic + " was taken over by another run");
  }

  @Test
  void tasksWriteWhatTheDriverWrites() throws Exception {
    Call[] many = new Call[3_000];
    for (int i = 0; i < many.length; i++) {
      many[i] = call("type \0 " + i + " \u20ac".repeat(i % 50), "2018-11-01T12:00:00Z", "", "");
    }
    for (SinkRun run : List.of(CORRECTED, NumberCalls.batches(), SinkRun.byType(many, many))) {
      nameTopic();
      delivery(run).open().deliverAll();
      String expected = byDriver(run);
      awaitEndsOfTransactions();
      assertThat(current(topic)).hasSizeGreaterThan(3).isEqualTo(current(expected));
      assertThat(records(topic)).containsExactlyInAnyOrderElementsOf(records(expected));
    }
  }

  @Test
  void attemptsThatAreAbandonedOrRepeatedChangeNothing() throws Exception {
    TaskDelivery first = delivery(CORRECTED).open();
    first.deliver(0);
    SortedMap<String, String> before = current(topic);
    for (int task = 0; task < TASKS; task++) {
      first.attempt(1, task).close();
    }
    assertThat(current(topic)).isEqualTo(before);
    assertThat(first.runTasks(1)).hasSize(TASKS);

    // The driver dies before the end of the batch. Another one repeats it, and dies after its end.
    delivery(CORRECTED).openAfter(0).deliver(1);
    TaskDelivery third = delivery(CORRECTED).openAfter(0);
    third.deliver(1);
    third.deliver(2);
    assertHasWhatTheDriverWrites();
  }

  /** The processes of a run are gone, and a transaction of one of its tasks is open. */
  @Test
  @Timeout(60)
  void aRunEndsTheTransactionsOfTheRunBefore() throws Exception {
    TaskDelivery first = delivery(CORRECTED).open();
    first.deliver(0);
    TaskWriter dead = first.attempt(1, 0);
    while (heldBack() == 0) {
      LockSupport.parkNanos(1_000_000);
    }

    TaskDelivery second = delivery(CORRECTED).openAfter(0);
    assertIsFenced(dead::commit);
    dead.close();
    second.deliver(1);
    second.deliver(2);
    assertHasWhatTheDriverWrites();
  }

  @Test
  void aTaskThatResumesAfterALaterBatchFailsAndChangesNothing() throws Exception {
    TaskDelivery delivery = delivery(CORRECTED).open();
    List<TaskWriter> stopped = new ArrayList<>();
    for (int batch = 0; batch < 3; batch++) {
      for (int task = 0; task < TASKS; task++) {
        stopped.add(delivery.attempt(batch, task));
      }
      delivery.deliver(batch);
    }
    for (TaskWriter writer : stopped) {
      assertIsFenced(writer::commit);
      writer.close();
    }
    assertHasWhatTheDriverWrites();
    assertThat(records(topic)).hasSameSizeAs(records(byDriver(CORRECTED)));
  }

  /** The engine does not let it commit. */
  @Test
  void aTaskThatStartsInALaterBatchMakesTheTaskOfThatBatchRepeat() throws Exception {
    TaskDelivery delivery = delivery(CORRECTED).open();
    delivery.deliver(0);
    TaskWriter current = delivery.attempt(1, 0);
    TaskWriter late = delivery.attempt(0, 0);
    assertIsFenced(current::commit);
    current.close();
    late.close();
    delivery.deliver(1);
    delivery.deliver(2);
    assertHasWhatTheDriverWrites();
  }

  @Test
  void theLaterOfTwoAttemptsCommits() throws Exception {
    TaskDelivery delivery = delivery(CORRECTED).open();
    List<byte[]> messages = new ArrayList<>();
    for (int task = 0; task < TASKS; task++) {
      try (TaskWriter first = delivery.attempt(0, task);
          TaskWriter second = delivery.attempt(0, task)) {
        assertIsFenced(first::commit);
        messages.add(second.commit());
      }
    }
    delivery.finish(0, messages);
    delivery.deliver(1);
    delivery.deliver(2);
    assertHasWhatTheDriverWrites();
    assertThat(records(topic)).hasSameSizeAs(records(byDriver(CORRECTED)));
  }

  @Test
  void aRunWhoseTopicTasksOfAnotherRunTookOverFails() throws Exception {
    TaskDelivery first = delivery(CORRECTED).open();
    first.deliver(0);
    TaskWriter before = first.attempt(1, 0);
    TaskDelivery second = delivery(CORRECTED).openAfter(0);
    second.deliver(1);

    assertIsFenced(before::commit);
    before.close();
    assertIsTakenOver(() -> first.attempt(1, 0));
    assertIsTakenOver(() -> first.attempt(1, TASKS + 1));
    assertIsFenced(() -> first.finish(1, List.of()));
    second.deliver(2);
    assertHasWhatTheDriverWrites();
  }

  @Test
  void tasksOfARunWhoseTopicADriverTookOverFail() throws Exception {
    TaskDelivery first = delivery(CORRECTED).open();
    first.deliver(0);
    ResultSink second = KafkaSinks.at(TestBroker.cluster()).results(topic);
    second.open(CORRECTED.batch(0));

    assertIsTakenOver(() -> first.attempt(1, 0));
    second.write(CORRECTED.batch(1));
    second.write(CORRECTED.batch(2));
    second.close();
    assertHasWhatTheDriverWrites();
  }

  @Test
  void aTopicThatLacksBatchesIsRejected() throws Exception {
    assertThatThrownBy(() -> delivery(CORRECTED).openAfter(0)).hasMessage(TaskDelivery.NOT_HERE);
    delivery(CORRECTED).open().deliver(0);
    assertThatThrownBy(() -> delivery(CORRECTED).openAfter(1)).hasMessage(TaskDelivery.NOT_HERE);
    assertThat(current(topic)).containsKey(MARK).hasSizeGreaterThan(1);
  }

  /** A new producer would raise the epoch. */
  @Test
  void tasksKeepTheirProducers() throws Exception {
    TaskDelivery delivery = delivery(CORRECTED).open();
    delivery.deliver(0);
    int epoch = transaction(0).producerEpoch();
    delivery.deliver(1);
    delivery.deliver(2);
    assertThat(transaction(0).producerEpoch()).isEqualTo(epoch);
  }

  /** Returns the number of offsets that open transactions hold back. */
  private long heldBack() {
    try (TopicAdmin admin = TopicAdmin.connect(TestBroker.cluster())) {
      return admin.require(topic).heldBack();
    }
  }

  private TransactionDescription transaction(int task) throws Exception {
    String id = "callstream-results-" + topic + "-" + task;
    try (KafkaAdmin admin = KafkaAdmin.connect(TestBroker.cluster())) {
      return admin.get(admin.client().describeTransactions(List.of(id)).description(id));
    }
  }

  @Test
  void whatTasksGetDoesNotShowTheSettings() {
    KafkaCluster cluster = TestBroker.cluster().with(Map.of("client.id", "geheim"));
    TaskWriter.Factory factory =
        KafkaTaskWriter.factory(KafkaSinks.at(cluster), topic, new TopicClaim("x", 1, 1));
    assertThat(factory.toString()).isEqualTo("tasks that write the topic " + topic);
  }
}
