package io.callstream.kafka.source;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.time.Duration;
import java.time.LocalDate;
import java.util.OptionalLong;

/**
 * Calls that never happened, in the format in which San Francisco published its calls in 2018 and
 * with the distributions of that data: frequent types and a long tail of notes, dispositions with
 * and without a known code, the hours of the day, blocks and crossings. Immutable.
 *
 * <p>The records follow from the seed and the dials alone, on every machine. They come in the order
 * of arrival, which is that of event time and of ids unless {@link #withDisorder} or {@link
 * #withDuplicates} say otherwise: {@link #inEventTimeOrder} would undo the disorder. The same seed
 * gives the same calls whatever the dials say.
 *
 * <p>There are about 2,200 calls a day. More than 4,730,000 calls come denser, so that any number
 * of them spreads over less than six years: from the default start on, the last is before
 * 2024-10-02, and no pipeline takes it for one of the future. An id is the year's last two digits,
 * the day of the year in three, and the day's sequence number in four, or in as many more as the
 * densest day of the source may need (five from 5,375,000 calls on); it is unique, and of the same
 * length in all calls of a source. Memory does not grow with the number of calls, but for those
 * that wait for a late arrival, which are more where calls are denser.
 */
public final class SyntheticCalls implements CallSource {
  /** The most by which {@link #withDisorder(double)} delays a call. */
  public static final Duration MAX_DELAY = Duration.ofMinutes(176);

  /** The most calls: a day's sequence and a minute's number stay small. */
  private static final long MAX_CALLS = 10_000_000_000L;

  private static final LocalDate START = LocalDate.of(2018, 10, 2);

  private final Dials dials;

  private SyntheticCalls(Dials dials) {
    this.dials = dials;
  }

  /** What a sequence of records follows from. */
  record Dials(
      long calls,
      long seed,
      LocalDate start,
      double disorder,
      long maxDelayMinutes,
      double duplicates,
      double garbage) {
    SyntheticCounts counts() {
      return new SyntheticCounts(
          calls,
          Math.round(disorder * calls),
          Math.round(duplicates * calls),
          Math.round(garbage * calls));
    }
  }

  /**
   * Returns a source of so many calls, from 2018-10-02 on, in order, each of them once, and of
   * nothing else.
   *
   * @param calls how many, from 0 to 10,000,000,000
   */
  public static SyntheticCalls of(long calls) {
    if (calls < 0 || calls > MAX_CALLS) {
      throw invalid("The number of synthetic calls", calls, "from 0 to 10000000000");
    }
    return new SyntheticCalls(new Dials(calls, 1, START, 0, MAX_DELAY.toMinutes(), 0, 0));
  }

  /** Returns a source whose calls follow from another seed. */
  public SyntheticCalls withSeed(long seed) {
    return new SyntheticCalls(
        new Dials(
            dials.calls,
            seed,
            dials.start,
            dials.disorder,
            dials.maxDelayMinutes,
            dials.duplicates,
            dials.garbage));
  }

  /** Returns a source whose calls start at midnight of another day. */
  public SyntheticCalls startingOn(LocalDate day) {
    return new SyntheticCalls(
        new Dials(
            dials.calls,
            dials.seed,
            day,
            dials.disorder,
            dials.maxDelayMinutes,
            dials.duplicates,
            dials.garbage));
  }

  /** Returns a source that delays calls by at most {@link #MAX_DELAY}. */
  public SyntheticCalls withDisorder(double fraction) {
    return withDisorder(fraction, MAX_DELAY);
  }

  /**
   * Returns a source in which some calls arrive late: no later than {@code maxDelay} behind the
   * greatest event time that arrived before them.
   *
   * @param fraction the part of the calls that is delayed, from 0 to 1
   * @param maxDelay the most by which one is, at least a minute; each delay up to it, in whole
   *     minutes, is as likely as another
   */
  public SyntheticCalls withDisorder(double fraction, Duration maxDelay) {
    requireFraction("delayed", fraction);
    if (maxDelay.toMinutes() < 1) {
      throw invalid("The greatest delay of a synthetic call", maxDelay, "a minute or more");
    }
    return new SyntheticCalls(
        new Dials(
            dials.calls,
            dials.seed,
            dials.start,
            fraction,
            maxDelay.toMinutes(),
            dials.duplicates,
            dials.garbage));
  }

  /**
   * Returns a source that sends some calls twice: byte for byte the same, up to half an hour after
   * the first, and so behind calls of later event time.
   *
   * @param fraction the number of repeated calls as a part of the number of calls, from 0 to 1
   */
  public SyntheticCalls withDuplicates(double fraction) {
    requireFraction("duplicate", fraction);
    return new SyntheticCalls(
        new Dials(
            dials.calls,
            dials.seed,
            dials.start,
            dials.disorder,
            dials.maxDelayMinutes,
            fraction,
            dials.garbage));
  }

  /**
   * Returns a source that has further records that are no calls, in between: truncated JSON,
   * arrays, bare values, empty records, binary, HTML, nesting 10,000 deep, fields that are missing,
   * null, blank or nested, times that cannot be, and times in the year 2099, which a format may
   * read but every pipeline rejects as too far in the future.
   *
   * @param fraction the number of further records as a part of the number of calls, from 0 to 1
   */
  public SyntheticCalls withGarbage(double fraction) {
    requireFraction("garbage", fraction);
    return new SyntheticCalls(
        new Dials(
            dials.calls,
            dials.seed,
            dials.start,
            dials.disorder,
            dials.maxDelayMinutes,
            dials.duplicates,
            fraction));
  }

  /** Returns how many records of each kind there are. */
  public SyntheticCounts counts() {
    return dials.counts();
  }

  @Override
  public String name() {
    return dials.calls + " synthetic calls";
  }

  @Override
  public OptionalLong size() {
    return OptionalLong.of(counts().records());
  }

  @Override
  public CallRecords open() {
    return new SyntheticRecords(dials);
  }

  @Override
  public String toString() {
    return name() + " of seed " + dials.seed;
  }

  private static void requireFraction(String what, double fraction) {
    if (!(fraction >= 0 && fraction <= 1)) {
      throw invalid("The fraction of " + what + " records", fraction, "from 0 to 1");
    }
  }

  private static CallstreamException invalid(String what, Object value, String bounds) {
    return new CallstreamException(
        ErrorCode.INVALID_ARGUMENT, what + " is " + value + "; it must be " + bounds);
  }
}
