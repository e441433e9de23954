package io.callstream.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.engine.RunDetails;
import io.callstream.engine.RunDetails.PartitionTime;
import io.callstream.progress.Progress.PartitionOffsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class WatermarkTextTest {
  private static final Instant NOON = Instant.parse("2018-11-01T12:00:00Z");

  private static PartitionTime clock(int partition, @Nullable Instant time, boolean inLastBatch) {
    return new PartitionTime(partition, Optional.ofNullable(time), inLastBatch, 0);
  }

  private static String text(
      @Nullable Instant watermark,
      Map<Integer, PartitionOffsets> offsets,
      PartitionTime... clocks) {
    return WatermarkText.of(
        new RunDetails(Map.of(), Optional.ofNullable(watermark), List.of(clocks), List.of()),
        offsets,
        true);
  }

  private static Map<Integer, PartitionOffsets> lag(int partition, long lag) {
    return Map.of(partition, new PartitionOffsets(partition, 0, 10, 10 + lag));
  }

  @Test
  void namesThePartitionThatIsBehindAndWhatItHasLeftToRead() {
    assertThat(
            text(
                NOON,
                lag(2, 1_234),
                clock(0, NOON.plusSeconds(3_600), true),
                clock(1, NOON.plusSeconds(5_405), true),
                clock(2, NOON, true)))
        .isEqualTo(
            "Partition 2 holds the watermark back: its event time is 1h30m5s before that of"
                + " partition 1. 1,234 of its offsets are not read yet.");
  }

  @Test
  void blamesTheSenderIfAllIsRead() {
    assertThat(text(NOON, lag(0, 0), clock(0, NOON, true), clock(1, NOON.plusSeconds(5), true)))
        .endsWith("All its offsets are read, so its sender is late or sends older calls.");
  }

  @Test
  void explainsThatTheWatermarkNeverMovesBack() {
    assertThat(text(NOON, Map.of(), clock(0, NOON.minusSeconds(60), true)))
        .isEqualTo("The watermark never moves back. Partition 0 is 1m before it.");
  }

  @Test
  void leavesOutPartitionsWithoutARecord() {
    assertThat(
            text(
                NOON,
                Map.of(),
                clock(0, NOON.minusSeconds(900), false),
                clock(1, NOON, true),
                clock(2, null, false)))
        .isEqualTo(
            "Partition 1 sets the watermark: only it had records in the last batch. Partitions"
                + " without a record in the last batch do not count: 0, 2.");
  }

  @Test
  void explainsAPartitionWithoutAConfirmedTime() {
    assertThat(text(null, Map.of(), clock(0, NOON, true), clock(3, null, true)))
        .startsWith("Partition 3 holds the watermark back: none of its event times is confirmed");
  }

  @Test
  void countsCallsWhoseTimesAreNotConfirmed() {
    assertThat(
            text(
                NOON,
                Map.of(),
                new PartitionTime(0, Optional.of(NOON), true, 7),
                clock(1, NOON, true)))
        .isEqualTo(
            "All partitions of the last batch have reached the same event time. The next calls did"
                + " not confirm the event times of 7 of its calls, which therefore do not advance"
                + " it.");
  }

  @Test
  void explainsAStartWithAndWithoutACheckpoint() {
    assertThat(text(null, Map.of()))
        .isEqualTo("There is no watermark before the first batch with records.");
    assertThat(text(NOON, Map.of(), clock(0, NOON, false)))
        .isEqualTo(
            "The watermark is that of the checkpoint until the first batch of this run with"
                + " records.");
  }
}
