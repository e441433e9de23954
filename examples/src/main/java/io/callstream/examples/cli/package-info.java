/**
 * The command line: an embedded demo, a broker, a producer, a look into topics, and statistics over
 * a topic. Results go to standard output, messages to standard error.
 */
@NullMarked
package io.callstream.examples.cli;

import org.jspecify.annotations.NullMarked;
