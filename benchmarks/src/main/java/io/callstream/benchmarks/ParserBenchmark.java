package io.callstream.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.CallParser;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
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
public class ParserBenchmark extends PartBenchmark {
  /** The records. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH sets the fields.
  public static class Records {
    /** Kinds of records. */
    public enum Kind {
      /** Flat objects of ASCII strings without escapes, which the fast parser processes. */
      PLAIN,
      /** The same, with a number at the end, as in the records of a latency measurement. */
      WITH_NUMBER,
      /**
       * Records with a non-ASCII letter in the address, alternately literal and escaped, which only
       * the full parser processes.
       */
      NOT_PLAIN
    }

    /** The kind of records. */
    @Param public Kind records;

    private final List<byte[]> values = new ArrayList<>();

    /** Creates the records. */
    @Setup
    public void make() {
      for (byte[] value : BenchmarkCalls.records()) {
        values.add(
            switch (records) {
              case PLAIN -> value;
              case WITH_NUMBER -> withNumber(value, 1_541_318_400_000_000L + values.size());
              case NOT_PLAIN -> withEnye(value, values.size() % 2 == 0 ? "Ñ" : "\\u00d1");
            });
      }
    }

    private static byte[] withNumber(byte[] value, long number) {
      String record = new String(value, UTF_8);
      return (record.substring(0, record.lastIndexOf('}')) + ",\"sent\":" + number + "}")
          .getBytes(UTF_8);
    }

    private static byte[] withEnye(byte[] value, String enye) {
      String name = "\"address\":\"";
      String record = new String(value, UTF_8);
      if (!record.contains(name)) {
        throw new IllegalStateException("A synthetic call has no address: " + record);
      }
      return record.replace(name, name + enye).getBytes(UTF_8);
    }
  }

  /** The parser. */
  @State(Scope.Thread)
  @SuppressWarnings("NullAway.Init") // JMH sets the fields.
  public static class Parser {
    /** Sets of fields to request. */
    public enum Fields {
      /** All fields. */
      ALL,
      /** The fields of the four standard statistics. */
      STANDARD,
      /** The fields that the comparison with other engines needs. */
      PEERS,
      /** The event time only. */
      TIME;

      Set<Field<?>> set() {
        return switch (this) {
          case ALL -> Fields.ALL;
          case STANDARD ->
              fields(
                  StandardStatistics.all(BenchmarkCalls.format().zone(), BenchmarkCalls.LATENESS));
          case PEERS -> Set.of(Fields.TYPE, Fields.DISPOSITION);
          case TIME -> Set.of();
        };
      }

      private static Set<Field<?>> fields(List<Statistic> statistics) {
        Set<Field<?>> fields = new HashSet<>();
        statistics.forEach(statistic -> fields.addAll(statistic.fields()));
        return fields;
      }
    }

    /** The requested fields. */
    @Param public Fields fields;

    private CallParser parser;

    /** Creates the parser. */
    @Setup
    public void make() {
      parser = SanFranciscoCalls.json().parser(fields.set());
    }
  }

  /** Parses the records, as a task does. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public void callstream(Records records, Parser parser, Blackhole sink) {
    for (byte[] value : records.values) {
      ParseResult result = parser.parser.parse(value);
      if (result instanceof ParseResult.Rejected) {
        throw new IllegalStateException("The parser rejected a record: " + result);
      }
      sink.consume(result);
    }
  }
}
