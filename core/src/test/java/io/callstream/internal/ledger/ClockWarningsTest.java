package io.callstream.internal.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.callstream.internal.task.PartitionClock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class ClockWarningsTest {
  private final AtomicLong nanos = new AtomicLong(-5);
  private final ClockWarnings warnings = new ClockWarnings(nanos::get);

  private static PartitionClock clock() {
    PartitionClock clock = PartitionClock.ofPartition(Duration.ofHours(1).toMillis());
    for (String time : new String[] {"10:00", "10:01", "23:59", "10:02", "10:03"}) {
      clock.add(Instant.parse("2018-11-05T" + time + ":00Z").toEpochMilli());
    }
    return clock;
  }

  @Test
  void warnsOfTheFirstAndThenOnceAMinute() {
    Logger logger = (Logger) LoggerFactory.getLogger(ClockWarnings.class);
    ListAppender<ILoggingEvent> events = new ListAppender<>();
    events.start();
    logger.addAppender(events);
    try {
      warnings.unconfirmed(7, clock());
      nanos.addAndGet(Duration.ofMinutes(1).toNanos() - 1);
      warnings.unconfirmed(7, clock());
      assertThat(events.list).hasSize(1);
      nanos.incrementAndGet();
      warnings.unconfirmed(8, clock());
    } finally {
      logger.detachAppender(events);
    }
    assertThat(events.list).extracting(ILoggingEvent::getLevel).containsOnly(Level.WARN);
    assertThat(events.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .satisfiesExactly(
            first ->
                assertThat(first)
                    .contains(
                        "partition 7",
                        "2018-11-05T23:59:00Z",
                        "the time of the partition is 2018-11-05T10:03:00Z",
                        "so far: 1",
                        "maxEventTimeJump"),
            second -> assertThat(second).contains("partition 8"));
  }
}
