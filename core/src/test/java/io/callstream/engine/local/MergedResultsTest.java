package io.callstream.engine.local;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallFormat;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.BatchRun;
import io.callstream.engine.Capability;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.lookup.LookupSources;
import io.callstream.lookup.LookupTable;
import io.callstream.lookup.MemoryLookup;
import io.callstream.pipeline.CountedSince;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.KafkaTopic.Part;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Accounting;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Merges checkpoints of runs over parts of four partitions, whose records are in memory. */
@Timeout(120)
class MergedResultsTest {
  private static final Instant NOON = Instant.parse("2018-11-01T12:00:00Z");
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Field<Long> PEOPLE = Field.number("people");
  private static final Field<Double> MILES = Field.real("miles");
  private static final Field<String> AREA = Field.text("area");
  private static final JsonFormat FORMAT =
      JsonFormat.builder("parts")
          .zone(ZoneId.of("America/Los_Angeles"))
          .time("time")
          .type("type")
          .text(Fields.ADDRESS, "address")
          .number(PEOPLE, "people")
          .number(MILES, "miles")
          .build();
  private static final KafkaTopic TOPIC = KafkaTopic.of("calls").at("localhost:1");
  private static final String TOPIC_ID = "topic-1";
  private static final int PARTITIONS = 4;

  private static final Statistic TYPES = Statistic.named("types").by(Dimensions.CRIME_TYPE).build();
  private static final Statistic HOURLY =
      Statistic.named("hourly")
          .by(Dimensions.CRIME_TYPE)
          .over(Windows.tumbling(HOUR).withoutLateness())
          .emitting(Emission.ON_CLOSE)
          .build();

  @TempDir Path directory;

  private final MemorySource source = MemorySource.withPartitions(PARTITIONS);
  private final Random random = new Random(20181101);

  private static Pipeline pipeline(KafkaTopic topic, UnaryOperator<Pipeline.Builder> parts) {
    return parts.apply(Pipeline.builder(topic, FORMAT).withoutMaxEventTimeJump()).build();
  }

  private void add(int partition, Instant time, String type) {
    String line =
        "{\"time\":\"%s\",\"type\":\"%s\",\"address\":\"%d St\",\"people\":%d,\"miles\":%s}"
            .formatted(
                time,
                type,
                random.nextInt(500),
                random.nextInt(1_000_000),
                random.nextGaussian() * 1e9);
    source.add(partition, time, line.getBytes(UTF_8));
  }

  /** Adds calls of some hours to all partitions, each in order, and some garbage. */
  private void addCalls(int number) {
    for (int i = 0; i < number; i++) {
      Instant time = NOON.plusSeconds(i * 40_000L / number);
      int partition = random.nextInt(PARTITIONS);
      add(partition, time, "type " + random.nextInt(60));
      if (i % 50 == 0) {
        source.add(partition, time, new byte[] {'{'});
      }
    }
  }

  private Path checkpoint(Part part) {
    return directory.resolve("state-" + part.number() + "-of-" + part.of());
  }

  private static KafkaTopic topic(Part part) {
    return TOPIC.part(part.number(), part.of());
  }

  private RunningPipeline start(
      Part part, String topicId, RunOptions options, UnaryOperator<Pipeline.Builder> parts) {
    return LocalRun.start(
        pipeline(topic(part), parts),
        options.checkpointingTo(checkpoint(part).toString()),
        Clock.systemUTC(),
        new PartOfMemory(source, topicId, part),
        1);
  }

  /** Counts a part, in batches of a few records. */
  private RunningPipeline count(
      Part part, RunOptions options, UnaryOperator<Pipeline.Builder> parts)
      throws InterruptedException {
    RunningPipeline run = start(part, TOPIC_ID, options.readingAtMost(300), parts);
    run.awaitTermination();
    return run;
  }

  private void count(Part part, UnaryOperator<Pipeline.Builder> parts) throws InterruptedException {
    count(part, RunOptions.bounded(), parts);
  }

