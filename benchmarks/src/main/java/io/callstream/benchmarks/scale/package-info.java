/**
 * A model of what a batch costs, fitted to measurements of {@link io.callstream.benchmarks.Scale},
 * and a simulation that checks it. Not published.
 */
@NullMarked
package io.callstream.benchmarks.scale;

import org.jspecify.annotations.NullMarked;
