package io.callstream.internal.source;

import io.callstream.internal.threads.DaemonThreads;
import io.callstream.pipeline.KafkaTopic;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs warnings about partitions in which an open transaction hides records from a run: one warning
 * for each offset at which reading stops. A separate thread checks every five seconds. It ignores
 * transactions that are open for less than ten seconds.
 */
public final class OpenTransactions implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OpenTransactions.class);
  private static final Duration PERIOD = Duration.ofSeconds(5);
  private static final Duration LEAST = Duration.ofSeconds(10);

  private final KafkaTopic topic;
  private final Look look;
  private final Map<Integer, Seen> seen = new HashMap<>();
  private @Nullable Thread thread;

  /** The last stable offset of a partition, and the offset after its last record. */
  public record Ends(long stable, long written) {}

  /** Queries the broker. One thread uses and closes it. */
  public interface Look extends AutoCloseable {
    Map<Integer, Ends> ends() throws Exception;

    @Override
    default void close() {}
  }

  private record Seen(long stable, long nanos, boolean isReported) {}

  OpenTransactions(KafkaTopic topic, Look look) {
    this.topic = topic;
    this.look = look;
  }

  /** Starts to watch a topic. Does nothing if the run also reads uncommitted records. */
  public static OpenTransactions watch(KafkaTopic topic, Look look) {
    OpenTransactions watch = new OpenTransactions(topic, look);
    if (KafkaTopic.Isolation.in(topic.properties()) == KafkaTopic.Isolation.READ_COMMITTED) {
      watch.thread = DaemonThreads.start("callstream-transactions", watch::run);
    }
    return watch;
  }

  private void run() {
    try (look) {
      while (true) {
        Thread.sleep(PERIOD.toMillis());
        try {
          compare(look.ends(), System.nanoTime());
        } catch (InterruptedException e) {
          throw e;
        } catch (Exception e) { // The readers report a broker that does not respond.
          LOG.debug("Cannot look for open transactions in {}", topic.name(), e);
        }
      }
    } catch (InterruptedException e) {
      LOG.debug("Nobody looks for open transactions in {} any more", topic.name(), e);
    }
  }

  void compare(Map<Integer, Ends> ends, long nanos) {
    ends.forEach(
        (partition, now) -> {
          Seen before = seen.get(partition);
          if (now.written() <= now.stable()) {
            seen.remove(partition);
          } else if (before == null || before.stable() != now.stable()) {
            seen.put(partition, new Seen(now.stable(), nanos, false));
          } else if (!before.isReported() && nanos - before.nanos() >= LEAST.toNanos()) {
            seen.put(partition, new Seen(now.stable(), before.nanos(), true));
            warn(partition, now);
          }
        });
  }

  private void warn(int partition, Ends ends) {
    LOG.warn(
        "An open transaction hides the records of partition {} in topic {} from offset {} on, {}"
            + " offsets so far, for more than {} s. The run reads them when the transaction ends. If"
            + " its producer is gone, abort the transaction: 'kafka-transactions.sh"
            + " --bootstrap-server {} find-hanging --topic {}' finds it.",
        partition,
        topic.name(),
        ends.stable(),
        ends.written() - ends.stable(),
        LEAST.toSeconds(),
        topic.bootstrapServers(),
        topic.name());
  }

  /** Stops watching. A query in progress is interrupted. */
  @Override
  public void close() {
    Thread watching = thread;
    if (watching != null) {
      watching.interrupt();
    }
  }
}
