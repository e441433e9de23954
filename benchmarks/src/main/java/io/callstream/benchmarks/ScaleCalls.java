package io.callstream.benchmarks;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.callstream.call.CallFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.CallSource;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.WindowBounds;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Iterator;
import java.util.SplittableRandom;
import java.util.function.IntSupplier;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.commons.math3.distribution.ZipfDistribution;
import org.apache.commons.math3.random.Well19937c;

/**
 * Generates small calls, and checks that each was counted. The address of a call is its group: a
 * number of nine digits, like an id. The order of the addresses is unrelated to the order of the
 * calls. Each instance has the same calls. Not thread-safe.
 */
final class ScaleCalls {
  /** The number of rows up to which all counts are checked, because rows occupy memory. */
  private static final int CHECKED_ROWS = 1_000_000;

  private static final int CHECKED_TOP_ROWS = 100;

  private static final long SEED = 20_181_002;
  private static final Instant START = Instant.parse("2018-10-02T00:00:00Z");
  private static final int SECONDS_PER_HOUR = 3_600;

  /** Multiplication modulo a prime gives each group another address. */
  private static final long PRIME = 1_000_000_007;

  private static final long FACTOR = 387_420_489;
  private static final long INVERSE =
      BigInteger.valueOf(FACTOR).modInverse(BigInteger.valueOf(PRIME)).longValueExact();

  private final SplittableRandom random = new SplittableRandom(SEED);
  private final StringBuilder json = new StringBuilder();
  private final int groups;
  private final int hours;

  /** The number of calls that were generated, by hour and group. */
  private final int[] counts;

  private long generated;

  /**
   * Creates calls.
   *
   * @param groups the number of addresses
   * @param hours the number of hours in which the calls are, from 2018-10-02T00:00Z on
   */
  ScaleCalls(int groups, int hours) {
    this.groups = groups;
    this.hours = hours;
    counts = new int[Math.multiplyExact(groups, hours)];
  }

  static CallFormat format() {
    return SanFranciscoCalls.json(ZoneOffset.UTC);
  }

  /** Returns one call of each group in each hour, in the order of hours. Open it once. */
  CallSource all() {
    return source(counts.length, i -> call((int) (i / groups), (int) (i % groups)));
  }

  /**
   * Returns calls of random groups in the last hour. Open it once.
   *
   * @param skew the fraction of the calls that are of one group, from 0 to 1
   * @param zipf the exponent of Zipf's law, by which groups differ in their number of other calls;
   *     0 if they do not differ
   * @param disorder the fraction of the calls that are in a random hour instead, from 0 to 1
   */
  CallSource random(long calls, double skew, double zipf, double disorder) {
    IntSupplier group = zipf == 0 ? () -> random.nextInt(groups) : zipfian(zipf);
    return source(
        calls,
        i ->
            call(
                random.nextDouble() < disorder ? random.nextInt(hours) : hours - 1,
                random.nextDouble() < skew ? 0 : group.getAsInt()));
  }

  private IntSupplier zipfian(double exponent) {
    ZipfDistribution ranks = new ZipfDistribution(new Well19937c(SEED), groups, exponent);
    return () -> ranks.sample() - 1;
  }

  private static CallSource source(long calls, LongFunction<byte[]> call) {
    Iterator<byte[]> values = LongStream.range(0, calls).mapToObj(call).iterator();
    return new CallSource() {
      @Override
      public String name() {
        return calls + " calls";
      }

      @Override
      public CallRecords open() {
        return new CallRecords() {
          @Override
          public boolean hasNext() {
            return values.hasNext();
          }

          @Override
          public byte[] next() {
            return values.next();
          }

          @Override
          public void close() {}
        };
      }
    };
  }

  private byte[] call(int hour, int group) {
    counts[hour * groups + group]++;
    Instant time =
        START.plusSeconds((long) hour * SECONDS_PER_HOUR + random.nextInt(SECONDS_PER_HOUR));
    json.setLength(0);
    json.append("{\"crime_id\":\"").append(generated++);
    json.append("\",\"original_crime_type_name\":\"Passing Call\",\"call_date_time\":\"");
    json.append(time).append("\",\"address\":\"").append(group * FACTOR % PRIME).append("\"}");
    return json.toString().getBytes(ISO_8859_1);
  }

  /** Returns the number of calls that were generated. */
  long generated() {
    return generated;
  }

  /**
   * Checks the results of a statistic by address, and by hour if it has windows: the number of
   * rows, and the count of each row. If there are more than a million rows, it checks the 100
   * greatest counts.
   *
   * @throws IllegalStateException if a result is wrong
   */
  void check(Results results) {
    String name = results.statistic().name();
    if (results.size() != counts.length) {
      throw new IllegalStateException(
          "'%s' has %d rows instead of %d".formatted(name, results.size(), counts.length));
    }
    boolean checksAll = counts.length <= CHECKED_ROWS;
    Stream<ResultRow> rows = checksAll ? results.stream() : results.top(CHECKED_TOP_ROWS).stream();
    long calls = rows.mapToLong(row -> checked(name, row)).sum();
    if (checksAll && calls != generated) {
      throw new IllegalStateException(
          "'%s' counted %d calls instead of %d".formatted(name, calls, generated));
    }
  }

  private long checked(String statistic, ResultRow row) {
    long group = Long.parseLong(row.dimensions().get(0)) * INVERSE % PRIME;
    long hour =
        Duration.between(START, row.window().map(WindowBounds::start).orElse(START)).toHours();
    long expected = counts[(int) (hour * groups + group)];
    if (row.count() != expected) {
      throw new IllegalStateException(
          "'%s' has %d calls of %s in hour %d instead of %d"
              .formatted(statistic, row.count(), row.dimensions(), hour, expected));
    }
    return expected;
  }
}
