/**
 * Contains pipelines, their sources, sinks, dead letters and results, as values and interfaces that
 * do not depend on an engine. Applications use it to define pipelines and to implement custom
 * sources and sinks.
 */
@NullMarked
package io.callstream.pipeline;

import org.jspecify.annotations.NullMarked;
