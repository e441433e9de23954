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
                                  .where(call -> call.type().contains("a"))
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

  @Test
  @Rule(
      number = "8.1",
      text =
          "For every statistic with *k* windows per call, `k * (received - rejected -"
              + " duplicates) = counted + late + filtered`, in every batch and in total.",
      check = "which records the engine drops without counting them")
  void rule_8_1() throws Exception {
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

  @Test
  @Rule(
      number = "8.2",
      text = "The total after a batch is the sum of all batches so far.",
      check = "how the engine adds the accounting of a batch to the total")
  void rule_8_2() throws Exception {
    for (Outcome outcome : tried()) {
      Accounting sum =
          Accounting.none(
              outcome.accounting().statistics().keySet().stream().toList(),
              outcome.accounting().unknown().keySet().stream().toList());
      for (BatchResults batch : outcome.recorder().batches()) {
        sum = sum.plus(batch.accounting());
        assertThat(batch.total()).as(outcome.name()).isEqualTo(sum);
      }
      assertThat(outcome.accounting()).as(outcome.name()).isEqualTo(sum);
    }
  }

  @Test
  @Rule(
      number = "8.3",
      text = "Every batch receives as many records as were sent.",
      check = "for records that the engine drops before it counts them")
  void rule_8_3() throws Exception {
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

  @Test
  @Rule(
      number = "8.4",
      text = "There are as many dead letters as rejected records and late calls.",
      check = "whether the engine loses or repeats dead letters on their way to the sink")
  void rule_8_4() throws Exception {
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

  @Test
  @Rule(
      number = "8.5",
      text = "A call in *k* sliding windows makes *k* contributions, even if filtered or late.",
      check = "whether the engine counts calls instead of contributions")
  void rule_8_5() throws Exception {
    assertThat(mixture.get().batch(0).accounting().statistics())
        .containsEntry("types", new Accounting.Contributions(2, 0, 0))
        .containsEntry("sliding", new Accounting.Contributions(4, 0, 4));
    // At 12:00, the windows of 11:40 that end at 11:45 and 12:00 are closed.
    assertThat(mixture.get().batch(1).accounting().statistics())
        .containsEntry("types", new Accounting.Contributions(3, 0, 0))
        .containsEntry("sliding", new Accounting.Contributions(2, 6, 4));
  }
}
