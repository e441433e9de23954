package io.callstream.internal.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.CallRecord;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.contract.ReferenceModel;
import io.callstream.engine.contract.ReferenceModel.Row;
import io.callstream.engine.contract.Scenario;
import io.callstream.engine.contract.StatisticSpec;
import io.callstream.engine.contract.TestRecord;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.PageChanges;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.engine.LookupFeed;
import io.callstream.internal.files.Checksum;
import io.callstream.internal.task.CallCounter;
import io.callstream.internal.task.CallReader;
import io.callstream.internal.task.KnownCalls;
import io.callstream.internal.task.LookupTables;
import io.callstream.internal.task.PartitionClock;
import io.callstream.internal.task.PartitionSegment;
import io.callstream.internal.task.PossibleDuplicate;
import io.callstream.internal.task.SeenCalls;
import io.callstream.internal.task.StatisticStart;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.task.TaskReport;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Accounting;
import io.callstream.statistic.Baseline;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;

class LedgerTest {

  /** Files in a map. */
  private static final class MemoryFiles implements LedgerFiles {
    final Map<String, byte[]> files = new TreeMap<>();

    @Override
    public void write(String name, byte[] content) {
      assertThat(name).matches("[a-z0-9.-]+");
      files.put(name, Checksum.append(name, content));
    }

    @Override
    public byte[] read(String name) throws IOException {
      if (!files.containsKey(name)) {
        throw new NoSuchFileException(name);
      }
      return Checksum.verify(name, files.get(name));
    }

    @Override
    public List<String> list() {
      return List.copyOf(files.keySet());
    }

    @Override
    public void delete(String name) {
      assertThat(files.remove(name)).isNotNull();
    }

    @Override
    public String location() {
      return "memory of the test";
    }
  }

  /** A minimal engine with a ledger. The test keeps the state into which it merges. */
  private static final class Run {
    final Pipeline pipeline;
    final TaskPlan plan;
    final Ledger ledger;
    final LookupFeed lookups;
    final List<Map<Long, Groups>> states;
    final KnownCalls<?> known;

    Run(Pipeline pipeline, Ledger ledger, List<Map<Long, Groups>> states, byte[] known) {
      this.pipeline = pipeline;
      this.plan = new TaskPlan(pipeline).startingAt(ledger.starts());
      this.ledger = ledger;
      this.lookups = LookupFeed.open(pipeline, plan, ledger);
      this.states = states;
      this.known = plan.hasKnownCalls() ? KnownCalls.of(plan, known) : new SeenCalls(1, null);
    }

    static List<Map<Long, Groups>> noStates(Pipeline pipeline) {
      List<Map<Long, Groups>> states = new ArrayList<>();
      pipeline.statistics().forEach(s -> states.add(new HashMap<>()));
      return states;
    }

    BatchResults process(List<CallRecord> records) {
      long watermark = ledger.nextWatermark();
      LookupTables tables = lookups.next();
      List<DeadLetter> letters = new ArrayList<>();
      CallCounter counter =
          new CallCounter(plan, ledger.lastBatch() + 1, tables, watermark, letters::add);
      List<PossibleDuplicate> candidates = new ArrayList<>();
      CallReader reader =
          new CallReader(
              plan,
              tables,
              Instant.EPOCH,
              (call, record, index) -> candidates.add(new PossibleDuplicate(call, record, index)),
              letters::add);
      records.forEach(reader::read);
      candidates.sort(PossibleDuplicate.ORDER);
      long duplicates = 0;
      if (plan.hasKnownCalls()) {
        duplicates = known.sift(candidates, watermark, ledger.lastBatch() + 1, counter::take);
      } else {
        candidates.forEach(c -> counter.count(c.call(), c.record(), c.index()));
      }
      BatchUpdates updates = new BatchUpdates(states.size());
      updates.tables(tables.stored());
      counter.forEachPartial(
          (statistic, window, block) -> {
            Groups before = states.get(statistic).getOrDefault(window, Groups.NONE);
            PageChanges merged = plan.newMerger(statistic).merge(before, List.of(block));
            if (!merged.isUnchanged()) {
              states.get(statistic).put(window, before.with(merged));
              updates.put(statistic, window, merged.updates());
            }
          });
      TaskReport report =
          reader
              .report()
              .plus(new TaskReport(counter.accounting(), List.of()))
              .plus(TaskReport.ofDuplicates(duplicates));
      return ledger.append(ledger.lastBatch() + 1, TaskReport.of(report.toBytes()), updates);
    }
  }

