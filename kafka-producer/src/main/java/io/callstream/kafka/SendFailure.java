package io.callstream.kafka;

/**
 * A record that could not be sent.
 *
 * @param index the record's place in its source, counted from 0
 * @param reason what Kafka says about it
 */
public record SendFailure(long index, String reason) {}
