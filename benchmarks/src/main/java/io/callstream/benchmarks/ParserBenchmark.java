package io.callstream.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.call.CallField;
import io.callstream.call.CallParser;
import io.callstream.call.ParseResult;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.catalyst.expressions.BoundReference;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.JsonToStructs;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;
import scala.Option;
import scala.collection.immutable.Map$;

/**
 * How many records a second does the parser turn into calls: by the fields that are asked for, and
 * by whether a record is plain or goes to the full parser? Beside it what others do: three texts
 * with jackson-core, which stops there and so looks at no more than a program must that trusts its
 * input; a tree of jackson-databind; and Spark's {@code from_json} into a row of all fields.
 */
public class ParserBenchmark extends PartBenchmark {
  /** The records. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH sets the fields.
  public static class Records {
    /** Records as they come, or such that none of them is plain. */
    public enum Kind {
      /** Flat objects of ASCII texts without escapes. */
      PLAIN,
      /** The same with a number behind, as the harness sends that measures latency. */
      WITH_NUMBER,
      /**
       * The same as the first with a letter beyond ASCII in the address, spelt out or escaped in
       * turn.
       */
      NOT_PLAIN
    }

    /** Which records. */
    @Param public Kind records;

    private final List<byte[]> values = new ArrayList<>();

    /** Makes the records. */
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
    /** What the parser is asked for. */
    public enum Fields {
      /** Everything that a record has. */
      ALL,
      /** What the four standard statistics read. */
      STANDARD,
      /** What the statistics of the peers read. */
      PEERS,
      /** The event time. */
      TIME;

      Set<CallField> set() {
        return switch (this) {
          case ALL -> EnumSet.allOf(CallField.class);
          case STANDARD ->
              fields(
                  StandardStatistics.all(BenchmarkCalls.format().zone(), BenchmarkCalls.LATENESS));
          case PEERS -> EnumSet.of(CallField.CRIME_TYPE, CallField.DISPOSITION);
          case TIME -> EnumSet.of(CallField.TIME);
        };
      }

      private static Set<CallField> fields(List<Statistic> statistics) {
        Set<CallField> fields = EnumSet.noneOf(CallField.class);
        statistics.forEach(statistic -> fields.addAll(statistic.fields()));
        return fields;
      }
    }

    /** Which fields. */
    @Param public Fields fields;

    private CallParser parser;

    /** Makes the parser. */
    @Setup
    public void make() {
      parser = SanFranciscoCalls.json().parser(fields.set());
    }
  }

  /** What a task does with each record. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public void callstream(Records records, Parser parser, Blackhole sink) {
    for (byte[] value : records.values) {
      ParseResult result = parser.parser.parse(value);
      if (result instanceof ParseResult.Rejected) {
        throw new IllegalStateException("rejected: " + result);
      }
      sink.consume(result);
    }
  }

  /** Type, disposition and the text of the time, without a verdict on the rest of the record. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public void jacksonThreeTexts(Records records, Jackson jackson, Blackhole sink)
      throws IOException {
    for (byte[] value : records.values) {
      sink.consume(jackson.read(value, sink));
    }
  }

  /** A tree of the record, and the same three texts of it. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public void jacksonTree(Records records, Jackson jackson, Blackhole sink) throws IOException {
    for (byte[] value : records.values) {
      JsonNode call = jackson.tree.readTree(value);
      sink.consume(call.path("original_crime_type_name").asText());
      sink.consume(call.path("disposition").asText());
      sink.consume(call.path("call_date_time").asText());
    }
  }

  /** What a query with {@code from_json} does with each record: a row of texts. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public void sparkFromJson(Records records, FromJson fromJson, Blackhole sink) {
    for (byte[] value : records.values) {
      fromJson.row.update(0, UTF8String.fromBytes(value));
      sink.consume(fromJson.expression.eval(fromJson.row));
    }
  }

  /** Spark's expression. */
  @State(Scope.Thread)
  public static class FromJson {
    private static final String FIELDS =
        "crime_id string, original_crime_type_name string, report_date string, call_date string,"
            + " offense_date string, call_time string, call_date_time string, disposition string,"
            + " address string, city string, state string, agency_id string, address_type string,"
            + " common_location string";

    private final GenericInternalRow row = new GenericInternalRow(1);
    private final Expression expression =
        new JsonToStructs(
            StructType.fromDDL(FIELDS),
            Map$.MODULE$.<String, String>empty(),
            new BoundReference(0, DataTypes.StringType, true),
            Option.apply("UTC"));
  }

  /** Jackson, as others use it. */
  @State(Scope.Thread)
  public static class Jackson {
    private final JsonFactory json = new JsonFactory();
    private final ObjectMapper tree = new ObjectMapper();

    int read(byte[] value, Blackhole sink) throws IOException {
      int missing = 3;
      try (JsonParser parser = json.createParser(value)) {
        parser.nextToken();
        String field = parser.nextFieldName();
        while (field != null && missing > 0) {
          parser.nextToken();
          switch (field) {
            case "original_crime_type_name", "disposition" -> {
              sink.consume(parser.getText());
              missing--;
            }
            case "call_date_time" -> {
              // As characters, without a String.
              sink.consume(parser.getTextCharacters()[parser.getTextOffset()]);
              missing--;
            }
            default -> parser.skipChildren();
          }
          field = missing > 0 ? parser.nextFieldName() : null;
        }
      }
      return missing;
    }
  }
}
