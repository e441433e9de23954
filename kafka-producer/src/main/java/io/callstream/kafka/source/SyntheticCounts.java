package io.callstream.kafka.source;

/**
 * The exact number of records of each kind that a synthetic source generates.
 *
 * @param calls the number of distinct calls
 * @param delayed the number of calls that arrive with a delay
 * @param duplicates the number of additional records that repeat a call, byte for byte
 * @param garbage the number of additional records that no pipeline counts as calls
 */
public record SyntheticCounts(long calls, long delayed, long duplicates, long garbage) {
  /** Returns the total number of records. */
  public long records() {
    return calls + duplicates + garbage;
  }
}
