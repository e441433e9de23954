package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.commons.csv.CSVRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * The stores of the sinks. Independent tools read them, and the test compares them with the files
 * of {@code --output}.
 */
record SinkStores(
    String jdbcUrl,
    String schema,
    String brokers,
    String resultsTopic,
    String letterTopic,
    Path parquet) {
  private static final ZoneId LOS_ANGELES = ZoneId.of("America/Los_Angeles");
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The standard statistics, with their columns and their key columns. */
  private static final Map<String, List<String>> COLUMNS =
      Map.of(
          "calls-by-type",
          List.of("crime_type", "count"),
          "calls-by-type-and-disposition-hourly",
          List.of(
              "window_start",
              "window_end",
              "crime_type",
              "disposition",
              "disposition_description",
              "count"),
          "calls-by-location",
          List.of("address", "count"),
          "calls-by-hour-of-week",
          List.of("day_of_week", "hour_of_day", "count"));

  private static final List<String> NO_KEYS =
      List.of("window_end", "disposition_description", "count");

  /**
   * Compares the stores with the files of a run.
   *
   * @param spikes whether the stores are those of a run with spikes, as the files are
   */
  void assertAreAs(Output output, boolean spikes) throws Exception {
    Map<String, List<List<String>>> topic = topicRows();
    for (String statistic : COLUMNS.keySet()) {
      List<List<String>> expected =
          output.rows(statistic).stream().map(CSVRecord::toList).sorted(byText()).toList();
      assertThat(expected).isNotEmpty();
      assertSame("database " + statistic, databaseRows(statistic), expected);
      assertSame("topic " + statistic, topic.getOrDefault(statistic, List.of()), expected);
      assertSame("Parquet " + statistic, parquetRows(statistic), expected);
    }
    assertLettersAreAs(output, spikes);
  }

  /** Does not use isEqualTo, which would show a difference in thousands of rows completely. */
  private static void assertSame(
      String what, List<List<String>> actual, List<List<String>> expected) {
    List<List<String>> sorted = actual.stream().sorted(byText()).toList();
    assertThat(sorted).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(sorted.get(i)).as(what).isEqualTo(expected.get(i));
    }
  }

  private static Comparator<List<String>> byText() {
    return Comparator.comparing(Object::toString);
  }

  // ---- database and Parquet

  Connection connect() throws SQLException {
    return DriverManager.getConnection(jdbcUrl, "postgres", "");
  }

  private List<List<String>> databaseRows(String statistic) throws SQLException {
    try (Connection database = connect()) {
      return rows(
          database,
          "SELECT "
              + String.join(", ", COLUMNS.get(statistic))
              + " FROM "
              + schema
              + "."
              + statistic.replace('-', '_'));
    }
  }

  private List<List<String>> parquetRows(String statistic) throws SQLException {
    List<String> columns = COLUMNS.get(statistic);
    try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:")) {
      return rows(
          duckDb,
          "SELECT "
              + String.join(", ", columns)
              + " FROM read_parquet('"
              + parquet.resolve(statistic)
              + "/*/*.parquet') QUALIFY row_number() OVER (PARTITION BY "
              + String.join(", ", columns.stream().filter(c -> !NO_KEYS.contains(c)).toList())
              + " ORDER BY _batch DESC) = 1");
    }
  }

  private static List<List<String>> rows(Connection connection, String select) throws SQLException {
    List<List<String>> all = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(select)) {
      int columns = rows.getMetaData().getColumnCount();
      while (rows.next()) {
        List<String> cells = new ArrayList<>();
        for (int c = 1; c <= columns; c++) {
          cells.add(
              rows.getMetaData().getColumnName(c).startsWith("window_")
                  ? local(rows.getObject(c, OffsetDateTime.class).toInstant())
                  : rows.getString(c));
        }
        all.add(cells);
      }
    }
    return all;
  }

  private static String local(Instant time) {
    return time.atZone(LOS_ANGELES).format(DateTimeFormatter.ISO_OFFSET_DATE_TIME);
  }

  // ---- topics

  private Map<String, List<List<String>>> topicRows() throws IOException {
    Map<JsonNode, JsonNode> current = new LinkedHashMap<>();
    Map<String, byte[]> keys = new HashMap<>();
    read(
        resultsTopic,
        row -> {
          JsonNode key = tree(row.key());
          byte[] before = keys.put(key.toString(), row.key());
          assertThat(before == null ? row.key() : before).isEqualTo(row.key());
          if (row.value() == null) {
            current.remove(key);
          } else if (key.has("statistic")) {
            current.put(key, tree(row.value()));
          }
        });
    Map<String, List<List<String>>> rows = new HashMap<>();
    current.forEach(
        (key, value) -> {
          String statistic = key.get("statistic").asText();
          List<String> cells = new ArrayList<>();
          for (String column : COLUMNS.get(statistic)) {
            String cell = value.get(column).asText();
            cells.add(column.startsWith("window_") ? local(Instant.parse(cell)) : cell);
          }
          rows.computeIfAbsent(statistic, s -> new ArrayList<>()).add(cells);
        });
    return rows;
  }

  private void assertLettersAreAs(Output output, boolean spikes) throws IOException {
    Map<String, Map<String, String>> expected = new HashMap<>();
    for (String file : List.of("rejected.ndjson", "late.ndjson")) {
      for (JsonNode line : output.lines(file)) {
        Map<String, String> letter = new HashMap<>();
        letter.put("callstream.reason", line.has("reason") ? line.get("reason").asText() : "late");
        if (line.hasNonNull("field")) {
          letter.put("callstream.field", line.get("field").asText());
        }
        for (String part : List.of("topic", "partition", "offset")) {
          letter.put("callstream." + part, line.get(part).asText());
        }
        letter.put(
            "callstream.timestamp",
            OffsetDateTime.parse(line.get("timestamp").asText()).toInstant().toString());
        letter.put("value", line.get("value").isNull() ? null : line.get("value").asText());
        if (line.has("late")) {
          letter.put("windows", windows(line.get("late"), spikes));
        }
        expected.put(
            line.get("topic").asText()
                + "-"
                + line.get("partition").asText()
                + "-"
                + line.get("offset").asText(),
            letter);
      }
    }
    Map<String, Map<String, String>> actual = new HashMap<>();
    Set<String> lineages = new HashSet<>();
    read(
        letterTopic,
        row -> {
          Map<String, String> letter = new HashMap<>();
          for (Header header : row.headers()) {
            String text = new String(header.value(), UTF_8);
            if (header.key().equals("callstream.late")) {
              letter.put("windows", windows(tree(header.value()), true));
            } else if (header.key().equals("callstream.lineage")) {
              lineages.add(text);
            } else {
              letter.put(header.key(), text);
            }
          }
          letter.put(
              "value",
              row.value() == null ? null : Base64.getEncoder().encodeToString(row.value()));
          actual.put(new String(row.key(), UTF_8), letter);
        });
    assertThat(lineages).as("one run and those that continued it").hasSize(1);
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    expected.forEach((key, letter) -> assertThat(actual.get(key)).as(key).isEqualTo(letter));
  }

  private static String windows(JsonNode late, boolean spikes) {
    List<String> windows = new ArrayList<>();
    for (JsonNode missed : late) {
      String statistic = missed.get("statistic").asText();
      if (!spikes && !COLUMNS.containsKey(statistic)) {
        continue;
      }
      windows.add(
          statistic
              + " "
              + OffsetDateTime.parse(missed.get("window_start").asText()).toInstant()
              + " "
              + OffsetDateTime.parse(missed.get("window_end").asText()).toInstant());
    }
    return windows.toString();
  }

  private void read(String topic, Consumer<ConsumerRecord<byte[], byte[]>> receiver) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", brokers);
    settings.put("isolation.level", "read_committed");
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(p -> new TopicPartition(topic, p.partition()))
              .toList();
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        consumer.poll(Duration.ofMillis(100)).forEach(receiver);
      }
    }
  }

  private static JsonNode tree(byte[] json) {
    try {
      return JSON.readTree(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
