/**
 * Contains the API to start, observe, supervise and stop pipelines, and the interface that engines
 * implement. Applications use the API. Authors of engines implement the interface with {@link
 * io.callstream.engine.BatchRun}.
 */
@NullMarked
package io.callstream.engine;

import org.jspecify.annotations.NullMarked;
