/**
 * Internal and unstable. How people write values in options and files. Only the modules of
 * callstream may use it.
 */
@NullMarked
package io.callstream.internal.notation;

import org.jspecify.annotations.NullMarked;
