package io.callstream.examples.embedding;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.engine.local.PipelineTester;
import io.callstream.pipeline.ResultRow;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Shows how to test a statistic without a broker, a session or a sleep. */
class NightNoiseTest {
  private final PipelineTester test = PipelineTester.of(NightNoise.statistic());

  @Test
  void countsNoiseOfTheNightByStreet() {
    test.receive(
            call("1", "Noise Nuisance", "2018-10-06T23:30:00-07:00", "100 Block Of Market St"),
            call("2", "Noise Nuisance", "2018-10-06T01:00:00-07:00", "Market St/5th St"),
            call("3", "Noise Nuisance", "2018-10-06T15:00:00-07:00", "100 Block Of Market St"),
            call("4", "Trespasser", "2018-10-06T23:45:00-07:00", "100 Block Of Market St"))
        .endBatch();

    assertThat(test.results(NightNoise.NAME))
        .singleElement()
        .satisfies(
            row -> {
              assertThat(row.dimension("street")).isEqualTo("Market St");
              assertThat(row.count()).isEqualTo(2);
              assertThat(row.value("share")).contains(1.0);
            });
  }

  @Test
  void doesNotCountInADayThatIsOver() {
    test.receive(call("1", "Noise Nuisance", "2018-10-08T01:05:00-07:00", "Market St/5th St"))
        .endBatch()
        .receive(call("2", "Noise Nuisance", "2018-10-07T03:00:00-07:00", "Mission St"))
        .endBatch();

    assertThat(test.results(NightNoise.NAME)).extracting(ResultRow::count).containsExactly(1L);
    assertThat(test.deadLetters()).hasSize(1);
  }

  @AfterEach
  void everyCallIsInOnePlace() {
    assertThatAccounting(test.accounting()).addsUpFor(List.of(NightNoise.statistic()));
  }

  private static Call call(String id, String type, String time, String address) {
    return Call.builder(id, type, Instant.parse(time)).address(address).build();
  }
}
