package io.callstream.dashboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RunHistoryTest {
  private static final Instant START = Instant.parse("2018-10-30T07:00:00Z");

  /** Returns a batch that starts at a second and takes half a second. */
  private static Progress batch(long second, long records) {
    return new Progress(
        second,
        START.plusSeconds(second),
        records,
        Double.NaN,
        Double.NaN,
        0,
        Double.NaN,
        Duration.ofMillis(500),
        Optional.empty(),
        Map.of(),
        new Progress.State(0, 0, 0),
        List.of(),
        Optional.empty(),
        "",
        Accounting.none(List.of(), List.of()),
        Accounting.none(List.of(), List.of()),
        Map.of());
  }

  @Test
  void pointStartsAtTheEndOfThePreviousPoint() {
    RunHistory history = new RunHistory();
    history.onProgress(batch(0, 10));
    history.onProgress(batch(4, 100));
    assertThat(history.points())
        .extracting(RunHistory.Point::perSecond)
        .containsExactly(10 / 0.5, 100 / 4.0);
  }

  @Test
  void durationOfAPrefetchedBatchStartsAtTheEndOfThePreviousBatch() {
    RunHistory history = new RunHistory();
    history.onProgress(batch(0, 10));
    history.onProgress(batch(0, 300));
    assertThat(history.points())
        .extracting(RunHistory.Point::perSecond)
        .containsExactly(10 / 0.5, 300 / 0.5);
  }

  @Test
  void boundsThePointsOfALongRunAndKeepsAllRecords() {
    RunHistory history = new RunHistory();
    int batches = 10_000;
    for (int i = 0; i < batches; i++) {
      history.onProgress(batch(i, i));
      assertThat(history.points()).hasSizeLessThanOrEqualTo(RunHistory.MAX_POINTS);
    }
    List<RunHistory.Point> points = history.points();
    assertThat(points).hasSizeGreaterThan(RunHistory.MAX_POINTS / 2);
    assertThat(points.stream().mapToLong(RunHistory.Point::records).sum())
        .isEqualTo(batches * (batches - 1L) / 2);
    assertThat(points.get(0).start()).isEqualTo(START);
    assertThat(points.get(points.size() - 1).end())
        .isEqualTo(START.plusSeconds(batches - 1).plusMillis(500));
    for (int i = 1; i < points.size(); i++) {
      assertThat(points.get(i).start()).isEqualTo(points.get(i - 1).end());
      // One batch a second, each with one more record: the middle of a point equals its rate.
      double middle =
          Duration.between(START, points.get(i).start()).toMillis() / 1e3
              + Duration.between(points.get(i).start(), points.get(i).end()).toMillis() / 2e3;
      assertThat(points.get(i).perSecond()).isCloseTo(middle, within(1.0));
    }
  }

  @Test
  void pointsHaveADurationAfterTheClockIsSetBack() {
    RunHistory history = new RunHistory();
    history.onProgress(batch(100, 1));
    history.onProgress(batch(0, 1));
    assertThat(history.points())
        .allSatisfy(point -> assertThat(point.end()).isAfter(point.start()));
  }
}
