/**
 * What engines run around the shared code per record: the plan of a task, its output, and the
 * ledger that accounts for batches. For authors of engines; pipelines do not see it.
 */
@NullMarked
package io.callstream.runtime;

import org.jspecify.annotations.NullMarked;
