package io.callstream.engine.contract;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.engine.contract.ReferenceModel.Row;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.Origin;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.statistic.Statistic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Compares batches with what they must come to. */
final class Comparison {
  private Comparison() {}

  /** Asserts that a batch is what the model says. */
  static void requireAsInModel(String where, BatchResults batch, ReferenceModel.Batch expected) {
    assertThat(batch.number()).as(where).isEqualTo(expected.number());
    assertThat(batch.watermark()).as("watermark in %s", where).isEqualTo(expected.watermark());
    assertThat(batch.accounting()).as("accounting in %s", where).isEqualTo(expected.accounting());
    assertThat(batch.total()).as("total in %s", where).isEqualTo(expected.total());
    requireIdentity(where, batch);
    expected
        .updates()
        .forEach(
            (name, rows) ->
                assertThat(Row.of(batch.updates(name)))
                    .as("updates of %s in %s", name, where)
                    .isEqualTo(rows));
    expected
        .current()
        .forEach(
            (name, rows) ->
                assertThat(Row.of(batch.results(name).rows()))
                    .as("emitted so far of %s in %s", name, where)
                    .isEqualTo(rows));
  }

  /** Asserts that a batch of one engine is a batch of another. */
  static void requireSame(String where, BatchResults batch, BatchResults expected) {
    assertThat(batch.number()).as(where).isEqualTo(expected.number());
    assertThat(batch.watermark()).as("watermark in %s", where).isEqualTo(expected.watermark());
    assertThat(batch.accounting()).as("accounting in %s", where).isEqualTo(expected.accounting());
    assertThat(batch.total()).as("total in %s", where).isEqualTo(expected.total());
    requireIdentity(where, batch);
    for (Statistic statistic : batch.pipeline().statistics()) {
      String name = statistic.name();
      assertThat(batch.updates(name))
          .as("updates of %s in %s", name, where)
          .isEqualTo(expected.updates(name));
      assertThat(batch.results(name).rows())
          .as("emitted so far of %s in %s", name, where)
          .isEqualTo(expected.results(name).rows());
    }
  }

  private static void requireIdentity(String where, BatchResults batch) {
    assertThatAccounting(batch.accounting()).as(where).addsUpFor(batch.pipeline());
    assertThatAccounting(batch.total()).as(where).addsUpFor(batch.pipeline());
  }

  /** Returns letters as if they came from another source. */
  static List<DeadLetter> from(String topic, List<DeadLetter> letters) {
    return letters.stream().map(letter -> from(topic, letter)).toList();
  }

  private static DeadLetter from(String topic, DeadLetter letter) {
    Origin old = letter.origin();
    Origin origin = new Origin(topic, old.partition(), old.offset(), old.timestamp());
    if (letter instanceof DeadLetter.Rejected r) {
      return new DeadLetter.Rejected(origin, r.value(), r.reason(), r.field());
    }
    return new DeadLetter.Late(origin, letter.value(), ((DeadLetter.Late) letter).missed());
  }

  /** Returns the records of each batch that was reported, found by their offsets. */
  static List<List<TestRecord>> batches(List<TestRecord> records, List<Progress> reports) {
    Map<Integer, List<TestRecord>> partitions = new HashMap<>();
    records.forEach(r -> partitions.computeIfAbsent(r.partition(), p -> new ArrayList<>()).add(r));
    List<List<TestRecord>> batches = new ArrayList<>();
    for (Progress report : reports) {
      List<TestRecord> batch = new ArrayList<>();
      for (PartitionOffsets p : report.offsets()) {
        List<TestRecord> all = partitions.getOrDefault(p.partition(), List.of());
        batch.addAll(all.subList((int) p.start(), (int) p.end()));
      }
      batches.add(batch);
    }
    return batches;
  }
}
