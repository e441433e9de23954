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

/** Compares batches with the expected batches. */
final class Comparison {
  private Comparison() {}

  /** Asserts that a batch equals the batch of the model. */
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

  /** Asserts that a batch of one engine equals the batch of another. */
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

  /**
   * Returns dead letters as if they came from another source, which has offsets without a record.
   *
   * @param sent the record at each offset of that source
   */
  static List<DeadLetter> from(String topic, List<TestRecord> sent, List<DeadLetter> letters) {
    Map<Integer, Long> ends = new HashMap<>();
    Map<Integer, List<Long>> offsets = new HashMap<>();
    for (TestRecord r : sent) {
      long offset = ends.merge(r.partition(), 1L, Long::sum) - 1;
      if (r.isRecord()) {
        offsets.computeIfAbsent(r.partition(), p -> new ArrayList<>()).add(offset);
      }
    }
    return letters.stream().map(letter -> from(topic, offsets, letter)).toList();
  }

  private static DeadLetter from(
      String topic, Map<Integer, List<Long>> offsets, DeadLetter letter) {
    Origin old = letter.origin();
    long offset = offsets.get(old.partition()).get((int) old.offset());
    Origin origin = new Origin(topic, old.partition(), offset, old.timestamp());
    if (letter instanceof DeadLetter.Rejected r) {
      return new DeadLetter.Rejected(origin, r.value(), r.reason(), r.field(), r.detail());
    }
    DeadLetter.Late late = (DeadLetter.Late) letter;
    return new DeadLetter.Late(origin, late.value(), late.call(), late.missed());
  }

  /**
   * Returns the records at the offsets of each reported batch. Offsets without a record may be in
   * no batch, or in two batches after a restart.
   */
  static List<List<TestRecord>> batches(List<TestRecord> sent, List<Progress> reports) {
    Map<Integer, List<TestRecord>> partitions = new HashMap<>();
    sent.forEach(r -> partitions.computeIfAbsent(r.partition(), p -> new ArrayList<>()).add(r));
    Map<Integer, Long> ends = new HashMap<>();
    List<List<TestRecord>> batches = new ArrayList<>();
    for (Progress report : reports) {
      List<TestRecord> batch = new ArrayList<>();
      for (PartitionOffsets p : report.offsets()) {
        List<TestRecord> all = partitions.getOrDefault(p.partition(), List.of());
        long before = ends.getOrDefault(p.partition(), 0L);
        long first = Math.min(before, p.start());
        long last = Math.max(before, p.start());
        assertThat(all.subList((int) first, (int) last))
            .as(
                "offsets %s to %s of partition %s, which two batches or none read: the start of batch %s",
                first, last, p.partition(), report.batch())
            .noneMatch(TestRecord::isRecord);
        long end = Math.max(before, p.end());
        batch.addAll(all.subList((int) before, (int) end));
        ends.put(p.partition(), end);
      }
      batches.add(batch);
    }
    return batches;
  }
}
