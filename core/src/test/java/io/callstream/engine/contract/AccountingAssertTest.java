package io.callstream.engine.contract;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AccountingAssertTest {
  private static final Pipeline PIPELINE =
      Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
          .statistic(Statistic.named("all").build())
          .statistic(
              Statistic.named("sliding")
                  .where(call -> true)
                  .over(
                      Windows.sliding(Duration.ofHours(1), Duration.ofMinutes(20))
                          .withoutLateness())
                  .build())
          .build();

  private static Accounting accounting(Contributions all, Contributions sliding) {
    Map<String, Contributions> statistics = new LinkedHashMap<>();
    statistics.put("all", all);
    statistics.put("sliding", sliding);
    return new Accounting(10, 2, 0, 1, 0, 7, 0, Map.of("dispositions", 7L), statistics);
  }

  @Test
  void acceptsWhatAddsUp() {
    assertThatAccounting(accounting(new Contributions(7, 0, 0), new Contributions(10, 8, 3)))
        .addsUpFor(PIPELINE);
  }

  @Test
  void refusesWhatDoesNot() {
    for (Contributions sliding :
        new Contributions[] {
          new Contributions(10, 8, 2), new Contributions(7, 0, 0), new Contributions(22, -1, 0)
        }) {
      assertThatThrownBy(
              () ->
                  assertThatAccounting(accounting(new Contributions(7, 0, 0), sliding))
                      .addsUpFor(PIPELINE))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("sliding");
    }
    for (Contributions all :
        new Contributions[] {
          new Contributions(6, 1, 0), new Contributions(6, 0, 1), new Contributions(8, 0, 0)
        }) {
      assertThatThrownBy(
              () ->
                  assertThatAccounting(accounting(all, new Contributions(21, 0, 0)))
                      .addsUpFor(PIPELINE))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("all");
    }
    assertThatThrownBy(
            () ->
                assertThatAccounting(new Accounting(0, 0, 0, 0, 0, 0, 0, Map.of(), Map.of()))
                    .addsUpFor(PIPELINE))
        .isInstanceOf(AssertionError.class);
  }
}
