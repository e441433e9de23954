package io.callstream.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.call.CallField;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.csv.CSVFormat;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.Blackhole;

/**
 * How many records per second does the producer read from each kind of source? This includes
 * everything before the send: decompressing, splitting, converting to compact JSON, and finding the
 * key.
 */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets the fields.
public class SourceBenchmark extends PartBenchmark {
  /** Kinds of sources. */
  public enum Kind {
    /** A JSON array. */
    JSON,
    /** A compressed JSON array. */
    JSON_GZ,
    /** One JSON object per line. */
    NDJSON,
    /** Comma-separated values. */
    CSV,
    /** Generated calls. */
    SYNTHETIC
  }

  /** The kind of source. */
  @Param public Kind kind;

  private Path file;
  private CallSource source;

  /** Writes the file. */
  @Setup
  public void write() throws IOException {
    file = Files.createTempFile("callstream-source-", "");
    List<String> calls =
        BenchmarkCalls.records().stream().map(value -> new String(value, UTF_8)).toList();
    source =
        switch (kind) {
          case JSON -> CallSource.file(Files.writeString(file, array(calls)));
          case JSON_GZ -> CallSource.file(zipped(array(calls)));
          case NDJSON -> CallSource.file(Files.write(file, calls));
          case CSV -> CallSource.file(Files.writeString(file, csv(calls)));
          case SYNTHETIC -> SyntheticCalls.of(BenchmarkCalls.COUNT);
        };
  }

  private static String array(List<String> calls) {
    return "[" + String.join(",\n", calls) + "]\n";
  }

  private Path zipped(String text) throws IOException {
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(text.getBytes(UTF_8));
    }
    return file;
  }

  private static String csv(List<String> calls) throws IOException {
    ObjectMapper json = new ObjectMapper();
    StringBuilder rows = new StringBuilder();
    for (String call : calls) {
      Map<?, ?> fields = json.readValue(call, Map.class);
      if (rows.isEmpty()) {
        rows.append(CSVFormat.RFC4180.format(fields.keySet().toArray())).append("\r\n");
      }
      rows.append(CSVFormat.RFC4180.format(fields.values().toArray())).append("\r\n");
    }
    return rows.toString();
  }

  /** Reads records with the ids that are their keys. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public void recordsAndKeys(Blackhole sink) {
    CallFormat format = BenchmarkCalls.format();
    CallParser parser = format.parser(Set.of(CallField.ID));
    try (CallRecords records = source.open()) {
      while (records.hasNext()) {
        sink.consume(parser.idOfCall(records.next()));
      }
    }
  }

  /** Deletes the file. */
  @TearDown
  public void delete() throws IOException {
    Files.delete(file);
  }
}
