/**
 * Contains Micrometer metrics of the progress and accounting of a running pipeline. Applications
 * bind them to their registry.
 */
@NullMarked
package io.callstream.metrics;

import org.jspecify.annotations.NullMarked;
