package io.callstream.engine.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.engine.contract.ReferenceModel.Row;
import io.callstream.engine.local.PipelineTester;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.MemorySource;
import io.callstream.sink.Sinks;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

/**
 * Compares the local engine, for any batch boundaries, with a model that was written from the
 * design.
 */
class ReferenceModelTest {
  @Provide
  Arbitrary<Scenario> scenarios() {
    return ShrinkableScenario.any();
  }

  @Property(tries = 150)
  void eachBatchComesToWhatTheModelSaysWhereverBatchesEnd(@ForAll("scenarios") Scenario scenario) {
    String name = scenario.toString();
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
        String where = "batch " + batch.number() + " of " + name;
        Comparison.requireAsInModel(where, batch, expected);
        List<DeadLetter> all = tester.deadLetters();
        assertThat(all.subList(letters, all.size()))
            .as("dead letters in %s", where)
            .isEqualTo(expected.letters());
        letters = all.size();
        assertThat(tester.watermark()).as(where).isEqualTo(model.nextWatermark());
        for (StatisticSpec s : scenario.statistics()) {
          assertThat(Row.of(tester.results(s.name()).rows()))
              .as("results of %s in %s", s.name(), where)
              .isEqualTo(model.results(s.name()));
        }
      }
    }
    assertThat(batches).hasSize(scenario.batches().size());
  }

  @Property(tries = 2_000)
  @Tag("thorough")
  void manyBatchesComeToWhatTheModelSays(@ForAll("scenarios") Scenario scenario) {
    eachBatchComesToWhatTheModelSaysWhereverBatchesEnd(scenario);
  }
}
