package io.callstream.pipeline;

import java.time.Instant;

/**
 * The origin of a record.
 *
 * @param topic the name of the topic or of the source
 * @param partition the partition, from 0
 * @param offset the offset in the partition, from 0
 * @param timestamp the timestamp of the record, in whole milliseconds
 */
public record Origin(String topic, int partition, long offset, Instant timestamp) {}
