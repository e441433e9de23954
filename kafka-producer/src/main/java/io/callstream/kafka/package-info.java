/**
 * Contains the local engine's Kafka source, the Kafka sinks, the producer, topic administration and
 * the topic reader of {@code consume}. Applications may use all public types; the local engine
 * loads {@link KafkaTopicOpener} through {@link java.util.ServiceLoader}.
 */
@NullMarked
package io.callstream.kafka;

import org.jspecify.annotations.NullMarked;
