/**
 * The engine on Spark Structured Streaming: one query for all statistics of a pipeline, parsed and
 * combined in the tasks, merged in Spark's state store.
 */
@NullMarked
package io.callstream.spark;

import org.jspecify.annotations.NullMarked;
