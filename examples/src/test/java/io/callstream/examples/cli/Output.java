package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/** The contents of a directory of {@code --output}. */
record Output(Path directory) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Returns the accounting, whose numbers always add up. */
  JsonNode accounting() throws IOException {
    JsonNode all = JSON.readTree(Files.readString(directory.resolve("accounting.json")));
    long calls =
        all.get("received").asLong()
            - all.get("rejected").asLong()
            - all.get("duplicates").asLong();
    for (JsonNode statistic : all.get("statistics")) {
      assertThat(
              statistic.get("counted").asLong()
                  + statistic.get("late").asLong()
                  + statistic.path("filtered").asLong()
                  + statistic.path("earlier").asLong())
          .as("%s", all)
          .isEqualTo(calls);
    }
    return all;
  }

  List<JsonNode> lines(String file) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(directory.resolve(file))) {
      lines.add(JSON.readTree(line));
    }
    return lines;
  }

  /** Returns the sum of the last column. */
  long sum(String statistic) throws IOException {
    long sum = 0;
    for (CSVRecord row : rows(statistic)) {
      sum += Long.parseLong(row.get(row.size() - 1));
    }
    return sum;
  }

  /** Returns the rows below the header. An independent CSV reader reads them. */
  List<CSVRecord> rows(String statistic) throws IOException {
    try (CSVParser rows =
        CSVParser.parse(directory.resolve(statistic + ".csv"), UTF_8, CSVFormat.RFC4180)) {
      return rows.getRecords().stream().skip(1).toList();
    }
  }

  /** Returns the contents of all files that are not hidden. */
  Map<String, String> texts() throws IOException {
    Map<String, String> texts = new TreeMap<>();
    for (Path file : files()) {
      texts.put(file.getFileName().toString(), Files.readString(file));
    }
    return texts;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> !file.getFileName().toString().startsWith(".")).toList();
    }
  }

  /**
   * Asserts that the directory contains exactly these files, byte for byte, apart from hidden ones.
   */
  void assertIs(Map<String, String> expected) throws IOException {
    for (Map.Entry<String, String> file : expected.entrySet()) {
      String actual = Files.readString(directory.resolve(file.getKey()));
      // Does not use isEqualTo, which would show a difference in 13 MB completely.
      assertThat(actual.equals(file.getValue()))
          .as("%s is as expected, from its start on: %s", file.getKey(), start(actual))
          .isTrue();
    }
    assertThat(files())
        .extracting(file -> file.getFileName().toString())
        .containsExactlyInAnyOrderElementsOf(expected.keySet());
    accounting();
  }

  /** Asserts that the numbers of the accounting add up, and that they match the other files. */
  void assertAccountingAddsUp() throws IOException {
    JsonNode all = accounting();
    for (Map.Entry<String, JsonNode> statistic :
        (Iterable<Map.Entry<String, JsonNode>>) () -> all.get("statistics").fields()) {
      long counted = statistic.getValue().get("counted").asLong();
      long retracted = statistic.getValue().path("retracted").asLong();
      if (!statistic.getKey().startsWith("spikes-")) { // Spikes are not all groups.
        assertThat(sum(statistic.getKey())).as(statistic.getKey()).isEqualTo(counted - retracted);
      }
    }
    assertThat(lines("rejected.ndjson")).hasSize(all.get("rejected").asInt());
    long late = lines("late.ndjson").stream().mapToLong(line -> line.get("late").size()).sum();
    long lateInAll = 0;
    for (JsonNode statistic : all.get("statistics")) {
      lateInAll += statistic.get("late").asLong();
    }
    assertThat(late).isEqualTo(lateInAll);
  }

  private static String start(String text) {
    return text.substring(0, Math.min(text.length(), 300));
  }
}
