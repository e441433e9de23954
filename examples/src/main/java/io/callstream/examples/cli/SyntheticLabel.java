package io.callstream.examples.cli;

import io.callstream.CallstreamException;
import io.callstream.engine.RunningPipeline;
import io.callstream.internal.threads.DaemonThreads;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicReader;
import io.callstream.kafka.source.CallSource;
import io.callstream.pipeline.KafkaTopic;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Labels the calls of a topic as synthetic if its first record has the header of generated calls. A
 * thread waits for that record until the run ends. Thread-safe.
 */
final class SyntheticLabel implements Supplier<String> {
  private static final Logger LOG = LoggerFactory.getLogger(SyntheticLabel.class);

  private final CountDownLatch done = new CountDownLatch(1);
  private volatile String label = "";

  private SyntheticLabel() {}

  static SyntheticLabel of(RunningPipeline running, KafkaTopic topic) {
    SyntheticLabel label = new SyntheticLabel();
    TopicReader reader = reader(topic).following();
    DaemonThreads.start(
        "callstream-first-record",
        () -> {
          // A short run can end before the first read has started.
          if (!label.read(reader)) {
            boolean ignored = label.read(reader(topic));
          }
          label.done.countDown();
        });
    running.onTermination(end -> reader.stop());
    return label;
  }

  /**
   * Returns the label after the run. Waits for the first record for at most five seconds, so that
   * an unavailable broker does not delay the end of the process.
   */
  String atEnd() {
    try {
      boolean ignored = done.await(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return label;
  }

  private static TopicReader reader(KafkaTopic topic) {
    KafkaCluster cluster = KafkaCluster.at(topic.bootstrapServers()).with(topic.properties());
    return TopicReader.of(cluster, topic.name()).fromBeginning().atMost(1);
  }

  /** Returns whether the first record was read. */
  private boolean read(TopicReader reader) {
    try {
      long records =
          reader.read(
              first -> {
                if (first.header(CallSource.SYNTHETIC_HEADER) != null) {
                  label = "Synthetic data";
                }
              });
      return records > 0;
    } catch (CallstreamException e) {
      LOG.debug("The first record was not read, so the data has no label", e);
      return false;
    }
  }

  @Override
  public String get() {
    return label;
  }
}
