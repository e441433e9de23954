/**
 * Internal and unstable. Threads that do not keep a process alive. Only the modules of callstream
 * may use it.
 */
@NullMarked
package io.callstream.internal.threads;

import org.jspecify.annotations.NullMarked;
