package io.callstream.engine.local;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.contract.ReferenceModel;
import io.callstream.engine.contract.ReferenceModel.Row;
import io.callstream.engine.contract.Scenario;
import io.callstream.engine.contract.StatisticSpec;
import io.callstream.engine.contract.TestRecord;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.sink.Sinks;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/** Holds the local engine against a model that was written from the design. */
class ReferenceModelTest {

  @Property(tries = 800, shrinking = ShrinkingMode.OFF)
  @Label("each batch comes to what the model says, wherever batches end")
  void eachBatchIsAsInTheModel(@ForAll long seed) {
    Scenario scenario = Scenario.of(seed);
    ReferenceModel model = new ReferenceModel(scenario, MemorySource.NAME);
    List<BatchResults> batches = new ArrayList<>();
    try (PipelineTester tester =
        PipelineTester.of(
            scenario.format(),
            scenario.partitions(),
            pipeline -> scenario.addTo(pipeline).results(Sinks.callback(batches::add)))) {
      int letters = 0;
      for (List<TestRecord> records : scenario.batches()) {
        records.forEach(r -> tester.receive(r.partition(), r.timestamp(), r.value()));
        tester.endBatch();
        ReferenceModel.Batch expected = model.process(records);
        BatchResults batch = batches.get(batches.size() - 1);
        String where = "batch " + batch.number() + " of " + scenario;
        assertSame(where, batch, expected);
        List<DeadLetter> all = tester.deadLetters();
        assertThat(all.subList(letters, all.size()))
            .as("dead letters in %s", where)
            .isEqualTo(expected.letters());
        letters = all.size();
        assertThat(tester.watermark()).as(where).isEqualTo(model.nextWatermark());
        for (StatisticSpec s : scenario.statistics()) {
          assertThat(Row.of(tester.results(s.name())))
              .as("results of %s in %s", s, where)
              .isEqualTo(model.results(s.name()));
        }
      }
    }
    assertThat(batches).hasSize(scenario.batches().size());
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  @Label("a bounded run with a limit per batch is as the model with the batches that it chose")
  void boundedRunIsAsInTheModel(@ForAll long seed) {
    Scenario scenario = Scenario.of(seed);
    MemorySource source = MemorySource.withPartitions(scenario.partitions());
    Map<Integer, List<TestRecord>> partitions = new HashMap<>();
    for (TestRecord r : scenario.records()) {
      source.add(r.partition(), r.timestamp(), r.value());
      partitions.computeIfAbsent(r.partition(), p -> new ArrayList<>()).add(r);
    }
    List<BatchResults> batches = new ArrayList<>();
    List<Progress> reports = new ArrayList<>();
    List<DeadLetter> letters = new ArrayList<>();
    Pipeline pipeline =
        scenario
            .addTo(Pipeline.builder(source, scenario.format()))
            .results(Sinks.callback(batches::add))
            .deadLetters(Sinks.deadLetterCallback(letters::add))
            .listener(reports::add)
            .build();
    RunOptions options =
        RunOptions.bounded().readingAtMost(1 + new Random(seed).nextInt(50)).flushingAtEnd();

    ReferenceModel model = new ReferenceModel(scenario, MemorySource.NAME);
    List<DeadLetter> expectedLetters = new ArrayList<>();
    try (RunningPipeline run =
        new LocalEngine(new ManualClock(Instant.EPOCH)).start(pipeline, options)) {
      assertThat(run.failure()).as("%s", scenario).isEmpty();
      assertThat(run.state()).isEqualTo(RunningPipeline.State.FINISHED);
      assertThat(batches).hasSize(reports.size() + 1);
      for (int i = 0; i < reports.size(); i++) {
        List<TestRecord> records = new ArrayList<>();
        for (PartitionOffsets p : reports.get(i).offsets()) {
          List<TestRecord> all = partitions.getOrDefault(p.partition(), List.of());
          records.addAll(all.subList((int) p.start(), (int) p.end()));
        }
        ReferenceModel.Batch expected = model.process(records);
        assertSame("batch " + i + " of " + scenario, batches.get(i), expected);
        assertThat(reports.get(i).inputRows()).isEqualTo(records.size());
        assertThat(reports.get(i).accounting()).isEqualTo(expected.accounting());
        assertThat(reports.get(i).total()).isEqualTo(expected.total());
        assertThat(reports.get(i).watermark()).isEqualTo(expected.watermark());
        expectedLetters.addAll(expected.letters());
      }
      assertThat(letters).isEqualTo(expectedLetters);
      assertThat(run.accounting().received()).isEqualTo(scenario.records().size());
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      BatchResults flush = batches.get(batches.size() - 1);
      for (StatisticSpec s : scenario.statistics()) {
        assertThat(Row.of(flush.updates(s.name())))
            .as("flush of %s in %s", s, scenario)
            .isEqualTo(model.flushed(s.name()));
        assertThat(Row.of(flush.results(s.name()).rows())).isEqualTo(model.results(s.name()));
        assertThat(Row.of(run.results(s.name()).rows())).isEqualTo(model.results(s.name()));
      }
    }
  }

  private static void assertSame(String where, BatchResults batch, ReferenceModel.Batch expected) {
    assertThat(batch.number()).as(where).isEqualTo(expected.number());
    assertThat(batch.watermark()).as("watermark in %s", where).isEqualTo(expected.watermark());
    assertThat(batch.accounting()).as("accounting in %s", where).isEqualTo(expected.accounting());
    assertThat(batch.total()).as("total in %s", where).isEqualTo(expected.total());
    assertThatAccounting(batch.accounting()).addsUpFor(batch.pipeline());
    assertThatAccounting(batch.total()).addsUpFor(batch.pipeline());
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
}
