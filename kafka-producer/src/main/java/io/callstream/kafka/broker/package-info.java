/**
 * Contains a Kafka broker that runs inside the JVM. Applications may use it for demos and tests if
 * they add Kafka's server to the class path, which this module does not bring.
 */
@NullMarked
package io.callstream.kafka.broker;

import org.jspecify.annotations.NullMarked;
