/**
 * Contains the accounting and the progress reports of a running pipeline, and the monitor of its
 * stability. Applications and sinks read them; engines create them.
 */
@NullMarked
package io.callstream.progress;

import org.jspecify.annotations.NullMarked;
