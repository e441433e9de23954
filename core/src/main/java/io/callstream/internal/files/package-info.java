/**
 * Internal and unstable. Files with checksums, locks of directories, and advice for failures of
 * files. Only the modules of callstream may use it.
 */
@NullMarked
package io.callstream.internal.files;

import org.jspecify.annotations.NullMarked;
