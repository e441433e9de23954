/**
 * Internal and unstable. The work of a task on the records of a batch, and the data that it
 * exchanges with the driver. Only engines may use it.
 */
@NullMarked
package io.callstream.internal.task;

import org.jspecify.annotations.NullMarked;
