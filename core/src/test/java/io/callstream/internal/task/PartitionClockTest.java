package io.callstream.internal.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.junit.jupiter.api.Test;

class PartitionClockTest {
  private static final long NONE = Long.MIN_VALUE;

  /**
   * The expected clock of some calls and the number of unconfirmed calls, computed from the
   * definition.
   */
  private record Expected(long millis, long unconfirmed) {
    static Expected of(List<Long> times, long jump) {
      long millis = NONE;
      long unconfirmed = 0;
      for (int i = 1; i <= times.size(); i++) {
        long time = times.get(i - 1);
        if (isBelieved(time, times, Math.min(i + 2, times.size()), jump)) {
          millis = Math.max(millis, time);
        } else if (i + 2 <= times.size()) {
          unconfirmed++;
        }
      }
      return new Expected(millis, unconfirmed);
    }

    private static boolean isBelieved(long time, List<Long> times, int until, long jump) {
      if (jump == PartitionClock.UNLIMITED) {
        return true;
      }
      for (int j = 3; j <= until; j++) {
        long agreed = Math.min(times.get(j - 3), Math.min(times.get(j - 2), times.get(j - 1)));
        BigInteger limit = BigInteger.valueOf(agreed).add(BigInteger.valueOf(jump));
        if (BigInteger.valueOf(time).compareTo(limit) <= 0) {
          return true;
        }
      }
      return false;
    }
  }

  /** Returns times that are close together, with some arbitrary times. */
  @Provide
  Arbitrary<List<Long>> times() {
    return Arbitraries.frequencyOf(
            Tuple.of(8, Arbitraries.longs().between(0, 40)),
            Tuple.of(2, Arbitraries.longs().between(-100, 300)),
            Tuple.of(1, Arbitraries.of(Long.MIN_VALUE + 1, Long.MAX_VALUE, Long.MAX_VALUE - 5)))
        .list()
        .ofMaxSize(30);
  }

  @Provide
  Arbitrary<Long> jumps() {
    return Arbitraries.of(0L, 1L, 10L, 100L, Long.MAX_VALUE - 1, PartitionClock.UNLIMITED);
  }

  private static PartitionClock segment(List<Long> times, long jump) {
    PartitionClock clock = PartitionClock.ofSegment(jump);
    times.forEach(clock::add);
    return clock;
  }

  private static Expected of(PartitionClock clock) {
    return new Expected(clock.millis(), clock.unconfirmed());
  }

  @Property(tries = 3_000)
  void callsAddedOneByOneMakeTheClockOfTheDefinition(
      @ForAll("times") List<Long> times, @ForAll("jumps") long jump) {
    PartitionClock partition = PartitionClock.ofPartition(jump);
    PartitionClock segment = PartitionClock.ofSegment(jump);
    for (int n = 0; n < times.size(); n++) {
      partition.add(times.get(n));
      segment.add(times.get(n));
      Expected expected = Expected.of(times.subList(0, n + 1), jump);
      assertThat(of(partition)).as("%s", times.subList(0, n + 1)).isEqualTo(expected);
      assertThat(of(segment)).as("%s", times.subList(0, n + 1)).isEqualTo(expected);
    }
  }

  @Property(tries = 3_000)
  void segmentsAppendedInAnyGroupsMakeTheSameClock(
      @ForAll("times") List<Long> times, @ForAll("jumps") long jump, @ForAll Random random)
      throws IOException {
    List<PartitionClock> parts = new ArrayList<>();
    int from = 0;
    while (from < times.size() || random.nextInt(4) == 0) {
      int to = Math.min(times.size(), from + random.nextInt(6));
      parts.add(segment(times.subList(from, to), jump));
      from = to;
    }
    List<PartitionClock> neighbours = new ArrayList<>(parts);
    while (neighbours.size() > 1) {
      int i = random.nextInt(neighbours.size() - 1);
      PartitionClock sum = neighbours.get(i).append(neighbours.remove(i + 1));
      neighbours.set(i, random.nextBoolean() ? sum : copied(sum));
    }
    PartitionClock inOrder = PartitionClock.ofPartition(jump);
    for (PartitionClock part : parts) {
      inOrder = inOrder.append(part);
    }
    Expected expected = Expected.of(times, jump);
    assertThat(of(inOrder)).as("%s", times).isEqualTo(expected);
    PartitionClock all = PartitionClock.ofPartition(jump);
    for (PartitionClock whole : neighbours) {
      assertThat(of(whole)).as("%s", times).isEqualTo(expected);
      all = all.append(whole);
    }
    assertThat(of(all)).as("%s", times).isEqualTo(expected);
  }

  @Property(tries = 500)
  void aPartitionContinuesFromItsBytes(
      @ForAll("times") List<Long> times, @ForAll("jumps") long jump, @ForAll Random random)
      throws IOException {
    PartitionClock clock = PartitionClock.ofPartition(jump);
    for (long time : times) {
      clock.add(time);
      if (random.nextBoolean()) {
        clock = copied(clock);
      }
    }
    assertThat(of(clock)).isEqualTo(Expected.of(times, jump));
  }

  private static PartitionClock copied(PartitionClock clock) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    clock.writeTo(new DataOutputStream(bytes));
    return PartitionClock.read(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
  }

  @Test
  void appendingChangesNeitherClock() {
    PartitionClock before = segment(List.of(1L, 2L, 3L, 900L), 10);
    PartitionClock after = segment(List.of(4L, 901L, 5L, 6L), 10);
    PartitionClock sum = before.append(after);
    assertThat(of(sum)).isEqualTo(new Expected(6, 2));
    assertThat(of(before)).isEqualTo(new Expected(3, 0));
    // Without the calls before them, the calls 4 and 5 confirm only themselves.
    assertThat(of(after)).isEqualTo(new Expected(6, 1));
  }

  @Test
  void refusesASegmentOfAnotherJump() {
    PartitionClock clock = PartitionClock.ofPartition(10);
    assertThatThrownBy(() -> clock.append(PartitionClock.ofSegment(11)))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> clock.append(PartitionClock.ofPartition(10)))
        .isInstanceOf(IllegalStateException.class);
  }
}
