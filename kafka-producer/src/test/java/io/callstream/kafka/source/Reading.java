package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.Assumptions;

/** Reads sources in tests. */
public final class Reading {
  private Reading() {}

  static List<byte[]> bytes(CallSource source) {
    List<byte[]> all = new ArrayList<>();
    try (CallRecords records = source.open()) {
      records.forEachRemaining(all::add);
    }
    return all;
  }

  static List<String> texts(CallSource source) {
    return bytes(source).stream().map(value -> new String(value, UTF_8)).toList();
  }

  /** Returns the real calls of 2018, or skips the test if they are not available. */
  public static Path realCalls() {
    String shared = System.getProperty("callstream.shared", "");
    Path file = Path.of(shared, "data", "police-department-calls-for-service.json.gz");
    Assumptions.assumeThat(shared.isEmpty() ? Path.of("/nowhere") : file)
        .as("the real 2018 calls, below the directory that -Dcallstream.shared names")
        .matches(Files::isReadable, "is there");
    return file;
  }
}
