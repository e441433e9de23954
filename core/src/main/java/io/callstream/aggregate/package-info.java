/**
 * What engines share per record: combining the calls of a task into compact partial results,
 * merging those, removing duplicates and accounting. For authors of engines; pipelines do not see
 * it.
 */
@NullMarked
package io.callstream.aggregate;

import org.jspecify.annotations.NullMarked;
