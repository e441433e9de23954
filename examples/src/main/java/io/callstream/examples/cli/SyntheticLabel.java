package io.callstream.examples.cli;

import io.callstream.CallstreamException;
import io.callstream.engine.RunningPipeline;
import io.callstream.internal.threads.DaemonThreads;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicReader;
import io.callstream.kafka.source.CallSource;
import io.callstream.pipeline.KafkaTopic;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Labels the calls of a topic as synthetic if its first record has the header of generated calls. A
 * thread waits for that record until the run ends. Thread-safe.
 */
final class SyntheticLabel implements Supplier<String> {
  private static final Logger LOG = LoggerFactory.getLogger(SyntheticLabel.class);

  private volatile String label = "";

  private SyntheticLabel() {}

  static SyntheticLabel of(RunningPipeline running, KafkaTopic topic) {
    SyntheticLabel label = new SyntheticLabel();
    TopicReader reader = reader(topic).following();
    DaemonThreads.start("callstream-first-record", () -> label.read(reader));
    running.onTermination(end -> reader.stop());
    return label;
  }

  /** Returns the label of the calls that a topic has now; empty if they are not synthetic. */
  static String read(KafkaTopic topic) {
    SyntheticLabel label = new SyntheticLabel();
    label.read(reader(topic));
    return label.get();
  }

  private static TopicReader reader(KafkaTopic topic) {
    KafkaCluster cluster = KafkaCluster.at(topic.bootstrapServers()).with(topic.properties());
    return TopicReader.of(cluster, topic.name()).fromBeginning().atMost(1);
  }

  private void read(TopicReader reader) {
    try {
      long ignored =
          reader.read(
              first -> {
                if (first.header(CallSource.SYNTHETIC_HEADER) != null) {
                  label = "Synthetic data";
                }
              });
    } catch (CallstreamException e) {
      LOG.debug("The first record was not read, so the data has no label", e);
    }
  }

  @Override
  public String get() {
    return label;
  }
}
