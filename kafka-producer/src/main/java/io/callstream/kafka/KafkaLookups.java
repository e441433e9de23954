package io.callstream.kafka;

import io.callstream.lookup.LookupSource;
import io.callstream.pipeline.KafkaTopic;

/** Creates sources of lookup tables in Kafka. */
public final class KafkaLookups {
  private KafkaLookups() {}

  /**
   * Returns the table in a compacted topic. The key of a record is the key of a row, as text in
   * UTF-8. The value is a JSON object whose members are the columns. A record without a value
   * deletes the row. A run reads the topic up to its end before the first batch, and the records
   * that were added before each further batch.
   *
   * <p>The topic must be compacted ({@code cleanup.policy=compact}). Otherwise, rows disappear when
   * its retention deletes their records. A record that is not valid fails the run, unless a later
   * record of its key was read with it. All records of a key must be in one partition.
   *
   * @param topic the topic; its starting offsets do not matter
   * @throws IllegalArgumentException if this is a part of a topic
   */
  public static LookupSource topic(KafkaTopic topic) {
    if (topic.part().isPresent()) {
      throw new IllegalArgumentException(
          "The table of a lookup can't be %s; use the whole topic".formatted(topic.description()));
    }
    return new TopicLookup(topic);
  }
}