  private static List<Map<Long, Groups>> copy(List<Map<Long, Groups>> states) {
    List<Map<Long, Groups>> copies = new ArrayList<>();
    states.forEach(state -> copies.add(new HashMap<>(state)));
    return copies;
  }

  @Property(tries = 150, shrinking = ShrinkingMode.OFF)
  @Label("a run that is restored after any batch, or replays one, is as one that was not disturbed")
  void restoredRunsAreAsUndisturbedOnes(@ForAll long seed) {
    Scenario scenario = Scenario.of(seed);
    Pipeline pipeline =
        scenario
            .addTo(
                Pipeline.builder(
                    MemorySource.withPartitions(scenario.partitions()), scenario.format()))
            .build();
    ReferenceModel model = new ReferenceModel(scenario, MemorySource.NAME);
    Random random = new Random(seed);
    MemoryFiles files = new MemoryFiles();
    Run run =
        new Run(
            pipeline,
            Ledger.restore(pipeline, files, Ledger.NO_BATCH),
            Run.noStates(pipeline),
            null);
    Map<Integer, Long> offsets = new HashMap<>();
    for (List<TestRecord> batch : scenario.batches()) {
      List<CallRecord> records = new ArrayList<>();
      for (TestRecord r : batch) {
        long offset = offsets.merge(r.partition(), 1L, Long::sum) - 1;
        records.add(
            CallRecord.at("calls", r.partition(), offset, r.timestamp().toEpochMilli(), r.value()));
      }
      long committed = run.ledger.lastBatch();
      List<Map<Long, Groups>> states = copy(run.states);
      byte[] known = run.known.toBytes();
      ReferenceModel.Batch expected = model.process(batch);
      assertSame(scenario, run.process(records), expected);
      // The engine dies before the batch is committed, and repeats it, or after that.
      if (random.nextInt(3) == 0) {
        run = new Run(pipeline, Ledger.restore(pipeline, files, committed), states, known);
        assertSame(scenario, run.process(records), expected);
      }
      if (random.nextInt(3) == 0) {
        run =
            new Run(
                pipeline,
                Ledger.restore(pipeline, files, committed + 1),
                run.states,
                run.known.toBytes());
        assertThat(run.ledger.total()).isEqualTo(expected.total());
        assertThat(run.ledger.nextOffsets()).isEqualTo(offsets);
        assertThat(run.ledger.current().total()).isEqualTo(expected.total());
        for (StatisticSpec s : scenario.statistics()) {
          assertThat(Row.of(run.ledger.results(s.name()).rows()))
              .as("%s in %s", s, scenario)
              .isEqualTo(model.results(s.name()));
          assertThat(Row.of(run.ledger.current().results(s.name()).rows()))
              .isEqualTo(expected.current().get(s.name()));
        }
      }
    }
  }

  private static void assertSame(
      Scenario scenario, BatchResults batch, ReferenceModel.Batch expected) {
    assertThat(batch.total()).as("%s", scenario).isEqualTo(expected.total());
    assertThat(batch.watermark()).as("%s", scenario).isEqualTo(expected.watermark());
    for (StatisticSpec s : scenario.statistics()) {
      assertThat(Row.of(batch.updates(s.name())))
          .as("%s in %s", s, scenario)
          .isEqualTo(expected.updates().get(s.name()));
    }
  }

