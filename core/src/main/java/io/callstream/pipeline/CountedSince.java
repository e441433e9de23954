package io.callstream.pipeline;

import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * The place from which a statistic counts that was added to a pipeline with a checkpoint.
 *
 * @param batch the number of the first batch that the statistic counts, at least 1
 * @param time the time at which the first run with the statistic started
 * @param offsets the offset of each partition from which the statistic counts. A partition that is
 *     missing here counts from the first offset that the pipeline read
 */
public record CountedSince(long batch, Instant time, Map<Integer, Long> offsets) {
  /** Copies the offsets, in the order of the partitions. */
  public CountedSince {
    offsets = Collections.unmodifiableMap(new TreeMap<>(offsets));
  }
}
