/**
 * Contains the sources of calls: files and streams of JSON, lines or CSV, an HTTP client for
 * DataSF's feeds, and a generator of synthetic calls. Applications may use all public types; the
 * producer reads a source as a sequence of record values in bounded memory.
 */
@NullMarked
package io.callstream.kafka.source;

import org.jspecify.annotations.NullMarked;
