/**
 * Contains the API to start, observe, supervise and stop pipelines, and the interface that engines
 * implement. Applications use the API; engine providers implement the interface.
 */
@NullMarked
package io.callstream.engine;

import org.jspecify.annotations.NullMarked;