  private static List<Part> parts(int of) {
    return IntStream.rangeClosed(1, of).mapToObj(number -> new Part(number, of)).toList();
  }

  private MergedResults merged(int of, UnaryOperator<Pipeline.Builder> parts) {
    return MergedResults.read(
        pipeline(TOPIC, parts), parts(of).stream().map(this::checkpoint).toList());
  }

  /** Counts everything in one run without a checkpoint. */
  private RunningPipeline single(UnaryOperator<Pipeline.Builder> parts)
      throws InterruptedException {
    RunningPipeline run =
        LocalRun.start(
            pipeline(TOPIC, parts),
            RunOptions.bounded().readingAtMost(300),
            Clock.systemUTC(),
            new PartOfMemory(source, TOPIC_ID, new Part(1, 1)),
            1);
    run.awaitTermination();
    return run;
  }

  private static List<List<Object>> columns(List<ResultRow> rows) {
    List<List<Object>> columns = new ArrayList<>();
    rows.forEach(row -> columns.add(new ArrayList<>(row.columns())));
    return columns;
  }

  private static Map<String, String> files(Path of) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.list(of)) {
      for (Path file : (Iterable<Path>) all::iterator) {
        if (!file.getFileName().toString().startsWith(".")) {
          files.put(file.getFileName().toString(), Files.readString(file));
        }
      }
    }
    return files;
  }

  private static List<Statistic> everyMeasure() {
    Dimension address = Dimensions.ADDRESS;
    return List.of(
        TYPES,
        Statistic.named("all").build(),
        Statistic.named("shares")
            .where(Set.of(Fields.TYPE), call -> !call.type().endsWith("3"))
            .by(Dimensions.CRIME_TYPE)
            .measuring(Measures.count(), Measures.share())
            .build(),
        Statistic.named("numbers")
            .by(Dimensions.CRIME_TYPE)
            .over(Windows.sliding(HOUR.multipliedBy(2), HOUR).allowingLateness(HOUR))
            .measuring(
                Measures.count(),
                Measures.sum("people", PEOPLE),
                Measures.mean("mean_miles", MILES),
                Measures.sum("all_miles", MILES),
                Measures.minimum("least", PEOPLE),
                Measures.maximum("most", PEOPLE),
                Measures.quantile("median", 0.5, PEOPLE),
                Measures.quantile("p90", 0.9, MILES),
                Measures.ratio("far", Set.of(MILES), call -> call.doubleValue(MILES) > 0))
            .build(),
        Statistic.named("values")
            .over(Windows.daily(FORMAT.zone()).allowingLateness(HOUR))
            .measuring(
                Measures.count(),
                Measures.top("addresses", 5, Fields.ADDRESS),
                Measures.approximateDistinct("distinct", Fields.ADDRESS))
            .build(),
        Statistic.named("addresses").by(address, Dimensions.CRIME_TYPE).build());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void resultsAndFilesEqualThoseOfOneProcess(int of) throws Exception {
    addCalls(4_000);
    UnaryOperator<Pipeline.Builder> all = parts -> parts.statistics(everyMeasure());
    for (Part part : parts(of)) {
      count(part, all);
    }

    MergedResults merged = merged(of, all);

    Path expected = directory.resolve("expected");
    RunningPipeline single = single(parts -> all.apply(parts).results(Sinks.csv(expected)));
    assertThat(single.accounting().received()).isEqualTo(4_080);
    assertThat(merged.accounting()).isEqualTo(single.accounting());
    assertThatAccounting(merged.accounting()).addsUpFor(merged.pipeline());
    for (Statistic statistic : everyMeasure()) {
      assertThat(columns(merged.results(statistic.name()).rows()))
          .as(statistic.name())
          .isEqualTo(columns(single.results(statistic.name()).rows()));
    }
    Path written = directory.resolve("written");
    merged.writeTo(written);
    assertThat(files(written)).isEqualTo(files(expected)).hasSize(7);
    assertThat(merged.parts()).isEqualTo(of);
    assertThatThrownBy(() -> merged.results("nothing"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("There is no statistic 'nothing'");
  }

  @Test
  void aWindowIsClosedWhenEachPartHasClosedIt() throws Exception {
    UnaryOperator<Pipeline.Builder> hourly = parts -> parts.statistic(HOURLY);
    add(0, NOON, "a");
    add(1, NOON, "a");
    add(0, NOON.plus(HOUR.multipliedBy(5)), "a");
    for (Part part : parts(2)) {
      count(part, hourly);
    }
    add(0, NOON.plus(HOUR.multipliedBy(6)), "a");
    count(new Part(1, 2), hourly);

    Path written = directory.resolve("written");
    merged(2, hourly).writeTo(written);
    assertThat(files(written).get("hourly.csv").lines()).hasSize(1);
    assertThat(merged(2, hourly).results("hourly").rows())
        .extracting(ResultRow::count)
        .containsExactly(2L, 1L, 1L);

    add(1, NOON.plus(HOUR.multipliedBy(2)), "a");
    count(new Part(2, 2), hourly);
    add(1, NOON.plus(HOUR.multipliedBy(2)), "a");
    count(new Part(2, 2), hourly);
    merged(2, hourly).writeTo(written);
    assertThat(files(written).get("hourly.csv").lines().skip(1))
        .containsExactly("2018-11-01T05:00:00-07:00,2018-11-01T06:00:00-07:00,a,2");
  }

  /** One process has the watermark of all partitions, and each of two that of its half. */
  @Test
  void whichCallsAreLateDependsOnTheOtherPartitionsOfTheProcess() throws Exception {
    UnaryOperator<Pipeline.Builder> hourly = parts -> parts.statistic(HOURLY);
    List<Part> all = List.of(new Part(1, 2), new Part(2, 2), new Part(1, 1));
    add(0, NOON, "first");
    add(1, NOON, "first");
    add(0, NOON.plus(HOUR.multipliedBy(3)), "first");
    for (Part part : all) {
      count(part, hourly);
    }
    // Partition 1 holds the watermark of one process, but not that of another process.
    add(0, NOON.plus(Duration.ofMinutes(10)), "second");
    for (Part part : all) {
      count(part, hourly);
    }
    // Partition 1 was silent in the last batch, so it did not hold the watermark.
    add(1, NOON.plus(Duration.ofMinutes(20)), "third");
    for (Part part : all) {
      count(part, hourly);
    }

    assertThat(types(merged(1, hourly))).containsExactly("first", "second", "first");
    assertThat(types(merged(2, hourly))).containsExactly("first", "third", "first");
    for (int of = 1; of <= 2; of++) {
      assertThat(merged(of, hourly).accounting().statistics().get("hourly"))
          .isEqualTo(new Accounting.Contributions(4, 1, 0));
    }
  }

  private static List<String> types(MergedResults merged) {
    return merged.results("hourly").stream().map(row -> row.dimensions().get(0)).toList();
  }

  /** The retention of one part may have removed a window that the other still has. */
  @Test
  void aWindowThatAPartHasRemovedIsNotShownInPart() throws Exception {
    UnaryOperator<Pipeline.Builder> hourly =
        parts -> parts.statistic(HOURLY).retainingResults(HOUR);
    for (int partition = 0; partition < 2; partition++) {
      add(partition, NOON, "a");
      add(partition, NOON.plus(HOUR), "a");
    }
    for (Part part : parts(2)) {
      count(part, hourly);
    }
    assertThat(merged(2, hourly).results("hourly").rows())
        .extracting(ResultRow::count)
        .containsExactly(2L, 2L);
    for (int hours : new int[] {4, 5, 6}) {
      add(0, NOON.plus(HOUR.multipliedBy(hours)), "a");
      count(new Part(1, 2), hourly);
    }

    assertThat(merged(2, hourly).results("hourly").windows())
        .extracting(WindowBounds::start)
        .containsExactly(
            NOON.plus(HOUR.multipliedBy(4)),
            NOON.plus(HOUR.multipliedBy(5)),
            NOON.plus(HOUR.multipliedBy(6)));
    assertThat(merged(2, hourly).accounting().statistics().get("hourly").counted()).isEqualTo(7);
  }

  @Test
  void groupsOverTheLimitAreCombined() throws Exception {
    Statistic few = Statistic.named("few").by(Dimensions.CRIME_TYPE).maxGroups(10).build();
    UnaryOperator<Pipeline.Builder> limited = parts -> parts.statistic(few);
    addCalls(2_000);
    for (Part part : parts(2)) {
      count(part, limited);
    }

    List<ResultRow> rows = merged(2, limited).results("few").rows();

    assertThat(rows).hasSize(11);
    assertThat(rows).extracting(row -> row.dimensions().get(0)).contains(Statistic.OTHER);
    assertThat(rows.stream().mapToLong(ResultRow::count).sum()).isEqualTo(2_000);
  }

  @Test
  void aPartThatHasNotCountedYetAddsNothing() throws Exception {
    UnaryOperator<Pipeline.Builder> types = parts -> parts.statistic(TYPES);
    add(0, NOON, "a");
    for (Part part : parts(2)) {
      count(part, types);
    }

    assertThat(merged(2, types).accounting().received()).isEqualTo(1);
    assertThat(merged(2, types).results("types").rows())
        .extracting(ResultRow::count)
        .containsExactly(1L);
  }

  @Test
  void statisticsThatWereAddedCountFromTheOffsetsOfEachPart() throws Exception {
    Statistic more = Statistic.named("more").by(Dimensions.CRIME_TYPE).build();
    UnaryOperator<Pipeline.Builder> before = parts -> parts.statistic(TYPES);
    UnaryOperator<Pipeline.Builder> after = parts -> before.apply(parts).statistic(more);
    for (int partition = 0; partition < 3; partition++) {
      add(partition, NOON, "a");
    }
    for (Part part : parts(3)) {
      count(part, before);
    }
    for (int partition = 0; partition < PARTITIONS; partition++) {
      add(partition, NOON, "b");
    }
    count(new Part(1, 3), RunOptions.bounded().evolving(), after);
    assertThatThrownBy(() -> merged(3, after))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContainingAll("state-2-of-3", "this run has", "more");
    assertThatThrownBy(() -> merged(3, before)).hasMessageContaining("state-1-of-3");
    count(new Part(2, 3), RunOptions.bounded().evolving(), after);
    count(new Part(3, 3), RunOptions.bounded().evolving(), after);

    MergedResults merged = merged(3, after);

    assertThat(merged.results("more").countedSince())
        .map(CountedSince::offsets)
        .contains(Map.of(0, 1L, 1, 1L, 2, 1L, 3, 0L));
    assertThat(merged.results("types").countedSince()).isEmpty();
    assertThat(merged.results("more").rows()).extracting(ResultRow::count).containsExactly(4L);
    assertThat(merged.accounting().statistics().get("more"))
        .isEqualTo(new Accounting.Contributions(4, 0, 0, 0, 3));
  }

  @Test
  void lookupsAreMerged() throws Exception {
    MemoryLookup areas = LookupSources.inMemory();
    areas.put("0 St", "north");
    Statistic byArea =
        Statistic.named("areas").by(Dimension.of("area", Set.of(AREA), c -> c.text(AREA))).build();
    UnaryOperator<Pipeline.Builder> joined =
        parts ->
            parts
                .statistic(byArea)
                .lookup(
                    LookupTable.named("areas")
                        .by(Fields.ADDRESS)
                        .text(AREA, "area")
                        .from(areas)
                        .build());
    addCalls(2_000);
    for (Part part : parts(2)) {
      count(part, joined);
    }

    MergedResults merged = merged(2, joined);
    RunningPipeline single = single(joined);

    assertThat(merged.accounting()).isEqualTo(single.accounting());
    assertThat(merged.accounting().unknown().get("areas")).isBetween(1_900L, 2_000L);
    assertThat(columns(merged.results("areas").rows()))
        .isEqualTo(columns(single.results("areas").rows()));
  }

  /** Groups and accounting of each reading belong together, and only grow. */
  @Test
  void theCheckpointsOfRunningProcessesAreReadBetweenBatches() throws Exception {
    Dimension place =
        Dimension.of(
            "place", Set.of(PEOPLE), call -> call.longValue(PEOPLE) + " with a name".repeat(40));
    Statistic many =
        Statistic.named("many")
            .by(place)
            .over(Windows.daily(FORMAT.zone()).allowingLateness(HOUR))
            .build();
    UnaryOperator<Pipeline.Builder> parts = builder -> builder.statistic(many).statistic(TYPES);
    RunOptions options = RunOptions.continuous().triggeringEvery(Duration.ZERO);
    int number = 0;
    long received = 0;
    int readings = 0;
    try (RunningPipeline one = start(new Part(1, 2), TOPIC_ID, options.readingAtMost(500), parts);
        RunningPipeline two = start(new Part(2, 2), TOPIC_ID, options.readingAtMost(700), parts)) {
      while (number < 80_000 || received < number) {
        for (int i = 0; i < 5_000 && number < 80_000; i++) {
          add(number % PARTITIONS, NOON.plusSeconds(number), "a");
          number++;
        }
        MergedResults merged = merged(2, parts);
        Accounting accounting = merged.accounting();
        assertThat(accounting.received()).isBetween(received, (long) number);
        received = accounting.received();
        readings++;
        for (Statistic statistic : List.of(many, TYPES)) {
          assertThat(merged.results(statistic.name()).stream().mapToLong(ResultRow::count).sum())
              .isEqualTo(accounting.statistics().get(statistic.name()).counted())
              .isEqualTo(received);
        }
        assertThat(one.failure()).isEmpty();
        assertThat(two.failure()).isEmpty();
      }
    }
    assertThat(readings).isGreaterThan(15);
    // The logs were replaced by snapshots meanwhile.
    for (Part part : parts(2)) {
      assertThat(checkpoint(part).resolve("callstream/log-0")).doesNotExist();
    }
  }

  private void assertRefused(String message, Part... parts) {
    assertThatThrownBy(
            () ->
                MergedResults.read(
                    pipeline(TOPIC, p -> p.statistic(TYPES)),
                    Stream.of(parts).map(this::checkpoint).toList()))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT))
        .hasMessageContaining(message);
  }

  @Test
  void eachPartIsRequiredOnce() throws Exception {
    UnaryOperator<Pipeline.Builder> types = parts -> parts.statistic(TYPES);
    addCalls(10);
    for (int of : new int[] {2, 3}) {
      for (Part part : parts(of)) {
        count(part, types);
      }
    }

    assertRefused("The parts [1/3, 3/3] of the topic are missing", new Part(2, 3));
    assertRefused("are both of part 1/2", new Part(1, 2), new Part(2, 2), new Part(1, 2));
    assertRefused("are of the parts 1/2 and 2/3", new Part(1, 2), new Part(2, 3));
    assertRefused("No checkpoint directory is given");
  }

  @Test
  void refusesOtherCheckpoints() throws Exception {
    UnaryOperator<Pipeline.Builder> types = parts -> parts.statistic(TYPES);
    addCalls(10);
    count(new Part(1, 2), types);
    Part second = new Part(2, 2);
    assertRefused("has no checkpoint", new Part(1, 2), second);

    start(second, "topic-2", RunOptions.bounded(), types).awaitTermination();
    assertRefused("their ids are topic-1 and topic-2", new Part(1, 2), second);

    assertThatThrownBy(() -> merged(2, parts -> parts.statistic(HOURLY)))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContainingAll("statistic: types", "statistic: hourly");

    Pipeline whole = pipeline(TOPIC, types);
    Path state = directory.resolve("whole");
    LocalRun.start(
            whole,
            RunOptions.bounded().checkpointingTo(state.toString()),
            Clock.systemUTC(),
            new PartOfMemory(source, TOPIC_ID, new Part(1, 1)),
            1)
        .awaitTermination();
    assertThatThrownBy(() -> MergedResults.read(whole, List.of(state)))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("is not that of a part of a topic");
  }

  @Test
  void aDamagedCheckpointIsReported() throws Exception {
    UnaryOperator<Pipeline.Builder> types = parts -> parts.statistic(TYPES);
    addCalls(1_000);
    for (Part part : parts(2)) {
      count(part, types);
    }
    Path log = checkpoint(new Part(2, 2)).resolve("callstream/log-0");
    byte[] content = Files.readAllBytes(log);
    content[100] ^= 1;
    Files.write(log, content);

    assertRefused("state-2-of-2 is damaged: log-0", new Part(1, 2), new Part(2, 2));
    Files.delete(log);
    assertRefused("log-0 is missing", new Part(1, 2), new Part(2, 2));
    assertThat(log).doesNotExist();
  }

  @Test
  void aCheckpointBelongsToOnePart() throws Exception {
    UnaryOperator<Pipeline.Builder> types = parts -> parts.statistic(TYPES);
    addCalls(10);
    count(new Part(1, 2), types);
    Files.move(checkpoint(new Part(1, 2)), checkpoint(new Part(2, 2)));

    assertThatThrownBy(() -> count(new Part(2, 2), types))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContainingAll("the checkpoint has  part: 1/2", "this run has        part: 2/2");
  }

  @Test
  void whatNeedsCallsOfOtherPartsIsRefused() {
    KafkaTopic part = TOPIC.part(1, 2);
    CallFormat ids = SanFranciscoCalls.json();
    for (UnaryOperator<Pipeline.Builder> comparing :
        List.<UnaryOperator<Pipeline.Builder>>of(
            Pipeline.Builder::distinct, Pipeline.Builder::corrections)) {
      assertThatThrownBy(
              () -> comparing.apply(Pipeline.builder(part, ids).statistic(TYPES)).build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("part 1/2", "calls of the same id");
    }
    Statistic sessions =
        Statistic.named("sessions")
            .over(Windows.session(HOUR).withoutLateness())
            .emitting(Emission.ON_CLOSE)
            .build();
    assertThatThrownBy(() -> pipeline(part, parts -> parts.statistic(sessions)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("'sessions' has sessions", "part 1/2");
    Statistic spikes = StandardStatistics.spikesByType(ids.zone(), HOUR, Set.of());
    assertThatThrownBy(() -> pipeline(part, parts -> parts.statistic(spikes)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("'spikes-by-type' is compared with a baseline", "part 1/2");
  }

  @Test
  void otherEnginesRefuseAPart() {
    Pipeline part = pipeline(TOPIC.part(1, 2), parts -> parts.statistic(TYPES));
    Engine other =
        new Engine() {
          @Override
          public String name() {
            return "other";
          }

          @Override
          public Set<Capability> capabilities() {
            return EnumSet.complementOf(EnumSet.of(Capability.PARTS));
          }

          @Override
          public RunningPipeline start(Pipeline pipeline, RunOptions options) {
            throw new AssertionError();
          }
        };
    assertThatThrownBy(() -> other.requireSupport(part, RunOptions.bounded()))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED))
        .hasMessageContaining("The engine 'other' does not support a part of a topic. ");
    assertThatThrownBy(() -> BatchRun.start(part, RunOptions.bounded(), batch -> List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("A BatchRun keeps no checkpoint", "part 1/2 of Kafka topic calls");
    assertThat(new LocalEngine().capabilities()).contains(Capability.PARTS);
  }
}
