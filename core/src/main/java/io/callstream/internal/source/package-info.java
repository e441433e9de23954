/**
 * Internal and unstable. Sources as the local engine reads them, and the watch over open
 * transactions. Only engines and modules that open sources may use it.
 */
@NullMarked
package io.callstream.internal.source;

import org.jspecify.annotations.NullMarked;
