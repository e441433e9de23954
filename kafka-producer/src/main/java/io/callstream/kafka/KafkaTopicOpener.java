package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.source.OpenSource;
import io.callstream.internal.source.SourceOpener;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Source;

/**
 * Opens Kafka topics for the local engine, which finds this class on the class path. Thread-safe.
 */
public final class KafkaTopicOpener implements SourceOpener {
  @Override
  public Class<? extends Source> kind() {
    return KafkaTopic.class;
  }

  /**
   * Opens a topic.
   *
   * @throws IllegalArgumentException if no Kafka client knows one of the settings of the topic
   * @throws CallstreamException with {@link ErrorCode#BROKER_UNAVAILABLE} if no broker answers
   *     within at most ten seconds, or {@link ErrorCode#TOPIC} if the topic does not exist
   */
  @Override
  public OpenSource open(Source source) {
    return OpenTopic.open((KafkaTopic) source, OpenTopic.Advice.FOR_SOURCE);
  }
}
