package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.internal.kafka.KafkaAdmin;
import io.callstream.internal.threads.DaemonThreads;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The clients of tasks of this process. A task keeps its clients for its next batch, because a new
 * producer needs several requests. An attempt uses clients exclusively. Clients are closed after a
 * failure, and when they were idle for five minutes. Thread-safe.
 */
final class TaskSenders {
  private static final Duration IDLE = Duration.ofMinutes(5);
  private static final Map<Key, TaskSender> RESTING = new HashMap<>();

  /** A task of a sink. */
  private record Key(KafkaCluster cluster, String topic, Duration delivery, int task) {}

  /** The clients of a task. */
  static final class TaskSender {
    private final Key key;
    private final CheckedSender sender;
    private final KafkaAdmin admin;
    private long restingSince;

    /** The last batch that was committed with these clients. */
    private long batch;

    private TaskSender(Key key, CheckedSender sender, KafkaAdmin admin) {
      this.key = key;
      this.sender = sender;
      this.admin = admin;
    }

    CheckedSender sender() {
      return sender;
    }

    KafkaAdmin admin() {
      return admin;
    }

    /** Closes the clients. Nothing that was committed depends on them. */
    void close() {
      try {
        sender.close();
      } catch (CallstreamException e) {
        // The producer has stopped nevertheless.
      } finally {
        admin.close();
      }
    }
  }

  static {
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(1, DaemonThreads.named("callstream-task-senders"));
    var ignored =
        timer.scheduleWithFixedDelay(
            () -> closeIf(idle -> System.nanoTime() - idle.restingSince > IDLE.toNanos()),
            1,
            1,
            TimeUnit.MINUTES);
  }

  private TaskSenders() {}

  /**
   * Returns clients with which no other attempt writes. New ones fence the earlier producers of the
   * task in all processes. Clients that rest are used for the batch after the one that they wrote.
   * For a later one, another process may have fenced them in between.
   */
  static TaskSender take(KafkaSinks settings, String topic, int task, long batch) {
    Key key = new Key(settings.cluster(), topic, settings.delivery(), task);
    @Nullable TaskSender known;
    synchronized (RESTING) {
      known = RESTING.remove(key);
    }
    if (known != null && known.batch + 1 == batch) {
      return known;
    }
    if (known != null) {
      known.close();
    }
    CheckedSender sender = settings.sender(topic, KafkaTaskWriter.taskId(topic, task));
    @Nullable TaskSender created = null;
    try {
      sender.fenceEarlier();
      created = new TaskSender(key, sender, KafkaAdmin.connect(settings.cluster()));
      return created;
    } finally {
      if (created == null) {
        sender.close();
      }
    }
  }

  /** Keeps clients, which have committed a batch, for the next batch of their task. */
  static void rest(TaskSender sender, long batch) {
    @Nullable TaskSender other;
    synchronized (RESTING) {
      sender.restingSince = System.nanoTime();
      sender.batch = batch;
      other = RESTING.put(sender.key, sender);
    }
    if (other != null) {
      other.close();
    }
  }

  /** Closes the clients for a topic that are not in use. */
  static void closeAll(String topic) {
    closeIf(idle -> idle.key.topic().equals(topic));
  }

  private static void closeIf(Predicate<TaskSender> condition) {
    List<TaskSender> closing;
    synchronized (RESTING) {
      closing = RESTING.values().stream().filter(condition).toList();
      RESTING.values().removeAll(closing);
    }
    closing.forEach(TaskSender::close);
  }
}
