package io.callstream.internal.engine;

import io.callstream.internal.task.LookupTables;
import java.time.Instant;

/**
 * The start of a batch.
 *
 * @param nanos the same moment as {@link System#nanoTime} returns it
 * @param tables the tables of lookups that all calls of the batch use
 */
public record BatchStart(Instant time, long nanos, long watermark, LookupTables tables) {}
