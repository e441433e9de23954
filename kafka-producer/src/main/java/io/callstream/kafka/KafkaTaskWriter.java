package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.kafka.TaskSenders.TaskSender;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.TaskWriter;
import java.time.Duration;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * An attempt writes in a transaction, and only the commit makes its records visible to readers of
 * committed records. The last value of a key must be that of the last batch, although a topic can't
 * compare values. So no attempt may commit after a later one of the same task, which has the same
 * transactional id. These steps of an attempt are in this order:
 *
 * 1. It takes a producer. A new one fences all earlier ones of the task: their transactions are
 *    aborted, and their requests fail. A producer that was kept for the next batch is used by one
 *    attempt at a time, so it is fenced if any other attempt has taken a producer since.
 * 2. It checks that its run still has the claim to the topic.
 * 3. It sends its records.
 * 4. The engine lets it commit: it refuses this if the batch has another committed attempt, or has
 *    ended. Spark's OutputCommitCoordinator decides this.
 * 5. It commits.
 *
 * An attempt that was stopped and resumes later, for example in batch 6 with records of batch 5:
 *
 * - If it stopped after step 1, the attempt that replaced it has fenced it. It fails.
 * - If it stopped before step 1, it fences the attempt of batch 6, which fails and is repeated. It
 *   gets no permission in step 4 and aborts.
 * - If its driver was stopped too and another run has taken over, the old driver may give permission.
 *   If it stopped before step 2, it finds the claim of the other run. If after it, then a task of the
 *   other run that has written the same groups took its producer later, and has fenced it.
 */
/** Writes the records of a task in a transaction. */
final class KafkaTaskWriter implements TaskWriter {
  /** The start of all transactional ids. */
  static final String PREFIX = "callstream-results-";

  private static final Logger LOG = LoggerFactory.getLogger(KafkaTaskWriter.class);

  private final Attempt attempt;
  private final TaskSender clients;
  private boolean isOpen = true;

  private KafkaTaskWriter(Attempt attempt, TaskSender clients) {
    this.attempt = attempt;
    this.clients = clients;
  }

  static String taskId(String topic, int task) {
    return PREFIX + topic + "-" + task;
  }

  static String driverId(String topic) {
    return PREFIX + topic + "-driver";
  }

  /** Returns whether a transactional id is that of a task or driver of a topic. */
  static boolean isOf(String id, String topic) {
    String start = PREFIX + topic + "-";
    return id.startsWith(start) && id.substring(start.length()).matches("\\d+|driver");
  }

  static Factory factory(KafkaSinks settings, String topic, TopicClaim claim) {
    KafkaCluster cluster = settings.cluster();
    return new Tasks(
        cluster.bootstrapServers(), cluster.settings(), settings.delivery(), topic, claim);
  }

  /** What tasks of a run need. */
  private record Tasks(
      String servers,
      Map<String, String> settings,
      Duration delivery,
      String topic,
      TopicClaim claim)
      implements Factory {
    private static final long serialVersionUID = 1L;

    @Override
    public TaskWriter open(Attempt attempt) {
      KafkaSinks sinks =
          KafkaSinks.at(new KafkaCluster(servers, settings)).deliveringWithin(delivery);
      TaskSender clients = TaskSenders.take(sinks, topic, attempt.task(), attempt.batch());
      boolean isReady = false;
      try {
        claim.require(clients.admin(), topic);
        clients.sender().begin();
        isReady = true;
      } finally {
        if (!isReady) {
          clients.close();
        }
      }
      return new KafkaTaskWriter(attempt, clients);
    }

    /** Returns a description without the settings, which may be secret. */
    @Override
    public String toString() {
      return "tasks that write the topic " + topic;
    }
  }

  @Override
  public void write(Results changed) {
    KafkaResultSink.send(clients.sender(), attempt.batch(), attempt.watermark(), changed);
  }

  @Override
  public byte[] commit() {
    clients.sender().commit();
    isOpen = false;
    TaskSenders.rest(clients, attempt.batch());
    return new byte[0];
  }

  @Override
  public void close() {
    if (!isOpen) {
      return;
    }
    isOpen = false;
    try {
      clients.sender().abort();
    } catch (CallstreamException | IllegalStateException e) {
      LOG.debug("The transaction of {} is aborted by its successor or its timeout", attempt, e);
    } finally {
      clients.close();
    }
  }
}
