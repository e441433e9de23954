package io.callstream.internal.engine;

import java.time.Instant;

/**
 * The start of a batch.
 *
 * @param nanos the same moment as {@link System#nanoTime} returns it
 */
public record BatchStart(Instant time, long nanos, long watermark) {}
