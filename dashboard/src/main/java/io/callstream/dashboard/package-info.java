/**
 * Serves a running pipeline as live web pages with a JSON API, and writes a report of its results;
 * for applications that run a pipeline on any engine.
 */
@NullMarked
package io.callstream.dashboard;

import org.jspecify.annotations.NullMarked;
