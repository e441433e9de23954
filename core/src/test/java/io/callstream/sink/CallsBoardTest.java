package io.callstream.sink;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.call.Call;
import io.callstream.statistic.StandardStatistics;
import io.callstream.testing.SomeCalls;
import io.callstream.testing.WatchedRun;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Runs the queries of Grafana's board of calls on the tables of the sink. */
class CallsBoardTest {
  private static final String SCHEMA = "calls_board";
  private static final String PREFIX = "sf_";
  private static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");
  private static final List<Call> CALLS = SomeCalls.of(3_000);

  /** The range of times that the board shows: all calls but those of the first day. */
  private static final Instant FROM = SomeCalls.START.plus(1, ChronoUnit.DAYS);

  private static final List<Call> SHOWN =
      CALLS.stream().filter(call -> !call.time().isBefore(FROM)).toList();

  private static Connection connection;
  private static JsonNode board;

  @BeforeAll
  static void count() throws Exception {
    connection = Postgres.server().getPostgresDatabase().getConnection();
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE SCHEMA " + SCHEMA);
      try (WatchedRun run =
          WatchedRun.of(
              pipeline ->
                  pipeline
                      .statistics(StandardStatistics.all(ZONE, StandardStatistics.DEFAULT_LATENESS))
                      .lookup(StandardStatistics.dispositions())
                      .results(
                          Sinks.jdbc(Postgres.server().getPostgresDatabase())
                              .schema(SCHEMA)
                              .prefix(PREFIX)
                              .build()))) {
        run.receive(CALLS);
      }
      // The table that the sink creates for the statistic spikes-by-type.
      statement.execute(
          "CREATE TABLE IF NOT EXISTS calls_board.sf_spikes_by_type (window_start timestamptz,"
              + " window_end timestamptz, crime_type text, count bigint, expected double precision,"
              + " spread double precision, score double precision, history bigint)");
      statement.execute(
          "INSERT INTO calls_board.sf_spikes_by_type (window_start, window_end, crime_type, count,"
              + " expected, spread, score, history) VALUES ('2018-11-02T10:00:00Z',"
              + " '2018-11-02T11:00:00Z', 'Noise', 30, 4.5, 2.1, 8.25, 20)");
    }
    board = new ObjectMapper().readTree(docs().resolve("grafana/calls.json").toFile());
  }

  @AfterAll
  static void close() throws Exception {
    if (connection != null) {
      connection.close();
    }
  }

  private static Path docs() {
    Path here = Path.of("").toAbsolutePath();
    return Files.isDirectory(here.resolve("docs"))
        ? here.resolve("docs")
        : here.getParent().resolve("docs");
  }

  /** Returns the rows of a panel, with the variables and macros as Grafana replaces them. */
  private static List<Map<String, Object>> rows(String title) throws SQLException {
    List<JsonNode> found = new ArrayList<>();
    board.get("panels").forEach(found::add);
    JsonNode panel =
        found.stream()
            .filter(each -> each.get("title").asText().equals(title))
            .findFirst()
            .orElseThrow();
    String sql =
        panel
            .at("/targets/0/rawSql")
            .asText()
            .replace("${schema}", SCHEMA)
            .replace("${prefix}", PREFIX)
            .replace("${zone}", ZONE.getId())
            .replaceAll(
                "\\$__timeFilter\\((\\w+)\\)",
                "$1 BETWEEN '" + FROM + "' AND '" + SomeCalls.END + "'");
    assertThat(sql).as(title).doesNotContain("$");
    List<Map<String, Object>> rows = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        Map<String, Object> row = new LinkedHashMap<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          row.put(result.getMetaData().getColumnLabel(i), result.getObject(i));
        }
        rows.add(row);
      }
    }
    return rows;
  }

  private static long number(Object value) {
    return ((Number) value).longValue();
  }

  private static long sum(List<Map<String, Object>> rows) {
    return rows.stream().mapToLong(row -> number(row.get("calls"))).sum();
  }

  private static Map<String, Long> types() {
    return SHOWN.stream().collect(groupingBy(Call::type, counting()));
  }

  @Test
  void everyPanelHasRows() throws Exception {
    assertThat(board.get("panels")).hasSizeGreaterThan(8);
    for (JsonNode panel : board.get("panels")) {
      assertThat(rows(panel.get("title").asText())).as(panel.get("title").asText()).isNotEmpty();
    }
  }

  @Test
  void countsTheCallsOfTheTimeRange() throws Exception {
    assertThat(rows("Calls in the time range").get(0)).containsValue(new BigDecimal(SHOWN.size()));
    Map<Instant, Long> hours =
        SHOWN.stream()
            .collect(groupingBy(call -> call.time().truncatedTo(ChronoUnit.HOURS), counting()));
    assertThat(number(rows("Hours with calls").get(0).get("hours"))).isEqualTo(hours.size());
    List<Map<String, Object>> perHour = rows("Calls per hour");
    assertThat(perHour)
        .hasSize(hours.size())
        .allSatisfy(
            row ->
                assertThat(number(row.get("calls")))
                    .isEqualTo(hours.get(((Timestamp) row.get("time")).toInstant())));
  }

  @Test
  void ranksTypesDispositionsAndPlaces() throws Exception {
    Map<String, Long> types = types();
    assertThat(rows("Types"))
        .hasSize(15)
        .allSatisfy(
            row -> assertThat(number(row.get("calls"))).isEqualTo(types.get(row.get("type"))))
        .extracting(row -> number(row.get("calls")))
        .isSortedAccordingTo(Comparator.reverseOrder());
    List<Map<String, Object>> top = rows("The eight most frequent types, calls per hour");
    assertThat(top.stream().map(row -> row.get("metric")).distinct()).hasSize(8);
    assertThat(sum(top))
        .isEqualTo(
            types.values().stream()
                .flatMapToLong(LongStream::of)
                .map(n -> -n)
                .sorted()
                .limit(8)
                .map(n -> -n)
                .sum());
    List<Map<String, Object>> dispositions = rows("Dispositions");
    assertThat(sum(dispositions)).isEqualTo(SHOWN.size());
    assertThat(dispositions).extracting(row -> row.get("disposition")).contains("HAN Handled");
    Map<String, Long> places = CALLS.stream().collect(groupingBy(Call::address, counting()));
    assertThat(rows("Places"))
        .hasSize(15)
        .allSatisfy(
            row -> assertThat(number(row.get("calls"))).isEqualTo(places.get(row.get("address"))));
  }

  @Test
  void averagesHoursOfTheDayByLocalTime() throws Exception {
    List<Map<String, Object>> hours = rows("Mean calls by hour of the day");
    assertThat(hours).hasSize(24);
    Map<Instant, Long> weekend =
        SHOWN.stream()
            .filter(call -> call.time().atZone(ZONE).getDayOfWeek().getValue() >= 6)
            .filter(call -> call.time().atZone(ZONE).getHour() == 10)
            .collect(groupingBy(call -> call.time().truncatedTo(ChronoUnit.HOURS), counting()));
    assertThat(hours.get(10).get("hour")).isEqualTo("10");
    assertThat(((Number) hours.get(10).get("weekend")).doubleValue())
        .isCloseTo(
            weekend.values().stream().mapToLong(n -> n).average().orElseThrow(), within(1e-9));
  }
}
