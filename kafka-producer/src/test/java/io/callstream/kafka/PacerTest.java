package io.callstream.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PacerTest {
  private static final long HOUR = TimeUnit.HOURS.toMillis(1);
  private static final long DAY = TimeUnit.DAYS.toMillis(1);
  private static final long START = 1_538_500_000_000L;

  private final ManualTicker ticker = new ManualTicker();

  /** A clock that advances only by waiting. */
  private static final class ManualTicker implements WaitingClock {
    private long now = 123;

    @Override
    public long nanos() {
      return now;
    }

    @Override
    public void await(long nanos) {
      now += nanos;
    }

    double seconds() {
      return (now - 123) / 1e9;
    }
  }

  private Pacer pacer(Pace pace) {
    return new Pacer(pace, ticker, () -> false);
  }

  @Test
  void asFastAsPossibleNeverWaits() {
    Pacer pacer = pacer(Pace.max());
    for (int i = 0; i < 1_000; i++) {
      pacer.await(START + i * HOUR);
    }
    assertThat(ticker.seconds()).isZero();
  }

  @Test
  void soManyPerSecondAreEvenlySpaced() {
    Pacer pacer = pacer(Pace.perSecond(250));
    for (int i = 0; i <= 1_000; i++) {
      pacer.await(Pacer.NO_TIME);
      assertThat(ticker.seconds()).isCloseTo(i / 250.0, within(1e-6));
    }
  }

  @Test
  void aSenderThatWasHeldUpCatchesUp() {
    Pacer pacer = pacer(Pace.perSecond(10));
    pacer.await(Pacer.NO_TIME);
    ticker.now += 2_000_000_000L;
    for (int i = 1; i <= 20; i++) {
      pacer.await(Pacer.NO_TIME);
    }
    assertThat(ticker.seconds()).isCloseTo(2, within(1e-6));
    pacer.await(Pacer.NO_TIME);
    assertThat(ticker.seconds()).isCloseTo(2.1, within(1e-6));
  }

  @Test
  void eventTimeIsDividedByTheSpeedUp() {
    Pacer pacer = pacer(Pace.eventTime(3_600));
    pacer.await(START);
    assertThat(ticker.seconds()).isZero();
    pacer.await(START + 2 * HOUR);
    assertThat(ticker.seconds()).isCloseTo(2, within(1e-6));
    pacer.await(START + HOUR);
    pacer.await(Pacer.NO_TIME);
    pacer.await(START + 2 * HOUR);
    assertThat(ticker.seconds()).isCloseTo(2, within(1e-6));
    pacer.await(START + 5 * HOUR);
    assertThat(ticker.seconds()).isCloseTo(5, within(1e-6));
  }

  /** A delay of more than 292 years in nanoseconds does not overflow to no delay. */
  @Test
  void theSlowestPaceWaits() {
    AtomicInteger looks = new AtomicInteger();
    ticker.now = Long.MAX_VALUE - 1_000_000_000L;
    Pacer rate = new Pacer(Pace.perSecond(1e-300), ticker, () -> looks.incrementAndGet() > 5);
    rate.await(Pacer.NO_TIME);
    rate.await(Pacer.NO_TIME);
    assertThat(looks).hasValue(6);
    Pacer events = new Pacer(Pace.eventTime(1e-300), ticker, () -> looks.incrementAndGet() > 10);
    events.await(START);
    events.await(START + HOUR);
    assertThat(looks).hasValue(11);
  }

  @Test
  void oneWrongClockStopsNobody() {
    Pacer pacer = pacer(Pace.eventTime(3_600));
    pacer.await(START);
    pacer.await(START + 80 * 365 * DAY);
    assertThat(ticker.seconds()).isZero();
    pacer.await(START + HOUR);
    assertThat(ticker.seconds()).isCloseTo(1, within(1e-6));
  }

  @Test
  void timeGoesOnBehindAGapInTheCalls() {
    Pacer pacer = pacer(Pace.eventTime(3_600));
    pacer.await(START);
    pacer.await(START + 10 * DAY);
    pacer.await(START + 10 * DAY + HOUR);
    assertThat(ticker.seconds()).isZero();
    pacer.await(START + 10 * DAY + 3 * HOUR);
    assertThat(ticker.seconds()).isCloseTo(2, within(1e-6));
  }

  @Test
  void aStopEndsTheWait() {
    boolean[] stopped = new boolean[1];
    Pacer pacer =
        new Pacer(
            Pace.perSecond(0.001),
            new WaitingClock() {
              @Override
              public long nanos() {
                return ticker.nanos();
              }

              @Override
              public void await(long nanos) {
                ticker.await(nanos);
                stopped[0] = true;
              }
            },
            () -> stopped[0]);
    pacer.await(Pacer.NO_TIME);
    pacer.await(Pacer.NO_TIME);
    assertThat(ticker.seconds()).isLessThan(1);
  }

  @Test
  void pacesOutsideTheirBoundsAreRefused() {
    assertThatThrownBy(() -> Pace.perSecond(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0.0 records per second");
    assertThatThrownBy(() -> Pace.eventTime(Double.NaN)).hasMessageContaining("NaN");
    assertThatThrownBy(() -> Pace.eventTime(Double.POSITIVE_INFINITY))
        .hasMessageContaining("Infinity");
  }
}
