package io.callstream.benchmarks;

import io.callstream.benchmarks.ProducerPasses.Contestant;
import io.callstream.call.CallField;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.Blackhole;

/**
 * How many records a second does the producer get out of a file of each kind: split and made
 * compact, and with the key that a record is sent with?
 */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets the fields.
public class SourceBenchmark extends PartBenchmark {
  /** The kind of file, or what else the records come from. */
  @Param({"JSON", "JSON_GZ", "JSON_GZ_SORTED", "NDJSON", "CSV", "SYNTHETIC"})
  public Contestant kind;

  private Path directory;
  private CallSource source;

  /** Writes the file. */
  @Setup
  public void write() throws IOException {
    directory = Files.createTempDirectory("callstream-source-");
    CallSource calls = SyntheticCalls.of(BenchmarkCalls.COUNT);
    ProducerFiles files = new ProducerFiles(directory, calls, BenchmarkCalls.COUNT);
    files.prepare(kind);
    source = ProducerPasses.source(kind, files.of(kind), BenchmarkCalls.COUNT);
  }

  /** Records without keys. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public void records(Blackhole sink) {
    try (CallRecords records = source.open()) {
      records.forEachRemaining(sink::consume);
    }
  }

  /** Records with the ids that are their keys. */
  @Benchmark
  @OperationsPerInvocation(BenchmarkCalls.COUNT)
  public void recordsAndKeys(Blackhole sink) {
    CallFormat format = BenchmarkCalls.format();
    CallParser parser = format.parser(Set.of(CallField.ID));
    String idField = format.idField().orElseThrow();
    try (CallRecords records = source.open()) {
      while (records.hasNext()) {
        byte[] value = records.next();
        byte[] id = records.field(idField);
        sink.consume(id == null ? parser.id(value) : id);
      }
    }
  }

  /** Removes the file. */
  @TearDown
  public void remove() throws IOException {
    Files.deleteIfExists(directory.resolve("calls" + kind.ending()));
    Files.delete(directory);
  }
}
