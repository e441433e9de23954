package io.callstream.engine.contract;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Fields;
import io.callstream.engine.Capability;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.contract.ReferenceModel.Row;
import io.callstream.engine.local.PipelineTester;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import org.opentest4j.TestAbortedException;

/**
 * Group 17 of the rules: random pipelines over random records around a clock change, with disorder,
 * duplicates and garbage. The engine decides where its batches end. Two other implementations
 * compute the expected results of the reported batches: a simple model ({@link ReferenceModel})
 * that shares no code with the product, and the local engine.
 *
 * <p>Runs with jqwik. The property {@code jqwik.tries.default} in {@code junit-platform.properties}
 * sets the number of tries. A failure shows its seed and the smallest failing scenario that jqwik
 * found. The next run tries this scenario first.
 */
public abstract class RandomPipelinesContract {
  private static final String MODEL =
      "For random pipelines and records, batches, dead letters and results equal those of the model"
          + " and the local engine, also after restarts from a checkpoint, failures of a sink, and"
          + " changes of the statistics.";
  private static final String LOCAL_ENGINE =
      "For thousands of records and other measures, results equal those of the local engine over the"
          + " same batches.";

  /** Returns the engine under test and its sources. */
  protected abstract Testbed testbed();

  @Provide
  Arbitrary<Scenario> scenarios() {
    return ShrinkableScenario.any();
  }

  @Provide
  Arbitrary<Scenario> largeScenarios() {
    return ShrinkableScenario.large();
  }

  @Property
  @Tag("campaign")
  @Label("17.1 " + MODEL)
  @Rule(number = "17.1", text = MODEL, check = "the small scenario first: its records are shown")
  void rule_17_1(@ForAll("scenarios") Scenario made) throws Exception {
    Scenario scenario = supported(made);
    explained("rule_17_1", scenario, () -> comesToWhatTheModelSays(scenario));
  }

  private interface Work {
    void run() throws Exception;
  }

  /** Adds the rule and the scenario to any failure. */
  private static void explained(String rule, Scenario scenario, Work work) throws Exception {
    try {
      work.run();
    } catch (TestAbortedException e) {
      throw e;
    } catch (AssertionError | RuntimeException e) {
      throw RuleReport.failure(
          RandomPipelinesContract.class.getDeclaredMethod(rule, Scenario.class),
          new AssertionError("In " + scenario + ": " + e.getMessage(), e));
    }
  }

  private void comesToWhatTheModelSays(Scenario scenario) throws Exception {
    Random random = new Random(scenario.seed());
    boolean restarting =
        random.nextBoolean()
            && !scenario.records().isEmpty()
            && testbed().engine().capabilities().contains(Capability.CHECKPOINT);
    // The limit is a fraction of the records and not a number, so that a smaller scenario keeps its
    // batches.
    int batches = 1 + random.nextInt(testbed().mostBatches());
    RunOptions options =
        RunOptions.bounded().readingAtMost(Math.max(1, scenario.records().size() / batches));
    Attempt attempt = new Attempt(scenario, parts -> parts);
    if (random.nextBoolean()) {
      attempt.useTransactions(random);
    }
    if (restarting) {
      Path directory = Files.createTempDirectory("callstream-contract-");
      if (random.nextBoolean() && attempt.canEvolve(options)) {
        attempt.changeStatistics(random);
      }
      try {
        attempt.runs(random, options, directory);
      } finally {
        delete(directory);
      }
    } else {
      attempt.run(options.flushingAtEnd());
    }
    attempt.requireAsInModel(!restarting);
    attempt.requireAsLocal();
  }

  /** Returns a scenario without what the engine does not support. */
  private Scenario supported(Scenario scenario) {
    Set<Capability> supported = testbed().engine().capabilities();
    Scenario joined = supported.contains(Capability.LOOKUPS) ? scenario : scenario.withoutLookups();
    return supported.contains(scenario.corrects() ? Capability.CORRECTIONS : Capability.DISTINCT)
        ? joined
        : joined.cut(joined.statistics(), Optional.empty(), joined.batches());
  }

  @Property(tries = 2)
  @Label("17.2 " + LOCAL_ENGINE)
  @Rule(number = "17.2", text = LOCAL_ENGINE, check = "how the engine merges large states")
  void rule_17_2(@ForAll("largeScenarios") Scenario made) throws Exception {
    Scenario scenario = supported(made);
    explained("rule_17_2", scenario, () -> comesToWhatTheLocalEngineSays(scenario));
  }

