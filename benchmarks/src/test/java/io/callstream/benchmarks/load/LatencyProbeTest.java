package io.callstream.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.kafka.source.CallRecords;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LatencyProbeTest {
  private static final long START = 1_000_000_000_000L;

  /** The types of calls 0 to 5 are A B A A B A. Calls 2 to 5 are due every 100 ms from START. */
  private final LatencyProbe probe =
      new LatencyProbe(
          "any",
          new SteadyCalls.Positions(Map.of("A", new int[] {0, 2, 3, 5}, "B", new int[] {1, 4})),
          2,
          0);

  @Test
  void recordsTheLatencyOfTheKthCallWhenTheCountIsK() {
    probe.accept("A", 1, START - 5_000_000);
    probe.accept("B", 1, START - 5_000_000);
    probe.begin(new Schedule(START, 10));
    probe.accept("A", 3, START + 150_000); // calls 2 and 3, due at 0 and 100 ms
    probe.accept("A", 4, START + 350_000); // call 5, due at 300 ms
    probe.accept("B", 2, START + 900_000); // call 4, due at 200 ms

    assertThat(probe.counted()).isEqualTo(6);
    assertThat(probe.latencies().getTotalCount()).isEqualTo(4);
    // 150, 50, 50 and 700 ms, with three significant digits
    assertThat(probe.latencies().getMean()).isBetween(237_000.0, 238_500.0);
    assertThat(probe.latencies().getMaxValue()).isBetween(699_000L, 701_000L);
  }

  @Test
  void countsARepeatedUpdateOnce() {
    probe.begin(new Schedule(START, 10));
    probe.accept("B", 2, START + 250_000);
    probe.accept("B", 2, START + 900_000);

    assertThat(probe.counted()).isEqualTo(2);
    assertThat(probe.latencies().getMaxValue()).isBetween(49_000L, 51_000L);
  }

  @Test
  void doesNotRecordTheUncountedTime() {
    LatencyProbe later =
        new LatencyProbe(
            "any", new SteadyCalls.Positions(Map.of("A", new int[] {0, 1})), 0, 100_000);
    later.begin(new Schedule(START, 10));
    later.accept("A", 2, START + 150_000);

    assertThat(later.counted()).isEqualTo(2);
    assertThat(later.latencies().getTotalCount()).isEqualTo(1);
  }

  @Test
  void rejectsATypeThatWasNotSent() {
    assertThatThrownBy(() -> probe.accept("C", 1, START)).hasMessageContaining("never sent");
  }

  @Test
  void positionsMatchTheCallsThatAreSent() {
    SteadyCalls.Positions positions = SteadyCalls.Positions.ofFirst(3_000);
    SteadyCalls.TypeReader types = new SteadyCalls.TypeReader();

    int all = positions.byType().values().stream().mapToInt(list -> list.length).sum();

    assertThat(all).isEqualTo(3_000);
    try (CallRecords records = SteadyCalls.of(3_000).open()) {
      for (int i = 0; i < 3_000; i++) {
        assertThat(positions.of(types.typeOf(records.next()))).contains(i);
      }
    }
  }

  @Test
  void theScheduleDefinesWhenCallsAreDue() {
    Schedule schedule = new Schedule(START, 4);

    assertThat(schedule.dueBy(START - 1)).isZero();
    assertThat(schedule.dueBy(START)).isEqualTo(1);
    assertThat(schedule.dueBy(START + 249_999)).isEqualTo(1);
    assertThat(schedule.dueBy(START + 250_000)).isEqualTo(2);
    assertThat(schedule.dueMicros(3)).isEqualTo(START + 750_000);
  }
}
