package io.callstream.internal.engine;

import java.time.Instant;

/**
 * The start of a batch.
 *
 * @param number the number of the batch, if it has records
 * @param nanos the same moment as {@link System#nanoTime} returns it
 */
public record BatchStart(long number, Instant time, long nanos, long watermark) {}
