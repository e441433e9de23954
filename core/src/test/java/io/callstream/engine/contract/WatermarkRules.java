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

  /**
   * The watermark is the least, over the partitions of a batch, of the greatest event time seen in
   * each. If it fails, look for a watermark over all records, which lets partitions that are ahead
   * close the windows of those that lag.
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
   * watermark, and neither do two in a row. If it fails, look for a watermark that is the greatest
   * time seen.
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
   * reported in the batch of the second call after it. The last one of the trial has no such call.
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

  /** A jump of exactly the greatest jump is believed at once; one of a millisecond more is not. */
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

  /** Where all calls are further apart than the greatest jump, the watermark is two calls late. */
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
   * A record without a timestamp is not rejected for its time, whatever that is, and a misdated one
   * does not move the watermark either. For sources that can hold such records.
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
