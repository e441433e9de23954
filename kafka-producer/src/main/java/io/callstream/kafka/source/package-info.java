/**
 * Where calls come from: files and streams of JSON, lines or CSV, packed or not, and a generator of
 * synthetic calls. A source is read as a sequence of record values in bounded memory, in its own
 * order or in that of event time; what cannot be read to its end says so.
 */
@NullMarked
package io.callstream.kafka.source;

import org.jspecify.annotations.NullMarked;