  @Property(tries = 12, shrinking = ShrinkingMode.OFF)
  @Label("spikes depend neither on batches nor on restarts nor on repeated batches")
  void spikesAreTheSameWithOtherBatchesAndRestarts(@ForAll long seed) {
    Random random = new Random(seed);
    Statistic spikes =
        Statistic.named("spikes")
            .by(Dimensions.CRIME_TYPE)
            .over(Windows.tumbling(Duration.ofHours(2)).allowingLateness(Duration.ofMinutes(30)))
            .measuring(Measures.count(), Measures.approximateDistinct("places", Fields.ADDRESS))
            .comparedWith(
                Baseline.weekly(ZoneOffset.UTC)
                    .remembering(1)
                    .needing(2)
                    .atLeast(3)
                    .falseAlarmRate(0.02))
            .build();
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(spikes)
            .withoutMaxEventTimeJump()
            .build();
    List<CallRecord> records = new ArrayList<>();
    for (int hour = 0; hour < 24 * 24; hour++) {
      int calls = random.nextInt(6) == 0 ? 0 : random.nextInt(5) + (random.nextInt(20) / 19) * 9;
      for (int i = 0; i < calls; i++) {
        Instant time = Instant.EPOCH.plusSeconds(hour * 3_600L + i * 60L);
        Call call = Call.builder("" + records.size(), "t" + random.nextInt(3), time).build();
        byte[] value = SanFranciscoCalls.json().write(call);
        records.add(CallRecord.at("calls", 0, records.size(), time.toEpochMilli(), value));
      }
    }
    Run even = new Run(pipeline, Ledger.inMemory(pipeline), Run.noStates(pipeline), null);
    Map<String, String> expected = new TreeMap<>();
    for (int from = 0; from < records.size(); from += 10) {
      emitted(even.process(records.subList(from, Math.min(from + 10, records.size()))), expected);
    }
    assertThat(expected).isNotEmpty();
    emitted(even.ledger.flush(), expected);

    MemoryFiles files = new MemoryFiles();
    Run run =
        new Run(
            pipeline,
            Ledger.restore(pipeline, files, Ledger.NO_BATCH),
            Run.noStates(pipeline),
            null);
    Map<String, String> found = new TreeMap<>();
    for (int from = 0, to; from < records.size(); from = to) {
      to = Math.min(from + 1 + random.nextInt(random.nextInt(10) == 0 ? 400 : 30), records.size());
      long committed = run.ledger.lastBatch();
      List<Map<Long, Groups>> states = copy(run.states);
      List<CallRecord> batch = records.subList(from, to);
      BatchResults results = run.process(batch);
      if (random.nextInt(4) == 0) {
        run = new Run(pipeline, Ledger.restore(pipeline, files, committed), states, null);
        assertThat(run.process(batch).updates("spikes")).isEqualTo(results.updates("spikes"));
      }
      emitted(results, found);
      if (random.nextInt(4) == 0) {
        List<ResultRow> before = run.ledger.results("spikes").rows();
        run = new Run(pipeline, Ledger.restore(pipeline, files, committed + 1), run.states, null);
        assertThat(run.ledger.results("spikes").rows()).isEqualTo(before);
      }
    }
    assertThat(run.ledger.current().results("spikes").rows()).hasSize(found.size());
    emitted(run.ledger.flush(), found);
    assertThat(found).isEqualTo(expected);
    assertThat(run.ledger.results("spikes").rows()).hasSize(expected.size());
  }

  /** Adds the spikes of a batch, which must be new, by their window and type. */
  private static void emitted(BatchResults batch, Map<String, String> spikes) {
    for (ResultRow row : batch.updates("spikes")) {
      String key = row.window().orElseThrow() + " " + row.dimensions();
      assertThat(spikes.put(key, row.toString())).as(key).isNull();
    }
  }

  private static final Pipeline SMALL =
      Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
          .statistic(StandardStatistics.callsByType())
          .build();

  private static CallRecord record(long offset) {
    return record(offset, "type " + offset % 50);
  }

  private static CallRecord record(long offset, String type) {
    Instant time = Instant.EPOCH.plusSeconds(offset);
    Call call = Call.builder("" + offset, type, time).build();
    return CallRecord.at(
        "calls", 0, offset, time.toEpochMilli(), SanFranciscoCalls.json().write(call));
  }

  private static PartitionSegment segment(long firstOffset, int... minutes) {
    PartitionClock clock =
        PartitionClock.ofSegment(Pipeline.DEFAULT_MAX_EVENT_TIME_JUMP.toMillis());
    for (int minute : minutes) {
      clock.add(Duration.ofMinutes(minute).toMillis());
    }
    return new PartitionSegment(0, firstOffset, firstOffset + minutes.length, clock);
  }

  private static TaskReport segments(PartitionSegment... segments) {
    return new TaskReport(Accounting.none(List.of("calls-by-type"), List.of()), List.of(segments));
  }

