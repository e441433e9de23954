/**
 * Serves a running pipeline as a live web page with a JSON API, and writes the same page as a
 * report; for applications that run a pipeline on any engine.
 */
@NullMarked
package io.callstream.dashboard;

import org.jspecify.annotations.NullMarked;
