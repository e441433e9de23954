/** What a running pipeline tells about itself: accounting, progress and whether it keeps up. */
@NullMarked
package io.callstream.progress;

import org.jspecify.annotations.NullMarked;
