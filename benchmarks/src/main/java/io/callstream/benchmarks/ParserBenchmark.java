package io.callstream.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.DataSfCalls;
import io.callstream.call.Field;
import io.callstream.call.ParseResult;
import io.callstream.statistic.StandardStatistics;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/**
 * How many records per second does the parser convert to calls, depending on the requested fields
 * and on whether the fast parser can process the records?
 */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets the fields.
public class ParserBenchmark extends PartBenchmark {
  /** Kinds of records. */
  public enum Kind {
    /** Flat objects of ASCII strings without escapes, which the fast parser processes. */
    PLAIN,
    /**
     * Records with a non-ASCII letter in the address, alternately literal and escaped, which only
     * the full parser processes.
     */
    NOT_PLAIN,
    /** Records of the current feeds, with seven times, flags, a position and an escape. */
    OF_TODAY;

    private List<byte[]> calls() {
      return this == OF_TODAY ? BenchmarkCalls.recordsOfToday() : BenchmarkCalls.records();
    }

    private CallFormat format() {
      return this == OF_TODAY ? DataSfCalls.json() : BenchmarkCalls.format();
    }
  }

  /** Sets of fields to request. */
  public enum Requested {
    /** All fields. */
    ALL,
    /** The fields of the standard statistics. */
    STANDARD,
    /** The event time only. */
    TIME;

    private Set<Field<?>> of(CallFormat format) {
      Set<Field<?>> fields = new HashSet<>();
      switch (this) {
        case ALL -> fields.addAll(format.fields());
        case TIME -> {}
        case STANDARD ->
            StandardStatistics.all(format.zone(), BenchmarkCalls.LATENESS)
                .forEach(statistic -> fields.addAll(statistic.fields()));
      }
      return fields;
    }
  }

  /** The kind of records. */
  @Param public Kind records;

  /** The requested fields. */
  @Param public Requested fields;

  private final List<byte[]> values = new ArrayList<>();
  private CallParser parser;

  /** Creates the records and the parser. */
  @Setup
  public void make() {
    for (byte[] value : records.calls()) {
      String letter = values.size() % 2 == 0 ? "Ñ" : "\\u00d1";
      values.add(records == Kind.NOT_PLAIN ? withLetter(value, letter) : value);
    }
    CallFormat format = records.format();
    parser = format.parser(fields.of(format));
  }

  private static byte[] withLetter(byte[] value, String letter) {
    String name = "\"address\":\"";
    String record = new String(value, UTF_8);
    if (!record.contains(name)) {
      throw new IllegalStateException("A synthetic call has no address: " + record);
    }
    return record.replace(name, name + letter).getBytes(UTF_8);
  }

  /** Parses the records, as a task does. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public void callstream(Blackhole sink) {
    for (byte[] value : values) {
      ParseResult result = parser.parse(value);
      if (result instanceof ParseResult.Rejected) {
        throw new IllegalStateException("The parser rejected a record: " + result);
      }
      sink.consume(result);
    }
  }
}
