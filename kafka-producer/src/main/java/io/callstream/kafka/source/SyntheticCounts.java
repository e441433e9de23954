package io.callstream.kafka.source;

/**
 * How many records of each kind a synthetic source makes, exactly.
 *
 * @param calls different calls
 * @param delayed how many of the calls arrive with a delay
 * @param duplicates further records that repeat one of the calls, byte for byte
 * @param garbage further records that no pipeline counts as calls
 */
public record SyntheticCounts(long calls, long delayed, long duplicates, long garbage) {
  /** Returns the number of records. */
  public long records() {
    return calls + duplicates + garbage;
  }
}
