/**
 * Contains statistics with their filters, dimensions, windows, measures and lookups, as values that
 * do not depend on an engine. Applications use it to define what a pipeline computes.
 */
@NullMarked
package io.callstream.statistic;

import org.jspecify.annotations.NullMarked;
