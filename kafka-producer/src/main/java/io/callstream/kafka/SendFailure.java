package io.callstream.kafka;

/**
 * A record that could not be sent.
 *
 * @param index the position of the record in its source, starting at 0
 * @param reason the error that Kafka reported
 */
public record SendFailure(long index, String reason) {}
