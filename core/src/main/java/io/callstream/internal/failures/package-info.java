/**
 * Internal and unstable. Failures that the environment or a misspelled name causes, with the fix.
 * Only the modules of callstream may use it.
 */
@NullMarked
package io.callstream.internal.failures;

import org.jspecify.annotations.NullMarked;
