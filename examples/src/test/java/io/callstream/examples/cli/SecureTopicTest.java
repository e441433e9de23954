package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.contract.BrokerCertificates;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.SyntheticCalls;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tests the commands against a broker that accepts only TLS connections and requires
 * authentication.
 */
class SecureTopicTest {
  private static final String TOPIC = "secured";
  private static final String PASSWORD = "m4rked-Passw0rd-of-alice";
  private static final int CALLS = 3_000;
  private static final int PAGES = 150;
  private static final Pattern LINK = Pattern.compile("href=\"(/[^\"#]*)\"");
  private static final Pattern UI = Pattern.compile("Started ServerConnector.*\\{[0-9.]+:(\\d+)}");

  @TempDir static Path shared;
  private static BrokerCertificates certificates;
  private static EmbeddedBroker broker;
  private static Path input;

  @TempDir Path directory;

  @BeforeAll
  static void start() throws IOException {
    certificates = BrokerCertificates.create(shared.resolve("certificates"));
    broker =
        EmbeddedBroker.builder()
            .tls(certificates.brokerKeys(), certificates.password())
            .user("alice", PASSWORD)
            .start();
    input = shared.resolve("calls.ndjson");
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(input));
        CallRecords records = SyntheticCalls.of(CALLS).open()) {
      while (records.hasNext()) {
        out.write(records.next());
        out.write('\n');
      }
    }
    CommandRun produced =
        CommandRun.of(
            "produce",
            "--input",
            input.toString(),
            "--topic",
            TOPIC,
            "--bootstrap-servers",
            broker.bootstrapServers(),
            "--kafka-config",
            config(shared, Map.of()).toString());
    assertThat(produced.status()).as(produced.err()).isZero();
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  private static String jaas(String password) {
    return "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"alice\""
        + " password=\""
        + password
        + "\";";
  }

  /** Writes alice's configuration with some changes. An empty value removes a setting. */
  private static Path config(Path where, Map<String, String> changes) throws IOException {
    Properties properties = new Properties();
    properties.putAll(certificates.trustingSettings());
    properties.putAll(certificates.identifyingSettings());
    properties.put("security.protocol", "SASL_SSL");
    properties.put("sasl.mechanism", "SCRAM-SHA-512");
    properties.put("sasl.jaas.config", jaas(PASSWORD));
    properties.putAll(changes);
    properties.values().removeIf(""::equals);
    Path file = Files.createTempFile(where, "kafka", ".properties");
    try (OutputStream out = Files.newOutputStream(file)) {
      properties.store(out, null);
    }
    return file;
  }

  private String[] on(Path config, String... args) {
    return Stream.concat(
            Stream.of(args),
            Stream.of(
                "--topic",
                TOPIC,
                "--bootstrap-servers",
                broker.bootstrapServers(),
                "--kafka-config",
                config.toString()))
        .toArray(String[]::new);
  }

  @Test
  void whoMayLogInProducesCountsAndConsumes() throws Exception {
    Path config = config(directory, Map.of());
    Path output = directory.resolve("out");
    try (CommandProcess statistics =
            CommandProcess.start(
                directory, on(config, "statistics", "--once", "--output", output.toString()));
        CommandProcess consume =
            CommandProcess.start(
                directory, on(config, "consume", "--from-beginning", "--raw", "--max", "5"))) {
      assertThat(consume.status()).as(consume.err()).isZero();
      assertThat(consume.out().lines()).hasSize(5).allMatch(line -> line.contains("crime_id"));
      assertThat(statistics.status()).as(statistics.err()).isZero();
    }
    new Output(output).assertIs(ExpectedFiles.filesOf(input, false));
  }

  static Stream<Arguments> mistakes() {
    BrokerCertificates others = BrokerCertificates.create(shared.resolve("others"));
    return Stream.of(
        Arguments.of(
            "statistics --once", Map.of("sasl.jaas.config", jaas("wr0ng")), "sasl.jaas.config"),
        Arguments.of(
            "consume --max 1", Map.of("sasl.jaas.config", jaas("wr0ng")), "sasl.jaas.config"),
        Arguments.of(
            "produce --synthetic 1", Map.of("sasl.jaas.config", jaas("wr0ng")), "sasl.jaas.config"),
        Arguments.of("statistics --once", Map.of("sasl.jaas.config", ""), "sasl.jaas.config"),
        Arguments.of(
            "statistics --once",
            Map.of("sasl.jaas.config", "ScramLoginModule required password " + PASSWORD),
            "or can't be read"),
        Arguments.of(
            "statistics --once",
            Map.of(
                "ssl.truststore.location",
                others.clientTrust().toString(),
                "ssl.truststore.password",
                others.password()),
            "ssl.truststore.location"),
        Arguments.of(
            "produce --synthetic 1",
            Map.of("ssl.truststore.location", "/no/such/store"),
            "/no/such/store"));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void aMistakeIsToldWithinSecondsAndWithoutASecret(
      String command, Map<String, String> changes, String hint) throws IOException {
    CommandRun run = CommandRun.of(on(config(directory, changes), command.split(" ")));
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .contains(broker.bootstrapServers(), hint)
        .doesNotContain("\tat ", PASSWORD, "wr0ng", certificates.password());
  }

  @Test
  void aClientThatSpeaksPlainlyIsToldThatTheBrokerMayNot() throws Exception {
    Path config = Files.writeString(directory.resolve("plain.properties"), "");
    try (CommandProcess consume =
        CommandProcess.start(directory, on(config, "consume", "--max", "1"))) {
      assertThat(consume.status()).as(consume.err()).isEqualTo(1);
      assertThat(consume.err())
          .contains(broker.bootstrapServers(), "security.protocol", "PLAINTEXT")
          .doesNotContain("\tat ", "OutOfMemory");
    }
  }

  @Test
  @Tag("thorough")
  void aCertificateForAnotherHostIsNotTaken() throws IOException {
    BrokerCertificates others =
        BrokerCertificates.create(directory.resolve("host"), "kafka.example.org");
    try (EmbeddedBroker elsewhere =
        EmbeddedBroker.builder().tls(others.brokerKeys(), others.password()).start()) {
      Path config = directory.resolve("other.properties");
      Properties properties = new Properties();
      properties.putAll(others.trustingSettings());
      properties.put("security.protocol", "SSL");
      try (OutputStream out = Files.newOutputStream(config)) {
        properties.store(out, null);
      }
      CommandRun run =
          CommandRun.of(
              "statistics",
              "--once",
              "--bootstrap-servers",
              elsewhere.bootstrapServers(),
              "--kafka-config",
              config.toString());
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.err()).contains("another host").doesNotContain(others.password(), "\tat ");
    }
  }

  @Test
  void aMisspeltSettingIsWrongUsage() throws IOException {
    Path config = config(directory, Map.of("security.protcol", "SSL"));
    CommandRun run = CommandRun.of(on(config, "statistics", "--once"));
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("security.protcol; did you mean security.protocol?");
  }

  @Test
  void noSecretShowsAnywhereHoweverMuchIsLogged() throws Exception {
    Path checkpoint = directory.resolve("checkpoint");
    Path output = directory.resolve("out");
    Path events = Files.createDirectory(directory.resolve("events"));
    Path config = config(shared, Map.of());
    Map<String, String> shown = new TreeMap<>();
    try (CommandProcess statistics =
        CommandProcess.start(
            directory,
            List.of(
                "-Dcallstream.log.ours=DEBUG",
                "-Dcallstream.log.others=DEBUG",
                "-Dcallstream.log.pattern=log"),
            on(
                config,
                "statistics",
                "--max-offsets-per-trigger",
                "1000",
                "--checkpoint",
                checkpoint.toString(),
                "--output",
                output.toString(),
                // The sinks must reach the same brokers, or the run fails.
                "--results-topic",
                "results",
                "--dead-letter-topic",
                "letters",
                "--conf",
                "spark.ui.enabled=true",
                "--conf",
                "spark.ui.port=0",
                "--conf",
                "spark.eventLog.enabled=true",
                "--conf",
                "spark.eventLog.dir=" + events.toUri()))) {
      Path accounting = output.resolve("accounting.json");
      statistics.await(
          "all is counted",
          () ->
              Files.exists(accounting)
                  && Files.readString(accounting).contains("\"received\":" + CALLS));
      Matcher ui = UI.matcher(statistics.err());
      assertThat(ui.find()).isTrue();
      shown.putAll(pages(URI.create("http://127.0.0.1:" + ui.group(1))));
      assertThat(statistics.signal("TERM")).as(statistics.err()).isZero();
      shown.put("standard output", statistics.out());
      shown.put("standard error", statistics.err());
    }
    new Output(output).assertAccountingAddsUp();
    assertThat(shown.get("standard error"))
        .contains("DEBUG o.a.k.", "DEBUG o.a.s", "sasl.jaas.config = [hidden]");
    assertThat(shown.keySet())
        .as("pages of Spark's UI")
        .anyMatch(page -> page.contains("/SQL/execution/?id="))
        .anyMatch(page -> page.contains("/StreamingQuery/statistics/?id="))
        .anyMatch(page -> page.endsWith("/environment/"))
        .anyMatch(page -> page.contains("/jobs/job/?id="));
    for (Path kept : List.of(checkpoint, output, events)) {
      try (Stream<Path> files = Files.walk(kept)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          shown.put(file.toString(), Files.readString(file, ISO_8859_1));
          assertThat(Files.getPosixFilePermissions(file))
              .as(file.toString())
              .doesNotContain(PosixFilePermission.OTHERS_WRITE);
        }
      }
    }
    assertThat(shown.keySet())
        .anyMatch(file -> file.endsWith("pipeline.txt"))
        .anyMatch(file -> file.contains("/offsets/"))
        .anyMatch(file -> file.contains("/events/"));
    shown.forEach(
        (where, text) -> {
          for (String secret : List.of(PASSWORD, certificates.password())) {
            int at = text.indexOf(secret);
            assertThat(at)
                .as(() -> "%s, at: %s".formatted(where, text.substring(Math.max(0, at - 300), at)))
                .isNegative();
          }
        });
  }

  /** Fetches the pages of Spark's UI that are linked from its first page, and its JSON. */
  private static Map<String, String> pages(URI root) throws InterruptedException {
    HttpClient http = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NORMAL).build();
    Map<String, String> pages = new HashMap<>();
    Set<String> known = new TreeSet<>();
    Deque<String> open = new ArrayDeque<>();
    Stream.of("/jobs/", "/SQL/", "/StreamingQuery/", "/environment/", "/stages/", "/executors/")
        .forEach(open::add);
    String application = "/api/v1/applications/";
    String id =
        fetch(http, root.resolve(application)).replaceAll("(?s).*?\"id\" : \"([^\"]+)\".*", "$1");
    Stream.of("/environment", "/sql?details=true&planDescription=true&length=100", "/jobs")
        .forEach(path -> open.add(application + id + path));
    while (!open.isEmpty() && pages.size() < PAGES) {
      String path = open.removeFirst();
      if (!known.add(path) || path.startsWith("/static/") || path.contains("kill")) {
        continue;
      }
      String body = fetch(http, root.resolve(path));
      pages.put(path, body);
      Matcher links = LINK.matcher(body);
      while (links.find()) {
        open.add(links.group(1).replace("&amp;", "&"));
      }
    }
    return pages;
  }

  private static String fetch(HttpClient http, URI uri) throws InterruptedException {
    try {
      HttpResponse<String> response =
          http.send(
              HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(20)).build(),
              BodyHandlers.ofString(UTF_8));
      return response.body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
