/**
 * Internal and unstable. What sinks and views of several modules share: rows as text and JSON,
 * their columns, and marks of batches. Only the modules of callstream may use it.
 */
@NullMarked
package io.callstream.internal.sink;

import org.jspecify.annotations.NullMarked;
