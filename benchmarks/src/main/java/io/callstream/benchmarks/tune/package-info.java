/**
 * The tuning study: which settings of Spark and Kafka change throughput and latency on this
 * machine, by how much, and how one can tell. {@link io.callstream.benchmarks.tune.TuningStudy}
 * runs it.
 */
@NullMarked
package io.callstream.benchmarks.tune;

import org.jspecify.annotations.NullMarked;
