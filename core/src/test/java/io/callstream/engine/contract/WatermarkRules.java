package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static io.callstream.engine.contract.SourceRecord.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.callstream.pipeline.MemorySource;
import io.callstream.progress.Accounting;
import io.callstream.statistic.Windows;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Rules 3: the watermark. */
abstract class WatermarkRules extends ContractRules {
  WatermarkRules(ContractKit kit) {
    super(kit);
  }

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

  @Test
  @Rule(
      number = "3.1",
      text =
          "The watermark is the minimum, over the partitions of a batch, of the maximum"
              + " event time of each.",
      check =
          "for a watermark over all records, which allows partitions that are ahead to close"
              + " the windows of those that lag")
  void rule_3_1() throws Exception {
    assertThat(inForce(1)).contains(instant("2018-06-01T10:20:00.003Z"));
  }

  @Test
  @Rule(
      number = "3.2",
      text =
          "The first batch has no watermark. A batch's watermark applies from the next batch"
              + " on.",
      check = "whether the engine updates the watermark within a batch")
  void rule_3_2() throws Exception {
    assertThat(inForce(0)).isEmpty();
    assertThat(inForce(1)).isPresent();
  }

  @Test
  @Rule(
      number = "3.3",
      text =
          "A partition without a record in a batch does not hold the watermark back."
              + " Otherwise its maximum event time so far counts.",
      check = "whether the engine keeps the clocks of partitions between batches")
  void rule_3_3() throws Exception {
    assertThat(inForce(2)).contains(instant("2018-06-01T10:30:00.007Z"));
  }

  @Test
  @Rule(
      number = "3.4",
      text = "The watermark never moves backward.",
      check = "that the engine keeps the greatest watermark")
  void rule_3_4() throws Exception {
    assertThat(inForce(3)).contains(instant("2018-06-01T10:30:00.007Z"));
    Instant last = Instant.MIN;
    for (int i = 1; i < 6; i++) {
      assertThat(inForce(i).orElseThrow()).isAfterOrEqualTo(last);
      last = inForce(i).orElseThrow();
    }
  }

  @Test
  @Rule(
      number = "3.5",
      text =
          "A partition with only rejected records holds the watermark at its maximum event"
              + " time, or unchanged if it never had a call.",
      check = "whether the engine ignores partitions without calls")
  void rule_3_5() throws Exception {
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

  @Test
  @Rule(
      number = "3.10",
      text =
          "One or two consecutive calls further ahead than `maxEventTimeJump` do not move"
              + " the watermark.",
      check = "for a watermark that is the maximum event time")
  void rule_3_10() throws Exception {
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

  @Test
  @Rule(
      number = "3.11",
      text =
          "A call that is too far ahead counts in its window, makes no other call late, and"
              + " counts as unconfirmed in the batch of the second call after it.",
      check = "how the engine counts unconfirmed times")
  void rule_3_11() throws Exception {
    assertThat(misdated.get().rows("hourly"))
        .containsExactly(
            "2018-06-01T10:00:00Z/2018-06-01T11:00:00Z  good  7",
            "2019-12-31T10:00:00Z/2019-12-31T11:00:00Z  far  4");
    assertThat(misdated.get().contributions("hourly"))
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

  @Test
  @Rule(
      number = "3.12",
      text =
          "After a gap, the third call confirms the two before it, so the watermark follows"
              + " two calls later.",
      check = "for a clock that stops permanently")
  void rule_3_12() throws Exception {
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

  @Test
  @Rule(
      number = "3.13",
      text =
          "A partition has no clock before its third call, so a misdated first call does not"
              + " move the watermark.",
      check = "for a clock that accepts the first event time")
  void rule_3_13() throws Exception {
    assertThat(firstMisdated.get().batch(2).watermark()).isEmpty();
    assertThat(firstMisdated.get().batch(3).watermark()).contains(instant("2018-06-01T10:01:00Z"));
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

  @Test
  @Rule(
      number = "3.14",
      text =
          "A jump of exactly `maxEventTimeJump` moves the watermark at once. One millisecond"
              + " more does not.",
      check = "for `<` instead of `<=`")
  void rule_3_14() throws Exception {
    assertThat(jumps.get().batch(2).watermark()).contains(instant("2018-06-01T11:00:00.000Z"));
    assertThat(jumps.get().batch(4).watermark()).contains(instant("2018-06-02T10:00:00Z"));
  }

  /**
   * A misdated first call, two consecutive misdated calls, a gap, and a stream that approaches the
   * two.
   */
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
              size ->
                  new Tried(
                      guarded("batches-of-" + size)
                          .steps(eventful, size)
                          .step(call(0, "end", "t", "2018-06-01T14:13:00Z"))))
          .toList();

  @Test
  @Rule(
      number = "3.15",
      text =
          "The clock depends on the order of records, not on batch boundaries. A call that"
              + " the next two did not confirm is never confirmed.",
      check = "whether the engine keeps the state of clocks between batches")
  void rule_3_15() throws Exception {
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

  @Test
  @Rule(
      number = "3.16",
      text =
          "If all calls are further apart than `maxEventTimeJump`, the watermark is two"
              + " calls late.",
      check = "for a clock that accepts such calls at once or never")
  void rule_3_16() throws Exception {
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

  @Test
  @Rule(
      number = "3.17",
      text = "The guard applies to records without a timestamp.",
      check = "how the engine treats records without a timestamp")
  void rule_3_17() throws Exception {
    assumeTrue(
        testbed().source(1).source() instanceof MemorySource,
        "The source gives every record a timestamp");
    assertThat(unstamped.get().batch(1).watermark()).contains(instant("2018-06-01T10:03:00Z"));
    assertThat(unstamped.get().accounting().rejected()).isZero();
    assertThat(unstamped.get().accounting().unconfirmedTimes()).isEqualTo(1);
    assertThat(unstamped.get().contributions("hourly"))
        .isEqualTo(new Accounting.Contributions(6, 0, 0));
  }
}
