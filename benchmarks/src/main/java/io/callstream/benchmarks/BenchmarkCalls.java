package io.callstream.benchmarks;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.Field;
import io.callstream.call.ParseResult;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.SyntheticCalls;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The input of the JMH benchmarks: three weeks of synthetic calls in event-time order. Types,
 * dispositions and addresses are as skewed as in real calls. Each run uses the same calls.
 */
final class BenchmarkCalls {
  /** The number of calls. */
  static final int COUNT = 50_000;

  /** The allowed lateness of the statistics. No call is late, because all are in order. */
  static final Duration LATENESS = Duration.ofHours(1);

  private static final long SEED = 20_181_002;

  private BenchmarkCalls() {}

  /** Returns the calls as records of a topic. */
  static List<byte[]> records() {
    return records(SyntheticCalls.of(COUNT));
  }

  /** Returns the calls as records in the format of the current feeds. */
  static List<byte[]> recordsOfToday() {
    return records(SyntheticCalls.of(COUNT).inFormatOfToday());
  }

  private static List<byte[]> records(SyntheticCalls calls) {
    List<byte[]> all = new ArrayList<>(COUNT);
    try (CallRecords records = calls.withSeed(SEED).open()) {
      records.forEachRemaining(all::add);
    }
    return all;
  }

  /** Returns the calls as the parser of a Spark task creates them, with shared strings. */
  static List<Call> parsed(CallFormat format, Set<Field<?>> fields) {
    CallParser parser = format.parser(fields);
    List<Call> calls = new ArrayList<>(COUNT);
    for (byte[] value : records()) {
      ParseResult result = parser.parse(value);
      if (!(result instanceof ParseResult.Parsed parsed)) {
        throw new IllegalStateException("A synthetic call was rejected: " + result);
      }
      calls.add(parsed.call());
    }
    return calls;
  }

  /** Returns the format of the calls. */
  static CallFormat format() {
    return SanFranciscoCalls.json();
  }
}
