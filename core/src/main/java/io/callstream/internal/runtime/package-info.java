/**
 * Internal and unstable. The plan of a task, its report, the ledger of batches, and checkpoint
 * files. Only engines may use it.
 */
@NullMarked
package io.callstream.internal.runtime;

import org.jspecify.annotations.NullMarked;
