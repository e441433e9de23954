package io.callstream.engine.contract;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static io.callstream.engine.contract.SourceRecord.call;
import static io.callstream.engine.contract.SourceRecord.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.progress.Accounting;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Rules 8: the accounting. They check the outcomes of all groups, so they run last. */
abstract class AccountingRules extends ContractRules {
  AccountingRules(ContractKit kit) {
    super(kit);
  }

  private final Tried mixture =
      new Tried(
          trial(
                  "mixture",
                  p ->
                      p.statistic(TYPES)
                          .statistic(
                              Statistic.named("sliding")
                                  .where(call -> call.crimeType().contains("a"))
                                  .over(Windows.sliding(HOUR, HOUR.dividedBy(4)).withoutLateness())
                                  .build()))
              .partitions(2)
              .step(
                  call(0, "1", "a", "2018-06-01T12:00:00Z"),
                  call(1, "2", "b", "2018-06-01T12:00:00Z"),
                  text(0, "no call"))
              .step(
                  call(0, "3", "a", "2018-06-01T11:40:00Z"),
                  call(0, "4", "a", "2018-06-01T09:00:00Z"),
                  call(1, "5", "b", "2018-06-01T09:00:00Z"),
                  text(1, "{")));

  private List<Outcome> tried() throws Exception {
    mixture.get();
    return outcomes();
  }

  /**
   * For every statistic whose windows put a call in k of them, {@code k * (received - rejected -
   * duplicates) = counted + late + filtered}, in every batch of every trial and in total. If it
   * fails, check which records the engine drops without counting them.
   */
  @Test
  void rule_8_1_everyRecordIsInOnePlaceInEveryBatchAndInTotal() throws Exception {
    for (Outcome outcome : tried()) {
      for (BatchResults batch : outcome.recorder().batches()) {
        assertThatAccounting(batch.accounting())
            .as("%s, batch %s", outcome.name(), batch.number())
            .addsUpFor(outcome.pipeline());
        assertThatAccounting(batch.total())
            .as("%s, total after batch %s", outcome.name(), batch.number())
            .addsUpFor(outcome.pipeline());
      }
      assertThatAccounting(outcome.accounting()).addsUpFor(outcome.pipeline());
    }
  }

  /**
   * The total after a batch is the sum of all batches up to it. If it fails, check how the engine
   * adds the accounting of a batch to the total.
   */
  @Test
  void rule_8_2_theTotalIsTheSumOfTheBatches() throws Exception {
    for (Outcome outcome : tried()) {
      Accounting sum =
          Accounting.none(outcome.accounting().statistics().keySet().stream().toList());
      for (BatchResults batch : outcome.recorder().batches()) {
        sum = sum.plus(batch.accounting());
        assertThat(batch.total()).as(outcome.name()).isEqualTo(sum);
      }
      assertThat(outcome.accounting()).as(outcome.name()).isEqualTo(sum);
    }
  }

  /**
   * Every batch receives as many records as were sent. If it fails, check for records that the
   * engine drops before it counts them.
   */
  @Test
  void rule_8_3_whatWasSentIsReceived() throws Exception {
    for (Outcome outcome : tried()) {
      for (int i = 0; i < outcome.steps().size(); i++) {
        long sent = outcome.steps().get(i).size();
        assertThat(outcome.batch(i).accounting().received())
            .as("received in step %s of %s", i, outcome.name())
            .isEqualTo(sent);
        assertThat(outcome.report(i).inputRows())
            .as("input rows in step %s of %s", i, outcome.name())
            .isEqualTo(sent);
      }
    }
  }

  /**
   * The number of dead letters is the number of rejected records and late calls. If it fails, check
   * whether the engine loses or repeats dead letters on their way to the sink.
   */
  @Test
  void rule_8_4_everyRejectedRecordAndLateCallIsDelivered() throws Exception {
    for (Outcome outcome : tried()) {
      for (int i = 0; i < outcome.steps().size(); i++) {
        List<DeadLetter> letters = outcome.letters(i);
        Accounting accounting = outcome.batch(i).accounting();
        assertThat(letters.stream().filter(Rejected.class::isInstance).count())
            .as("rejected in step %s of %s", i, outcome.name())
            .isEqualTo(accounting.rejected());
        for (Map.Entry<String, Accounting.Contributions> e : accounting.statistics().entrySet()) {
          assertThat(
                  letters.stream()
                      .filter(Late.class::isInstance)
                      .flatMap(letter -> ((Late) letter).missed().stream())
                      .filter(missed -> missed.statistic().equals(e.getKey()))
                      .count())
              .as("late for %s in step %s of %s", e.getKey(), i, outcome.name())
              .isEqualTo(e.getValue().late());
        }
      }
    }
  }

  /**
   * A call in k sliding windows makes k contributions, including filtered and late ones. If it
   * fails, check whether the engine counts calls instead of contributions.
   */
  @Test
  void rule_8_5_aCallInSeveralWindowsMakesAsManyContributions() throws Exception {
    assertThat(mixture.get().batch(0).accounting().statistics())
        .containsEntry("types", new Accounting.Contributions(2, 0, 0))
        .containsEntry("sliding", new Accounting.Contributions(4, 0, 4));
    // At 12:00, the windows of 11:40 that end at 11:45 and 12:00 are closed.
    assertThat(mixture.get().batch(1).accounting().statistics())
        .containsEntry("types", new Accounting.Contributions(3, 0, 0))
        .containsEntry("sliding", new Accounting.Contributions(2, 6, 4));
  }
}
