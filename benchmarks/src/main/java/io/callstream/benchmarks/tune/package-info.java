/**
 * The tuning study. It measures how settings of Spark and Kafka change throughput and latency on
 * this machine. {@link io.callstream.benchmarks.tune.Tune} is the main class.
 */
@NullMarked
package io.callstream.benchmarks.tune;

import org.jspecify.annotations.NullMarked;