  private void comesToWhatTheLocalEngineSays(Scenario scenario) throws Exception {
    Attempt attempt =
        new Attempt(
            scenario,
            pipeline -> scenario.corrects() ? pipeline : pipeline.statistic(sketches(scenario)));
    attempt.run(RunOptions.bounded().readingAtMost(Math.max(1, scenario.records().size() / 5)));
    attempt.requireAsLocal();
  }

  private static Statistic sketches(Scenario scenario) {
    return Statistic.named("sketches")
        .over(Windows.weekly(scenario.zone()).allowingLateness(Duration.ofHours(1)))
        .measuring(
            Measures.approximateDistinct("places", Fields.ADDRESS),
            Measures.approximateDistinct("ids", Fields.ID),
            Measures.approximateDistinct("positions", Fields.POSITION),
            Measures.quantile("p90_price", 0.9, KitCalls.PRICE),
            Measures.quantile("p10_speed", 0.1, KitCalls.SPEED),
            Measures.mean("speed", KitCalls.SPEED))
        .build();
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** A run of a scenario on the engine. */
  private final class Attempt {
    private final Scenario scenario;
    private final UnaryOperator<Pipeline.Builder> parts;
    private final ContractSource source;
    private final Recorder recorder = new Recorder();
    private Pipeline pipeline;
    private Map<String, List<Row>> results = Map.of();
    private Optional<Random> transactions = Optional.empty();

    private Optional<Random> changes = Optional.empty();
    private final List<Phase> phases = new ArrayList<>();
    private final Set<String> used = new HashSet<>();

    /** The statistics from a batch on, and the first batches of those that were added. */
    private record Phase(
        long batch, List<StatisticSpec> statistics, Map<String, Long> firstBatches) {}

    /** The generation of the table of areas at which the next run starts. */
    private int generation;

    /** The record at each offset of the source. */
    private final List<TestRecord> sent = new ArrayList<>();

    Attempt(Scenario scenario, UnaryOperator<Pipeline.Builder> parts) {
      this.scenario = scenario;
      this.parts = parts;
      source = testbed().source(scenario.partitions());
      pipeline = recorder.on(pipeline()).build();
    }

    private Pipeline.Builder pipeline() {
      Pipeline.Builder builder = Pipeline.builder(source.source(), scenario.format());
      AreaTable areas = AreaTable.changing(generation++);
      return phases.isEmpty()
          ? parts.apply(scenario.addTo(builder, areas))
          : scenario.cut(active(), scenario.distinct(), scenario.batches()).addTo(builder, areas);
    }

    /**
     * Returns whether the engine can change the statistics of this pipeline. An engine may reject
     * corrections of a pipeline that evolves.
     */
    boolean canEvolve(RunOptions options) {
      Engine engine = testbed().engine();
      if (!engine.capabilities().contains(Capability.EVOLUTION)) {
        return false;
      }
      try {
        engine.requireSupport(pipeline, options.evolving());
        return true;
      } catch (CallstreamException e) {
        assertThat(e.code()).as("%s", scenario).isEqualTo(ErrorCode.UNSUPPORTED);
        return false;
      }
    }

    /** Adds and removes statistics before each run. */
    void changeStatistics(Random random) {
      changes = Optional.of(random);
    }

    private List<StatisticSpec> active() {
      return phases.isEmpty() ? scenario.statistics() : phases.get(phases.size() - 1).statistics();
    }

    private static boolean drops(Random random) {
      return random.nextInt(3) == 0;
    }

    /**
     * Changes the statistics of the next run. The first one always remains.
     *
     * @param pending whether the next run repeats a batch
     */
    private void change(boolean pending) {
      if (changes.isEmpty()) {
        return;
      }
      Random random = changes.get();
      long next = recorder.reports().size();
      List<StatisticSpec> some = new ArrayList<>();
      Map<String, Long> firsts = new TreeMap<>();
      if (!phases.isEmpty()) {
        firsts.putAll(phases.get(phases.size() - 1).firstBatches());
      }
      for (StatisticSpec s : scenario.statistics()) {
        boolean isFirst = s.equals(scenario.statistics().get(0));
        if (phases.isEmpty() ? random.nextBoolean() : active().contains(s) && !drops(random)) {
          some.add(s);
          used.add(s.name());
        } else if (isFirst) {
          some.add(s);
        } else if (!phases.isEmpty() && !drops(random) && used.add(s.name())) {
          some.add(s);
          firsts.put(s.name(), pending ? next + 1 : next);
        }
      }
      Collections.shuffle(some, random);
      phases.add(new Phase(next, List.copyOf(some), firsts));
      pipeline = recorder.on(pipeline()).build();
      recorder.forgetLetters(next);
    }

    /** Sends some records in transactions, and copies of some records in aborted transactions. */
    void useTransactions(Random random) {
      transactions = Optional.of(random);
    }

    private void send(List<TestRecord> records) {
      if (transactions.isEmpty()) {
        source.send(sent(records));
        sent.addAll(records);
        return;
      }
      Random random = transactions.get();
      int part = 1 + random.nextInt(Math.max(1, records.size()));
      for (int from = 0; from < records.size(); from += part) {
        List<TestRecord> some = records.subList(from, Math.min(records.size(), from + part));
        if (random.nextBoolean()) {
          abort(some.subList(0, 1 + random.nextInt(Math.min(some.size(), 5))));
        }
        Optional<ContractSource.Transaction> transaction =
            random.nextBoolean() ? source.begin() : Optional.empty();
        if (transaction.isPresent()) {
          transaction.get().send(sent(some));
          transaction.get().commit();
          sent.addAll(some);
          end(some);
        } else {
          source.send(sent(some));
          sent.addAll(some);
        }
      }
    }

    private List<SourceRecord> sent(List<TestRecord> records) {
      return records.stream().map(TestRecord::sent).toList();
    }

    private void abort(List<TestRecord> records) {
      Optional<ContractSource.Transaction> transaction = source.begin();
      if (transaction.isPresent()) {
        transaction.get().send(sent(records));
        transaction.get().abort();
        records.forEach(r -> sent.add(TestRecord.hole(r.partition())));
        end(records);
      }
    }

    /** Adds the offsets that the end of a transaction uses: one in each of its partitions. */
    private void end(List<TestRecord> records) {
      records.stream()
          .map(TestRecord::partition)
          .distinct()
          .forEach(partition -> sent.add(TestRecord.hole(partition)));
    }

    void run(RunOptions options) throws InterruptedException {
      send(scenario.records());
      finish(options);
    }

    private void finish(RunOptions options) throws InterruptedException {
      try (RunningPipeline run = testbed().engine().start(pipeline, options)) {
        assertThat(run.awaitTermination(testbed().patience())).as("%s", scenario).isTrue();
        assertThatAccounting(run.accounting()).as("%s", scenario).addsUpFor(pipeline);
        Map<String, List<Row>> rows = new TreeMap<>();
        pipeline
            .statistics()
            .forEach(s -> rows.put(s.name(), Row.of(run.results(s.name()).rows())));
        results = rows;
      }
    }

    /** Runs once for each part of the records, and once more with a failing sink. */
    void runs(Random random, RunOptions options, Path directory) throws InterruptedException {
      RunOptions shared =
          options.checkpointingTo(testbed().checkpoint(directory.resolve("checkpoint")));
      if (changes.isPresent()) {
        shared = shared.evolving();
      }
      List<TestRecord> records = scenario.records();
      int instalments = changes.isPresent() ? 2 : 1 + random.nextInt(2);
      int failing = random.nextInt(3);
      for (int i = 0; i < instalments; i++) {
        List<TestRecord> part =
            records.subList(
                records.size() * i / instalments, records.size() * (i + 1) / instalments);
        if (part.isEmpty()) {
          continue;
        }
        send(part);
        if (i == failing) {
          change(false);
          fail(shared);
        }
        change(i == failing);
        finish(shared);
      }
    }

    /**
     * Runs with a sink that fails in its first batch, after other sinks have received the batch.
     */
    private void fail(RunOptions options) throws InterruptedException {
      AtomicBoolean failed = new AtomicBoolean();
      Pipeline failing =
          recorder
              .on(pipeline())
              .results(
                  Sinks.callback(
                      batch -> {
                        failed.set(true);
                        throw new IllegalStateException("pulled the plug");
                      }))
              .build();
      try (RunningPipeline run = testbed().engine().start(failing, options)) {
        assertThatThrownBy(
                () -> run.awaitTermination(testbed().patience()), "a failure of %s", scenario)
            .hasMessageContaining("pulled the plug");
      }
      assertThat(failed).as("%s", scenario).isTrue();
    }

    /** Returns each batch as the sinks last received it. */
    private List<BatchResults> batches() {
      Map<Long, BatchResults> last = new TreeMap<>();
      recorder.batches().forEach(batch -> last.put(batch.number(), batch));
      return List.copyOf(last.values());
    }

    void requireAsInModel(boolean flushed) {
      ReferenceModel model = new ReferenceModel(scenario, source.topic());
      List<Progress> reports = recorder.reports();
      List<List<TestRecord>> records = Comparison.batches(sent, reports);
      List<BatchResults> batches = batches();
      String name = scenario + (phases.isEmpty() ? "" : ", changes " + phases);
      assertThat(batches).as(name).hasSize(reports.size() + (flushed ? 1 : 0));
      for (BatchResults delivered : recorder.batches()) {
        assertThat(delivered.lookups())
            .as("tables of batch %s, whenever it is delivered, in %s", delivered.number(), name)
            .isEqualTo(batches.get((int) delivered.number()).lookups());
        requireRepeated(delivered, batches.get((int) delivered.number()), name);
      }
      for (int i = 0; i < reports.size(); i++) {
        for (Phase phase : phases) {
          if (phase.batch() == i) {
            model.continueWith(phase.statistics(), phase.firstBatches());
          }
        }
        ReferenceModel.Batch expected =
            model.process(records.get(i), AreaTable.generation(reports.get(i).lookups()));
        String where = "batch " + i + " of " + name;
        Comparison.requireAsInModel(where, batches.get(i), expected);
        assertThat(recorder.letters(i)).as("letters in %s", where).isEqualTo(expected.letters());
        Progress report = reports.get(i);
        assertThat(report.batch()).as(where).isEqualTo(i);
        assertThat(report.inputRows()).as(where).isEqualTo(count(records.get(i)));
        assertThat(report.watermark()).as(where).isEqualTo(expected.watermark());
        assertThat(report.accounting()).as(where).isEqualTo(expected.accounting());
        assertThat(report.total()).as(where).isEqualTo(expected.total());
      }
      assertThat(records.stream().mapToLong(this::count).sum())
          .as("records in batches of %s", scenario)
          .isEqualTo(scenario.records().size());
      for (Phase phase : phases) {
        phase
            .firstBatches()
            .forEach(
                (s, first) ->
                    batches.stream()
                        .filter(batch -> batch.current().containsKey(s))
                        .forEach(
                            batch ->
                                assertThat(batch.results(s).countedSince())
                                    .as("start of %s in %s", s, name)
                                    .hasValueSatisfying(
                                        since -> assertThat(since.batch()).isEqualTo(first))));
      }
      for (StatisticSpec s : active()) {
        assertThat(results.get(s.name()))
            .as("results of %s in %s", s.name(), name)
            .isEqualTo(model.results(s.name()));
        if (flushed) {
          assertThat(Row.of(batches.get(reports.size()).updates(s.name())))
              .as("flush of %s in %s", s.name(), name)
              .isEqualTo(model.flushed(s.name()));
        }
      }
    }

    /** A sink may have skipped a repeated batch, so statistics must have the same results in it. */
    private static void requireRepeated(BatchResults first, BatchResults last, String name) {
      for (String s : first.current().keySet()) {
        if (last.current().containsKey(s)) {
          assertThat(Row.of(last.results(s).rows()))
              .as("results of %s in the repeated batch %s of %s", s, last.number(), name)
              .isEqualTo(Row.of(first.results(s).rows()));
        }
      }
    }

    private long count(List<TestRecord> offsets) {
      return offsets.stream().filter(TestRecord::isRecord).count();
    }

    void requireAsLocal() {
      if (!phases.isEmpty()) {
        return;
      }
      List<BatchResults> expected = new ArrayList<>();
      List<BatchResults> batches = batches();
      List<Progress> reports = recorder.reports();
      // The tester makes no batch without records, so later batches have other numbers.
      for (int i = 0; i + 1 < reports.size(); i++) {
        if (reports.get(i).inputRows() == 0) {
          return;
        }
      }
      AreaTable areas = AreaTable.fixed();
      try (PipelineTester local =
          PipelineTester.of(
              scenario.format(),
              scenario.partitions(),
              p -> parts.apply(scenario.addTo(p, areas)).results(Sinks.callback(expected::add)))) {
        List<List<TestRecord>> all = Comparison.batches(sent, reports);
        for (int i = 0; i < all.size(); i++) {
          areas.set(AreaTable.generation(reports.get(i).lookups()));
          all.get(i).stream()
              .filter(TestRecord::isRecord)
              .forEach(r -> local.receive(r.partition(), r.timestamp(), r.value()));
          local.endBatch();
        }
        List<DeadLetter> letters = Comparison.from(source.topic(), sent, local.deadLetters());
        assertThat(recorder.letters()).as("letters in %s", scenario).isEqualTo(letters);
      }
      String name = scenario.toString();
      for (int i = 0; i < expected.size(); i++) {
        Comparison.requireSame("batch " + i + " of " + name, batches.get(i), expected.get(i));
      }
    }
  }
}
