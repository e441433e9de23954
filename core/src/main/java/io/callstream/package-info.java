/** What all of callstream shares: its errors, and advice for failures of files. */
@NullMarked
package io.callstream;

import org.jspecify.annotations.NullMarked;
