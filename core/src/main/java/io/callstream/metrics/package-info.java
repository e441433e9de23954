/**
 * Publishes a running pipeline as Micrometer metrics; for applications that have {@code
 * io.micrometer:micrometer-core} on the class path.
 */
@NullMarked
package io.callstream.metrics;

import org.jspecify.annotations.NullMarked;
