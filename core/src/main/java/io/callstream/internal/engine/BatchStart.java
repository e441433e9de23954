package io.callstream.internal.engine;

import io.callstream.internal.task.LookupTables;
import java.time.Instant;

/**
 * The start of a batch.
 *
 * @param number the number of the batch, if it has records
 * @param nanos the same moment as {@link System#nanoTime} returns it
 * @param tables the tables of lookups that all calls of the batch use
 */
public record BatchStart(
    long number, Instant time, long nanos, long watermark, LookupTables tables) {
  /** Returns this start with the tables that the batch uses. */
  public BatchStart with(LookupTables used) {
    return new BatchStart(number, time, nanos, watermark, used);
  }
}
