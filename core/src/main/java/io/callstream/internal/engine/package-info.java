/**
 * Internal and unstable. The life cycle and the sinks of a run, which all engines share. Only
 * engines may use it.
 */
@NullMarked
package io.callstream.internal.engine;

import org.jspecify.annotations.NullMarked;
