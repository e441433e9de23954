/**
 * Internal and unstable. The access to Kafka that the engines, the sinks and the commands share:
 * settings of clients, queries of topics, reading ranges of offsets, and the translation of Kafka's
 * errors. Only the modules of callstream may use it.
 */
@NullMarked
package io.callstream.internal.kafka;

import org.jspecify.annotations.NullMarked;
