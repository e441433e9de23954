/**
 * Contains small programs that embed callstream; you can copy them as a starting point for
 * applications.
 */
@NullMarked
package io.callstream.examples.embedding;

import org.jspecify.annotations.NullMarked;
