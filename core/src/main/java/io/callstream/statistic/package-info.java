/**
 * What can be asked of a stream of calls: statistics with their filters, dimensions, windows,
 * measures and lookups, all of them values that know nothing of any engine.
 */
@NullMarked
package io.callstream.statistic;

import org.jspecify.annotations.NullMarked;
