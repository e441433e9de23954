/**
 * Measurements of callstream: a JMH class for each question about a part, and {@link
 * io.callstream.benchmarks.EndToEnd} for the whole. Figures of different runs are not compared.
 */
@NullMarked
package io.callstream.benchmarks;

import org.jspecify.annotations.NullMarked;
