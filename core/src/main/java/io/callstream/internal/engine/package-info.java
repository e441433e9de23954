/** Internal and unstable. The parts of a run that all engines share. Only engines may use it. */
@NullMarked
package io.callstream.internal.engine;

import org.jspecify.annotations.NullMarked;
