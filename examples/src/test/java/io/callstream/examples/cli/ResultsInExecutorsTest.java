package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import org.junit.jupiter.api.Test;

/** {@code statistics --results executors} on the console. */
class ResultsInExecutorsTest {
  @Test
  void theFirstRowsAreShownWithoutTotalsThatTheDriverDoesNotHave() {
    KafkaTopic topic = TestBroker.topic(2);
    TestBroker.send(topic, SyntheticCalls.of(500));

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
            "--topic",
            topic.name(),
            "--bootstrap-servers",
            topic.bootstrapServers());

    assertThat(counted.status()).as(counted.err()).isZero();
    assertThat(counted.out())
        .contains("calls-by-type: the first 3 rows", "crime_type", "received")
        .doesNotContain("more", "share");
  }
}
