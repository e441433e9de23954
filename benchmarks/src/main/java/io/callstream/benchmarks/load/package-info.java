/**
 * Load on a Kafka topic, sent by a separate process according to a fixed schedule, and the latency,
 * lag and sustainable rate of an engine that reads it.
 */
@NullMarked
package io.callstream.benchmarks.load;

import org.jspecify.annotations.NullMarked;
