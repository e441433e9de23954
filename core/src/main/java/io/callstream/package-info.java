/** What all of callstream shares: its errors. */
@NullMarked
package io.callstream;

import org.jspecify.annotations.NullMarked;
