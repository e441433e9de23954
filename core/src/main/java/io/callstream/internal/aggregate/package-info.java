/**
 * Internal and unstable. Combines the calls of a task into partial results and merges these. Only
 * engines may use it.
 */
@NullMarked
package io.callstream.internal.aggregate;

import org.jspecify.annotations.NullMarked;
