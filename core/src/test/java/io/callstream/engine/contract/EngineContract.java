package io.callstream.engine.contract;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static io.callstream.engine.contract.SourceRecord.STAMP;
import static io.callstream.engine.contract.SourceRecord.call;
import static io.callstream.engine.contract.SourceRecord.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.CallField;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.ParseResult;
import io.callstream.call.RejectionReason;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.Termination;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.Source;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.sink.Sinks;
import io.callstream.statistic.CallDuration;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Lookup;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.ClassOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestClassOrder;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The rules that every engine keeps, as tests: extend this class, say in {@link #testbed} what is
 * to be tested, and run it with JUnit 5. The rules stand, with their numbers, in {@code
 * docs/write-an-engine.md}; each test is named after its rule.
 *
 * <p>What an engine does not declare among its {@link Capability capabilities} is skipped, and then
 * group 16 demands that it is refused. Everything else is for all engines. {@link
 * RandomPipelinesContract} has group 17.
 *
 * <p>Rules of a group share trials: a few records in batches that are told (see {@link Trial}),
 * whose outcome the tests of the group look at. Rules 8 look at the outcomes of all groups, so they
 * come last. If all rules of a group fail alike, the trial itself failed: see the first message.
 */
@TestInstance(Lifecycle.PER_CLASS)
@TestClassOrder(ClassOrderer.OrderAnnotation.class)
@Timeout(300)
public abstract class EngineContract {
  private static final ZoneId LOS_ANGELES = ZoneId.of("America/Los_Angeles");
  private static final SanFranciscoCalls FORMAT = SanFranciscoCalls.json();
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Lookup CODES = new Lookup("codes of the kit", Map.of("HAN", "Handled"));
  private static final Set<CallField> CALL_TIME = EnumSet.of(CallField.CALL_TIME);

  /** Reads a number of milliseconds where one stands. */
  private static final CallDuration MILLIS =
      call -> {
        String text = call.text(CallField.CALL_TIME);
        return text.isEmpty()
            ? Optional.empty()
            : Optional.of(Duration.ofMillis(Long.parseLong(text)));
      };

  private static final Statistic TYPES = Statistic.named("types").by(Dimensions.CRIME_TYPE).build();

  /** Another one for each test. */
  @TempDir private Path directory;

  private final List<Outcome> outcomes = new ArrayList<>();
  private final AtomicInteger directories = new AtomicInteger();

  /** Returns what is to be tested. Called many times; may return the same. */
  protected abstract Testbed testbed();

  // ---- how the kit does it

  /** The outcome of a trial, which runs when the first rule asks for it. */
  private final class Tried {
    private final Trial trial;
    private Outcome outcome;
    private Throwable failure;

    Tried(Trial trial) {
      this.trial = trial;
    }

    Outcome get() throws Exception {
      if (outcome == null && failure == null) {
        try {
          outcome = trial.run(testbed(), directory);
          outcomes.add(outcome);
        } catch (Exception | Error e) {
          failure = e;
        }
      }
      if (failure instanceof Error error) {
        throw error;
      }
      if (failure != null) {
        throw (Exception) failure;
      }
      return outcome;
    }
  }

  private static Trial trial(String name, UnaryOperator<Pipeline.Builder> parts) {
    return new Trial(name, FORMAT, parts);
  }

  private static Statistic byType(String name, Windows windows) {
    return Statistic.named(name).by(Dimensions.CRIME_TYPE).over(windows.withoutLateness()).build();
  }

  private RunningPipeline start(Pipeline pipeline, RunOptions options) {
    return testbed().engine().start(pipeline, options);
  }

  /** Runs a pipeline to the end of what is there. */
  private Accounting runToEnd(Pipeline pipeline, RunOptions options) throws InterruptedException {
    try (RunningPipeline run = start(pipeline, options)) {
      awaitEnd(run);
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      return run.accounting();
    }
  }

  private void awaitEnd(RunningPipeline run) throws InterruptedException {
    assertThat(run.awaitTermination(testbed().patience())).as("the run ends").isTrue();
  }

  private boolean supports(Capability capability) {
    return testbed().engine().capabilities().contains(capability);
  }

  private void assumeSupported(Capability capability) {
    assumeTrue(
        supports(capability),
        () -> "The engine does not declare " + capability + "; rules 16 demand that it refuses it");
  }

  /** Returns options for runs that share a checkpoint. */
  private RunOptions withCheckpoint() {
    Path fresh = directory.resolve("checkpoint-" + directories.incrementAndGet());
    return RunOptions.bounded().checkpointingTo(testbed().checkpoint(fresh));
  }

  private static Instant instant(String time) {
    return Instant.parse(time);
  }

  /** Event time. */
  @Nested
  @Order(1)
  @TestInstance(Lifecycle.PER_CLASS)
  class G01_EventTimeIsTheCallsOwn {
    /** Windows of a millisecond show what time a call was taken for. */
    private final Statistic moments = byType("moments", Windows.tumbling(Duration.ofMillis(1)));

    private final Tried times =
        new Tried(
            trial("times", p -> p.statistic(moments))
                .step(
                    call(0, "1", "summer", "2018-07-01T12:00"),
                    call(0, "2", "winter", "2018-12-01 12:00:30"),
                    call(0, "3", "nanos", "2018-07-01T12:00:00.123456789"),
                    call(0, "4", "tenths", "2018-07-01T12:00:00.5"),
                    call(0, "5", "zulu", "2018-07-01T12:00:00Z"),
                    call(0, "6", "colon", "2018-07-01T12:00:00+05:30"),
                    call(0, "7", "short", "2018-07-01T12:00:00-0330"),
                    call(0, "8", "twice", "2018-11-04T01:30:00"),
                    call(0, "9", "second-pass", "2018-11-04T01:30:00-08:00"),
                    call(0, "10", "skipped", "2018-03-11T02:30:00")));

    private final Tried elsewhere =
        new Tried(
            new Trial(
                    "elsewhere",
                    SanFranciscoCalls.json(ZoneId.of("Asia/Kathmandu")),
                    p -> p.statistic(moments))
                .step(call(0, "1", "here", "2018-07-01T12:00")));

    private List<String> momentsOf(Outcome outcome, String type) {
      return outcome.results().get("moments").stream()
          .filter(row -> row.dimension("crime_type").equals(type))
          .map(row -> row.window().orElseThrow().start().toString())
          .toList();
    }

    /**
     * Times without an offset are those of the format's zone, summer and winter. If it fails, look
     * for a default zone of the machine, or of the engine's session.
     */
    @Test
    void rule_1_1_timesAreReadInTheZoneOfTheFormat() throws Exception {
      assertThat(momentsOf(times.get(), "summer")).containsExactly("2018-07-01T19:00:00Z");
      assertThat(momentsOf(times.get(), "winter")).containsExactly("2018-12-01T20:00:30Z");
      assertThat(momentsOf(elsewhere.get(), "here")).containsExactly("2018-07-01T06:15:00Z");
    }

    /** An offset in the record counts, whatever the zone. If it fails, look at the parser. */
    @Test
    void rule_1_2_anOffsetThatIsGivenCounts() throws Exception {
      assertThat(momentsOf(times.get(), "zulu")).containsExactly("2018-07-01T12:00:00Z");
      assertThat(momentsOf(times.get(), "colon")).containsExactly("2018-07-01T06:30:00Z");
      assertThat(momentsOf(times.get(), "short")).containsExactly("2018-07-01T15:30:00Z");
    }

    /**
     * A time in the hour that occurs twice is the earlier one, and counted as ambiguous; with an
     * offset it is neither. If it fails, look at what carries {@code ambiguousTime} from parsing to
     * counting.
     */
    @Test
    void rule_1_3_ofAnHourThatOccursTwiceTheEarlierIsTakenAndCounted() throws Exception {
      assertThat(momentsOf(times.get(), "twice")).containsExactly("2018-11-04T08:30:00Z");
      assertThat(momentsOf(times.get(), "second-pass")).containsExactly("2018-11-04T09:30:00Z");
      assertThat(times.get().accounting().ambiguousTimes()).isEqualTo(1);
    }

    /** A time that the clocks skip moves on by the length of the gap. */
    @Test
    void rule_1_4_aTimeThatTheClocksSkipMovesOnByTheGap() throws Exception {
      assertThat(momentsOf(times.get(), "skipped")).containsExactly("2018-03-11T10:30:00Z");
    }

    /**
     * Milliseconds count, what is finer is cut off. If it fails, look for times that travel in
     * seconds, or as floating point.
     */
    @Test
    void rule_1_5_timesCountToTheMillisecond() throws Exception {
      assertThat(momentsOf(times.get(), "nanos")).containsExactly("2018-07-01T19:00:00.123Z");
      assertThat(momentsOf(times.get(), "tenths")).containsExactly("2018-07-01T19:00:00.500Z");
    }
  }

  /** Windows. */
  @Nested
  @Order(2)
  @TestInstance(Lifecycle.PER_CLASS)
  class G02_WindowsAreHalfOpen {
    private final Tried windows =
        new Tried(
            trial(
                    "windows",
                    p ->
                        p.statistic(byType("hourly", Windows.tumbling(HOUR)))
                            .statistic(byType("seven", Windows.tumbling(HOUR.multipliedBy(7))))
                            .statistic(byType("sliding", Windows.sliding(HOUR, HOUR.dividedBy(3))))
                            .statistic(byType("daily", Windows.daily(LOS_ANGELES)))
                            .statistic(byType("weekly", Windows.weekly(LOS_ANGELES)))
                            .statistic(byType("monthly", Windows.monthly(LOS_ANGELES)))
                            .statistic(
                                Statistic.named("by-hour")
                                    .by(
                                        Dimensions.CRIME_TYPE,
                                        Dimensions.dayOfWeek(LOS_ANGELES),
                                        Dimensions.hourOfDay(LOS_ANGELES))
                                    .build()))
                .step(records()));

    private List<SourceRecord> records() {
      List<SourceRecord> records =
          new ArrayList<>(
              List.of(
                  call(0, "h1", "before-noon", "2018-06-01T11:59:59.999Z"),
                  call(0, "h2", "noon", "2018-06-01T12:00:00.000Z"),
                  call(0, "d1", "friday", "2018-06-02T06:59:59.999Z"),
                  call(0, "d2", "saturday", "2018-06-02T07:00:00.000Z"),
                  call(0, "w1", "sunday", "2018-06-04T06:59:59.999Z"),
                  call(0, "w2", "monday", "2018-06-04T07:00:00.000Z"),
                  call(0, "m1", "june", "2018-07-01T06:59:59.999Z"),
                  call(0, "m2", "july", "2018-07-01T07:00:00.000Z")));
      // A call every half hour for three local days, the clocks changing in the second.
      every(Duration.ofMinutes(30), "spring", "2018-03-10T08:00:00Z", "2018-03-13T07:00:00Z")
          .forEach(records::add);
      every(Duration.ofMinutes(30), "autumn", "2018-11-03T07:00:00Z", "2018-11-06T08:00:00Z")
          .forEach(records::add);
      return records;
    }

    private List<SourceRecord> every(Duration step, String type, String from, String to) {
      List<SourceRecord> records = new ArrayList<>();
      for (Instant t = instant(from); t.isBefore(instant(to)); t = t.plus(step)) {
        records.add(call(0, type + records.size(), type, t.toString()));
      }
      return records;
    }

    /**
     * A tumbling window has its first millisecond and not its end. If it fails, look for {@code <=}
     * where {@code <} belongs.
     */
    @Test
    void rule_2_1_aTumblingWindowHasItsStartAndNotItsEnd() throws Exception {
      assertThat(windows.get().rows("hourly", "before-noon"))
          .containsExactly("2018-06-01T11:00:00Z/2018-06-01T12:00:00Z  before-noon  1");
      assertThat(windows.get().rows("hourly", "noon"))
          .containsExactly("2018-06-01T12:00:00Z/2018-06-01T13:00:00Z  noon  1");
    }

    /** Windows of seven hours, which do not divide a day, are aligned to 1970-01-01T00:00Z. */
    @Test
    void rule_2_2_tumblingWindowsAreAlignedToTheEpoch() throws Exception {
      assertThat(windows.get().rows("seven", "noon"))
          .containsExactly("2018-06-01T11:00:00Z/2018-06-01T18:00:00Z  noon  1");
    }

    /** A sliding window of k slides has each call k times, half-open as any other. */
    @Test
    void rule_2_3_slidingWindowsHoldACallOnceForEachSlide() throws Exception {
      assertThat(windows.get().rows("sliding", "before-noon"))
          .containsExactly(
              "2018-06-01T11:00:00Z/2018-06-01T12:00:00Z  before-noon  1",
              "2018-06-01T11:20:00Z/2018-06-01T12:20:00Z  before-noon  1",
              "2018-06-01T11:40:00Z/2018-06-01T12:40:00Z  before-noon  1");
      assertThat(windows.get().rows("sliding", "noon"))
          .containsExactly(
              "2018-06-01T11:20:00Z/2018-06-01T12:20:00Z  noon  1",
              "2018-06-01T11:40:00Z/2018-06-01T12:40:00Z  noon  1",
              "2018-06-01T12:00:00Z/2018-06-01T13:00:00Z  noon  1");
    }

    /** Days go from midnight to midnight of their zone, with 23 or 25 hours when clocks change. */
    @Test
    void rule_2_4_daysAreLocalAndHave23Or25HoursWhenClocksChange() throws Exception {
      assertThat(windows.get().rows("daily", "friday"))
          .containsExactly("2018-06-01T07:00:00Z/2018-06-02T07:00:00Z  friday  1");
      assertThat(windows.get().rows("daily", "saturday"))
          .containsExactly("2018-06-02T07:00:00Z/2018-06-03T07:00:00Z  saturday  1");
      assertThat(windows.get().rows("daily", "spring"))
          .containsExactly(
              "2018-03-10T08:00:00Z/2018-03-11T08:00:00Z  spring  48",
              "2018-03-11T08:00:00Z/2018-03-12T07:00:00Z  spring  46",
              "2018-03-12T07:00:00Z/2018-03-13T07:00:00Z  spring  48");
      assertThat(windows.get().rows("daily", "autumn"))
          .containsExactly(
              "2018-11-03T07:00:00Z/2018-11-04T07:00:00Z  autumn  48",
              "2018-11-04T07:00:00Z/2018-11-05T08:00:00Z  autumn  50",
              "2018-11-05T08:00:00Z/2018-11-06T08:00:00Z  autumn  48");
    }

    /** Weeks go from Monday to Monday of their zone, across both clock changes. */
    @Test
    void rule_2_5_weeksAreLocalAndBeginOnMonday() throws Exception {
      assertThat(windows.get().rows("weekly", "sunday"))
          .containsExactly("2018-05-28T07:00:00Z/2018-06-04T07:00:00Z  sunday  1");
      assertThat(windows.get().rows("weekly", "monday"))
          .containsExactly("2018-06-04T07:00:00Z/2018-06-11T07:00:00Z  monday  1");
      assertThat(windows.get().rows("weekly", "spring"))
          .containsExactly(
              "2018-03-05T08:00:00Z/2018-03-12T07:00:00Z  spring  94",
              "2018-03-12T07:00:00Z/2018-03-19T07:00:00Z  spring  48");
      assertThat(windows.get().rows("weekly", "autumn"))
          .containsExactly(
              "2018-10-29T07:00:00Z/2018-11-05T08:00:00Z  autumn  98",
              "2018-11-05T08:00:00Z/2018-11-12T08:00:00Z  autumn  48");
    }

    /** Months go from the first to the first of their zone, across both clock changes. */
    @Test
    void rule_2_6_monthsAreLocal() throws Exception {
      assertThat(windows.get().rows("monthly", "june"))
          .containsExactly("2018-06-01T07:00:00Z/2018-07-01T07:00:00Z  june  1");
      assertThat(windows.get().rows("monthly", "july"))
          .containsExactly("2018-07-01T07:00:00Z/2018-08-01T07:00:00Z  july  1");
      assertThat(windows.get().rows("monthly", "spring"))
          .containsExactly("2018-03-01T08:00:00Z/2018-04-01T07:00:00Z  spring  142");
      assertThat(windows.get().rows("monthly", "autumn"))
          .containsExactly("2018-11-01T07:00:00Z/2018-12-01T08:00:00Z  autumn  146");
    }

    /**
     * Local hours and days of the week follow the clocks: on a Sunday in spring there is no hour 2,
     * on a Sunday in autumn hour 1 comes twice. If it fails, look for an extractor that keeps an
     * offset too long, or is shared by tasks.
     */
    @Test
    void rule_2_7_hoursAndWeekdaysAreLocal() throws Exception {
      List<String> spring = windows.get().rows("by-hour", "spring");
      List<String> autumn = windows.get().rows("by-hour", "autumn");
      assertThat(spring).hasSize(71).allMatch(row -> row.endsWith("  2"));
      assertThat(spring).noneMatch(row -> row.startsWith("spring  7  2  "));
      assertThat(autumn).hasSize(72).contains("autumn  7  1  4");
      assertThat(autumn)
          .filteredOn(row -> !row.equals("autumn  7  1  4"))
          .allMatch(row -> row.endsWith("  2"));
    }
  }

  /** The watermark. */
  @Nested
  @Order(3)
  @TestInstance(Lifecycle.PER_CLASS)
  class G03_TheWatermarkIsTheLeastOverPartitions {
    private final Tried watermarks =
        new Tried(
            trial("watermarks", p -> p.statistic(TYPES))
                .partitions(3)
                .step(
                    call(0, "1", "t", "2018-06-01T10:00:00Z"),
                    call(0, "2", "t", "2018-06-01T10:30:00.007Z"),
                    call(0, "3", "t", "2018-06-01T10:10:00Z"),
                    call(1, "4", "t", "2018-06-01T10:20:00.003Z"))
                .step(call(0, "5", "t", "2018-06-01T10:05:00Z"))
                .step(call(1, "6", "t", "2018-06-01T10:25:00Z"))
                .step(call(0, "7", "t", "2018-06-01T11:00:00Z"), text(2, "no call"))
                .step(text(0, "no call"), call(1, "8", "t", "2018-06-01T10:50:00Z"))
                .step(call(0, "9", "t", "2018-06-01T12:00:00Z")));

    private Optional<Instant> inForce(int step) throws Exception {
      return watermarks.get().batch(step).watermark();
    }

    /**
     * The watermark is the least, over the partitions of a batch, of the greatest event time seen
     * in each. If it fails, look for a watermark over all records, which lets partitions that are
     * ahead close the windows of those that lag.
     */
    @Test
    void rule_3_1_itIsTheLeastOverPartitionsOfTheGreatestSeen() throws Exception {
      assertThat(inForce(1)).contains(instant("2018-06-01T10:20:00.003Z"));
    }

    /** There is none in the first batch; what a batch shows is in force from the next one on. */
    @Test
    void rule_3_2_itIsInForceFromTheNextBatchOn() throws Exception {
      assertThat(inForce(0)).isEmpty();
      assertThat(inForce(1)).isPresent();
    }

    /**
     * A partition without a record in a batch does not hold it back in that batch, and for one that
     * has some the greatest time ever seen there counts.
     */
    @Test
    void rule_3_3_aSilentPartitionDoesNotHoldItBack() throws Exception {
      assertThat(inForce(2)).contains(instant("2018-06-01T10:30:00.007Z"));
    }

    /** It never moves back, though a partition that lags speaks again. */
    @Test
    void rule_3_4_itNeverMovesBack() throws Exception {
      assertThat(inForce(3)).contains(instant("2018-06-01T10:30:00.007Z"));
      Instant last = Instant.MIN;
      for (int i = 1; i < 6; i++) {
        assertThat(inForce(i).orElseThrow()).isAfterOrEqualTo(last);
        last = inForce(i).orElseThrow();
      }
    }

    /**
     * A rejected record is a record: a partition that had nothing else in a batch still holds the
     * watermark at what it has shown, or where it is if it never showed a call.
     */
    @Test
    void rule_3_5_aPartitionWithNothingButRejectedRecordsIsNotSilent() throws Exception {
      assertThat(inForce(4)).contains(instant("2018-06-01T10:30:00.007Z"));
      assertThat(inForce(5)).contains(instant("2018-06-01T10:50:00Z"));
    }

    private Trial guarded(String name) {
      return trial(
          name, p -> p.statistic(byType("hourly", Windows.tumbling(HOUR))).maxEventTimeJump(HOUR));
    }

    private final Tried misdated =
        new Tried(
            guarded("misdated")
                .step(
                    call(0, "1", "good", "2018-06-01T10:00:30Z"),
                    call(0, "2", "good", "2018-06-01T10:01:00Z"),
                    call(0, "3", "good", "2018-06-01T10:02:00Z"))
                .step(call(0, "4", "far", "2019-12-31T10:00:30Z"))
                .step(call(0, "5", "good", "2018-06-01T10:05:00Z"))
                .step(
                    call(0, "6", "far", "2019-12-31T10:00:30Z"),
                    call(0, "7", "far", "2019-12-31T10:01:00Z"))
                .step(
                    call(0, "8", "good", "2018-06-01T10:06:00Z"),
                    call(0, "9", "good", "2018-06-01T10:07:00Z"),
                    call(0, "10", "far", "2019-12-31T10:00:30Z"))
                .step(call(0, "11", "good", "2018-06-01T10:08:00Z")));

    /**
     * A call that is further ahead of its partition than the greatest jump does not move the
     * watermark, and neither do two in a row. If it fails, look for a watermark that is the
     * greatest time seen.
     */
    @Test
    void rule_3_10_aMisdatedCallDoesNotMoveIt() throws Exception {
      List<Optional<Instant>> inForce = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        inForce.add(misdated.get().batch(i).watermark());
      }
      assertThat(inForce)
          .containsExactly(
              Optional.empty(),
              Optional.of(instant("2018-06-01T10:02:00Z")),
              Optional.of(instant("2018-06-01T10:02:00Z")),
              Optional.of(instant("2018-06-01T10:05:00Z")),
              Optional.of(instant("2018-06-01T10:05:00Z")),
              Optional.of(instant("2018-06-01T10:07:00Z")));
    }

    /**
     * A call that is not believed is counted in its own window, makes no other call late, and is
     * reported in the batch of the second call after it. The last one of the trial has no such
     * call.
     */
    @Test
    void rule_3_11_aMisdatedCallIsCountedAndReported() throws Exception {
      assertThat(misdated.get().rows("hourly"))
          .containsExactly(
              "2018-06-01T10:00:00Z/2018-06-01T11:00:00Z  good  7",
              "2019-12-31T10:00:00Z/2019-12-31T11:00:00Z  far  4");
      assertThat(misdated.get().accounting().statistics().get("hourly"))
          .isEqualTo(new Accounting.Contributions(11, 0, 0));
      List<Long> reported = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        reported.add(misdated.get().batch(i).accounting().unconfirmedTimes());
      }
      assertThat(reported).containsExactly(0L, 0L, 0L, 1L, 2L, 0L);
      assertThat(misdated.get().accounting().unconfirmedTimes()).isEqualTo(3);
    }

    private final Tried gap =
        new Tried(
            guarded("gap")
                .step(
                    call(0, "1", "t", "2018-06-01T10:00:00Z"),
                    call(0, "2", "t", "2018-06-01T10:00:00Z"),
                    call(0, "3", "t", "2018-06-01T10:00:00Z"))
                .step(call(0, "4", "t", "2018-06-05T10:00:00Z"))
                .step(call(0, "5", "t", "2018-06-05T10:01:00Z"))
                .step(call(0, "6", "t", "2018-06-05T10:02:00Z"))
                .step(call(0, "7", "t", "2018-06-05T10:03:00Z")));

    /**
     * After a gap the third call confirms the two before it: the watermark follows two calls late,
     * and nothing is reported. If it fails, look for a clock that stands still for good.
     */
    @Test
    void rule_3_12_threeCallsInARowMoveItAcrossAGap() throws Exception {
      assertThat(gap.get().batch(3).watermark()).contains(instant("2018-06-01T10:00:00Z"));
      assertThat(gap.get().batch(4).watermark()).contains(instant("2018-06-05T10:02:00Z"));
      assertThat(gap.get().accounting().unconfirmedTimes()).isZero();
    }

    private final Tried firstMisdated =
        new Tried(
            guarded("first-misdated")
                .step(call(0, "1", "far", "2019-12-31T10:00:00Z"))
                .step(call(0, "2", "t", "2018-06-01T10:00:00Z"))
                .step(call(0, "3", "t", "2018-06-01T10:01:00Z"))
                .step(call(0, "4", "t", "2018-06-01T10:02:00Z")));

    /**
     * Before its third call a partition has no time; then a first call with a wrong time is known.
     */
    @Test
    void rule_3_13_aMisdatedFirstCallDoesNotMoveIt() throws Exception {
      assertThat(firstMisdated.get().batch(2).watermark()).isEmpty();
      assertThat(firstMisdated.get().batch(3).watermark())
          .contains(instant("2018-06-01T10:01:00Z"));
      assertThat(firstMisdated.get().accounting().unconfirmedTimes()).isEqualTo(1);
    }

    private final Tried jumps =
        new Tried(
            guarded("jumps")
                .partitions(2)
                .step(
                    call(0, "1", "t", "2018-06-01T10:00:00Z"),
                    call(0, "2", "t", "2018-06-01T10:00:00Z"),
                    call(0, "3", "t", "2018-06-01T10:00:00Z"))
                .step(call(0, "4", "t", "2018-06-01T11:00:00.000Z"))
                .step(
                    call(1, "5", "t", "2018-06-02T10:00:00Z"),
                    call(1, "6", "t", "2018-06-02T10:00:00Z"),
                    call(1, "7", "t", "2018-06-02T10:00:00Z"))
                .step(call(1, "8", "t", "2018-06-02T11:00:00.001Z"))
                .step(call(1, "9", "t", "2018-06-02T10:00:00Z")));

    /**
     * A jump of exactly the greatest jump is believed at once; one of a millisecond more is not.
     */
    @Test
    void rule_3_14_theGreatestJumpIsBelievedAtOnce() throws Exception {
      assertThat(jumps.get().batch(2).watermark()).contains(instant("2018-06-01T11:00:00.000Z"));
      assertThat(jumps.get().batch(4).watermark()).contains(instant("2018-06-02T10:00:00Z"));
    }

    /** A misdated first call, two in a row, a gap, and a stream that comes near the two. */
    private final List<SourceRecord> eventful =
        List.of(
            call(0, "1", "far", "2019-12-31T10:00:00Z"),
            call(0, "2", "t", "2018-06-01T10:00:00Z"),
            call(0, "3", "t", "2018-06-01T10:01:00Z"),
            call(0, "4", "far", "2018-06-01T15:00:00Z"),
            call(0, "5", "far", "2018-06-01T15:00:00Z"),
            call(0, "6", "t", "2018-06-01T10:03:00Z"),
            call(0, "7", "t", "2018-06-01T14:10:00Z"),
            call(0, "8", "t", "2018-06-01T14:11:00Z"),
            call(0, "9", "t", "2018-06-01T14:12:00Z"),
            call(0, "10", "t", "2018-06-01T14:13:00Z"));

    private final List<Tried> splits =
        IntStream.of(10, 3, 2)
            .mapToObj(
                size -> {
                  Trial trial = guarded("batches-of-" + size);
                  for (int from = 0; from < eventful.size(); from += size) {
                    trial.step(eventful.subList(from, Math.min(from + size, eventful.size())));
                  }
                  return new Tried(trial.step(call(0, "end", "t", "2018-06-01T14:13:00Z")));
                })
            .toList();

    /**
     * What is believed depends on the order of the records in their partition, not on where batches
     * end: the watermark after all records is the same, and so is what is reported. A call that two
     * more did not confirm is not believed later, when the stream comes near it.
     */
    @Test
    void rule_3_15_batchBoundariesDoNotMatter() throws Exception {
      for (Tried split : splits) {
        int last = split.get().steps().size() - 1;
        assertThat(split.get().batch(last).watermark()).contains(instant("2018-06-01T14:13:00Z"));
        assertThat(split.get().accounting().unconfirmedTimes()).isEqualTo(3);
      }
    }

    private final Tried sparse =
        new Tried(
            guarded("sparse")
                .step(
                    call(0, "1", "t", "2018-06-01T00:00:00Z"),
                    call(0, "2", "t", "2018-06-01T03:00:00Z"),
                    call(0, "3", "t", "2018-06-01T06:00:00Z"))
                .step(call(0, "4", "t", "2018-06-01T09:00:00Z"))
                .step(call(0, "5", "t", "2018-06-01T12:00:00Z")));

    /**
     * Where all calls are further apart than the greatest jump, the watermark is two calls late.
     */
    @Test
    void rule_3_16_inASparseStreamItIsTwoCallsLate() throws Exception {
      assertThat(sparse.get().batch(1).watermark()).contains(instant("2018-06-01T00:00:00Z"));
      assertThat(sparse.get().batch(2).watermark()).contains(instant("2018-06-01T03:00:00Z"));
      assertThat(sparse.get().accounting().unconfirmedTimes()).isZero();
    }

    private final Tried unstamped =
        new Tried(
            guarded("unstamped")
                .step(
                    Stream.of(
                            call(0, "1", "t", "2018-06-01T10:00:00Z"),
                            call(0, "2", "t", "2018-06-01T10:01:00Z"),
                            call(0, "3", "far", "2199-12-31T10:00:00Z"),
                            call(0, "4", "t", "2018-06-01T10:02:00Z"),
                            call(0, "5", "t", "2018-06-01T10:03:00Z"))
                        .map(record -> record.stamped(Instant.ofEpochMilli(-1)))
                        .toList())
                .step(call(0, "6", "t", "2018-06-01T10:04:00Z")));

    /**
     * A record without a timestamp is not rejected for its time, whatever that is, and a misdated
     * one does not move the watermark either. For sources that can hold such records.
     */
    @Test
    void rule_3_17_recordsWithoutATimestampAreGuardedToo() throws Exception {
      assumeTrue(
          testbed().source(1).source() instanceof MemorySource,
          "The source gives every record a timestamp");
      assertThat(unstamped.get().batch(1).watermark()).contains(instant("2018-06-01T10:03:00Z"));
      assertThat(unstamped.get().accounting().rejected()).isZero();
      assertThat(unstamped.get().accounting().unconfirmedTimes()).isEqualTo(1);
      assertThat(unstamped.get().accounting().statistics().get("hourly"))
          .isEqualTo(new Accounting.Contributions(6, 0, 0));
    }
  }

  /** Lateness. */
  @Nested
  @Order(4)
  @TestInstance(Lifecycle.PER_CLASS)
  class G04_ACallIsLateWhenItsWindowHasClosed {
    private final Duration lateness = Duration.ofMillis(17 * 60_000 + 13_007);

    private final Tried lateCalls =
        new Tried(
            trial(
                    "late",
                    p ->
                        p.statistic(TYPES)
                            .statistic(
                                Statistic.named("hourly")
                                    .by(Dimensions.CRIME_TYPE)
                                    .over(Windows.tumbling(HOUR).allowingLateness(lateness))
                                    .build())
                            .statistic(byType("sliding", Windows.sliding(HOUR, HOUR.dividedBy(3))))
                            .statistic(
                                Statistic.named("only-x")
                                    .where(call -> call.crimeType().startsWith("x"))
                                    .over(Windows.tumbling(HOUR).allowingLateness(lateness))
                                    .build()))
                .step(
                    call(0, "1", "early", "2018-06-01T12:30:00Z"),
                    call(0, "2", "mover", "2018-06-01T13:17:13.006Z"))
                .step(
                    call(0, "3", "punctual", "2018-06-01T12:10:00Z"),
                    call(0, "4", "mover", "2018-06-01T13:17:13.007Z"))
                .step(
                    call(0, "5", "tardy", "2018-06-01T12:59:59.999Z"),
                    call(0, "6", "fresh", "2018-06-01T13:05:00Z")));

    private MissedWindow missed(String statistic, String start) {
      Instant from = instant(start);
      return new MissedWindow(statistic, new WindowBounds(from, from.plus(HOUR)));
    }

    /** One millisecond less than end + allowed lateness, and the call counts. */
    @Test
    void rule_4_1_oneMillisecondBeforeItsWindowClosesACallCounts() throws Exception {
      assertThat(lateCalls.get().batch(1).watermark())
          .contains(instant("2018-06-01T13:17:13.006Z"));
      assertThat(lateCalls.get().rows("hourly", "punctual"))
          .containsExactly("2018-06-01T12:00:00Z/2018-06-01T13:00:00Z  punctual  1");
    }

    /**
     * At a watermark of end + allowed lateness the call is late, and counted as late; a call of the
     * next window is not. If it fails, look for {@code <} where {@code <=} belongs, or for late
     * calls that are dropped.
     */
    @Test
    void rule_4_2_whenTheWatermarkReachesEndPlusLatenessACallIsLate() throws Exception {
      assertThat(lateCalls.get().batch(2).watermark())
          .contains(instant("2018-06-01T13:17:13.007Z"));
      assertThat(lateCalls.get().rows("hourly", "tardy")).isEmpty();
      assertThat(lateCalls.get().rows("hourly", "fresh"))
          .containsExactly("2018-06-01T13:00:00Z/2018-06-01T14:00:00Z  fresh  1");
      assertThat(lateCalls.get().batch(2).accounting().statistics().get("hourly").late())
          .isEqualTo(1);
    }

    /**
     * A late call goes to the dead letters, once, with its bytes, its origin and all the windows
     * that it missed, by statistics and then by start.
     */
    @Test
    void rule_4_3_aLateCallIsDeliveredWithTheWindowsItMissed() throws Exception {
      Outcome outcome = lateCalls.get();
      assertThat(outcome.letters(2))
          .containsExactly(
              new Late(
                  new Origin(outcome.topic(), 0, 4, STAMP),
                  outcome.steps().get(2).get(0).value(),
                  List.of(
                      missed("hourly", "2018-06-01T12:00:00Z"),
                      missed("sliding", "2018-06-01T12:00:00Z"))));
      assertThat(outcome.letters(1))
          .containsExactly(
              new Late(
                  new Origin(outcome.topic(), 0, 2, STAMP),
                  outcome.steps().get(1).get(0).value(),
                  List.of(
                      missed("sliding", "2018-06-01T11:20:00Z"),
                      missed("sliding", "2018-06-01T11:40:00Z"),
                      missed("sliding", "2018-06-01T12:00:00Z"))));
    }

    /** A call may be late in some windows of a statistic and count in others. */
    @Test
    void rule_4_4_aCallCountsInThoseOfItsWindowsThatAreOpen() throws Exception {
      assertThat(lateCalls.get().rows("sliding", "tardy"))
          .containsExactly(
              "2018-06-01T12:20:00Z/2018-06-01T13:20:00Z  tardy  1",
              "2018-06-01T12:40:00Z/2018-06-01T13:40:00Z  tardy  1");
      assertThat(lateCalls.get().batch(2).accounting().statistics().get("sliding"))
          .isEqualTo(new Accounting.Contributions(5, 1, 0));
    }

    /** A statistic without a window has no late calls. */
    @Test
    void rule_4_5_aStatisticWithoutAWindowIsNeverLate() throws Exception {
      assertThat(lateCalls.get().rows("types"))
          .contains("tardy  1", "punctual  1")
          .contains("mover  2");
      assertThat(lateCalls.get().accounting().statistics().get("types"))
          .isEqualTo(new Accounting.Contributions(6, 0, 0));
    }

    /** A call that a filter leaves out is not late in that statistic. */
    @Test
    void rule_4_6_aFilteredCallIsNotLate() throws Exception {
      assertThat(lateCalls.get().accounting().statistics().get("only-x"))
          .isEqualTo(new Accounting.Contributions(0, 0, 6));
    }

    /**
     * What a window came to when it closed stays in the results, unless its retention says
     * otherwise, and is not emitted again.
     */
    @Test
    void rule_4_7_aClosedWindowKeepsItsResults() throws Exception {
      assertThat(lateCalls.get().updates(2, "hourly"))
          .containsExactly("2018-06-01T13:00:00Z/2018-06-01T14:00:00Z  fresh  1");
      assertThat(lateCalls.get().rows("hourly", "early"))
          .containsExactly("2018-06-01T12:00:00Z/2018-06-01T13:00:00Z  early  1");
    }

    private final Tried retained =
        new Tried(
            trial(
                    "retained",
                    p ->
                        p.statistic(byType("hourly", Windows.tumbling(HOUR)))
                            .retainingResults(HOUR))
                .step(call(0, "1", "first", "2018-06-01T10:30:00Z"))
                .step(call(0, "2", "mover", "2018-06-01T11:59:59.999Z"))
                .step(call(0, "3", "mover", "2018-06-01T12:00:00Z"))
                .step(call(0, "4", "mover", "2018-06-01T12:10:00Z"))
                .step(call(0, "5", "mover", "2018-06-01T12:20:00Z")));

    /**
     * With a retention, the results of a window are there until the batch after the one at whose
     * watermark the window has been closed for so long, and then are not. Accounting stays.
     */
    @Test
    void rule_4_8_resultsAreForgottenWhenTheirRetentionIsOver() throws Exception {
      String first = "2018-06-01T10:00:00Z/2018-06-01T11:00:00Z  first  1";
      // The third call brings the watermark to an hour behind the close, in force in the fourth.
      assertThat(retained.get().current(3, "hourly")).contains(first);
      assertThat(retained.get().current(4, "hourly"))
          .doesNotContain(first)
          .contains("2018-06-01T11:00:00Z/2018-06-01T12:00:00Z  mover  1");
      assertThat(retained.get().rows("hourly", "first")).isEmpty();
      assertThat(retained.get().accounting().statistics().get("hourly"))
          .isEqualTo(new Accounting.Contributions(5, 0, 0));
    }

    /** A call a minute for an hour, and in each partition one that is dated a year later. */
    private Tried replay(int partitions) {
      Trial trial =
          trial(
                  "replay-" + partitions,
                  p ->
                      p.statistic(
                              Statistic.named("hourly")
                                  .by(Dimensions.CRIME_TYPE)
                                  .over(Windows.tumbling(HOUR).allowingLateness(HOUR))
                                  .build())
                          .maxEventTimeJump(Pipeline.DEFAULT_MAX_EVENT_TIME_JUMP))
              .partitions(partitions);
      List<SourceRecord> records = new ArrayList<>();
      Instant first = instant("2018-12-31T10:00:30Z");
      for (int i = 0; i < 60; i++) {
        String time = first.plus(i, ChronoUnit.MINUTES).toString();
        records.add(call(i % partitions, "c" + i, "t", time));
        if (i / partitions == 3) {
          records.add(call(i % partitions, "far" + i, "far", "2019-12-31T10:00:30Z"));
        }
      }
      for (int from = 0; from < records.size(); from += 10) {
        trial.step(records.subList(from, Math.min(from + 10, records.size())));
      }
      return new Tried(trial);
    }

    private final List<Tried> replays = List.of(replay(1), replay(2));

    /**
     * One call with a wrong time in each partition makes no other call late: all are counted in
     * their own windows. If it fails, look at rules 3.10 to 3.17.
     */
    @Test
    void rule_4_10_aMisdatedCallMakesNoOtherCallLate() throws Exception {
      for (int partitions = 1; partitions <= 2; partitions++) {
        Outcome outcome = replays.get(partitions - 1).get();
        assertThat(outcome.rows("hourly"))
            .containsExactly(
                "2018-12-31T10:00:00Z/2018-12-31T11:00:00Z  t  60",
                "2019-12-31T10:00:00Z/2019-12-31T11:00:00Z  far  " + partitions);
        assertThat(outcome.accounting().statistics().get("hourly"))
            .isEqualTo(new Accounting.Contributions(60 + partitions, 0, 0));
        assertThat(outcome.accounting().unconfirmedTimes()).isEqualTo(partitions);
      }
    }
  }

  /** Duplicates. */
  @Nested
  @Order(5)
  @TestInstance(Lifecycle.PER_CLASS)
  class G05_DuplicatesCountOnce {
    private final Tried duplicates =
        new Tried(
            trial("duplicates", p -> p.statistic(TYPES).distinct(Duration.ofHours(2)))
                .partitions(2)
                .step(
                    call(1, "A", "higher-partition", "2018-06-01T10:00:00Z"),
                    call(0, "A", "first", "2018-06-01T10:05:00Z"),
                    call(0, "A", "higher-offset", "2018-06-01T10:01:00Z"),
                    call(0, "B", "b", "2018-06-01T10:10:00Z"),
                    call(1, "C", "c", "2018-06-01T10:10:00Z"))
                .step(
                    call(0, "A", "later", "2018-06-01T10:07:00Z", "disposition", "\"?\""),
                    call(0, "D", "mover", "2018-06-01T12:04:59.999Z"),
                    call(1, "E", "mover", "2018-06-01T12:04:59.999Z"))
                .step(
                    call(0, "A", "remembered", "2018-06-01T12:03:00Z"),
                    call(0, "F", "mover", "2018-06-01T12:05:00Z"),
                    call(1, "G", "mover", "2018-06-01T12:05:00Z"))
                .step(
                    call(0, "A", "forgotten", "2018-06-01T12:04:00Z"),
                    call(0, "Z", "old", "2018-06-01T10:00:00Z"),
                    call(1, "Z", "old-again", "2018-06-01T12:05:00Z"))
                .step(
                    call(0, "A", "remembered-again", "2018-06-01T12:06:00Z"),
                    call(0, "Z", "old-later", "2018-06-01T12:05:00Z")));

    private final Tried repeated =
        new Tried(
            trial("repeated", p -> p.statistic(TYPES))
                .step(
                    call(0, "A", "t", "2018-06-01T10:00:00Z"),
                    call(0, "A", "t", "2018-06-01T10:00:00Z")));

    private Outcome outcome() throws Exception {
      assumeSupported(Capability.DISTINCT);
      return duplicates.get();
    }

    /** Of one id in one batch the lowest partition and, within it, the lowest offset counts. */
    @Test
    void rule_5_1_theFirstByPartitionAndOffsetCounts() throws Exception {
      assertThat(outcome().updates(0, "types")).containsExactly("b  1", "c  1", "first  1");
      assertThat(outcome().batch(0).accounting().duplicates()).isEqualTo(2);
    }

    /**
     * An id of an earlier batch is a duplicate, whatever else the call says. If it fails, look at
     * what is remembered between batches.
     */
    @Test
    void rule_5_2_anIdOfAnEarlierBatchIsADuplicateWhateverElseItSays() throws Exception {
      assertThat(outcome().rows("types", "later")).isEmpty();
      assertThat(outcome().batch(1).accounting().duplicates()).isEqualTo(1);
    }

    /** One millisecond before the watermark is first event time + horizon, an id is remembered. */
    @Test
    void rule_5_3_anIdIsRememberedUntilTheHorizon() throws Exception {
      assertThat(outcome().batch(2).watermark()).contains(instant("2018-06-01T12:04:59.999Z"));
      assertThat(outcome().rows("types", "remembered")).isEmpty();
      assertThat(outcome().batch(2).accounting().duplicates()).isEqualTo(1);
    }

    /** When the watermark reaches first event time + horizon, an id is new, and remembered anew. */
    @Test
    void rule_5_4_atTheHorizonAnIdIsForgotten() throws Exception {
      assertThat(outcome().batch(3).watermark()).contains(instant("2018-06-01T12:05:00Z"));
      assertThat(outcome().rows("types", "forgotten")).containsExactly("forgotten  1");
      assertThat(outcome().rows("types", "remembered-again")).isEmpty();
    }

    /** Of a call that is past its horizon when it comes, duplicates are found in its batch only. */
    @Test
    void rule_5_5_aCallPastItsHorizonIsRememberedWithinItsBatchOnly() throws Exception {
      assertThat(outcome().rows("types", "old")).containsExactly("old  1");
      assertThat(outcome().rows("types", "old-again")).isEmpty();
      assertThat(outcome().rows("types", "old-later")).containsExactly("old-later  1");
      assertThat(outcome().batch(3).accounting().duplicates()).isEqualTo(1);
      assertThat(outcome().batch(4).accounting().duplicates()).isEqualTo(1);
    }

    /** Duplicates are no dead letters, and count among no other calls. */
    @Test
    void rule_5_6_duplicatesAreCountedAndNowhereElse() throws Exception {
      assertThat(outcome().recorder().letters()).isEmpty();
      assertThat(outcome().batch(1).accounting().unknownDispositions()).isEqualTo(2);
      assertThat(outcome().accounting().duplicates()).isEqualTo(6);
    }

    /** Without {@code distinct()} calls of the same id all count. */
    @Test
    void rule_5_7_withoutDistinctEveryCallCounts() throws Exception {
      assertThat(repeated.get().rows("types")).containsExactly("t  2");
      assertThat(repeated.get().accounting().duplicates()).isZero();
    }
  }

  /** Rejected records. */
  @Nested
  @Order(6)
  @TestInstance(Lifecycle.PER_CLASS)
  class G06_RecordsThatAreNoCallsAreRejected {
    private record Case(RejectionReason reason, String field, SourceRecord record) {
      static Case of(int partition, RejectionReason reason, String field, String value) {
        return new Case(reason, field, text(partition, value));
      }
    }

    private final String open =
        "{\"crime_id\":\"1\",\"original_crime_type_name\":\"t\",\"call_date_time\":\"2018-06-01T12:00\"";

    private final List<Case> cases =
        List.of(
            new Case(RejectionReason.EMPTY, null, new SourceRecord(0, STAMP, null)),
            Case.of(1, RejectionReason.EMPTY, null, ""),
            Case.of(0, RejectionReason.EMPTY, null, " \r\n\t"),
            Case.of(1, RejectionReason.TOO_LARGE, null, open + " ".repeat(1 << 20) + "}"),
            Case.of(
                0,
                RejectionReason.TOO_DEEP,
                null,
                open + ",\"x\":" + "[".repeat(100) + "]".repeat(100) + "}"),
            Case.of(1, RejectionReason.NOT_JSON, null, open),
            new Case(
                RejectionReason.NOT_JSON,
                null,
                new SourceRecord(0, STAMP, new byte[] {(byte) 0xff, 0, '{', (byte) 0x80})),
            Case.of(1, RejectionReason.NOT_AN_OBJECT, null, "[" + open + "}]"),
            Case.of(
                0,
                RejectionReason.MISSING_FIELD,
                "crime_id",
                open.replace("crime_id", "other") + "}"),
            Case.of(
                1,
                RejectionReason.MISSING_FIELD,
                "original_crime_type_name",
                open.replace("\"t\"", "null") + "}"),
            Case.of(
                0,
                RejectionReason.BLANK_FIELD,
                "original_crime_type_name",
                open.replace("\"t\"", "\" \"") + "}"),
            Case.of(1, RejectionReason.NOT_TEXT, "address", open + ",\"address\":{}}"),
            Case.of(
                0,
                RejectionReason.UNREADABLE_TIME,
                "call_date_time",
                open.replace("06-01", "02-30") + "}"),
            new Case(
                RejectionReason.FUTURE_TIME,
                "call_date_time",
                call(1, "f", "future", "2018-06-02T12:00:00.001Z")
                    .stamped(instant("2018-06-01T12:00:00Z"))));

    private final Tried rejections =
        new Tried(trial("rejections", p -> p.statistic(TYPES)).partitions(2).step(records()));

    private List<SourceRecord> records() {
      List<SourceRecord> records = new ArrayList<>();
      records.add(
          call(1, "skew", "at-the-skew", "2018-06-02T12:00:00.000Z")
              .stamped(instant("2018-06-01T12:00:00Z")));
      for (int i = 0; i < cases.size(); i++) {
        records.add(cases.get(i).record());
        records.add(call(i % 2, "good-" + i, "good", "2018-06-01T12:00:00Z"));
      }
      return records;
    }

    /** Returns the letters by the record that each is about, found by its origin. */
    private Map<Case, Rejected> byCase() throws Exception {
      Map<Case, Rejected> found = new HashMap<>();
      long[] offsets = new long[2];
      for (SourceRecord record : records()) {
        long offset = offsets[record.partition()]++;
        for (DeadLetter letter : rejections.get().recorder().letters()) {
          if (letter.origin().partition() == record.partition()
              && letter.origin().offset() == offset) {
            cases.stream()
                .filter(c -> c.record() == record)
                .forEach(c -> found.put(c, (Rejected) letter));
          }
        }
      }
      return found;
    }

    /**
     * Every reason is told by its code, with the field where a field is the reason. If a reason is
     * missing, look for records that are dropped before they are counted.
     */
    @Test
    void rule_6_1_everyReasonIsTold() throws Exception {
      assertThat(cases.stream().map(Case::reason).collect(Collectors.toSet()))
          .as("reasons that the kit has a case for")
          .isEqualTo(EnumSet.complementOf(EnumSet.of(RejectionReason.FORMAT_FAILED)));
      Map<Case, Rejected> letters = byCase();
      for (Case c : cases) {
        assertThat(letters.get(c)).as("letter of %s %s", c.reason(), c.field()).isNotNull();
        assertThat(letters.get(c).reason()).isEqualTo(c.reason());
        assertThat(letters.get(c).field()).isEqualTo(c.field());
      }
    }

    /** The record's bytes come as they were; a record without a value has none. */
    @Test
    void rule_6_2_theBytesComeAsTheyWere() throws Exception {
      assertThat(byCase()).hasSize(cases.size());
      byCase().forEach((c, letter) -> assertThat(letter.value()).isEqualTo(c.record().value()));
    }

    /** The origin has the source's name, partition, offset, and timestamp to the millisecond. */
    @Test
    void rule_6_3_theOriginIsWhereTheRecordCameFrom() throws Exception {
      assertThat(byCase()).hasSize(cases.size());
      for (Map.Entry<Case, Rejected> e : byCase().entrySet()) {
        assertThat(e.getValue().origin().topic()).isEqualTo(rejections.get().topic());
        assertThat(e.getValue().origin().timestamp()).isEqualTo(e.getKey().record().timestamp());
      }
    }

    /** The letters of a batch come in the order of partitions and offsets. */
    @Test
    void rule_6_4_lettersComeInTheOrderOfPartitionsAndOffsets() throws Exception {
      assertThat(rejections.get().letters(0))
          .hasSizeGreaterThan(cases.size() / 2)
          .extracting(DeadLetter::origin)
          .isSortedAccordingTo(
              Comparator.comparingInt(Origin::partition).thenComparingLong(Origin::offset));
    }

    /** An event is in the future one millisecond past its record's timestamp + the skew. */
    @Test
    void rule_6_5_theFutureBeginsBehindTheSkew() throws Exception {
      assertThat(rejections.get().rows("types", "at-the-skew")).containsExactly("at-the-skew  1");
      assertThat(rejections.get().rows("types", "future")).isEmpty();
    }

    /** A rejected record is counted, stops nothing, and becomes no row. */
    @Test
    void rule_6_6_aRejectionStopsNothingAndBecomesNoRow() throws Exception {
      assertThat(rejections.get().accounting().rejected()).isEqualTo(cases.size());
      assertThat(rejections.get().rows("types"))
          .containsExactly("good  " + cases.size(), "at-the-skew  1");
    }

    // ---- transactions

    private ContractSource.Transaction begin(ContractSource source) {
      Optional<ContractSource.Transaction> transaction = source.begin();
      assumeTrue(transaction.isPresent(), "The source of the testbed has no transactions");
      return transaction.get();
    }

    private SourceRecord at(int partition, String id, String type) {
      return call(partition, id, type, "2018-06-01T12:00:00Z");
    }

    private Pipeline pipeline(ContractSource source, Recorder recorder) {
      return recorder.on(Pipeline.builder(source.source(), FORMAT).statistic(TYPES)).build();
    }

    /** Returns options for bounded runs that each continue the one before, if that is possible. */
    private RunOptions continued() {
      return supports(Capability.CHECKPOINT) ? withCheckpoint() : RunOptions.bounded();
    }

    /**
     * Records of an aborted transaction are not read: they are not counted, not rejected, and are
     * no rows. Those of a committed one are. If it fails, look for a reader with Kafka's own
     * default, which is to read uncommitted records. Skipped if the source has no transactions.
     */
    @Test
    void rule_6_7_recordsOfAnAbortedTransactionAreNotRead() throws Exception {
      ContractSource source = testbed().source(2);
      ContractSource.Transaction aborted = begin(source);
      source.send(List.of(at(1, "1", "before")));
      aborted.send(List.of(at(0, "2", "aborted"), text(0, "no call"), at(1, "3", "aborted")));
      aborted.abort();
      ContractSource.Transaction committed = begin(source);
      committed.send(List.of(at(0, "4", "committed"), text(1, "no call either")));
      committed.commit();
      source.send(List.of(at(1, "5", "after")));
      Recorder recorder = new Recorder();
      Pipeline pipeline = pipeline(source, recorder);
      try (RunningPipeline run = start(pipeline, RunOptions.bounded())) {
        awaitEnd(run);
        assertThat(Outcome.texts(run.results("types").rows()))
            .containsExactly("after  1", "before  1", "committed  1");
        assertThat(run.accounting().received()).isEqualTo(4);
        assertThat(run.accounting().rejected()).isEqualTo(1);
        assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      }
      // Aborted records and ends of transactions keep their offsets: 1, 2 and 4 of partition 1.
      assertThat(recorder.letters())
          .extracting(DeadLetter::origin)
          .extracting(Origin::partition, Origin::offset)
          .containsExactly(tuple(1, 3L));
      assertThat(recorder.reports().stream().mapToLong(Progress::inputRows).sum()).isEqualTo(4);
    }

    /**
     * A bounded run ends where an open transaction starts. The records from there on, those that
     * were sent without a transaction included, are read once, by the runs after its end. If it
     * hangs, look for an end offset that does not depend on the isolation level. Skipped if the
     * source has no transactions.
     */
    @Test
    void rule_6_8_aBoundedRunEndsWhereAnOpenTransactionStarts() throws Exception {
      ContractSource source = testbed().source(2);
      RunOptions options = continued();
      ContractSource.Transaction first = begin(source);
      source.send(List.of(at(0, "1", "before")));
      first.send(List.of(at(0, "2", "committed")));
      source.send(List.of(at(0, "3", "after"), at(1, "4", "elsewhere")));
      Accounting open = runToEnd(pipeline(source, new Recorder()), options);
      assertThat(open.received()).isEqualTo(2);

      first.send(List.of(at(0, "5", "committed")));
      assertThat(runToEnd(pipeline(source, new Recorder()), options)).isEqualTo(open);

      first.commit();
      try (RunningPipeline run = start(pipeline(source, new Recorder()), options)) {
        awaitEnd(run);
        assertThat(run.accounting().received()).isEqualTo(5);
        assertThat(run.progress().orElseThrow().lag()).isZero();
      }

      ContractSource.Transaction second = begin(source);
      second.send(List.of(at(0, "6", "aborted")));
      source.send(List.of(at(0, "7", "after")));
      assertThat(runToEnd(pipeline(source, new Recorder()), options).received()).isEqualTo(5);
      second.abort();
      try (RunningPipeline run = start(pipeline(source, new Recorder()), options)) {
        awaitEnd(run);
        assertThat(run.accounting().received()).isEqualTo(6);
        assertThat(Outcome.texts(run.results("types").rows()))
            .containsExactly("after  2", "committed  2", "before  1", "elsewhere  1");
      }
    }

    /**
     * A continuous run reads the other partitions while a transaction is open, and resumes in those
     * of the transaction when it has ended, with a commit or an abort. Skipped if the source has no
     * transactions.
     */
    @Test
    void rule_6_9_aContinuousRunResumesWhenATransactionHasEnded() throws Exception {
      ContractSource source = testbed().source(2);
      ContractSource.Transaction first = begin(source);
      Recorder recorder = new Recorder();
      Pipeline pipeline = pipeline(source, recorder);
      try (RunningPipeline run =
          start(pipeline, RunOptions.continuous().triggeringEvery(Duration.ZERO))) {
        source.send(List.of(at(0, "1", "before")));
        first.send(List.of(at(0, "2", "committed")));
        source.send(List.of(at(0, "3", "after"), at(1, "4", "elsewhere")));
        awaitReceived(run, recorder, 2);
        source.send(List.of(at(1, "5", "elsewhere")));
        awaitReceived(run, recorder, 3);
        assertThat(run.results("types").rows())
            .extracting(row -> row.dimension("crime_type"))
            .containsExactly("elsewhere", "before");

        first.commit();
        awaitReceived(run, recorder, 5);

        ContractSource.Transaction second = begin(source);
        second.send(List.of(at(0, "6", "aborted"), at(1, "7", "aborted")));
        source.send(List.of(at(0, "8", "after")));
        second.abort();
        awaitReceived(run, recorder, 6);
        run.stop();
        assertThat(run.accounting().received()).isEqualTo(6);
        assertThat(Outcome.texts(run.results("types").rows()))
            .containsExactly("after  2", "elsewhere  2", "before  1", "committed  1");
        assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      }
    }

    private void awaitReceived(RunningPipeline run, Recorder recorder, long records)
        throws InterruptedException {
      long deadline = System.nanoTime() + testbed().patience().toNanos();
      while (run.accounting().received() < records) {
        assertThat(run.state()).isEqualTo(State.RUNNING);
        assertThat(System.nanoTime())
            .as("waiting for %s records, %s came", records, run.accounting().received())
            .isLessThan(deadline);
        recorder.awaitReport();
      }
      assertThat(run.accounting().received()).isEqualTo(records);
    }

    private final List<String> failing = List.of("throws", "overflows", "long", "null");

    private final Tried formatFailures =
        new Tried(
            new Trial("format failures", new FailingFormat(FORMAT), p -> p.statistic(TYPES))
                .step(
                    Stream.concat(
                            failing.stream().map(kind -> text(0, kind)),
                            Stream.of(call(0, "1", "good", "2018-06-01T12:00:00Z")))
                        .toList())
                .step(
                    text(0, "breaks"),
                    call(0, "2", "good", "2018-06-01T12:01:00Z"),
                    call(0, "3", "good", "2018-06-01T12:02:00Z")));

    private List<Rejected> formatLetters() throws Exception {
      return formatFailures.get().recorder().letters().stream().map(Rejected.class::cast).toList();
    }

    /**
     * A record on which the format throws an exception, overflows the stack or returns null is
     * rejected as {@code format-failed}, with the class and the message of the exception, cut after
     * 500 characters. It is counted, and stops nothing.
     */
    @Test
    void rule_6_10_aRecordOnWhichTheFormatThrowsIsRejected() throws Exception {
      assertThat(formatLetters())
          .extracting(Rejected::reason)
          .hasSize(failing.size() + 1)
          .containsOnly(RejectionReason.FORMAT_FAILED);
      assertThat(formatLetters().get(0).detail())
          .isEqualTo("java.lang.IllegalStateException: cannot take throws");
      assertThat(formatLetters().get(1).detail()).isEqualTo("java.lang.StackOverflowError");
      assertThat(formatLetters().get(2).detail())
          .startsWith("java.lang.IllegalArgumentException: xxx")
          .hasSize(500);
      assertThat(formatLetters().get(3).detail()).isEqualTo("the parser returned null");
      assertThat(formatLetters().get(0).value()).isEqualTo("throws".getBytes(UTF_8));
      assertThat(formatFailures.get().accounting().rejected()).isEqualTo(failing.size() + 1);
      assertThat(formatFailures.get().accounting().received()).isEqualTo(failing.size() + 4);
    }

    /** A parser that failed is not used again, for it may be in an undefined state. */
    @Test
    void rule_6_11_aParserThatFailedIsNotUsedAgain() throws Exception {
      assertThat(formatFailures.get().rows("types")).containsExactly("good  3");
    }

    /**
     * A format that cannot be serialized, cannot be read back, or gives no parser is refused before
     * a sink is opened, with a message that names it.
     */
    @Test
    void rule_6_12_aFormatThatCannotBeSentToTasksIsRefused() {
      for (CallFormat broken :
          List.of(new NotSerializable(FORMAT), new NotReadable(FORMAT), new NoParser(FORMAT))) {
        Recorder sink = new Recorder();
        Pipeline pipeline =
            sink.on(Pipeline.builder(testbed().source(1).source(), broken).statistic(TYPES))
                .build();
        assertThatThrownBy(() -> start(pipeline, RunOptions.bounded()))
            .isInstanceOfSatisfying(
                CallstreamException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.FORMAT_FAILED))
            .hasMessageContaining("The format '" + broken.name() + "'");
        assertThat(sink.events()).isEmpty();
      }
    }
  }

  /** A format of San Francisco that does something otherwise, as those of users may. */
  private abstract static class OwnFormat implements CallFormat {
    private final SanFranciscoCalls calls;

    OwnFormat(SanFranciscoCalls calls) {
      this.calls = calls;
    }

    @Override
    public String name() {
      return getClass().getSimpleName();
    }

    @Override
    public ZoneId zone() {
      return calls.zone();
    }

    @Override
    public String timeField() {
      return calls.timeField();
    }

    @Override
    public CallParser parser(Set<CallField> fields) {
      return calls.parser(fields);
    }

    @Override
    public byte[] write(Call call) {
      return calls.write(call);
    }
  }

  /** A format that fails on some records. */
  private static final class FailingFormat extends OwnFormat {
    FailingFormat(SanFranciscoCalls calls) {
      super(calls);
    }

    @Override
    public CallParser parser(Set<CallField> fields) {
      CallParser calls = super.parser(fields);
      AtomicBoolean isBroken = new AtomicBoolean();
      return value -> {
        String text = new String(value, UTF_8);
        return switch (text) {
          case "throws" -> throw new IllegalStateException("cannot take " + text);
          case "overflows" -> overflow();
          case "long" -> throw new IllegalArgumentException("x".repeat(10_000));
          case "null" -> null;
          case "breaks" -> {
            isBroken.set(true);
            throw new IllegalStateException("broken");
          }
          default ->
              isBroken.get()
                  ? new ParseResult.Rejected(RejectionReason.NOT_JSON, null, value)
                  : calls.parse(value);
        };
      };
    }

    @SuppressWarnings("InfiniteRecursion")
    private static ParseResult overflow() {
      return overflow();
    }
  }

  private static final class NotSerializable extends OwnFormat {
    private final Object lock = new Object();

    NotSerializable(SanFranciscoCalls calls) {
      super(calls);
    }

    @Override
    public String name() {
      return "not-serializable " + (lock == null);
    }
  }

  private static final class NotReadable extends OwnFormat {
    NotReadable(SanFranciscoCalls calls) {
      super(calls);
    }

    private void readObject(ObjectInputStream in) throws IOException {
      throw new InvalidObjectException("not readable");
    }
  }

  /** Its parser needs what is lost on the way to a task. */
  private static final class NoParser extends OwnFormat {
    private final transient List<CallField> more = List.of();

    NoParser(SanFranciscoCalls calls) {
      super(calls);
    }

    @Override
    public CallParser parser(Set<CallField> fields) {
      return more.isEmpty() ? super.parser(fields) : null;
    }
  }

  /** Fields and lookups. */
  @Nested
  @Order(7)
  @TestInstance(Lifecycle.PER_CLASS)
  class G07_LookupsDropNoRow {
    private final Dimension described =
        Dimension.of("code", CallField.DISPOSITION).describedBy(CODES);

    private final Tried fields =
        new Tried(
            trial(
                    "fields",
                    p ->
                        p.statistic(Statistic.named("codes").by(described).build())
                            .statistic(TYPES)
                            .dispositionCodes(CODES))
                .step(
                    call(0, "1", "t", "2018-06-01T12:00", "disposition", "\"HAN\""),
                    call(0, "2", "t", "2018-06-01T12:00", "disposition", "\"XYZ\""),
                    call(0, "3", "t", "2018-06-01T12:00"),
                    call(0, "4", "t", "2018-06-01T12:00", "disposition", "null"),
                    call(0, "5", "t", "2018-06-01T12:00", "disposition", "\"\""),
                    call(0, "6", "t", "2018-06-01T12:00", "disposition", "\" \\t \""),
                    call(0, "7", "t", "2018-06-01T12:00", "disposition", "22"),
                    call(0, "8", "t", "2018-06-01T12:00", "disposition", "true"),
                    call(
                        0,
                        "9",
                        " padded ",
                        "2018-06-01T12:00",
                        "disposition",
                        "\"XYZ\"",
                        "disposition",
                        "\"HAN\"")));

    /** A code that the lookup does not know keeps its row, with an empty description. */
    @Test
    void rule_7_1_anUnknownCodeKeepsItsRowWithAnEmptyDescription() throws Exception {
      Map<String, String> descriptions =
          fields.get().results().get("codes").stream()
              .collect(
                  Collectors.toMap(
                      row -> row.dimension("code"), row -> row.description(described).get()));
      assertThat(descriptions)
          .containsOnly(
              Map.entry("HAN", "Handled"),
              Map.entry("XYZ", ""),
              Map.entry("22", ""),
              Map.entry("true", ""),
              Map.entry("", ""));
    }

    /** Calls whose code is unknown are counted; a missing, null or blank code is unknown too. */
    @Test
    void rule_7_2_unknownDispositionsAreCounted() throws Exception {
      assertThat(fields.get().accounting().unknownDispositions()).isEqualTo(7);
    }

    /** An optional field that is missing, null, empty or blank is the empty text. */
    @Test
    void rule_7_3_nothingAndBlankAreTheEmptyText() throws Exception {
      assertThat(fields.get().rows("codes", "")).containsExactly("  4");
    }

    /**
     * Other text stays as it came, untrimmed; numbers and booleans are their JSON text; of a key
     * that occurs twice the last value counts.
     */
    @Test
    void rule_7_4_otherTextStaysAsItCame() throws Exception {
      assertThat(fields.get().rows("types")).containsExactly("t  8", " padded   1");
      assertThat(fields.get().rows("codes"))
          .containsExactly("  4", "HAN  2", "22  1", "XYZ  1", "true  1");
    }
  }

  /** Emission. */
  @Nested
  @Order(9)
  @TestInstance(Lifecycle.PER_CLASS)
  class G09_ResultsAreEmittedOnUpdateOrOnClose {
    private final Statistic closing =
        Statistic.named("closing")
            .by(Dimensions.CRIME_TYPE)
            .over(Windows.tumbling(HOUR).allowingLateness(Duration.ofMinutes(10)))
            .emitting(Emission.ON_CLOSE)
            .build();

    private final Tried emission =
        new Tried(
            trial(
                    "emission",
                    p ->
                        p.statistic(TYPES)
                            .statistic(closing)
                            .statistic(
                                Statistic.named("shares")
                                    .by(Dimensions.CRIME_TYPE)
                                    .over(Windows.tumbling(HOUR).withoutLateness())
                                    .measuring(Measures.count(), Measures.share())
                                    .build()))
                .step(
                    call(0, "1", "a", "2018-06-01T10:10:00Z"),
                    call(0, "2", "b", "2018-06-01T10:20:00Z"),
                    call(0, "3", "b", "2018-06-01T10:20:00Z"))
                .step(call(0, "4", "a", "2018-06-01T10:30:00Z"))
                .step(call(0, "5", "c", "2018-06-01T11:09:59.999Z"))
                .step(call(0, "6", "d", "2018-06-01T11:10:00Z"))
                .step(call(0, "7", "e", "2018-06-01T11:20:00Z"))
                .step(call(0, "8", "e", "2018-06-01T11:30:00Z")));

    private final String first = "2018-06-01T10:00:00Z/2018-06-01T11:00:00Z  ";
    private final String second = "2018-06-01T11:00:00Z/2018-06-01T12:00:00Z  ";

    /** On update a batch emits the groups that changed in it, with absolute values. */
    @Test
    void rule_9_1_onUpdateTheGroupsThatChangedAreEmittedWithAbsoluteValues() throws Exception {
      assertThat(emission.get().updates(0, "types")).containsExactly("b  2", "a  1");
      assertThat(emission.get().updates(1, "types")).containsExactly("a  2");
      assertThat(emission.get().updates(5, "types")).containsExactly("e  2");
    }

    /** Where shares are measured, all groups of a window that changed are emitted. */
    @Test
    void rule_9_2_withSharesTheWholeWindowIsEmitted() throws Exception {
      assertThat(emission.get().updates(1, "shares"))
          .containsExactly(first + "a  2  0.5", first + "b  2  0.5");
      assertThat(emission.get().updates(2, "shares")).containsExactly(second + "c  1  1.0");
    }

    /**
     * On close a window is emitted in the first batch whose watermark has reached end + allowed
     * lateness, not before, and not again.
     */
    @Test
    void rule_9_3_onCloseAWindowIsEmittedOnceWhenTheWatermarkHasReachedIt() throws Exception {
      for (int step : new int[] {0, 1, 2, 3, 5}) {
        assertThat(emission.get().updates(step, "closing")).as("step %s", step).isEmpty();
      }
      assertThat(emission.get().batch(3).watermark()).contains(instant("2018-06-01T11:09:59.999Z"));
      assertThat(emission.get().updates(4, "closing"))
          .containsExactly(first + "a  2", first + "b  2");
    }

    /**
     * A batch shows all that was emitted so far; a run shows open windows too. If it fails, look at
     * what {@code BatchResults.current} and {@code RunningPipeline.results} are made from.
     */
    @Test
    void rule_9_4_sinksSeeWhatWasEmittedAndTheRunShowsOpenWindowsToo() throws Exception {
      assertThat(emission.get().batch(3).results("closing").rows()).isEmpty();
      assertThat(Outcome.texts(emission.get().batch(5).results("closing").rows()))
          .containsExactly(first + "a  2", first + "b  2");
      assertThat(emission.get().rows("closing"))
          .containsExactly(
              first + "a  2", first + "b  2", second + "e  2", second + "c  1", second + "d  1");
    }

    private List<BatchResults> bounded(UnaryOperator<RunOptions> options) throws Exception {
      ContractSource source = testbed().source(1);
      source.send(
          List.of(
              call(0, "1", "a", "2018-06-01T10:10:00Z"),
              call(0, "2", "b", "2018-06-01T11:30:00Z")));
      Recorder recorder = new Recorder();
      Pipeline pipeline =
          recorder
              .on(
                  Pipeline.builder(source.source(), FORMAT)
                      .believingEveryEventTime()
                      .statistic(closing))
              .build();
      runToEnd(pipeline, options.apply(RunOptions.bounded()));
      return recorder.batches();
    }

    /** A bounded run that was asked to flush emits its open windows once, as it ends. */
    @Test
    void rule_9_5_aBoundedRunFlushesOpenWindowsIfAsked() throws Exception {
      List<BatchResults> batches = bounded(RunOptions::flushingAtEnd);
      List<String> emitted =
          batches.stream().flatMap(b -> Outcome.texts(b.updates("closing")).stream()).toList();
      assertThat(emitted).containsExactly(first + "a  1", second + "b  1");
      assertThat(Outcome.texts(batches.get(batches.size() - 1).updates("closing")))
          .isEqualTo(emitted);
    }

    /** A bounded run that was not asked to flush keeps its open windows to itself. */
    @Test
    void rule_9_6_aBoundedRunDoesNotFlushUnasked() throws Exception {
      assertThat(bounded(options -> options)).allMatch(b -> b.updates("closing").isEmpty());
    }
  }

  /** Bounded groups. */
  @Nested
  @Order(10)
  @TestInstance(Lifecycle.PER_CLASS)
  class G10_GroupsAreBounded {
    private final Tried groups =
        new Tried(
            trial(
                    "groups",
                    p ->
                        p.statistic(
                                Statistic.named("few")
                                    .by(Dimensions.CRIME_TYPE)
                                    .maxGroups(3)
                                    .build())
                            .statistic(
                                Statistic.named("daily")
                                    .by(Dimensions.CRIME_TYPE)
                                    .over(Windows.daily(LOS_ANGELES).withoutLateness())
                                    .maxGroups(1)
                                    .build()))
                .partitions(2)
                .step(types("d", "b"))
                .step(types("e", "e", "c", "a", "f"))
                .step(types("a", "c", "b")));

    private List<SourceRecord> types(String... types) {
      List<SourceRecord> records = new ArrayList<>();
      for (String type : types) {
        records.add(call(records.size() % 2, type + records.size(), type, "2018-06-01T12:00"));
      }
      return records;
    }

    /** New groups are let in up to the limit, in each batch in the order of their keys. */
    @Test
    void rule_10_1_newGroupsAreLetInInTheOrderOfTheirKeys() throws Exception {
      assertThat(groups.get().updates(1, "few")).containsExactly("(other)  4", "a  1");
    }

    /** Calls of other groups count in {@code (other)}, so that none is lost. */
    @Test
    void rule_10_2_callsOfOtherGroupsCountInOther() throws Exception {
      assertThat(groups.get().rows("few")).containsExactly("(other)  5", "a  2", "b  2", "d  1");
      assertThat(groups.get().accounting().statistics().get("few").counted()).isEqualTo(10);
    }

    /** Groups within windows have no limit: windows go. */
    @Test
    void rule_10_3_groupsWithinWindowsHaveNoLimit() throws Exception {
      assertThat(groups.get().results().get("daily").rows()).hasSize(6);
    }
  }

  /** Measures. */
  @Nested
  @Order(11)
  @TestInstance(Lifecycle.PER_CLASS)
  class G11_MeasuresAreTheSameInWhateverOrder {
    private final List<Measure> exact =
        List.of(
            Measures.count(),
            Measures.share(),
            Measures.minimum("least", CALL_TIME, MILLIS),
            Measures.maximum("most", CALL_TIME, MILLIS),
            Measures.mean("mean", CALL_TIME, MILLIS));

    private Statistic measuring(String name, List<Measure> measures) {
      return Statistic.named(name)
          .by(Dimensions.CRIME_TYPE)
          .measuring(measures.toArray(Measure[]::new))
          .build();
    }

    private final Tried measures =
        new Tried(
            trial("measures", p -> p.statistic(measuring("exact", exact)))
                .step(
                    timed("1", "thirds", "\"1\""),
                    timed("2", "thirds", "1"),
                    timed("3", "thirds", "\"2\""),
                    timed("4", "halves", "1"))
                .step(
                    timed("5", "halves", "2"),
                    timed("6", "halves", "\"-5\""),
                    timed("7", "none", "\"\""),
                    timed("8", "none", "\"-1\"")));

    private SourceRecord timed(String id, String type, String millis) {
      return call(0, id, type, "2018-06-01T12:00", "call_time", millis);
    }

    private void assumeLibraries(String... classes) {
      for (String name : classes) {
        boolean there = true;
        try {
          Class.forName(name);
        } catch (ClassNotFoundException e) {
          there = false;
        }
        assumeTrue(there, () -> name + " is not on the class path; see Measures");
      }
    }

    private void assumeSketches() {
      assumeLibraries("org.apache.datasketches.hll.HllSketch", "org.HdrHistogram.Histogram");
    }

    private List<Measure> all() {
      List<Measure> all = new ArrayList<>(exact);
      all.add(Measures.approximateDistinct("places", CallField.ADDRESS));
      all.add(Measures.quantile("median", 0.5, CALL_TIME, MILLIS));
      all.add(Measures.quantile("p90", 0.9, CALL_TIME, MILLIS));
      return all;
    }

    /** Counts and shares add up over batches. */
    @Test
    void rule_11_1_countAndShareAddUpOverBatches() throws Exception {
      assertThat(measures.get().results().get("exact").rows())
          .extracting(row -> row.dimension("crime_type") + " " + row.count())
          .containsExactly("halves 3", "thirds 3", "none 2");
      assertThat(measures.get().results().get("exact").rows())
          .extracting(row -> row.value("share").get())
          .containsExactly(3.0 / 8, 3.0 / 8, 2.0 / 8);
    }

    /** Least, greatest and mean are exact, the mean rounded half up to the millisecond. */
    @Test
    void rule_11_2_leastGreatestAndMeanAreExact() throws Exception {
      assertThat(measures.get().rows("exact", "thirds"))
          .containsExactly("thirds  3  0.375  PT0.001S  PT0.002S  PT0.001S");
      assertThat(measures.get().rows("exact", "halves"))
          .containsExactly("halves  3  0.375  PT0.001S  PT0.002S  PT0.002S");
    }

    /** Negative durations do not count; a group where no call tells has no value. */
    @Test
    void rule_11_3_whereNoCallTellsThereIsNoValue() throws Exception {
      assertThat(measures.get().results().get("exact").rows().get(2).values().subList(2, 5))
          .containsOnly(Optional.empty());
    }

    private List<SourceRecord> many() {
      return IntStream.range(0, 900)
          .mapToObj(
              i ->
                  call(
                      0,
                      "id-" + i,
                      "t" + i % 3,
                      "2018-06-01T12:00",
                      "address",
                      "\"" + (i % 10 == 0 ? "" : "place " + i * 7919 % 450) + "\"",
                      "call_time",
                      i % 5 == 0 || i % 3 == 2 ? "\"\"" : Integer.toString(i * 37 % 1000 - 100)))
          .toList();
    }

    private List<ResultRow> rows(List<SourceRecord> records, int partitions, RunOptions options)
        throws Exception {
      ContractSource source = testbed().source(partitions);
      List<SourceRecord> spread = new ArrayList<>();
      for (SourceRecord r : records) {
        // All of one type in one partition: the others have no part in its groups.
        int type = type(r);
        spread.add(new SourceRecord(type % partitions, r.timestamp(), r.value()));
      }
      source.send(spread);
      Pipeline pipeline =
          Pipeline.builder(source.source(), FORMAT).statistic(measuring("all", all())).build();
      try (RunningPipeline run = start(pipeline, options)) {
        awaitEnd(run);
        assertThatAccounting(run.accounting()).addsUpFor(pipeline);
        assertThat(run.accounting().received()).isEqualTo(records.size());
        return run.results("all").rows();
      }
    }

    private int type(SourceRecord record) {
      String text = new String(record.value(), UTF_8);
      return text.charAt(text.indexOf("\"t") + 2) - '0';
    }

    private List<ResultRow> together;

    private List<ResultRow> together() throws Exception {
      assumeSketches();
      if (together == null) {
        together = rows(many(), 1, RunOptions.bounded());
      }
      return together;
    }

    /**
     * Distinct values are right within three standard errors of 1.6 %, the empty text left out;
     * quantiles to two digits. Skipped without DataSketches and HdrHistogram on the class path.
     */
    @Test
    void rule_11_4_sketchesAreRightWithinTheirError() throws Exception {
      List<SourceRecord> many = many();
      assertThat(together()).hasSize(3);
      for (ResultRow row : together()) {
        int type = row.dimension("crime_type").charAt(1) - '0';
        Set<Integer> places =
            IntStream.range(0, many.size())
                .filter(i -> i % 3 == type && i % 10 != 0)
                .mapToObj(i -> i * 7919 % 450)
                .collect(Collectors.toSet());
        List<Integer> times =
            IntStream.range(0, many.size())
                .filter(i -> i % 3 == type && i % 5 != 0 && i % 3 != 2)
                .map(i -> i * 37 % 1000 - 100)
                .filter(millis -> millis >= 0)
                .sorted()
                .boxed()
                .toList();
        assertThat((double) (Long) row.value("places").get())
            .isCloseTo(places.size(), within(0.048 * places.size()));
        if (times.isEmpty()) {
          assertThat(row.value("median")).isEmpty();
          assertThat(row.value("p90")).isEmpty();
        } else {
          assertQuantile(row, "median", times.get((int) Math.ceil(0.5 * times.size()) - 1));
          assertQuantile(row, "p90", times.get((int) Math.ceil(0.9 * times.size()) - 1));
        }
      }
    }

    private void assertQuantile(ResultRow row, String measure, int millis) {
      assertThat((double) ((Duration) row.value(measure).get()).toMillis())
          .isCloseTo(millis, within(0.01 * millis));
    }

    /**
     * The same calls, in other splits over partitions and batches, many of them without a call of a
     * group, come to the same. If it fails, look at what travels as partial result, and at merging
     * into state.
     */
    @Test
    void rule_11_5_anySplitOverPartitionsAndBatchesComesToTheSame() throws Exception {
      List<ResultRow> expected = together();
      assertThat(expected).hasSize(3);
      assertThat(rows(many(), 3, RunOptions.bounded().readingAtMost(130))).isEqualTo(expected);
      List<SourceRecord> oneTypeAfterTheOther = new ArrayList<>(many());
      oneTypeAfterTheOther.sort(Comparator.comparing(this::type));
      assertThat(rows(oneTypeAfterTheOther, 1, RunOptions.bounded().readingAtMost(130)))
          .isEqualTo(expected);
    }

    /** The same calls in other orders come to the same. */
    @Test
    void rule_11_6_anyOrderComesToTheSame() throws Exception {
      List<ResultRow> expected = together();
      assertThat(expected).hasSize(3);
      List<SourceRecord> reversed = new ArrayList<>(many());
      Collections.reverse(reversed);
      assertThat(rows(reversed, 2, RunOptions.bounded().readingAtMost(400))).isEqualTo(expected);
      long seed = System.nanoTime();
      List<SourceRecord> shuffled = new ArrayList<>(many());
      Collections.shuffle(shuffled, new Random(seed));
      assertThat(rows(shuffled, 1, RunOptions.bounded().readingAtMost(300)))
          .as("shuffled with seed %d", seed)
          .isEqualTo(expected);
    }
  }

  /** Views. */
  @Nested
  @Order(12)
  @TestInstance(Lifecycle.PER_CLASS)
  class G12_ResultsHaveAnOrder {
    private final Tried views =
        new Tried(
            trial(
                    "views",
                    p ->
                        p.statistic(TYPES)
                            .statistic(
                                Statistic.named("numbers")
                                    .by(
                                        Dimension.ofNumber(
                                            "number",
                                            CALL_TIME,
                                            call -> Long.parseLong(call.text(CallField.CALL_TIME))))
                                    .build())
                            .statistic(byType("hourly", Windows.tumbling(HOUR))))
                .step(
                    view("1", "\ud83d\ude00", "11:30", "10"),
                    view("2", "\uff5e", "12:30", "2"),
                    view("3", "\u00e9", "12:30", "-5"),
                    view("4", "a", "12:30", "-50"),
                    view("5", "B", "12:30", "7"),
                    view("6", "z", "12:30", "100"),
                    view("7", "z", "12:30", "100")));

    private SourceRecord view(String id, String type, String time, String number) {
      return call(0, id, type, "2018-06-01T" + time + "Z", "call_time", number);
    }

    /** Rows stand by count, greatest first, then by text as UTF-8 bytes. */
    @Test
    void rule_12_1_rowsStandByCountThenByTextAsUtf8() throws Exception {
      assertThat(views.get().rows("types"))
          .containsExactly("z  2", "B  1", "a  1", "\u00e9  1", "\uff5e  1", "\ud83d\ude00  1");
    }

    /** Dimensions that are numbers stand by value. */
    @Test
    void rule_12_2_numbersStandByValue() throws Exception {
      assertThat(views.get().rows("numbers"))
          .containsExactly("100  2", "-50  1", "-5  1", "2  1", "7  1", "10  1");
    }

    /** Windows stand by start, and can be asked for one by one. */
    @Test
    void rule_12_3_windowsStandByStart() throws Exception {
      assertThat(views.get().results().get("hourly").windows())
          .extracting(WindowBounds::start)
          .containsExactly(instant("2018-06-01T11:00:00Z"), instant("2018-06-01T12:00:00Z"));
      assertThat(
              Outcome.texts(
                  views.get().results().get("hourly").window(instant("2018-06-01T11:00:00Z"))))
          .containsExactly("2018-06-01T11:00:00Z/2018-06-01T12:00:00Z  \ud83d\ude00  1");
    }

    /** The top rows are those with the highest counts, ties as rows stand. */
    @Test
    void rule_12_4_theTopHasTheHighestCounts() throws Exception {
      assertThat(Outcome.texts(views.get().results().get("types").top(3)))
          .containsExactly("z  2", "B  1", "a  1");
      assertThat(views.get().results().get("types").top(0)).isEmpty();
    }
  }

  /** Runs from start to stop. */
  @Nested
  @Order(13)
  @TestInstance(Lifecycle.PER_CLASS)
  class G13_RunsEndWhenTheyShould {
    private List<SourceRecord> calls(int partition, int from, int to) {
      return IntStream.range(from, to)
          .mapToObj(i -> call(partition, "id-" + i, "t", "2018-06-01T12:00"))
          .toList();
    }

    private Pipeline pipeline(ContractSource source, Recorder recorder) {
      return recorder.on(Pipeline.builder(source.source(), FORMAT).statistic(TYPES)).build();
    }

    /**
     * A bounded run ends by itself, with the records that were there when it started; those that
     * come while it runs are not its business.
     */
    @Test
    void rule_13_1_aBoundedRunEndsWithWhatWasThereWhenItStarted() throws Exception {
      ContractSource source = testbed().source(1);
      source.send(calls(0, 0, 4));
      AtomicBoolean sent = new AtomicBoolean();
      Pipeline pipeline =
          Pipeline.builder(source.source(), FORMAT)
              .statistic(TYPES)
              .results(
                  Sinks.callback(
                      batch -> {
                        if (!sent.getAndSet(true)) {
                          source.send(calls(0, 4, 8));
                        }
                      }))
              .build();
      try (RunningPipeline run = start(pipeline, RunOptions.bounded().readingAtMost(2))) {
        awaitEnd(run);
        assertThat(run.state()).isEqualTo(State.FINISHED);
        assertThat(run.failure()).isEmpty();
        assertThat(run.accounting().received()).isEqualTo(4);
        assertThatAccounting(run.accounting()).addsUpFor(pipeline);
        assertThat(run.pipeline()).isSameAs(pipeline);
        run.awaitTermination();
      }
    }

    /**
     * A bounded run over nothing ends too: nothing received, nothing emitted, sinks closed. An
     * engine may have made a batch of nothing.
     */
    @Test
    void rule_13_2_aBoundedRunOverNothingEmitsNothing() throws Exception {
      Recorder recorder = new Recorder();
      Pipeline pipeline = pipeline(testbed().source(2), recorder);
      try (RunningPipeline run = start(pipeline, RunOptions.bounded())) {
        awaitEnd(run);
        assertThat(run.state()).isEqualTo(State.FINISHED);
        assertThat(run.results("types").rows()).isEmpty();
        assertThat(run.accounting()).isEqualTo(Accounting.none(List.of("types")));
      }
      assertThat(recorder.batches())
          .allMatch(batch -> batch.emitsNothing() && batch.accounting().received() == 0);
      assertThat(recorder.events())
          .filteredOn(event -> !event.startsWith("batch"))
          .containsExactlyInAnyOrder("open results", "open letters", "close", "close");
      assertThat(recorder.restored().get(0).number()).isEqualTo(-1);
      assertThat(recorder.nextOffsets()).containsExactly(Map.of());
    }

    /**
     * A continuous run counts what comes until it is stopped. When {@code stop} returns, the run is
     * finished and its sinks are closed, once; what comes then is not read, and stopping again does
     * nothing.
     */
    @Test
    void rule_13_3_aContinuousRunGoesOnUntilItIsStopped() throws Exception {
      ContractSource source = testbed().source(2);
      Recorder recorder = new Recorder();
      Pipeline pipeline = pipeline(source, recorder);
      try (RunningPipeline run =
          start(pipeline, RunOptions.continuous().triggeringEvery(Duration.ZERO))) {
        source.send(calls(0, 0, 3));
        Trial.awaitCovered(run, recorder, 3, testbed().patience());
        assertThat(run.results("types").top(1).get(0).count()).isEqualTo(3);
        source.send(calls(1, 3, 5));
        Trial.awaitCovered(run, recorder, 5, testbed().patience());
        assertThat(run.state()).isEqualTo(State.RUNNING);
        assertThat(run.awaitTermination(Duration.ofMillis(1))).isFalse();
        assertThat(run.progress()).isPresent();
        run.stop();
        assertThat(run.state()).isEqualTo(State.FINISHED);
        assertThat(recorder.events()).endsWith("close", "close");
        source.send(calls(0, 5, 6));
        run.stop();
        awaitEnd(run);
        assertThat(run.results("types").top(1).get(0).count()).isEqualTo(5);
        assertThat(run.accounting().received()).isEqualTo(5);
        assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      }
      assertThat(recorder.events()).filteredOn("close"::equals).hasSize(2);
    }

    /**
     * A sink may stop the run that calls it; the batch in progress is finished. If it hangs, look
     * for a stop that waits for the thread it is called from.
     */
    @Test
    void rule_13_4_aCallbackMayStopItsRun() throws Exception {
      ContractSource source = testbed().source(1);
      CompletableFuture<RunningPipeline> started = new CompletableFuture<>();
      Pipeline pipeline =
          Pipeline.builder(source.source(), FORMAT)
              .statistic(TYPES)
              .results(Sinks.callback(batch -> started.join().stop()))
              .build();
      try (RunningPipeline run = start(pipeline, RunOptions.continuous())) {
        started.complete(run);
        source.send(calls(0, 0, 3));
        awaitEnd(run);
        assertThat(run.state()).isEqualTo(State.FINISHED);
        assertThat(run.accounting().received()).isPositive();
        assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      }
    }

    /**
     * A batch has at most the records that it may have, and one of each partition that has some, so
     * that all partitions move on.
     */
    @Test
    void rule_13_5_batchesKeepToTheirLimitAndEachPartitionMovesOn() throws Exception {
      Recorder recorder = limited();
      for (Progress report : recorder.reports()) {
        assertThat(report.inputRows()).isBetween(1L, 10L);
        for (PartitionOffsets range : report.offsets()) {
          assertThat(range.end() > range.start() || range.end() == range.latest())
              .as("%s moves on in batch %s", range, report.batch())
              .isTrue();
        }
      }
    }

    private Recorder limited;

    private Recorder limited() throws Exception {
      if (limited == null) {
        ContractSource source = testbed().source(2);
        source.send(calls(0, 0, 5));
        source.send(calls(1, 5, 40));
        Recorder recorder = new Recorder();
        Accounting accounting =
            runToEnd(pipeline(source, recorder), RunOptions.bounded().readingAtMost(10));
        assertThat(accounting.received()).isEqualTo(40);
        limited = recorder;
      }
      return limited;
    }

    /**
     * Batches are numbered from 0 without gaps, sinks get each once and in order between open and
     * close, and each is reported once, in order, each record in one of them.
     */
    @Test
    void rule_13_6_batchesAreNumberedFromZeroAndReportedInOrder() throws Exception {
      Recorder recorder = limited();
      List<Progress> reports = recorder.reports();
      List<Long> numbers = IntStream.range(0, reports.size()).mapToObj(Long::valueOf).toList();
      assertThat(reports).extracting(Progress::batch).isEqualTo(numbers);
      assertThat(recorder.batches()).extracting(BatchResults::number).isEqualTo(numbers);
      Trial.requireEachRecordOnce(reports);
      List<String> events = recorder.events();
      assertThat(events.subList(0, 2)).allMatch(event -> event.startsWith("open"));
      assertThat(events.subList(events.size() - 2, events.size())).containsOnly("close");
      assertThat(events).hasSize(reports.size() + 4);
    }

    /**
     * A report says what the sinks were told: watermark and accounting of its batch, and the total;
     * the last one says that nothing is left.
     */
    @Test
    void rule_13_7_reportsSayWhatTheSinksWereTold() throws Exception {
      Recorder recorder = limited();
      for (int i = 0; i < recorder.reports().size(); i++) {
        Progress report = recorder.reports().get(i);
        BatchResults batch = recorder.batches().get(i);
        assertThat(report.watermark()).isEqualTo(batch.watermark());
        assertThat(report.accounting()).isEqualTo(batch.accounting());
        assertThat(report.total()).isEqualTo(batch.total());
      }
      assertThat(recorder.reports().get(recorder.reports().size() - 1).lag()).isZero();
    }

    /** A run knows the statistics of its pipeline, and refuses to show others. */
    @Test
    void rule_13_8_resultsOfAStatisticThatIsNotThereAreRefused() throws Exception {
      Pipeline pipeline = pipeline(testbed().source(1), new Recorder());
      try (RunningPipeline run = start(pipeline, RunOptions.bounded())) {
        awaitEnd(run);
        assertThatThrownBy(() -> run.results("none"))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("'none'")
            .hasMessageContaining("types");
      }
    }

    /**
     * A report says how many rows its batch told the sinks, once however many sinks there are, and
     * how many these are per second of the time in which its records arrived.
     */
    @Test
    void rule_13_9_aReportSaysHowManyRowsWereTold() throws Exception {
      ContractSource source = testbed().source(1);
      source.send(
          IntStream.range(0, 12)
              .mapToObj(i -> call(0, "id-" + i, "t-" + i % 5, "2018-06-01T12:00"))
              .toList());
      Recorder recorder = new Recorder();
      Pipeline pipeline =
          recorder
              .on(Pipeline.builder(source.source(), FORMAT).statistic(TYPES))
              .statistic(Statistic.named("all").build())
              .results(new Recorder())
              .build();
      runToEnd(pipeline, RunOptions.bounded().readingAtMost(4));
      List<Progress> reports = recorder.reports();
      assertThat(reports.stream().mapToLong(Progress::outputRows).sum()).isPositive();
      for (int i = 0; i < reports.size(); i++) {
        Progress report = reports.get(i);
        BatchResults batch = recorder.batches().get(i);
        assertThat(report.outputRows())
            .as("output rows of batch %s", report.batch())
            .isEqualTo(batch.updates("types").size() + batch.updates("all").size());
        if (Double.isFinite(report.inputRowsPerSecond())) {
          double seconds = report.inputRows() / report.inputRowsPerSecond();
          assertThat(report.outputRowsPerSecond() * seconds)
              .as("output rows of batch %s, by their rate", report.batch())
              .isCloseTo(report.outputRows(), Percentage.withPercentage(0.001));
        }
      }
    }

    /**
     * A report says how old the records of its batch were, by their timestamps, when the sinks had
     * it: between what they were before the run and after it. Rejected records and duplicates
     * count; one that is stamped in the future is no younger than 0. If it fails, look at what is
     * kept of the timestamps of a record that is no call, and at the clocks.
     */
    @Test
    void rule_13_10_aReportSaysHowOldRecordsWereWhenTheirResultsStood() throws Exception {
      Instant before = Instant.now().truncatedTo(ChronoUnit.MILLIS);
      List<Instant> stamps = new ArrayList<>();
      List<SourceRecord> records = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        stamps.add(before.minus(HOUR.multipliedBy(i)));
        records.add(call(i % 2, "id", "t", "2018-06-01T12:00").stamped(stamps.get(i)));
      }
      stamps.add(before.minus(HOUR.multipliedBy(100)));
      records.add(text(1, "no call").stamped(stamps.get(8)));
      stamps.add(before.plus(Duration.ofMinutes(10)));
      records.add(call(0, "of a fast clock", "t", "2018-06-01T12:00").stamped(stamps.get(9)));
      ContractSource source = testbed().source(2);
      source.send(records);
      Recorder recorder = new Recorder();
      Pipeline.Builder pipeline =
          recorder.on(Pipeline.builder(source.source(), FORMAT).statistic(TYPES));
      if (supports(Capability.DISTINCT)) {
        pipeline.distinct();
      }
      runToEnd(pipeline.build(), RunOptions.bounded());
      Duration took = Duration.between(before, Instant.now());

      Duration greatest = Duration.ZERO;
      double meanMillis = 0;
      for (Progress report : recorder.reports()) {
        if (report.inputRows() == 0) {
          assertThat(report.latency()).isEmpty();
          continue;
        }
        Progress.Latency latency = report.latency().orElseThrow();
        assertThat(latency.mean()).isBetween(Duration.ZERO, latency.greatest());
        greatest = latency.greatest().compareTo(greatest) > 0 ? latency.greatest() : greatest;
        meanMillis += latency.mean().toNanos() / 1e6 * report.inputRows() / stamps.size();
      }
      assertThat(greatest).isBetween(HOUR.multipliedBy(100), HOUR.multipliedBy(100).plus(took));
      // The hours 0 to 7 are 28, and that of the record from the future is none.
      double leastMean = HOUR.multipliedBy(28 + 100).toMillis() / 10.0;
      assertThat(meanMillis).isBetween(leastMean - 1, leastMean + took.toMillis() + 1);
    }
  }

  /** Failures. */
  @Nested
  @Order(14)
  @TestInstance(Lifecycle.PER_CLASS)
  class G14_OneFailureStopsThePipelineAndIsSeen {
    /** Starts a pipeline over a call and a record that is none. */
    private RunningPipeline bounded(UnaryOperator<Pipeline.Builder> parts) {
      return bounded(FORMAT, parts);
    }

    private RunningPipeline bounded(CallFormat format, UnaryOperator<Pipeline.Builder> parts) {
      ContractSource source = testbed().source(1);
      source.send(List.of(call(0, "1", "hush", "2018-06-01T12:00"), text(0, "no call")));
      Pipeline.Builder pipeline = Pipeline.builder(source.source(), format).statistic(TYPES);
      return start(parts.apply(pipeline).build(), RunOptions.bounded());
    }

    private void requireFailure(RunningPipeline run, ErrorCode code, String... words) {
      assertThatThrownBy(() -> run.awaitTermination(testbed().patience()))
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(code))
          .hasMessageContainingAll(words);
      assertThat(run.state()).isEqualTo(State.FAILED);
      CallstreamException failure = run.failure().orElseThrow();
      assertThatThrownBy(run::awaitTermination).isSameAs(failure);
      assertThat(failure.getMessage()).doesNotContain("hush");
      assertThatAccounting(run.accounting()).addsUpFor(run.pipeline());
      run.stop();
      run.close();
      assertThat(run.state()).isEqualTo(State.FAILED);
    }

    /** A sink that throws fails the run: the state says so, and whoever waits is told why. */
    @Test
    void rule_14_1_aSinkThatFailsFailsTheRun() {
      requireFailure(
          bounded(p -> p.results(Sinks.callback(batch -> fail("no room")))),
          ErrorCode.SINK_FAILED,
          "callback",
          "no room");
    }

    /** So does a dead-letter sink. */
    @Test
    void rule_14_2_aDeadLetterSinkThatFailsFailsTheRun() {
      requireFailure(
          bounded(p -> p.deadLetters(Sinks.deadLetterCallback(letter -> fail("no stamps")))),
          ErrorCode.SINK_FAILED,
          "dead-letter callback",
          "no stamps");
    }

    /** So does a listener. */
    @Test
    void rule_14_3_aListenerThatFailsFailsTheRun() {
      requireFailure(
          bounded(p -> p.listener(report -> fail("deaf"))), ErrorCode.SINK_FAILED, "deaf");
    }

    /** So does a sink that can't be closed. */
    @Test
    void rule_14_4_aSinkThatFailsToCloseFailsTheRun() {
      requireFailure(
          bounded(p -> p.results(sink(() -> {}, () -> fail("jammed")))),
          ErrorCode.SINK_FAILED,
          "the sink of the kit",
          "jammed");
    }

    /**
     * The code of a statistic that throws, or gives null, fails the run with the names of the
     * statistic and of the part whose code it is, and with nothing of the call.
     */
    @Test
    void rule_14_5_aStatisticThatFailsFailsTheRunByItsName() {
      requireFailureOf(broken().by(Dimension.of("d", call -> hush(call))), "dimension 'd'");
      requireFailureOf(broken().by(Dimension.of("d", call -> nothing())), "dimension 'd'", "null");
      requireFailureOf(broken().where(call -> hush(call).isEmpty()), "filter");
      requireFailureOf(
          broken()
              .measuring(
                  Measures.mean(
                      "m", EnumSet.of(CallField.CRIME_TYPE), call -> Optional.of(took(call)))),
          "measure 'm'");
    }

    /**
     * So does code that reads a field that it does not declare, nor any other code, with the name
     * of the field; also where calls are first held against each other as duplicates.
     */
    @Test
    void rule_14_10_aFieldThatIsNotDeclaredCanNotBeRead() {
      requireFailureOf(
          broken().by(Dimension.of("d", CALL_TIME, call -> call.address())),
          "dimension 'd'",
          "ADDRESS");
      requireFailureOf(
          broken().where(Set.of(), call -> call.text(CallField.CITY).isEmpty()), "filter", "CITY");
      requireFailureOf(
          broken()
              .measuring(
                  Measures.mean(
                      "m", CALL_TIME, Measures.between(CallField.ON_SCENE, CallField.CLOSED))),
          "measure 'm'",
          "ON_SCENE");
      requireFailure(
          bounded(
              new AllFields(FORMAT),
              p ->
                  p.statistic(
                      broken().by(Dimension.of("d", CALL_TIME, call -> call.address())).build())),
          ErrorCode.STATISTIC_FAILED,
          "dimension 'd'",
          "ADDRESS");
      if (supports(Capability.DISTINCT)) {
        requireFailure(
            bounded(
                p ->
                    p.distinct()
                        .statistic(
                            broken()
                                .where(
                                    EnumSet.of(CallField.CLOSED),
                                    call -> call.time(CallField.CLOSED).isEmpty())
                                .by(Dimension.of("d", CALL_TIME, call -> call.address()))
                                .build())),
            ErrorCode.STATISTIC_FAILED,
            "dimension 'd'",
            "ADDRESS");
      }
    }

    private void requireFailureOf(Statistic.Builder broken, String... words) {
      RunningPipeline run = bounded(p -> p.statistic(broken.build()));
      requireFailure(run, ErrorCode.STATISTIC_FAILED, words);
      assertThat(run.failure().orElseThrow()).hasMessageContaining("statistic 'broken'");
    }

    /** A format whose parser builds more than it is asked for, as those of users may. */
    private record AllFields(SanFranciscoCalls calls) implements CallFormat {
      @Override
      public String name() {
        return "all-fields";
      }

      @Override
      public ZoneId zone() {
        return calls.zone();
      }

      @Override
      public String timeField() {
        return calls.timeField();
      }

      @Override
      public CallParser parser(Set<CallField> fields) {
        return calls.parser(EnumSet.allOf(CallField.class));
      }

      @Override
      public byte[] write(Call call) {
        return calls.write(call);
      }
    }

    private static Statistic.Builder broken() {
      return Statistic.named("broken");
    }

    private static String hush(Call call) {
      throw new UnsupportedOperationException("can't take " + call.crimeType());
    }

    private static String nothing() {
      return null;
    }

    private static Duration took(Call call) {
      return Duration.parse(call.crimeType());
    }

    /** After a failure every sink that was opened is closed, once, and gets nothing more. */
    @Test
    void rule_14_6_afterAFailureAllSinksAreClosed() {
      Recorder first = new Recorder();
      Recorder last = new Recorder();
      RunningPipeline run =
          bounded(
              p ->
                  p.results(first).results(Sinks.callback(batch -> fail("no room"))).results(last));
      requireFailure(run, ErrorCode.SINK_FAILED, "no room");
      assertThat(first.events()).containsExactly("open results", "batch 0", "close");
      assertThat(last.events()).containsExactly("open results", "close");
    }

    /** A sink that can't be opened keeps the run from starting; those opened before are closed. */
    @Test
    void rule_14_7_aSinkThatCanNotOpenKeepsTheRunFromStarting() {
      Recorder first = new Recorder();
      assertThatThrownBy(
              () -> bounded(p -> p.results(first).results(sink(() -> fail("locked"), () -> {}))))
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
          .hasMessageContainingAll("the sink of the kit", "locked");
      assertThat(first.events()).containsExactly("open results", "close");
    }

    /** A failure, of a sink or a listener, ends a continuous run, and wakes up whoever waits. */
    @Test
    void rule_14_8_aFailureEndsAContinuousRun() {
      List<UnaryOperator<Pipeline.Builder>> failures =
          List.of(
              p -> p.results(Sinks.callback(batch -> fail("no room"))),
              p -> p.listener(report -> fail("no room")));
      for (UnaryOperator<Pipeline.Builder> failure : failures) {
        ContractSource source = testbed().source(1);
        Pipeline.Builder pipeline = Pipeline.builder(source.source(), FORMAT).statistic(TYPES);
        RunningPipeline run = start(failure.apply(pipeline).build(), RunOptions.continuous());
        source.send(List.of(call(0, "1", "t", "2018-06-01T12:00")));
        requireFailure(run, ErrorCode.SINK_FAILED, "no room");
      }
    }

    /**
     * A termination listener gets the final state and the failure once, whether it was added before
     * or after the end, and one that throws changes nothing.
     */
    @Test
    void rule_14_11_terminationListenersAreCalledOnce() throws Exception {
      for (boolean failing : new boolean[] {true, false}) {
        ContractSource source = testbed().source(1);
        source.send(List.of(call(0, "1", "t", "2018-06-01T12:00")));
        Pipeline.Builder pipeline = Pipeline.builder(source.source(), FORMAT).statistic(TYPES);
        if (failing) {
          pipeline.results(Sinks.callback(batch -> fail("no room")));
        }
        RunningPipeline run = start(pipeline.build(), RunOptions.bounded());
        List<Termination> received = Collections.synchronizedList(new ArrayList<>());
        CompletableFuture<Termination> last = new CompletableFuture<>();
        run.onTermination(received::add);
        run.onTermination(termination -> fail("deaf"));
        run.onTermination(last::complete);
        Termination termination = last.get(testbed().patience().toMillis(), TimeUnit.MILLISECONDS);
        run.onTermination(received::add);
        assertThat(received).containsExactly(termination, termination);
        assertThat(termination.state()).isEqualTo(failing ? State.FAILED : State.FINISHED);
        assertThat(run.state()).isEqualTo(termination.state());
        assertThat(run.failure()).isEqualTo(termination.failure());
        run.close();
        assertThat(received).hasSize(2);
      }
    }

    /** A sink that does not come to an end within its time limit fails the run. */
    @Test
    void rule_14_9_aSinkThatTakesTooLongFailsTheRun() {
      CountDownLatch never = new CountDownLatch(1);
      ContractSource source = testbed().source(1);
      source.send(List.of(call(0, "1", "t", "2018-06-01T12:00")));
      List<String> closed = Collections.synchronizedList(new ArrayList<>());
      Pipeline pipeline =
          Pipeline.builder(source.source(), FORMAT)
              .statistic(TYPES)
              .results(Sinks.callback(batch -> await(never)))
              .results(sink(() -> {}, () -> closed.add("closed")))
              .build();
      RunningPipeline run =
          start(pipeline, RunOptions.continuous().sinkTimeout(Duration.ofSeconds(1)));
      requireFailure(run, ErrorCode.SINK_FAILED, "not done after 1.0 s");
      assertThat(closed).containsExactly("closed");
    }

    private void await(CountDownLatch latch) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException("interrupted", e);
      }
    }

    private ResultSink sink(Runnable onOpen, Runnable onClose) {
      return new ResultSink() {
        @Override
        public void open(BatchResults restored) {
          onOpen.run();
        }

        @Override
        public void write(BatchResults batch) {}

        @Override
        public void close() {
          onClose.run();
        }

        @Override
        public String toString() {
          return "the sink of the kit";
        }
      };
    }

    private void fail(String why) {
      throw new IllegalStateException(why);
    }
  }

  /** Restart from a checkpoint. */
  @Nested
  @Order(15)
  @TestInstance(Lifecycle.PER_CLASS)
  class G15_ARestartGoesOnWhereItStopped {
    private final Statistic hourly =
        Statistic.named("hourly")
            .by(Dimensions.CRIME_TYPE)
            .over(Windows.tumbling(HOUR).allowingLateness(HOUR))
            .emitting(Emission.ON_CLOSE)
            .build();

    private Pipeline pipeline(ContractSource source, Recorder recorder) {
      return recorder
          .on(
              Pipeline.builder(source.source(), FORMAT)
                  .believingEveryEventTime()
                  .statistic(TYPES)
                  .statistic(hourly))
          .build();
    }

    private ContractSource source() {
      assumeSupported(Capability.CHECKPOINT);
      return testbed().source(2);
    }

    private SourceRecord at(int partition, String id, String type, String time) {
      return call(partition, id, type, "2018-06-01T" + time + "Z");
    }

    /**
     * The next run goes on behind the last batch: its number follows, its values continue those of
     * earlier runs, and no record is read twice. Skipped without a checkpoint.
     */
    @Test
    void rule_15_1_theNextRunGoesOnBehindTheLastBatch() throws Exception {
      ContractSource source = source();
      RunOptions options = withCheckpoint();
      source.send(List.of(at(0, "1", "a", "10:05:00"), at(1, "2", "b", "10:05:00")));
      runToEnd(pipeline(source, new Recorder()), options);
      source.send(List.of(at(0, "3", "a", "11:05:00"), text(1, "no call")));
      Recorder second = new Recorder();
      Accounting total = runToEnd(pipeline(source, second), options);

      BatchResults batch = second.batches().get(0);
      assertThat(second.batches()).hasSize(1);
      assertThat(batch.number()).isEqualTo(1);
      assertThat(Outcome.texts(batch.updates("types"))).containsExactly("a  2");
      assertThat(batch.watermark()).contains(instant("2018-06-01T10:05:00Z"));
      assertThat(batch.accounting().received()).isEqualTo(2);
      assertThat(batch.total().received()).isEqualTo(4);
      assertThat(total).isEqualTo(batch.total());
      assertThat(second.letters(1))
          .extracting(letter -> letter.origin().offset())
          .containsExactly(1L);
    }

    /**
     * Sinks are opened where everything stood: with the last batch's number, all that was emitted,
     * the total, and the offsets from where letters come again. A run that finds nothing new shows
     * the results all the same. Skipped without a checkpoint.
     */
    @Test
    void rule_15_2_sinksAreOpenedWhereEverythingStood() throws Exception {
      ContractSource source = source();
      RunOptions options = withCheckpoint();
      source.send(List.of(at(0, "1", "a", "10:05:00"), at(0, "2", "a", "10:30:00")));
      runToEnd(pipeline(source, new Recorder()), options);
      Recorder second = new Recorder();
      Pipeline pipeline = pipeline(source, second);
      try (RunningPipeline run = start(pipeline, options)) {
        awaitEnd(run);
        assertThat(Outcome.texts(run.results("types").rows())).containsExactly("a  2");
        assertThat(run.results("hourly").rows()).hasSize(1);
        assertThat(run.accounting().received()).isEqualTo(2);
        assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      }
      assertThat(second.batches()).isEmpty();
      BatchResults restored = second.restored().get(0);
      assertThat(restored.number()).isZero();
      assertThat(Outcome.texts(restored.results("types").rows())).containsExactly("a  2");
      assertThat(restored.results("hourly").rows()).isEmpty();
      assertThat(restored.updates("types")).isEmpty();
      assertThat(restored.total().received()).isEqualTo(2);
      assertThat(second.nextOffsets()).containsExactly(Map.of(0, 2L));
    }

    /** A recorder whose results sink throws in a batch, after it has taken it. */
    private Pipeline failingIn(long number, ContractSource source, Recorder recorder) {
      return recorder
          .on(
              Pipeline.builder(source.source(), FORMAT)
                  .believingEveryEventTime()
                  .statistic(TYPES)
                  .statistic(hourly))
          .results(
              Sinks.callback(
                  batch -> {
                    if (batch.number() == number) {
                      throw new IllegalStateException("pulled the plug");
                    }
                  }))
          .build();
    }

    private void requireSameAgain(Recorder failed, Recorder again) {
      BatchResults before = failed.batches().get(failed.batches().size() - 1);
      BatchResults after = again.batches().get(0);
      assertThat(after.number()).isEqualTo(before.number());
      assertThat(after.watermark()).isEqualTo(before.watermark());
      assertThat(after.accounting()).isEqualTo(before.accounting());
      assertThat(after.total()).isEqualTo(before.total());
      for (String statistic : List.of("types", "hourly")) {
        assertThat(after.updates(statistic)).isEqualTo(before.updates(statistic));
        assertThat(after.results(statistic).rows()).isEqualTo(before.results(statistic).rows());
      }
      assertThat(again.letters(after.number())).isEqualTo(failed.letters(before.number()));
    }

    /**
     * A batch that was not committed comes again, with the same number and the same values, though
     * more records have come since; these are for the batch after. If values are doubled, look for
     * state that was committed before the sinks had the batch. Skipped without a checkpoint.
     */
    @Test
    void rule_15_3_aBatchThatWasNotCommittedComesAgainWithTheSameNumberAndValues()
        throws Exception {
      ContractSource source = source();
      RunOptions options = withCheckpoint();
      source.send(List.of(at(0, "1", "a", "10:05:00"), at(1, "2", "b", "12:30:00")));
      runToEnd(pipeline(source, new Recorder()), options);
      source.send(
          List.of(at(0, "3", "a", "12:40:00"), at(1, "4", "c", "12:50:00"), text(1, "no call")));
      Recorder failed = new Recorder();
      try (RunningPipeline run = start(failingIn(1, source, failed), options)) {
        assertThatThrownBy(() -> run.awaitTermination(testbed().patience()))
            .hasMessageContaining("pulled the plug");
      }
      source.send(List.of(at(0, "5", "a", "12:45:00")));
      Recorder again = new Recorder();
      Accounting total = runToEnd(pipeline(source, again), options);

      requireSameAgain(failed, again);
      assertThat(again.restored().get(0).number()).isZero();
      assertThat(again.batches()).extracting(BatchResults::number).startsWith(1L);
      assertThat(total.received()).isEqualTo(6);
      assertThat(Outcome.texts(last(again).results("types").rows()))
          .containsExactly("a  3", "b  1", "c  1");
    }

    private BatchResults last(Recorder recorder) {
      return recorder.batches().get(recorder.batches().size() - 1);
    }

    /** So does the very first batch, of a run that never had one. Skipped without a checkpoint. */
    @Test
    void rule_15_4_soDoesTheFirstBatch() throws Exception {
      ContractSource source = source();
      RunOptions options = withCheckpoint();
      source.send(List.of(at(0, "1", "a", "10:05:00"), text(1, "no call")));
      Recorder failed = new Recorder();
      try (RunningPipeline run = start(failingIn(0, source, failed), options)) {
        assertThatThrownBy(() -> run.awaitTermination(testbed().patience()))
            .hasMessageContaining("pulled the plug");
      }
      Recorder again = new Recorder();
      Accounting total = runToEnd(pipeline(source, again), options);
      requireSameAgain(failed, again);
      assertThat(again.restored().get(0).number()).isEqualTo(-1);
      assertThat(again.nextOffsets()).containsExactly(Map.of());
      assertThat(total.received()).isEqualTo(2);
    }

    /**
     * A stopped continuous run goes on as well, with no record lost or read twice. Skipped without
     * a checkpoint.
     */
    @Test
    void rule_15_5_aStoppedRunGoesOn() throws Exception {
      ContractSource source = source();
      RunOptions bounded = withCheckpoint();
      RunOptions continuous =
          RunOptions.continuous()
              .triggeringEvery(Duration.ZERO)
              .checkpointingTo(bounded.checkpoint().orElseThrow());
      Recorder first = new Recorder();
      source.send(List.of(at(0, "1", "a", "10:05:00")));
      try (RunningPipeline run = start(pipeline(source, first), continuous)) {
        Trial.awaitCovered(run, first, 1, testbed().patience());
        source.send(List.of(at(0, "2", "a", "10:01:00"), at(1, "3", "a", "10:01:00")));
        run.stop();
        assertThatAccounting(run.accounting()).addsUpFor(run.pipeline());
      }
      Recorder second = new Recorder();
      Accounting total = runToEnd(pipeline(source, second), bounded);
      assertThat(total.received()).isEqualTo(3);
      assertThat(total.statistics().get("types").counted()).isEqualTo(3);
      List<Long> numbers = new ArrayList<>();
      first.batches().forEach(batch -> numbers.add(batch.number()));
      second.batches().stream()
          .map(BatchResults::number)
          .filter(number -> !numbers.contains(number))
          .forEach(numbers::add);
      assertThat(numbers)
          .isEqualTo(IntStream.range(0, numbers.size()).mapToObj(Long::valueOf).toList());
    }

    /**
     * The checkpoint of another pipeline is refused before a sink is opened, with a message that
     * tells what differs and what to do. Skipped without a checkpoint.
     */
    @Test
    void rule_15_6_theCheckpointOfAnotherPipelineIsRefused() throws Exception {
      ContractSource source = source();
      RunOptions options = withCheckpoint();
      source.send(List.of(at(0, "1", "a", "10:05:00")));
      runToEnd(pipeline(source, new Recorder()), options);
      Recorder recorder = new Recorder();
      Pipeline other =
          recorder
              .on(
                  Pipeline.builder(source.source(), FORMAT)
                      .statistic(Statistic.named("others").by(Dimensions.ADDRESS).build()))
              .build();
      assertThatThrownBy(() -> start(other, options))
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT))
          .hasMessageContaining("another pipeline")
          .hasMessageContaining("others")
          .hasMessageContaining("types")
          .hasMessageContaining("new directory");
      assertThat(recorder.events()).isEmpty();
    }

    /** A checkpoint in use is refused to a second run; the first goes on. Skipped without one. */
    @Test
    void rule_15_7_aCheckpointInUseIsRefused() throws Exception {
      ContractSource source = source();
      RunOptions options =
          RunOptions.continuous().checkpointingTo(withCheckpoint().checkpoint().orElseThrow());
      Recorder recorder = new Recorder();
      try (RunningPipeline first = start(pipeline(source, new Recorder()), options)) {
        assertThatThrownBy(() -> start(pipeline(source, recorder), options))
            .isInstanceOfSatisfying(
                CallstreamException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT))
            .hasMessageContaining("in use");
        assertThat(first.state()).isEqualTo(State.RUNNING);
      }
      assertThat(recorder.events()).isEmpty();
      start(pipeline(source, new Recorder()), options).close();
    }
  }

  /** Capabilities. */
  @Nested
  @Order(16)
  @TestInstance(Lifecycle.PER_CLASS)
  class G16_WhatIsNotDeclaredIsRefused {
    private void requireRefusal(
        Capability missing, Source source, RunOptions options, UnaryOperator<Pipeline.Builder> p) {
      Recorder recorder = new Recorder();
      Pipeline pipeline =
          recorder.on(p.apply(Pipeline.builder(source, FORMAT).statistic(TYPES))).build();
      String declared =
          testbed().engine().capabilities().stream()
              .sorted()
              .map(Capability::words)
              .collect(Collectors.joining(", "));
      assertThatThrownBy(() -> start(pipeline, options))
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED))
          .hasMessage(
              "The engine '"
                  + testbed().engine().name()
                  + "' does not support "
                  + missing.words()
                  + ". It supports "
                  + declared
                  + ". Change the pipeline, or choose another engine.");
      assertThat(recorder.events()).isEmpty();
    }

    private void assumeNotSupported(Capability capability) {
      assumeFalse(supports(capability), () -> "The engine declares " + capability);
    }

    private Source own() {
      return testbed().source(1).source();
    }

    /**
     * A Kafka topic is refused before anything starts, in the words of {@code
     * Engine.requireSupport}. Skipped with a Kafka source.
     */
    @Test
    void rule_16_1_aKafkaTopicIsRefusedByAnEngineThatReadsNone() {
      assumeNotSupported(Capability.KAFKA_SOURCE);
      Source topic = KafkaTopic.of("calls").at("localhost:1");
      requireRefusal(Capability.KAFKA_SOURCE, topic, RunOptions.bounded(), p -> p);
    }

    /** So are records in memory. Skipped with a source in memory. */
    @Test
    void rule_16_2_recordsInMemoryAreRefusedByAnEngineThatReadsNone() {
      assumeNotSupported(Capability.MEMORY_SOURCE);
      Source memory = MemorySource.withPartitions(1);
      requireRefusal(Capability.MEMORY_SOURCE, memory, RunOptions.bounded(), p -> p);
    }

    /** So is a source of its own kind. Skipped with sources of other kinds. */
    @Test
    void rule_16_3_aSourceOfItsOwnKindIsRefusedByAnEngineThatReadsNone() {
      assumeNotSupported(Capability.OTHER_SOURCE);
      requireRefusal(Capability.OTHER_SOURCE, () -> "mine", RunOptions.bounded(), p -> p);
    }

    /** So is a checkpoint, and nothing is created where it would be. Skipped with a checkpoint. */
    @Test
    void rule_16_4_aCheckpointIsRefusedByAnEngineThatKeepsNone() {
      assumeNotSupported(Capability.CHECKPOINT);
      Path checkpoint = directory.resolve("refused");
      requireRefusal(
          Capability.CHECKPOINT,
          own(),
          RunOptions.bounded().checkpointingTo(checkpoint.toString()),
          p -> p);
      assertThat(checkpoint).doesNotExist();
    }

    /** So is {@code distinct()}. Skipped with duplicates. */
    @Test
    void rule_16_5_distinctIsRefusedByAnEngineThatRemembersNoIds() {
      assumeNotSupported(Capability.DISTINCT);
      requireRefusal(
          Capability.DISTINCT, own(), RunOptions.bounded(), p -> p.distinct(Duration.ofDays(1)));
    }

    /** An engine reads something, always declares the same, and has a name as names go. */
    @Test
    void rule_16_6_anEngineHasANameAndReadsSomething() {
      assertThat(testbed().engine().name()).matches("[a-z0-9][a-z0-9-]*");
      assertThat(testbed().engine().capabilities())
          .isEqualTo(testbed().engine().capabilities())
          .containsAnyOf(
              Capability.KAFKA_SOURCE, Capability.MEMORY_SOURCE, Capability.OTHER_SOURCE);
    }
  }

  /** Accounting; last, since it looks at the outcomes of the other groups too. */
  @Nested
  @Order(99)
  @TestInstance(Lifecycle.PER_CLASS)
  class G08_TheAccountingAddsUp {
    private final Tried mixture =
        new Tried(
            trial(
                    "mixture",
                    p ->
                        p.statistic(TYPES)
                            .statistic(
                                Statistic.named("sliding")
                                    .where(call -> call.crimeType().contains("a"))
                                    .over(
                                        Windows.sliding(HOUR, HOUR.dividedBy(4)).withoutLateness())
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
      return outcomes;
    }

    /**
     * For every statistic whose windows put a call in k of them, {@code k * (received - rejected -
     * duplicates) = counted + late + filtered}, in every batch of every trial and in total. If it
     * fails, look for what the engine drops without counting it.
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

    /** The total after a batch is the sum of the batches up to it. */
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

    /** As many records are received as were sent, in every batch. */
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

    /** As many dead letters come as records are rejected or calls are late. */
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

    /** A call in k sliding windows makes k contributions, filtered and late ones included. */
    @Test
    void rule_8_5_aCallInSeveralWindowsMakesAsManyContributions() throws Exception {
      assertThat(mixture.get().batch(0).accounting().statistics())
          .containsEntry("types", new Accounting.Contributions(2, 0, 0))
          .containsEntry("sliding", new Accounting.Contributions(4, 0, 4));
      // Of the windows of 11:40 those that end at 11:45 and 12:00 are closed at 12:00.
      assertThat(mixture.get().batch(1).accounting().statistics())
          .containsEntry("types", new Accounting.Contributions(3, 0, 0))
          .containsEntry("sliding", new Accounting.Contributions(2, 6, 4));
    }
  }
}