  @Test
  void segmentsAreAppendedInTheOrderOfOffsetsAndTheClockSurvivesARestart() {
    MemoryFiles files = new MemoryFiles();
    Ledger ledger = Ledger.restore(SMALL, files, Ledger.NO_BATCH);
    TaskReport first = segments(segment(4, 900, 2, 3), segment(0, 0, 1), segment(2, 1, 900));
    long watermark = ledger.watermarkAfter(first.segments());
    BatchResults batch = ledger.append(0, first, new BatchUpdates(1));
    // The two calls at 15:00 are consecutive, and no third call confirms them.
    assertThat(batch.accounting().unconfirmedTimes()).isEqualTo(2);
    assertThat(ledger.nextWatermark())
        .isEqualTo(watermark)
        .isEqualTo(Duration.ofMinutes(3).toMillis());

    // A gap: two calls follow it before a restart, and the third after the restart.
    ledger.append(1, segments(segment(7, 500, 501)), new BatchUpdates(1));
    assertThat(ledger.nextWatermark()).isEqualTo(watermark);
    Ledger restored = Ledger.restore(SMALL, files, 1);
    assertThat(restored.total().unconfirmedTimes()).isEqualTo(2);
    batch = restored.append(2, segments(segment(9, 502)), new BatchUpdates(1));
    assertThat(restored.nextWatermark()).isEqualTo(Duration.ofMinutes(502).toMillis());
    assertThat(batch.accounting().unconfirmedTimes()).isZero();
    assertThat(batch.total().unconfirmedTimes()).isEqualTo(2);
  }

  private static MemoryFiles afterBatches(int batches) {
    MemoryFiles files = new MemoryFiles();
    Run run =
        new Run(SMALL, Ledger.restore(SMALL, files, Ledger.NO_BATCH), Run.noStates(SMALL), null);
    for (int i = 0; i < batches; i++) {
      run.process(List.of(record(i)));
    }
    return files;
  }

  private static final Pipeline TWO =
      Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
          .statistic(StandardStatistics.callsByLocation())
          .statistic(StandardStatistics.callsByType())
          .build();

  private static Fingerprint fingerprint(Pipeline pipeline) {
    return Fingerprint.of(pipeline, "test", Map.of(), "1");
  }

  private static Ledger continued(Pipeline from, Pipeline to, MemoryFiles files, long committed) {
    Ledger ledger = Ledger.restore(to, files, committed);
    ledger.continueAs(fingerprint(from), fingerprint(to), Map.of(0, 0L), Instant.EPOCH);
    return ledger;
  }

  @Test
  void smallBatchesCauseFewSnapshotsOfALargeState() {
    MemoryFiles files = new MemoryFiles();
    Run run =
        new Run(SMALL, Ledger.restore(SMALL, files, Ledger.NO_BATCH), Run.noStates(SMALL), null);
    // The first batch is larger than the log may be, so the second one starts with a snapshot.
    run.process(IntStream.range(0, 1_000).mapToObj(i -> record(i, i + "y".repeat(2_000))).toList());
    for (int i = 1; i <= 10 * files.mostBatches(); i++) {
      run.process(List.of(record(999 + i, "small")));
    }
    assertThat(files.files.keySet())
        .contains("snapshot-0")
        .filteredOn(name -> name.startsWith("snapshot-"))
        .hasSize(1);
    run.process(List.of(record(9_999, "small")));
    assertThat(files.files.keySet())
        .filteredOn(name -> name.startsWith("snapshot-"))
        .containsExactly("snapshot-" + 10 * files.mostBatches());
  }

  @Test
  void aChangeOfTheStatisticsIsAReplacementOfTheFingerprint() throws IOException {
    MemoryFiles files = new MemoryFiles();
    Run run =
        new Run(SMALL, Ledger.restore(SMALL, files, Ledger.NO_BATCH), Run.noStates(SMALL), null);
    run.process(List.of(record(0)));
    run.process(List.of(record(1)));
    Ledger ledger = continued(SMALL, TWO, files, 0); // The second batch is not committed.
    assertThat(ledger.starts()).containsExactly(new StatisticStart(1, 2), new StatisticStart(0, 0));
    Fingerprint written =
        Fingerprint.parse(new String(files.read(Fingerprint.FILE), StandardCharsets.UTF_8));
    assertThat(written.toString())
        .contains(
            "\nslot 0: calls-by-type from batch 0\nslot 1: calls-by-location from batch 2 at"
                + " 1970-01-01T00:00:00Z from offsets {0=2}\nformat of this directory: ");
    assertThat(written.history().since("calls-by-location"))
        .isEqualTo(ledger.results("calls-by-location").countedSince())
        .isPresent();
    assertThat(ledger.total().statistics().get("calls-by-location").earlier()).isEqualTo(1);
    // A run with the same statistics in another order changes nothing.
    files.files.remove(Fingerprint.FILE);
    ledger.continueAs(written, fingerprint(TWO), Map.of(0, 0L), Instant.EPOCH);
    assertThat(files.files).doesNotContainKey(Fingerprint.FILE);
  }

