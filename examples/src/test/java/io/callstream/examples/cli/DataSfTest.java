package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.callstream.kafka.contract.TestBroker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/**
 * Sends a feed to a topic and counts it. The server has fewer rows than a page. Therefore it
 * evaluates only two parts of the query: its order and the key at which the requested rows start.
 * The tests of the feed cover the rest.
 */
@Timeout(180)
class DataSfTest {
  private static final int ROWS = 400;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern FROM_KEY = Pattern.compile("cad_number >= '(\\d+)'");
  private static final String BROKERS = TestBroker.cluster().bootstrapServers();

  @TempDir Path directory;

  private final NavigableMap<String, Map<String, String>> rows = new ConcurrentSkipListMap<>();
  private final Set<String> tokens = ConcurrentHashMap.newKeySet();
  private final AtomicInteger answers = new AtomicInteger();
  private volatile String requiredToken = "";
  private final HttpServer server =
      HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);

  DataSfTest() throws IOException {
    server.createContext("/resource/gnap-fj3t.json", this::answer);
    server.start();
    Random random = new Random(7);
    for (int i = 0; i < ROWS; i++) {
      put(row(i, random));
    }
  }

  @AfterEach
  void stopServer() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String query = URLDecoder.decode(exchange.getRequestURI().getRawQuery(), UTF_8);
    String token = exchange.getRequestHeaders().getFirst("X-App-Token");
    tokens.add(String.valueOf(token));
    boolean known = requiredToken.isEmpty() || requiredToken.equals(token);
    boolean keyless = query.endsWith("cad_number IS NULL");
    boolean understood =
        query.contains("$limit=10000&") && (keyless || query.contains("$order=cad_number,"));
    Matcher from = FROM_KEY.matcher(query);
    Object asked = keyless ? List.of() : rows.tailMap(from.find() ? from.group(1) : "").values();
    byte[] body = JSON.writeValueAsBytes(known && understood ? asked : query);
    exchange.sendResponseHeaders(known ? understood ? 200 : 400 : 403, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
    answers.incrementAndGet();
  }

  private void put(Map<String, String> row) {
    rows.put(row.get("cad_number"), row);
  }

  /**
   * Creates a call of the first 40 hours of October. Some calls have no final type, or no
   * description of it.
   */
  private static Map<String, String> row(int number, Random random) {
    String day = number < 240 ? "01" : "02";
    Map<String, String> row = new LinkedHashMap<>();
    row.put("cad_number", String.valueOf(262_740_000 + number));
    row.put(
        "received_datetime",
        String.format("2026-10-%sT%02d:%02d:30.000", day, number / 10 % 24, number % 10 * 6));
    row.put("call_type_original", "9" + random.nextInt(4));
    row.put("call_type_original_desc", "ORIGINAL " + random.nextInt(3));
    if (random.nextInt(3) > 0) {
      row.put("call_type_final", "4" + random.nextInt(4));
    }
    if (random.nextInt(3) > 0) {
      row.put("call_type_final_desc", "FINAL, " + random.nextInt(5));
    }
    row.put("call_last_updated_at", "2026-10-03T00:00:00.000");
    return row;
  }

  /** Counts the rows of the table by type, in the format of the file. */
  private String countsByType() {
    Map<String, Integer> counts = new TreeMap<>();
    for (Map<String, String> row : rows.values()) {
      if (row.containsKey("received_datetime")) {
        String code = row.getOrDefault("call_type_final", row.get("call_type_original_desc"));
        counts.merge(row.getOrDefault("call_type_final_desc", code), 1, Integer::sum);
      }
    }
    List<Map.Entry<String, Integer>> sorted = new ArrayList<>(counts.entrySet());
    sorted.sort(Collections.reverseOrder(Comparator.comparingInt(Map.Entry::getValue)));
    StringBuilder text = new StringBuilder("crime_type,count\n");
    for (Map.Entry<String, Integer> type : sorted) {
      String quote = type.getKey().contains(",") ? "\"" : "";
      text.append(quote + type.getKey() + quote + "," + type.getValue() + "\n");
    }
    return text.toString();
  }

  private String[] line(String topic, String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(List.of("--bootstrap-servers", BROKERS, "--topic", topic));
    if (args[0].equals("produce")) {
      all.addAll(List.of("--datasf", "gnap-fj3t", "--datasf-url"));
      all.add("http://127.0.0.1:" + server.getAddress().getPort());
    }
    return all.toArray(String[]::new);
  }

  private CommandRun run(String topic, String... args) {
    CommandRun run = CommandRun.of(line(topic, args));
    assertThat(run.err()).doesNotContain("\tat ");
    return run;
  }

  private CommandRun statistics(String topic, String... more) {
    List<String> args = new ArrayList<>(List.of("statistics", "--once", "--engine", "local"));
    args.addAll(List.of("--output", directory.toString()));
    args.addAll(List.of(more));
    CommandRun run = run(topic, args.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    return run;
  }

  @Test
  void aFeedIsCountedExactly() throws IOException {
    rows.get("262740017").remove("received_datetime");
    CommandRun produced = run("feed", "produce");
    assertThat(produced.status()).as(produced.err()).isZero();
    assertThat(produced.err())
        .contains("reading   DataSF gnap-fj3t", "read      400 records", "sent      400 records");

    statistics("feed", "--format", "datasf");

    assertThat(directory.resolve("calls-by-type.csv")).hasContent(countsByType());
    assertThat(Files.readString(directory.resolve("accounting.json")))
        .startsWith("{\"received\":400,\"rejected\":1,\"duplicates\":0,")
        .contains("\"calls-by-type-and-disposition-hourly\":{\"counted\":399,\"late\":0}");
    assertThat(
            run("feed", "consume", "--format", "datasf", "--from-beginning", "--max", "400").out())
        .contains("2026-10-01T00:00:30-07:00\t", "missing-field received_datetime");
  }

  @Test
  void aFeedResumesWithTheCallsThatAreMissingOrHaveChanged() throws IOException {
    // An earlier sending that ended after half of the calls. The server has loaded them again
    // since.
    for (Map<String, String> row : rows.values()) {
      row.put("data_loaded_at", "2026-10-03T00:10:00.000");
    }
    List<Map<String, String>> half = List.copyOf(rows.values()).subList(0, ROWS / 2);
    Path file = directory.resolve("half.json");
    JSON.writeValue(file.toFile(), half);
    String[] sending = {
      "produce",
      "--input",
      file.toString(),
      "--format",
      "datasf",
      "--topic",
      "resumed",
      "--bootstrap-servers",
      BROKERS
    };
    assertThat(CommandRun.of(sending).status()).isZero();
    rows.values().forEach(row -> row.put("data_loaded_at", "2026-10-03T00:20:00.000"));
    rows.get("262740017").put("call_last_updated_at", "2026-10-03T00:15:00.000");

    CommandRun resumed = run("resumed", "produce", "--resume");
    assertThat(resumed.status()).as(resumed.err()).isZero();
    assertThat(resumed.err())
        .contains("resumed   199 records in the topic already", "sent      201 ");
    assertThat(run("resumed", "produce", "--resume", "--order", "file").err())
        .contains("resumed   400 records in the topic already", "sent      0 records");

    statistics("resumed", "--format", "datasf", "--distinct");
    assertThat(directory.resolve("calls-by-type.csv")).hasContent(countsByType());
    assertThat(Files.readString(directory.resolve("accounting.json")))
        .startsWith("{\"received\":401,\"rejected\":0,\"duplicates\":1,");
  }

  @Test
  void pollingResumesWithWhatTheTopicLacks() throws Exception {
    assertThat(run("again", "produce").status()).isZero();
    rows.get("262740017").put("call_last_updated_at", "2026-10-03T00:15:00.000");
    rows.values().forEach(row -> row.put("data_loaded_at", "2026-10-03T00:20:00.000"));
    StopRequest interruption = StopRequest.none();
    int before = answers.get();
    CompletableFuture<CommandRun> polling =
        CompletableFuture.supplyAsync(
            () ->
                CommandRun.of(interruption, line("again", "produce", "--poll", "1s", "--resume")));
    // Two polls of three requests each, or more.
    awaitAnswers(before + 7);
    interruption.request(130);

    CommandRun run = polling.get(30, TimeUnit.SECONDS);
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err())
        .contains("resumed   399 records in the topic already", "sent      1 record");
  }

  @Test
  void syntheticCallsOfTodayHaveAllStatistics() throws IOException {
    String[] sending = {
      "produce",
      "--synthetic",
      "2000",
      "--format",
      "datasf",
      "--topic",
      "synthetic.today",
      "--bootstrap-servers",
      BROKERS
    };
    assertThat(CommandRun.of(sending).status()).isZero();

    statistics("synthetic.today", "--format", "datasf");
    assertThat(Files.readString(directory.resolve("accounting.json")))
        .startsWith("{\"received\":2000,\"rejected\":0,\"duplicates\":0,");
    assertThat(Files.readAllLines(directory.resolve("response-times-by-priority.csv")))
        .hasSize(5)
        .first()
        .asString()
        .startsWith("priority,count,received_to_dispatch_median,received_to_dispatch_p90,");
    assertThat(Files.readAllLines(directory.resolve("calls-by-on-view.csv")))
        .hasSize(3)
        .first()
        .isEqualTo("on_view,count,share");
    assertThat(directory.resolve("response-times-by-district.csv")).exists();
    assertThat(directory.resolve("calls-by-neighborhood-hourly.csv")).exists();
  }

  @Test
  void aCsvExportIsCountedExactly() throws IOException {
    Path file = directory.resolve("export.csv");
    Files.writeString(
        file,
        """
        cad_number,received_datetime,dispatch_datetime,onscene_datetime,call_type_original,priority_final,onview_flag,sensitive_call,intersection_point,police_district
        262740001,10/01/2026 01:00:00 AM,10/01/2026 01:02:00 AM,10/01/2026 01:10:00 AM,415,A,N,false,POINT (-122.4 37.7),PARK
        262740002,10/01/2026 11:30:00 PM,,10/01/2026 11:30:00 PM,585,B,Y,true,,PARK
        262740003,10/01/2026 11:31:00 PM,,,585,B,N,true,POINT (37.7 -122.4),PARK
        262740004,10/01/2026 11:32:00 PM,,,585,B,N,,POINT (-122.4 37.7),
        """);
    String[] sending = {
      "produce",
      "--input",
      file.toString(),
      "--format",
      "datasf",
      "--topic",
      "exported",
      "--bootstrap-servers",
      BROKERS
    };
    assertThat(CommandRun.of(sending).status()).isZero();

    // The third row has the longitude where the latitude must be.
    statistics("exported", "--format", "datasf");
    assertThat(directory.resolve("calls-by-on-view.csv"))
        .hasContent("on_view,count,share\nfalse,2,0.666667\ntrue,1,0.333333\n");
    assertThat(Files.readString(directory.resolve("rejected.ndjson")))
        .contains("\"reason\":\"unreadable-value\",\"field\":\"intersection_point\"");
    assertThat(Files.readString(directory.resolve("response-times-by-priority.csv")))
        .contains("\nB,1,,,,,,,,,\n")
        .containsPattern("\nA,1,(\\S+,){8}\\S+\n");
  }

  @Test
  void aWrongFormatIsHintedAt() {
    run("hint", "produce", "--order", "file");

    ListAppender<ILoggingEvent> log = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger("io.callstream");
    log.start();
    logger.addAppender(log);
    try {
      statistics("hint");
      assertThat(log.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .singleElement(STRING)
          .startsWith("All " + ROWS + " records of Kafka topic hint at ")
          .contains("by the format 'sf-2018'", "--format");
      log.list.clear();
      statistics("hint", "--format", "datasf");
      assertThat(log.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .noneMatch(message -> message.contains("were rejected"));
    } finally {
      logger.detachAppender(log);
    }
  }

  @Test
  void pollingSendsWhatChangesUntilItIsInterrupted() throws Exception {
    StopRequest interruption = StopRequest.none();
    CompletableFuture<CommandRun> polling =
        CompletableFuture.supplyAsync(
            () -> CommandRun.of(interruption, line("polled", "produce", "--poll", "1s")));
    awaitAnswers(1);
    Map<String, String> changed = new LinkedHashMap<>(rows.get("262740017"));
    changed.put("call_type_final_desc", "FOUND OUT LATER");
    changed.put("call_last_updated_at", "2026-10-03T00:10:00.000");
    String countsOfFirst = countsByType();
    put(changed);
    // The remaining requests of the current poll, and the three requests of the next one.
    awaitAnswers(answers.get() + 6);
    interruption.request(130);

    CommandRun run = polling.get(30, TimeUnit.SECONDS);
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err()).contains("401 records", "then interrupted");

    statistics("polled", "--format", "datasf", "--distinct");
    assertThat(directory.resolve("calls-by-type.csv")).hasContent(countsOfFirst);
    assertThat(Files.readString(directory.resolve("accounting.json")))
        .startsWith("{\"received\":401,\"rejected\":0,\"duplicates\":1,");
  }

  @ParameterizedTest
  @ValueSource(strings = "local")
  void correctionsEndWithTheResultsOfTheFinalStateReadOnce(String engine) throws Exception {
    Random random = new Random(11);
    String polled = "corrected-" + engine;
    StopRequest interruption = StopRequest.none();
    CompletableFuture<CommandRun> polling =
        CompletableFuture.supplyAsync(
            () -> CommandRun.of(interruption, line(polled, "produce", "--poll", "1s")));
    awaitAnswers(2);
    for (int change = 1; change <= 3; change++) {
      changeSomeRows(change, random);
      // The remaining requests of the current poll, and the three requests of the next one.
      awaitAnswers(answers.get() + 6);
    }
    interruption.request(130);
    assertThat(polling.get(30, TimeUnit.SECONDS).status()).isZero();
    assertThat(run("final-" + engine, "produce").status()).isZero();

    Map<String, String> corrected = files(polled, engine, "--corrections");
    Map<String, String> once = files("final-" + engine, engine);
    assertThat(corrected).hasSize(9).isEqualTo(once);
    String accounting = Files.readString(directory.resolve(polled).resolve("accounting.json"));
    assertThat(accounting).containsPattern("\"corrections\":[1-9]").contains("\"retracted\":");
    assertThat(corrected.get("calls-by-type.csv")).isEqualTo(countsByType());
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(strings = "spark")
  void correctionsOnSparkEndWithTheResultsOfTheFinalState(String engine) throws Exception {
    correctionsEndWithTheResultsOfTheFinalStateReadOnce(engine);
  }

  /** Changes the type, the district and the times of rows, and adds the other fields. */
  private void changeSomeRows(int change, Random random) {
    for (Map<String, String> row : List.copyOf(rows.values())) {
      if (random.nextInt(4) > 0) {
        continue;
      }
      Map<String, String> changed = new LinkedHashMap<>(row);
      String received = row.get("received_datetime");
      changed.put("call_type_final_desc", "CHANGED " + random.nextInt(3));
      changed.put("police_district", "DISTRICT " + random.nextInt(3));
      changed.put("analysis_neighborhood", "NEIGHBORHOOD " + random.nextInt(3));
      changed.put("priority_final", "ABC".substring(change - 1, change));
      changed.put("disposition", random.nextBoolean() ? "HAN" : "GOA");
      changed.put("onview_flag", random.nextBoolean() ? "Y" : "N");
      changed.put("dispatch_datetime", received.replace(":30.000", ":45.000"));
      changed.put("onscene_datetime", received.replace(":30.000", ":5" + change + ".000"));
      if (random.nextInt(3) == 0) {
        changed.put("received_datetime", received.replace(":30.000", ":1" + change + ".000"));
      }
      changed.put("call_last_updated_at", "2026-10-03T00:" + change + "0:00.000");
      put(changed);
    }
  }

  /** Counts a topic, and returns the files of results except for the accounting. */
  private Map<String, String> files(String topic, String engine, String... more)
      throws IOException {
    Path output = directory.resolve(topic);
    List<String> args = new ArrayList<>(List.of("statistics", "--once", "--engine", engine));
    args.addAll(List.of("--output", output.toString(), "--format", "datasf"));
    args.addAll(List.of("--allowed-lateness", "90d", "--max-offsets-per-trigger", "100"));
    args.addAll(List.of(more));
    CommandRun run = run(topic, args.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    Map<String, String> files = new TreeMap<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(output, "*.csv")) {
      for (Path file : found) {
        files.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    return files;
  }

  private void awaitAnswers(int count) {
    while (answers.get() < count) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  @Test
  void distinctKnowsACallAgainForThreeDays() throws IOException {
    Map<String, String> first = rows.get("262740000");
    Map<String, String> changed = new LinkedHashMap<>(first);
    changed.put("call_type_final_desc", "FOUND OUT LATER");
    List<Map<String, String>> sent = new ArrayList<>(List.of(first));
    for (int hours = 1; hours <= 70; hours++) {
      sent.add(hoursAfter(first, hours));
    }
    sent.add(changed);
    // Three consecutive calls confirm that this much time has passed.
    sent.add(hoursAfter(first, 74));
    sent.add(hoursAfter(first, 75));
    sent.add(hoursAfter(first, 76));
    sent.add(changed);
    Path file = directory.resolve("versions.json");
    JSON.writeValue(file.toFile(), sent);
    String[] server = {"--bootstrap-servers", BROKERS, "--topic", "horizon"};
    List<String> produce = new ArrayList<>(List.of("produce", "--input", file.toString()));
    produce.addAll(List.of("--format", "datasf", "--order", "file", "--partitions", "1"));
    produce.addAll(List.of(server));
    assertThat(CommandRun.of(produce.toArray(String[]::new)).status()).isZero();

    statistics("horizon", "--format", "datasf", "--distinct", "--max-offsets-per-trigger", "1");

    // The version after 70 hours is a duplicate. The id is forgotten before the version after 76
    // hours.
    assertThat(Files.readString(directory.resolve("accounting.json")))
        .startsWith("{\"received\":76,\"rejected\":0,\"duplicates\":1,");
  }

  /** Creates another call, a number of hours after a call at midnight. */
  private static Map<String, String> hoursAfter(Map<String, String> call, int hours) {
    Map<String, String> later = new LinkedHashMap<>(call);
    later.put("cad_number", String.valueOf(300_000_000 + hours));
    later.put(
        "received_datetime",
        String.format("2026-10-%02dT%02d:00:30.000", 1 + hours / 24, hours % 24));
    return later;
  }

  @Test
  void theTokenGoesToNobodyElse() throws Exception {
    // The same server, under a name that is not one of this machine's names.
    String url = "http://[::ffff:127.0.0.1]:" + server.getAddress().getPort();
    String[] line = {
      "produce",
      "--datasf",
      "gnap-fj3t",
      "--datasf-url",
      url,
      "--topic",
      "elsewhere",
      "--bootstrap-servers",
      BROKERS
    };
    Map<String, String> environment = Map.of("DATASF_APP_TOKEN", "Sk4Rt0kEnOfNobody");
    try (CommandProcess process = CommandProcess.start(directory, environment, List.of(), line)) {
      assertThat(process.status()).as(process.err()).isZero();
      assertThat(process.err()).contains("token     not sent: DATASF_APP_TOKEN", "400 records");
    }
    assertThat(tokens).containsExactly("null");
  }

  @Test
  void theTokenIsThatOfTheEnvironmentAndIsNotShown() throws Exception {
    requiredToken = "Sk4Rt0kEnOfNobody";
    CommandRun without = run("token", "produce");
    assertThat(without.status()).isEqualTo(1);
    assertThat(without.err()).contains("answered 403", "Check the app token");

    Map<String, String> environment = Map.of("DATASF_APP_TOKEN", requiredToken);
    String[] line = line("token", "produce", "--verbose");
    try (CommandProcess process = CommandProcess.start(directory, environment, List.of(), line)) {
      assertThat(process.status()).as(process.err()).isZero();
      assertThat(process.err()).contains("400 records").doesNotContain(requiredToken);
    }
  }
}
