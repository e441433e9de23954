package io.callstream.kafka.source;

import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Locale;
import java.util.Random;

/**
 * Generates the minutes of synthetic calls on the wall clock of San Francisco. There are about
 * 2,200 calls a day, or as many more as are needed to fit all calls into less than six years. The
 * fewest calls are at four in the morning, the most at five in the afternoon. Times never go back
 * as the reader of a record sees them. If an hour occurs twice, the calls of both passes are in the
 * order of the wall-clock time. An hour that the clocks skip has no calls.
 */
final class CallClock {
  static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");
  private static final double CALLS_PER_DAY = 2_200;

  /**
   * The maximum number of days over which calls spread on average: six years less six weeks. Six
   * weeks are fifteen standard deviations of the random variation.
   */
  private static final int MAX_DAYS = 2_150;

  /**
   * The smallest number with four digits. The sequence number of a day has four digits if that is
   * enough.
   */
  private static final int LEAST_OF_FOUR_DIGITS = 1_000;

  /**
   * An upper bound for the sequence numbers that a day needs per call of an average day: 2 times
   * 1.2.
   */
  private static final int SEQUENCE_PER_CALL = 4;

  /** The number of calls by hour of the day in the 2018 file. */
  private static final double[] HOURS = {
    5_262, 4_184, 3_727, 2_870, 2_618, 2_755, 4_324, 8_048, 9_552, 10_277, 10_285, 10_583, 10_987,
    10_860, 10_847, 11_250, 13_372, 13_484, 12_589, 9_856, 8_253, 8_073, 8_918, 7_025
  };

  private static final double HOURS_TOTAL = 199_999;

  private final Random random;
  private final double callsPerDay;
  private final int leastUnpadded;
  private final double[] minuteMeans = new double[24];
  private final long[] hourStarts = new long[24];
  private LocalDate date;
  private String dateText = "";
  private String idPrefix = "";
  private int minuteOfDay;
  private int callsOfMinute;
  private int callsLeft;
  private int sequence;

  CallClock(LocalDate start, long calls, Random random) {
    this.random = random;
    this.callsPerDay = Math.max(CALLS_PER_DAY, (double) calls / MAX_DAYS);
    int least = LEAST_OF_FOUR_DIGITS;
    while (least * 10L <= SEQUENCE_PER_CALL * callsPerDay) {
      least *= 10;
    }
    this.leastUnpadded = least;
    this.date = start;
    startDay();
  }

  private void startDay() {
    dateText = date + "T00:00:00.000";
    idPrefix = String.format(Locale.ROOT, "%02d%03d", date.getYear() % 100, date.getDayOfYear());
    minuteOfDay = -1;
    callsLeft = 0;
    sequence = 0;
    double calls = callsPerDay * dayFactor(date.getDayOfWeek()) * (0.9 + 0.2 * random.nextDouble());
    for (int hour = 0; hour < 24; hour++) {
      LocalDateTime start = date.atTime(hour, 0);
      int passes = ZONE.getRules().getValidOffsets(start).size();
      minuteMeans[hour] = passes * calls * HOURS[hour] / HOURS_TOTAL / 60;
      hourStarts[hour] = start.atZone(ZONE).toEpochSecond() / 60;
    }
  }

  private static double dayFactor(DayOfWeek day) {
    return switch (day) {
      case FRIDAY -> 1.04;
      case SATURDAY, WEDNESDAY -> 1.02;
      case MONDAY, TUESDAY, THURSDAY -> 0.99;
      case SUNDAY -> 0.95;
    };
  }

  void advance() {
    while (callsLeft == 0) {
      if (++minuteOfDay == 24 * 60) {
        date = date.plusDays(1);
        startDay();
        minuteOfDay = 0;
      }
      callsOfMinute = RandomValues.poisson(random, minuteMeans[minuteOfDay / 60]);
      callsLeft = callsOfMinute;
    }
    callsLeft--;
    // The sequence also counts calls that are not published.
    sequence += 1 + random.nextInt(3);
  }

  LocalDate date() {
    return date;
  }

  /**
   * Returns the event time in minutes since the epoch. In an hour that occurs twice, it is the
   * first one.
   */
  long epochMinute() {
    return hourStarts[minuteOfDay / 60] + minuteOfDay % 60;
  }

  /**
   * Returns a second of the minute. Those of the calls of a minute are in order.
   *
   * @param part where the call is between the one before it and the one after it, from 0 to 1
   */
  int second(double part) {
    return (int) (60 * (callsOfMinute - callsLeft - 1 + part) / callsOfMinute);
  }

  void appendId(StringBuilder text) {
    text.append(idPrefix);
    for (int limit = leastUnpadded; limit > sequence && limit > 1; limit /= 10) {
      text.append('0');
    }
    text.append(sequence);
  }

  /** Appends midnight of the day of the call. */
  void appendDate(StringBuilder text) {
    text.append(dateText);
  }

  void appendTime(StringBuilder text) {
    int hour = minuteOfDay / 60;
    int minute = minuteOfDay % 60;
    text.append((char) ('0' + hour / 10)).append((char) ('0' + hour % 10)).append(':');
    text.append((char) ('0' + minute / 10)).append((char) ('0' + minute % 10));
  }

  void appendDateTime(StringBuilder text) {
    text.append(dateText, 0, dateText.length() - 12);
    appendTime(text);
    text.append(":00.000");
  }
}