  @Test
  void onlyTheSameFormatRepeatsABatch() {
    MemoryFiles files = new MemoryFiles();
    Pipeline small = growing(growing());
    Pipeline large = growing(growing().number(Field.number("units"), "units"));
    Run run =
        new Run(small, Ledger.restore(small, files, Ledger.NO_BATCH), Run.noStates(small), null);
    run.process(List.of(record(0)));
    run.process(List.of(record(1)));
    // The second batch is not committed. The larger format could reject its record.
    assertThatThrownBy(() -> continued(small, large, files, 0))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT))
        .hasMessageContaining("Run once with that format");
    assertThat(files.files).doesNotContainKey(Fingerprint.FILE);
    continued(small, small, files, 0);
    continued(small, large, files, 1);
    assertThat(files.files).containsKey(Fingerprint.FILE);
  }

  private static JsonFormat.Builder growing() {
    return JsonFormat.builder("growing").zone(ZoneOffset.UTC).time("call_date_time");
  }

  private static Pipeline growing(JsonFormat.Builder format) {
    return Pipeline.builder(MemorySource.withPartitions(1), format.build())
        .statistic(
            Statistic.named("total").measuring(Measures.ratio("r", Set.of(), call -> true)).build())
        .build();
  }

  @Test
  void aRemovedStatisticIsKnownByAnyDefinition() {
    String known = "slot 0: a from batch 0 until batch 3: a of x\u2028y\u0085";
    StatisticHistory history = StatisticHistory.parse(List.of(known)).orElseThrow();
    assertThat(history.removedDefinition("a")).contains("a of x\u2028y\u0085");
    assertThat(history.lines()).isEqualTo(known + "\n");
  }

  @Test
  void snapshotsKeepTheNumberOfFilesBounded() {
    MemoryFiles files = new MemoryFiles();
    Run run =
        new Run(SMALL, Ledger.restore(SMALL, files, Ledger.NO_BATCH), Run.noStates(SMALL), null);
    int most = 0;
    for (int i = 0; i < 1_000; i++) {
      run.process(List.of(record(i)));
      most = Math.max(most, files.files.size());
      if (i % 97 == 0) {
        Ledger restored = Ledger.restore(SMALL, files, i);
        assertThat(restored.lastBatch()).isEqualTo(i);
        assertThat(restored.total().received()).isEqualTo(i + 1);
        assertThat(restored.results("calls-by-type").rows())
            .isEqualTo(run.ledger.results("calls-by-type").rows());
        // The previous batch is still available, because the engine may not have committed the last
        // one.
        if (i > 0) {
          assertThat(Ledger.restore(SMALL, files, i - 1).total().received()).isEqualTo(i);
        }
      }
    }
    assertThat(most).isBetween(2, 110);
    assertThat(files.files.keySet()).anyMatch(name -> name.startsWith("snapshot-"));
  }

  @Test
  void resultsAreForgottenWhenTheirRetentionIsOverAndStayForgotten() {
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(
                Statistic.named("hourly")
                    .over(
                        Windows.tumbling(Duration.ofHours(1))
                            .allowingLateness(Duration.ofMinutes(30)))
                    .build())
            .statistic(StandardStatistics.callsByType())
            .retainingResults(Duration.ofHours(2))
            .build();
    MemoryFiles files = new MemoryFiles();
    List<Map<Long, Groups>> states = Run.noStates(pipeline);
    Run run = new Run(pipeline, Ledger.restore(pipeline, files, Ledger.NO_BATCH), states, null);
    for (int batch = 0; batch < 300; batch++) {
      // One call every twenty minutes.
      Instant time = Instant.EPOCH.plus(Duration.ofMinutes(20L * batch));
      Call call = Call.builder("" + batch, "Fire", time).build();
      run.process(
          List.of(
              CallRecord.at(
                  "calls", 0, batch, time.toEpochMilli(), SanFranciscoCalls.json().write(call))));
      // The watermark of the previous batch removes windows. The call two batches ago has set it.
      long minutes = 20L * (batch - 2);
      List<Instant> expected = new ArrayList<>();
      for (long hour = 0; 60 * hour <= 20L * batch; hour++) {
        if (minutes < 0 || 60 * (hour + 1) + 30 + 120 > minutes) {
          expected.add(Instant.EPOCH.plus(Duration.ofHours(hour)));
        }
      }
      assertThat(run.ledger.results("hourly").windows())
          .as("after batch %d", batch)
          .extracting(WindowBounds::start)
          .isEqualTo(expected);
      if (batch % 23 == 0) {
        Ledger restored = Ledger.restore(pipeline, files, batch);
        assertThat(restored.results("hourly").rows())
            .isEqualTo(run.ledger.results("hourly").rows());
        assertThat(restored.closing()).isEqualTo(run.ledger.closing());
      }
    }
    assertThat(run.ledger.results("calls-by-type").rows().get(0).count()).isEqualTo(300);
    assertThat(run.ledger.total().statistics().get("hourly").counted()).isEqualTo(300);
  }

  @Test
  void aWindowThatIsNotRetainedIsEmittedOnceNevertheless() {
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(
                Statistic.named("hourly")
                    .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
                    .emitting(Emission.ON_CLOSE)
                    .build())
            .retainingResults(Duration.ZERO)
            .withoutMaxEventTimeJump()
            .build();
    Run run = new Run(pipeline, Ledger.inMemory(pipeline), Run.noStates(pipeline), null);
    List<Instant> emitted = new ArrayList<>();
    for (int batch = 0; batch < 50; batch++) {
      Instant time = Instant.EPOCH.plus(Duration.ofMinutes(150L * batch));
      Call call = Call.builder("" + batch, "Fire", time).build();
      BatchResults results =
          run.process(
              List.of(
                  CallRecord.at(
                      "calls",
                      0,
                      batch,
                      time.toEpochMilli(),
                      SanFranciscoCalls.json().write(call))));
      results.updates("hourly").forEach(row -> emitted.add(row.window().orElseThrow().start()));
    }
    List<Instant> expected = new ArrayList<>();
    for (int batch = 0; batch < 48; batch++) {
      expected.add(Instant.EPOCH.plus(Duration.ofHours(150L * batch / 60)));
    }
    assertThat(emitted).isEqualTo(expected);
  }

  @Test
  void aRestoredLedgerKeepsTheNumberOfFilesBounded() {
    MemoryFiles files = new MemoryFiles();
    List<Map<Long, Groups>> states = Run.noStates(SMALL);
    for (int i = 0; i < 400; i++) {
      Run run = new Run(SMALL, Ledger.restore(SMALL, files, i - 1L), states, null);
      run.process(List.of(record(i)));
      assertThat(files.files.size()).isLessThan(110);
    }
  }

  private static void assertRefused(MemoryFiles files, long committed, String word) {
    assertThatThrownBy(() -> Ledger.restore(SMALL, files, committed))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT))
        .hasMessageContaining("memory of the test")
        .hasMessageContaining(word)
        .hasMessageContaining("start with a new one");
  }

  @Test
  void aDamagedFileIsRefusedWhereverTheDamageIs() {
    MemoryFiles good = afterBatches(3);
    byte[] content = good.files.get("batch-1");
    for (int i = 0; i < content.length; i++) {
      MemoryFiles files = afterBatches(3);
      files.files.get("batch-1")[i] ^= 0x10;
      assertRefused(files, 2, "batch-1");
    }
    for (int length : new int[] {0, 3, 7, 8, 20, content.length - 1}) {
      MemoryFiles files = afterBatches(3);
      files.files.put("batch-1", java.util.Arrays.copyOf(content, length));
      assertRefused(files, 2, "batch-1");
    }
  }

  @Test
  void aMissingFileIsRefused() {
    MemoryFiles files = afterBatches(3);
    files.files.remove("lineage");
    assertRefused(files, 2, "is damaged: lineage is missing");
    files = afterBatches(3);
    files.files.remove("batch-1");
    assertRefused(files, 2, "batch-1");
    assertRefused(new MemoryFiles(), 0, "batch-0");
  }

  @Test
  void aFileOfAnotherBatchIsRefused() {
    MemoryFiles files = afterBatches(3);
    files.files.put("batch-1", files.files.get("batch-0"));
    assertRefused(files, 2, "batch-1");
  }

  @Test
  void filesThatAreNotOursAreLeftAlone() {
    MemoryFiles files = afterBatches(3);
    files.files.put("batch-x", new byte[1]);
    files.files.put("other", new byte[1]);
    assertThat(Ledger.restore(SMALL, files, 2).total().received()).isEqualTo(3);
  }

  @Test
  void aBatchThatDoesNotFollowIsRefused() {
    Ledger ledger = Ledger.inMemory(SMALL);
    TaskReport nothing = TaskReport.ofDuplicates(0);
    assertThatThrownBy(() -> ledger.append(1, nothing, new BatchUpdates(1)))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT))
        .hasMessageContaining("Batch 1")
        .hasMessageContaining("batch -1");
  }

  @Test
  void aDiskThatFailsIsToldAndNothingChanges() {
    MemoryFiles files = afterBatches(2);
    LedgerFiles full =
        new LedgerFiles() {
          @Override
          public void write(String name, byte[] content) throws IOException {
            throw new IOException("No space left on device");
          }

          @Override
          public byte[] read(String name) throws IOException {
            return files.read(name);
          }

          @Override
          public List<String> list() {
            return files.list();
          }

          @Override
          public void delete(String name) {
            throw new AssertionError("deletes " + name);
          }

          @Override
          public String location() {
            return files.location();
          }
        };
    Run run = new Run(SMALL, Ledger.restore(SMALL, full, 1), Run.noStates(SMALL), null);
    assertThatThrownBy(() -> run.process(List.of(record(2))))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT))
        .hasMessageContainingAll(
            "memory of the test", "No space left", "make room there", "nothing is lost");
    assertThat(run.ledger.lastBatch()).isEqualTo(1);
    assertThat(run.ledger.total().received()).isEqualTo(2);
  }

  @Test
  void refusesABatchWhoseResultsExceedTheMemory() {
    BatchUpdates updates = new BatchUpdates(1);
    updates.put(0, StatisticCombiner.NO_WINDOW, new byte[] {1, 0, 0, 0, 7});
    TaskReport report = segments(segment(7, 500));
    assertThat(Ledger.inMemory(SMALL, 155).append(0, report, updates).emittedRows()).isEqualTo(1);
    Ledger ledger = Ledger.inMemory(SMALL, 154);
    assertThatThrownBy(() -> ledger.append(0, report, updates))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
        .hasMessageContaining("The results need")
        .hasMessageContaining("-Xmx");
    assertThat(ledger.lastBatch()).isEqualTo(Ledger.NO_BATCH);
    assertThat(ledger.results(SMALL.statistics().get(0).name())).isEmpty();
  }

  @Test
  void namesTheMemoryThatResultsNeedAndTheLimit() {
    long limit = 300L << 20;
    Ledger.requireMemory(limit, limit);
    assertThatThrownBy(() -> Ledger.requireMemory(limit + 1, limit))
        .hasMessageStartingWith("The results need 301 MiB. The limit is 300 MiB: a quarter of");
  }

  @Test
  void comparesNoWindowWithoutACallerWhoNeedsTheRows() {
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(StandardStatistics.spikesByType(ZoneOffset.UTC, Duration.ZERO, Set.of()))
            .build();
    // Blocks whose comparison fails.
    LedgerState state =
        new LedgerState(LedgerTotals.none(pipeline), List.of(new SpikeBlocks(null, null)));
    StatisticHistory history = StatisticHistory.ofNew(List.of("spikes-by-type"));
    Results results =
        new ResultEmitter(pipeline, "lineage", history).results(state, "spikes-by-type");
    assertThat(results.statistic()).isEqualTo(pipeline.statistics().get(0));
    assertThat(results.countedSince()).isEmpty();
    assertThatThrownBy(results::size).isInstanceOf(NullPointerException.class);
  }
}
