package io.callstream.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.benchmarks.load.SteadyRun.Load;
import io.callstream.benchmarks.load.SteadyRun.Outcome;
import io.callstream.engine.RunOptions;
import io.callstream.engine.local.LocalEngine;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A run that fails leaves the sender ready for the next one, and no topic behind. */
@Timeout(120)
class SteadyRunTest {
  private static final Load LOAD =
      new Load(500, Duration.ofSeconds(1), Duration.ZERO, Duration.ofSeconds(30));

  private static Set<String> topics(Traffic traffic) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", traffic.bootstrapServers()))) {
      return admin.listTopics().names().get();
    }
  }

  @Test
  void aRunThatFailsIsFollowedByOneThatDoesNot() throws Exception {
    try (Traffic traffic = Traffic.embedded()) {
      SteadyRun run = new SteadyRun(traffic, 2, topic -> topic, () -> false, progress -> {});
      RunOptions options = RunOptions.continuous().triggeringEvery(Duration.ZERO);
      SteadyRun misspelt =
          new SteadyRun(
              traffic,
              2,
              topic -> topic.with(Map.of("fetch.max.byte", "1")),
              () -> false,
              progress -> {});

      assertThatThrownBy(() -> misspelt.measure(LOAD, new LocalEngine(), options))
          .isInstanceOf(CallstreamException.class);
      Outcome outcome = run.measure(LOAD, new LocalEngine(), options);

      assertThat(outcome.missing()).isZero();
      assertThat(outcome.latencies().getTotalCount()).isEqualTo(500);
      assertThat(topics(traffic)).isEmpty();
    }
  }
}
