/**
 * Internal and unstable. Sources as the local engine reads them. Only the modules of callstream may
 * use it.
 */
@NullMarked
package io.callstream.internal.source;

import org.jspecify.annotations.NullMarked;
