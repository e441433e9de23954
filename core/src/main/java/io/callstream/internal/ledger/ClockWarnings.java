package io.callstream.internal.ledger;

import io.callstream.internal.task.PartitionClock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs warnings about unconfirmed event times: the first one of a run, and then at most one per
 * minute.
 */
final class ClockWarnings {
  private static final Logger LOG = LoggerFactory.getLogger(ClockWarnings.class);
  private static final Duration PAUSE = Duration.ofMinutes(1);

  private final LongSupplier nanos;
  private boolean hasWarned;
  private long lastNanos;

  ClockWarnings(LongSupplier nanos) {
    this.nanos = nanos;
  }

  void unconfirmed(int partition, PartitionClock clock) {
    long now = nanos.getAsLong();
    if (hasWarned && now - lastNanos < PAUSE.toNanos()) {
      return;
    }
    hasWarned = true;
    lastNanos = now;
    LOG.warn(
        "A call of partition {} has the event time {}, which the two calls after it do not confirm:"
            + " the time of the partition is {}. The call is counted in its own window and does not"
            + " advance the watermark. Calls like this in the partition so far: {}. If their times are"
            + " right, set a greater maxEventTimeJump.",
        partition,
        Instant.ofEpochMilli(clock.lastUnconfirmedMillis()),
        Instant.ofEpochMilli(clock.millis()),
        clock.unconfirmed());
  }
}
