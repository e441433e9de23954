/**
 * Pipelines as values: a source, a format, statistics, and where results and dead letters go.
 * Nothing here knows of an engine.
 */
@NullMarked
package io.callstream.pipeline;

import org.jspecify.annotations.NullMarked;
