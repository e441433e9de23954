package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.kafka.broker.EmbeddedBroker;
import org.junit.jupiter.api.Test;

/** {@code statistics --results executors} on the console. */
class ResultsInExecutorsTest {
  @Test
  void theFirstRowsAreShownWithoutTotalsThatTheDriverDoesNotHave() {
    try (EmbeddedBroker broker = EmbeddedBroker.start()) {
      String servers = broker.bootstrapServers();
      CommandRun produced =
          CommandRun.of("produce", "--synthetic", "500", "--bootstrap-servers", servers);
      assertThat(produced.status()).as(produced.err()).isZero();

      CommandRun counted =
          CommandRun.of(
              "statistics",
              "--once",
              "--results",
              "executors",
              "--results-topic",
              "counts",
              "--top",
              "3",
              "--bootstrap-servers",
              servers);

      assertThat(counted.status()).as(counted.err()).isZero();
      assertThat(counted.out())
          .contains("calls-by-type: the first 3 rows", "crime_type", "received")
          .doesNotContain("more", "share");
    }
  }
}
