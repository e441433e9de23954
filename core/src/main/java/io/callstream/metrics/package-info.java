/** A running pipeline's progress and accounting as metrics of Micrometer. */
@NullMarked
package io.callstream.metrics;

import org.jspecify.annotations.NullMarked;
