/** JMH benchmarks of the parts of callstream, and end-to-end benchmarks over a Kafka topic. */
@NullMarked
package io.callstream.benchmarks;

import org.jspecify.annotations.NullMarked;
