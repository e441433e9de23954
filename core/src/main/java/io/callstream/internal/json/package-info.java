/** Internal and unstable. Results as JSON. Only the modules of callstream may use it. */
@NullMarked
package io.callstream.internal.json;

import org.jspecify.annotations.NullMarked;
