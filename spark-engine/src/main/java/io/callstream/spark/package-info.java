/**
 * Contains the engine for Spark Structured Streaming; applications may use its public classes to
 * run pipelines on Spark.
 */
@NullMarked
package io.callstream.spark;

import org.jspecify.annotations.NullMarked;
