package io.callstream.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.CallSource;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class UnsentCallsTest {
  private static final String TOPIC = "calls";

  private static CallSource lines(List<String> lines) {
    return CallSource.stream(
        "lines", new ByteArrayInputStream((String.join("\n", lines) + "\n").getBytes(UTF_8)));
  }

  private static void send(KafkaCluster cluster, CallSource source) {
    try (CallProducer producer =
        CallProducer.to(cluster, TOPIC, SanFranciscoCalls.json()).connect()) {
      producer.send(source);
    }
  }

  @Test
  void theTopicEndsWithEachRecordAsOftenAsTheSourceHasIt() {
    // Values that occur up to three times, some invalid records, and some values of another
    // program.
    List<String> wanted = new ArrayList<>();
    IntStream.range(0, 500)
        .forEach(
            i -> wanted.addAll(Collections.nCopies(1 + i % 3, "{\"crime_id\":\"" + i + "\"}")));
    Collections.shuffle(wanted, new Random(1));
    List<String> before = new ArrayList<>(wanted.subList(0, 400));
    before.add("{\"crime_id\":\"of another source\"}");
    KafkaCluster cluster = TestBroker.cluster();
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      admin.ensure(TOPIC, 2, 1);
    }
    send(cluster, lines(before));
    UnsentCalls rest = UnsentCalls.of(lines(wanted), cluster, TOPIC);
    send(cluster, rest);
    assertThat(rest.skipped()).isEqualTo(400);
    send(cluster, UnsentCalls.of(lines(wanted), cluster, TOPIC));
    UnsentCalls stopped = UnsentCalls.of(lines(List.of("{\"crime_id\":\"new\"}")), cluster, TOPIC);
    stopped.stop();
    send(cluster, stopped);

    List<String> found = new ArrayList<>();
    TopicReader.of(cluster, TOPIC)
        .fromBeginning()
        .read(record -> found.add(new String(record.value(), UTF_8)));
    wanted.add("{\"crime_id\":\"of another source\"}");
    assertThat(found).containsExactlyInAnyOrderElementsOf(wanted);
  }
}
