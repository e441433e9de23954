package io.callstream.internal.source;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.callstream.internal.source.OpenTransactions.Ends;
import io.callstream.pipeline.KafkaTopic;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class OpenTransactionsTest {
  private static final Logger LOGGER = (Logger) LoggerFactory.getLogger(OpenTransactions.class);

  private final ListAppender<ILoggingEvent> events = new ListAppender<>();
  private final OpenTransactions transactions =
      new OpenTransactions(KafkaTopic.of("calls").at("broker:9092"), Map::of);

  @BeforeEach
  void listen() {
    events.start();
    LOGGER.addAppender(events);
  }

  @AfterEach
  void stopListening() {
    LOGGER.detachAppender(events);
  }

  private void at(int second, Map<Integer, Ends> ends) {
    transactions.compare(ends, -3 + Duration.ofSeconds(second).toNanos());
  }

  @Test
  void warnsOnceOfAPartitionThatStaysHeldBack() {
    for (int second = 0; second <= 60; second += 5) {
      at(second, Map.of(0, new Ends(7, 7), 1, new Ends(20, 25 + second)));
      assertThat(events.list).as("second %d", second).hasSize(second < 10 ? 0 : 1);
    }
    assertThat(events.list.get(0).getLevel()).isEqualTo(Level.WARN);
    assertThat(events.list.get(0).getFormattedMessage())
        .contains(
            "records of partition 1 in topic calls from offset 20 on",
            "15 offsets so far",
            "kafka-transactions.sh --bootstrap-server broker:9092 find-hanging --topic calls");
  }

  @Test
  void warnsAgainWhenAnotherTransactionHoldsThePartitionBack() {
    at(0, Map.of(0, new Ends(20, 25)));
    at(10, Map.of(0, new Ends(20, 25)));
    at(15, Map.of(0, new Ends(30, 31)));
    at(20, Map.of(0, new Ends(30, 31)));
    assertThat(events.list).hasSize(1);
    at(25, Map.of(0, new Ends(30, 31)));
    assertThat(events.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .satisfiesExactly(
            first -> assertThat(first).contains("from offset 20 on"),
            second -> assertThat(second).contains("from offset 30 on"));
  }

  @Test
  void shortTransactionsAreNotReported() {
    for (int second = 0; second <= 60; second += 5) {
      at(second, Map.of(0, new Ends(second, second + 5L)));
    }
    assertThat(events.list).isEmpty();
  }
}
