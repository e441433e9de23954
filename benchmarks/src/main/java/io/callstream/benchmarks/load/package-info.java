/**
 * Load on a real broker, from a process of its own and by a schedule fixed in advance, and what an
 * engine makes of it: latency, lag, the highest rate at which it keeps up.
 */
@NullMarked
package io.callstream.benchmarks.load;

import org.jspecify.annotations.NullMarked;
