/**
 * The way of calls into Kafka and a look at what is there: the producer, which checks the outcome
 * of every send, its pace, topic set-up, and a reader of topics for people.
 */
@NullMarked
package io.callstream.kafka;

import org.jspecify.annotations.NullMarked;
