/**
 * A Kafka broker inside the JVM, for demos and for tests of projects that embed callstream. It
 * needs Kafka's server on the class path, which this module does not bring along.
 */
@NullMarked
package io.callstream.kafka.broker;

import org.jspecify.annotations.NullMarked;
