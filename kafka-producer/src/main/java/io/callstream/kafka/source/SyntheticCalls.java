package io.callstream.kafka.source;

import java.time.Duration;
import java.time.LocalDate;
import java.util.OptionalLong;

/**
 * Generated calls in the format in which San Francisco published its calls in 2018. They follow the
 * distributions of that data: frequent types and a long tail of notes, dispositions with and
 * without a known code, the hours of the day, blocks and crossings. {@link #inFormatOfToday} gives
 * calls in the format of the current feeds. Immutable.
 *
 * <p>The seed and the dials determine the records, and the result is the same on every machine. The
 * records are in the order of arrival. This is the order of event time and of ids, unless {@link
 * #withDisorder} or {@link #withDuplicates} changes it. {@link #inEventTimeOrder} would undo the
 * disorder. The same seed generates the same calls with any dials.
 *
 * <p>There are about 2,200 calls a day. More than 4,730,000 calls are denser, so that any number of
 * calls spreads over less than six years. With the default start, the last call is before
 * 2024-10-02, so no pipeline rejects it as too far in the future.
 *
 * <p>An id consists of the last two digits of the year, three digits for the day of the year, and
 * the sequence number of the day. The sequence number has four digits, or more if the densest day
 * of the source may need them (five from 5,375,000 calls on). Ids are unique, and all ids of a
 * source have the same length.
 *
 * <p>Memory does not grow with the number of calls, except for calls that wait for a late arrival.
 * There are more of those if calls are denser.
 */
public final class SyntheticCalls implements CallSource {
  /** The maximum delay with {@link #withDisorder(double)}. */
  public static final Duration MAX_DELAY = Duration.ofMinutes(176);

  /** The maximum number of calls. It keeps the numbers per day and per minute small. */
  private static final long MAX_CALLS = 10_000_000_000L;

  private static final LocalDate START = LocalDate.of(2018, 10, 2);

  final boolean ofToday;
  final long calls;
  final long seed;
  final LocalDate start;
  final double disorder;
  final long maxDelayMinutes;
  final double duplicates;
  final double garbage;

  private SyntheticCalls(
      boolean ofToday,
      long calls,
      long seed,
      LocalDate start,
      double disorder,
      long maxDelayMinutes,
      double duplicates,
      double garbage) {
    this.ofToday = ofToday;
    this.calls = calls;
    this.seed = seed;
    this.start = start;
    this.disorder = disorder;
    this.maxDelayMinutes = maxDelayMinutes;
    this.duplicates = duplicates;
    this.garbage = garbage;
  }

  /**
   * Returns a source of this many calls, from 2018-10-02 on. The calls are in order, each occurs
   * once, and there are no other records.
   *
   * @param calls the number of calls, from 0 to 10,000,000,000
   */
  public static SyntheticCalls of(long calls) {
    if (calls < 0 || calls > MAX_CALLS) {
      throw invalid("The number of synthetic calls", calls, "from 0 to 10000000000");
    }
    return new SyntheticCalls(false, calls, 1, START, 0, MAX_DELAY.toMinutes(), 0, 0);
  }

  /**
   * Returns a source whose records have the format of San Francisco's current feeds ({@link
   * io.callstream.call.DataSfCalls}) instead, as many a day as those of 2018. Each has its position
   * and districts. Its times are in order, and response times depend on the priority. About a third
   * are on-view calls, without a dispatch; others are canceled before a dispatch or an arrival.
   */
  public SyntheticCalls inFormatOfToday() {
    return new SyntheticCalls(
        true, calls, seed, start, disorder, maxDelayMinutes, duplicates, garbage);
  }

  /** Returns a source with another seed. */
  public SyntheticCalls withSeed(long seed) {
    return new SyntheticCalls(
        ofToday, calls, seed, start, disorder, maxDelayMinutes, duplicates, garbage);
  }

  /** Returns a source whose calls start at midnight of another day. */
  public SyntheticCalls startingOn(LocalDate day) {
    return new SyntheticCalls(
        ofToday, calls, seed, day, disorder, maxDelayMinutes, duplicates, garbage);
  }

  /** Returns a source that delays calls by at most {@link #MAX_DELAY}. */
  public SyntheticCalls withDisorder(double fraction) {
    return withDisorder(fraction, MAX_DELAY);
  }

  /**
   * Returns a source in which some calls arrive late: at most {@code maxDelay} after the greatest
   * event time that arrived before them.
   *
   * @param fraction the fraction of the calls that is delayed, from 0 to 1
   * @param maxDelay the maximum delay, at least one minute. Each delay up to it, in whole minutes,
   *     has the same probability
   */
  public SyntheticCalls withDisorder(double fraction, Duration maxDelay) {
    requireFraction("delayed", fraction);
    if (maxDelay.toMinutes() < 1) {
      throw invalid("The greatest delay of a synthetic call", maxDelay, "a minute or more");
    }
    return new SyntheticCalls(
        ofToday, calls, seed, start, fraction, maxDelay.toMinutes(), duplicates, garbage);
  }

  /**
   * Returns a source that sends some calls twice. The second record has the same bytes and arrives
   * up to half an hour after the first, and so after calls with a later event time.
   *
   * @param fraction the number of repeated calls as a fraction of the number of calls, from 0 to 1
   */
  public SyntheticCalls withDuplicates(double fraction) {
    requireFraction("duplicate", fraction);
    return new SyntheticCalls(
        ofToday, calls, seed, start, disorder, maxDelayMinutes, fraction, garbage);
  }

  /**
   * Returns a source with additional records that cannot be parsed as calls: truncated JSON,
   * arrays, bare values, empty records, binary data, HTML, 10,000 levels of nesting, fields that
   * are missing, null, blank or nested, and impossible times. It also adds times in the year 2099,
   * which a format may read, but every pipeline rejects as too far in the future.
   *
   * @param fraction the number of additional records as a fraction of the number of calls, from 0
   *     to 1
   */
  public SyntheticCalls withGarbage(double fraction) {
    requireFraction("garbage", fraction);
    return new SyntheticCalls(
        ofToday, calls, seed, start, disorder, maxDelayMinutes, duplicates, fraction);
  }

  /** Returns the number of records of each kind. */
  public SyntheticCounts counts() {
    return new SyntheticCounts(
        calls,
        Math.round(disorder * calls),
        Math.round(duplicates * calls),
        Math.round(garbage * calls));
  }

  @Override
  public String name() {
    return calls + " synthetic calls";
  }

  @Override
  public OptionalLong size() {
    return OptionalLong.of(counts().records());
  }

  @Override
  public boolean isSynthetic() {
    return true;
  }

  @Override
  public CallRecords open() {
    return new SyntheticRecords(this);
  }

  @Override
  public String toString() {
    return name() + " of seed " + seed;
  }

  private static void requireFraction(String what, double fraction) {
    if (!(fraction >= 0 && fraction <= 1)) {
      throw invalid("The fraction of " + what + " records", fraction, "from 0 to 1");
    }
  }

  private static IllegalArgumentException invalid(String what, Object value, String bounds) {
    return new IllegalArgumentException(what + " is " + value + "; it must be " + bounds);
  }
}
