package io.callstream.pipeline;

import java.time.Instant;

/**
 * Where a record came from.
 *
 * @param topic the topic, or the source's word for it
 * @param partition the partition, from 0
 * @param offset the place in the partition, from 0
 * @param timestamp the record's timestamp, to the millisecond
 */
public record Origin(String topic, int partition, long offset, Instant timestamp) {}
