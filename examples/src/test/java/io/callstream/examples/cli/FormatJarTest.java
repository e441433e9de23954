package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.kafka.contract.TestBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Uses a format whose class is in a directory that is not on the class path. */
class FormatJarTest {
  /** Lines such as {@code 17 2024-05-01T10:00:00Z}. */
  private static final String SOURCE =
      """
      package com.example;

      import static java.nio.charset.StandardCharsets.UTF_8;

      import io.callstream.call.*;
      import java.time.*;
      import java.util.Set;

      public final class Lines implements CallFormat, CallFormatProvider {
        public CallFormat format() { return this; }
        public String name() { return "lines"; }
        public ZoneId zone() { return ZoneOffset.UTC; }
        public Set<Field<?>> fields() { return Set.of(Fields.ID); }
        public String timeField() { return "time"; }
        public CallParser parser(Set<Field<?>> fields) { return Lines::parse; }
        private static ParseResult parse(CallRecord record) {
          byte[] value = record.value();
          String[] parts = new String(value, UTF_8).split(" ");
          return parts.length == 2
              ? new ParseResult.Parsed(
                  Call.builder(Instant.parse(parts[1])).with(Fields.ID, parts[0]).build())
              : new ParseResult.Rejected(RejectionReason.MISSING_FIELD, "time", value);
        }
        public byte[] write(Call call) { return (call.id() + " " + call.time()).getBytes(UTF_8); }
      }
      """;

  private final ClassLoader before = Thread.currentThread().getContextClassLoader();

  @TempDir Path directory;

  @AfterEach
  void restore() {
    Thread.currentThread().setContextClassLoader(before);
  }

  private Path compiled() throws IOException {
    Path source =
        Files.writeString(
            Files.createDirectories(directory.resolve("src/com/example")).resolve("Lines.java"),
            SOURCE);
    Path classes = Files.createDirectories(directory.resolve("classes"));
    String classPath = System.getProperty("java.class.path");
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "-cp", classPath, "-d", classes.toString(), source.toString());
    assertThat(status).isZero();
    Path services = Files.createDirectories(classes.resolve("META-INF/services"));
    Files.writeString(
        services.resolve("io.callstream.call.CallFormatProvider"), "com.example.Lines\n");
    return classes;
  }

  @Test
  void aFormatOfAJarIsCountedOnBothEngines() throws IOException {
    Path classes = compiled();
    Path data =
        Files.writeString(
            directory.resolve("data.txt"),
            "1 2024-05-01T10:00:00Z\n2 2024-05-01T10:30:00Z\nnothing\n3 2024-05-01T11:00:00Z\n");
    run(classes, "produce", "--input", data.toString(), "--layout", "ndjson");
    for (String engine : List.of("local", "spark")) {
      CommandRun counted = run(classes, "statistics", "--once", "--engine", engine);
      assertThat(counted.out())
          .contains("calls-per-hour: 2 rows")
          .contains("4 received = 1 rejected + 0 duplicates + 3 calls");
    }
  }

  private static CommandRun run(Path classes, String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(
        List.of(
            "--format",
            "lines",
            "--format-jar",
            classes + "/",
            "--topic",
            "lines",
            "--bootstrap-servers",
            TestBroker.cluster().bootstrapServers()));
    CommandRun run = CommandRun.of(all.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    return run;
  }
}
