/**
 * Small programs that embed callstream: a pipeline from Kafka to files, a statistic of one's own
 * with a callback, and the test of a statistic without Kafka or Spark.
 */
@NullMarked
package io.callstream.examples.embedding;

import org.jspecify.annotations.NullMarked;
