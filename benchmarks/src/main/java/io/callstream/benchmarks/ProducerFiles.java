package io.callstream.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.callstream.benchmarks.ProducerPasses.Contestant;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.CallSource;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.commons.csv.CSVFormat;

/**
 * The files that {@link ProducerRate} sends: the same calls in each, in the layout that the feeds
 * have. An array has a field a line, indented by eight blanks, as the file of 2018.
 */
final class ProducerFiles {
  private final Path directory;
  private final List<byte[]> calls = new ArrayList<>();
  private final long records;

  /**
   * Reads the calls.
   *
   * @param about how many records the files are to have; they have a multiple of the input's
   */
  ProducerFiles(Path directory, CallSource input, long about) {
    this.directory = directory;
    try (CallRecords all = input.open()) {
      all.forEachRemaining(calls::add);
    }
    records = Math.max(1, Math.round((double) about / calls.size())) * calls.size();
  }

  /** Returns how many records each file has. */
  long records() {
    return records;
  }

  /** Returns the contestant's file. */
  Path of(Contestant contestant) {
    return directory.resolve("calls" + contestant.ending());
  }

  /** Writes the contestant's file if it is not there yet. */
  void prepare(Contestant contestant) throws IOException {
    Path file = of(contestant);
    if (contestant.ending().isEmpty() || Files.exists(file)) {
      return;
    }
    byte[] once = once(contestant.ending());
    byte[] between = contestant.ending().startsWith(".json") ? ",\n".getBytes(UTF_8) : new byte[0];
    try (OutputStream out = packed(file)) {
      out.write(start(contestant.ending()));
      // ProducerPerformance has all of its payload in memory.
      long times = contestant == Contestant.PERFORMANCE ? 1 : records / calls.size();
      for (long i = 0; i < times; i++) {
        out.write(i == 0 ? new byte[0] : between);
        out.write(once);
      }
      out.write(contestant.ending().startsWith(".json") ? "\n]\n".getBytes(UTF_8) : new byte[0]);
    }
  }

  private static OutputStream packed(Path file) throws IOException {
    OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
    String name = file.toString();
    return name.endsWith(".gz")
        ? new GZIPOutputStream(out, 1 << 16)
        : name.endsWith(".bz2") ? new BZip2CompressorOutputStream(out) : out;
  }

  private byte[] start(String ending) throws IOException {
    if (ending.startsWith(".csv")) {
      return row(fields(calls.get(0), JsonToken.FIELD_NAME));
    }
    return ending.startsWith(".json") ? "[\n".getBytes(UTF_8) : new byte[0];
  }

  /** Returns all calls in a layout, without what stands before and behind. */
  private byte[] once(String ending) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < calls.size(); i++) {
      if (ending.startsWith(".ndjson") || ending.equals(".payload")) {
        out.write(calls.get(i));
        out.write('\n');
      } else if (ending.startsWith(".csv")) {
        out.write(row(fields(calls.get(i), JsonToken.VALUE_STRING)));
      } else {
        out.write((i == 0 ? "" : ",\n").getBytes(UTF_8));
        out.write(spread(calls.get(i)));
      }
    }
    return out.toByteArray();
  }

  private static byte[] row(List<String> values) {
    return (CSVFormat.RFC4180.format(values.toArray()) + "\r\n").getBytes(UTF_8);
  }

  /** Returns the names or the values of a record. */
  private static List<String> fields(byte[] call, JsonToken kind) throws IOException {
    List<String> fields = new ArrayList<>();
    try (JsonParser json = new JsonFactory().createParser(call)) {
      for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
        if (token == kind) {
          fields.add(json.getText());
        }
      }
    }
    return fields;
  }

  private static byte[] spread(byte[] call) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    List<String> names = fields(call, JsonToken.FIELD_NAME);
    List<String> values = fields(call, JsonToken.VALUE_STRING);
    JsonFactory json = new JsonFactory();
    try (var generator = json.createGenerator(out)) {
      generator.useDefaultPrettyPrinter();
      generator.writeStartObject();
      for (int i = 0; i < names.size(); i++) {
        generator.writeStringField(names.get(i), values.get(i));
      }
      generator.writeEndObject();
    }
    return out.toString(UTF_8)
        .replace("{\n  ", "    {\n        ")
        .replace("\n  \"", "\n        \"")
        .replace("\" : ", "\": ")
        .replace("\n}", "\n    }")
        .getBytes(UTF_8);
  }
}
