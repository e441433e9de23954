package io.callstream.internal.task;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.CallRecord;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult;
import io.callstream.call.RejectionReason;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.local.PipelineTester;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.aggregate.WindowAssigner;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

/** Checks that no extreme time causes an overflow or a failure. */
class ExtremeTimesTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final long FIRST = Call.EARLIEST.toEpochMilli();
  private static final long LAST = Call.LATEST.toEpochMilli();

  /** Creates a call with the time in milliseconds that a record contains. */
  private record Millis(ZoneId zone) implements CallFormat {
    @Override
    public Set<Field<?>> fields() {
      return Set.of(Fields.ID, Fields.TYPE, Fields.DISPOSITION, Fields.ADDRESS);
    }

    @Override
    public String name() {
      return "millis";
    }

    @Override
    public String timeField() {
      return "time";
    }

    @Override
    public CallParser parser(Set<Field<?>> fields) {
      return record -> {
        long millis = Long.parseLong(new String(record.value(), UTF_8));
        return new ParseResult.Parsed(Call.builder("1", "t", Instant.ofEpochMilli(millis)).build());
      };
    }

    @Override
    public byte[] write(Call call) {
      return Long.toString(call.epochMillis()).getBytes(UTF_8);
    }
  }

  @Provide
  Arbitrary<Long> extremes() {
    return Arbitraries.oneOf(
        Arbitraries.longs(),
        Arbitraries.of(
            Long.MIN_VALUE, Long.MIN_VALUE + 1, -1L, 0L, 1L, Long.MAX_VALUE - 1, Long.MAX_VALUE),
        Arbitraries.longs().between(FIRST - 2, LAST + 2));
  }

  @Provide
  Arbitrary<Long> callTimes() {
    return Arbitraries.oneOf(
        Arbitraries.longs().between(FIRST, LAST),
        Arbitraries.of(FIRST, FIRST + 1, -1L, 0L, LAST - 1, LAST));
  }

  @Property(tries = 2_000)
  void aCallIsOfTheFutureExactlyIfItIsLaterThanItsRecordAndTheSkew(
      @ForAll("callTimes") long time, @ForAll("extremes") long timestamp) {
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), new Millis(ZoneOffset.UTC))
            .statistic(StandardStatistics.callsByType())
            .maxFutureSkew(Duration.ofDays(36_600))
            .build();
    List<DeadLetter> letters = new ArrayList<>();
    List<Call> calls = new ArrayList<>();
    CallReader reader =
        new CallReader(
            new TaskPlan(pipeline),
            LookupTables.NONE,
            NOW,
            (call, record, index) -> calls.add(call),
            letters::add);
    byte[] value = Long.toString(time).getBytes(UTF_8);
    reader.read(CallRecord.at("calls", 0, 0, timestamp, value));
    boolean accepted = !calls.isEmpty();
    BigInteger latest =
        BigInteger.valueOf(timestamp).add(BigInteger.valueOf(Duration.ofDays(36_600).toMillis()));
    assertThat(accepted)
        .isEqualTo(timestamp < 0 || BigInteger.valueOf(time).compareTo(latest) <= 0);
    assertThat(letters).hasSize(accepted ? 0 : 1);
    reader
        .report()
        .latencyAt(NOW)
        .ifPresent(latency -> assertThat(latency.greatest()).isGreaterThanOrEqualTo(Duration.ZERO));
    byte[] report = reader.report().toBytes();
    assertThat(TaskReport.of(report).toBytes()).isEqualTo(report);
  }

  @Example
  void aTimestampAtTheEndOfTimeRejectsNoCall() {
    List<DeadLetter> letters = new ArrayList<>();
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .build();
    List<Call> calls = new ArrayList<>();
    CallReader reader =
        new CallReader(
            new TaskPlan(pipeline),
            LookupTables.NONE,
            NOW,
            (call, record, index) -> calls.add(call),
            letters::add);
    Call call = Call.builder("1", "t", Instant.parse("1969-12-31T12:00:00Z")).build();
    byte[] value = SanFranciscoCalls.json().write(call);
    reader.read(CallRecord.at("calls", 0, 0, Long.MAX_VALUE, value));
    assertThat(calls).hasSize(1);
    assertThat(letters).isEmpty();
  }

  @Property
  @Tag("campaign")
  void aFormatWhoseTimesAreOutOfRangeRejectsItsRecords(@ForAll("extremes") long time) {
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), new Millis(ZoneOffset.UTC))
            .statistic(StandardStatistics.callsByType())
            .build();
    List<DeadLetter> letters = new ArrayList<>();
    List<Call> calls = new ArrayList<>();
    CallReader reader =
        new CallReader(
            new TaskPlan(pipeline),
            LookupTables.NONE,
            NOW,
            (call, record, index) -> calls.add(call),
            letters::add);
    byte[] value = Long.toString(time).getBytes(UTF_8);
    reader.read(CallRecord.at("calls", 0, 0, -1, value));
    boolean accepted = !calls.isEmpty();
    assertThat(accepted).isEqualTo(time >= FIRST && time <= LAST);
    assertThat(letters)
        .allSatisfy(
            letter ->
                assertThat(((DeadLetter.Rejected) letter).reason())
                    .isEqualTo(RejectionReason.FORMAT_FAILED));
  }

  @Provide
  Arbitrary<Window> windows() {
    Duration longest = Window.MAX;
    ZoneId zone = ZoneId.of("America/Los_Angeles");
    return Arbitraries.of(
        new Window.Tumbling(Duration.ofMillis(1), longest),
        new Window.Tumbling(longest, longest),
        new Window.Sliding(longest, longest.dividedBy(1_000), longest),
        new Window.Calendar(Window.Calendar.Unit.HOUR, zone, longest),
        new Window.Calendar(Window.Calendar.Unit.DAY, zone, longest),
        new Window.Calendar(Window.Calendar.Unit.WEEK, zone, longest),
        new Window.Calendar(Window.Calendar.Unit.MONTH, zone, longest),
        new Window.Session(longest, longest));
  }

  @Property
  @Tag("campaign")
  void aWindowContainsItsCallAndClosesAfterIt(
      @ForAll("callTimes") long time, @ForAll("windows") Window window) {
    WindowAssigner assigner = new WindowAssigner(window);
    long start = assigner.lastStart(time);
    assertThat(start).isLessThanOrEqualTo(time);
    assertThat(assigner.end(start)).isGreaterThan(time);
    assertThat(assigner.closesAt(start)).isEqualTo(assigner.end(start) + Window.MAX.toMillis());
    Statistic statistic = Statistic.named("s").over(window).emitting(Emission.ON_CLOSE).build();
    Call call = Call.builder("1", "t", Instant.ofEpochMilli(time)).build();
    StatisticCombiner combiner = new StatisticCombiner(statistic, LAST);
    combiner.add(call, (s, from, to) -> assertThat(to).isGreaterThan(from));
    assertThat(combiner.counted() + combiner.late()).isEqualTo(window.windowsPerCall());
  }

  @Provide
  Arbitrary<Instant> moments() {
    return Arbitraries.oneOf(
        Arbitraries.of(Instant.MIN, Instant.MAX, Instant.EPOCH),
        extremes().map(Instant::ofEpochMilli),
        Arbitraries.longs()
            .between(Instant.MIN.getEpochSecond(), Instant.MAX.getEpochSecond())
            .map(Instant::ofEpochSecond));
  }

  @Property
  @Tag("campaign")
  void noMomentIsAWindowThatHasNoRows(@ForAll("moments") Instant start) {
    Statistic hourly =
        Statistic.named("hourly")
            .over(new Window.Tumbling(Duration.ofHours(1), Duration.ZERO))
            .build();
    assertThat(new BlockResults(hourly, new TreeMap<>()).window(start)).isEmpty();
  }

  @Example
  void aWindowIsFoundAtItsStartOnly() {
    Statistic hourly =
        Statistic.named("hourly")
            .over(new Window.Tumbling(Duration.ofHours(1), Duration.ZERO))
            .build();
    Results[] results = new Results[1];
    PipelineTester tester =
        PipelineTester.of(
            SanFranciscoCalls.json(),
            1,
            pipeline ->
                pipeline
                    .statistic(hourly)
                    .results(Sinks.callback(batch -> results[0] = batch.results("hourly"))));
    tester.receive(Call.builder("1", "t", NOW).build()).endBatch().close();
    assertThat(results[0].window(NOW)).hasSize(1);
    assertThat(results[0].window(NOW.plusNanos(1))).isEmpty();
    assertThat(results[0].window(Instant.MAX)).isEmpty();
  }

  @Example
  void callsOfTheFirstAndTheLastYearPassThroughAWholePipeline() {
    PipelineTester tester =
        PipelineTester.of(
            new Millis(ZoneId.of("America/Los_Angeles")),
            2,
            pipeline ->
                pipeline
                    .statistics(
                        StandardStatistics.all(ZoneId.of("America/Los_Angeles"), Duration.ZERO))
                    .statistic(
                        Statistic.named("longest")
                            .over(new Window.Tumbling(Window.MAX, Window.MAX))
                            .build())
                    .distinct(Duration.ofDays(3_660))
                    .retainingResults(Duration.ofDays(36_600)));
    for (int batch = 0; batch < 3; batch++) {
      for (long time : new long[] {FIRST, LAST}) {
        byte[] value = Long.toString(time).getBytes(UTF_8);
        tester.receive(0, Instant.ofEpochMilli(Long.MAX_VALUE), value);
        tester.receive(1, Instant.ofEpochMilli(Long.MIN_VALUE), value);
      }
      tester.endBatch();
    }
    assertThat(tester.accounting().received()).isEqualTo(12);
    assertThat(tester.accounting().rejected()).isZero();
    assertThat(tester.results("calls-by-hour-of-week")).isNotEmpty();
    tester.close();
  }

  @Example
  void anAbsurdDurationStopsNothing() {
    Duration absurd = Duration.ofSeconds(Long.MAX_VALUE);
    PipelineTester tester =
        PipelineTester.of(
            Statistic.named("s")
                .measuring(
                    Measures.mean("mean", Set.of(), call -> Optional.of(absurd)),
                    Measures.maximum("most", Set.of(), call -> Optional.of(absurd)))
                .build());
    tester
        .receive(Call.builder("1", "t", NOW).build(), Call.builder("2", "t", NOW).build())
        .endBatch();
    assertThat(tester.results("s")).hasSize(1);
    assertThat(tester.results("s").rows().get(0).value("most"))
        .contains(Duration.ofMillis(Long.MAX_VALUE));
    tester.close();
  }
}
