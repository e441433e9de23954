package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.zip.GZIPInputStream;

/**
 * Computes the expected files of {@code --output} for valid calls without late ones. It implements
 * the design in plain Java. Its only dependency on callstream is the table of the radio codes.
 */
final class ExpectedFiles {
  private static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");
  private static final ObjectMapper JSON = new ObjectMapper();

  private final boolean distinct;
  private final Map<String, String> codes = new HashMap<>();
  private final Map<List<String>, Long> byType = new HashMap<>();
  private final Map<List<String>, Long> byLocation = new HashMap<>();
  private final Map<List<String>, Long> byHourOfWeek = new HashMap<>();
  private final Map<ZonedDateTime, Map<List<String>, Long>> hourly = new HashMap<>();
  private final ExpectedSpikes spikes = new ExpectedSpikes();
  private final Set<String> ids = new HashSet<>();
  private long received;
  private long duplicates;
  private long ambiguous;
  private long unknown;

  private ExpectedFiles(boolean distinct) throws IOException {
    this.distinct = distinct;
    try (InputStream in =
        ExpectedFiles.class.getResourceAsStream("/io/callstream/statistic/radio_codes.json")) {
      for (JsonNode code : JSON.readTree(in)) {
        codes.put(code.get("disposition_code").asText(), code.get("description").asText());
      }
    }
  }

  /**
   * Counts every call of a file. The file is a JSON array or lines, and may be compressed ({@code
   * .gz}).
   */
  static Map<String, String> filesOf(Path file, boolean distinct) throws IOException {
    ExpectedFiles expected = new ExpectedFiles(distinct);
    try (InputStream raw = Files.newInputStream(file);
        InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw;
        MappingIterator<JsonNode> calls = JSON.readerFor(JsonNode.class).readValues(in)) {
      while (calls.hasNext()) {
        expected.count(calls.next());
      }
    }
    return expected.files();
  }

  private void count(JsonNode call) {
    received++;
    if (distinct && !ids.add(call.get("crime_id").asText())) {
      duplicates++;
      return;
    }
    String type = call.get("original_crime_type_name").asText();
    String disposition = text(call, "disposition");
    LocalDateTime wallClock = LocalDateTime.parse(call.get("call_date_time").asText());
    ZonedDateTime time = wallClock.atZone(ZONE).withEarlierOffsetAtOverlap();
    if (ZONE.getRules().getValidOffsets(wallClock).size() > 1) {
      ambiguous++;
    }
    if (!codes.containsKey(disposition)) {
      unknown++;
    }
    byType.merge(List.of(type), 1L, Long::sum);
    byLocation.merge(List.of(text(call, "address")), 1L, Long::sum);
    byHourOfWeek.merge(
        List.of(String.valueOf(time.getDayOfWeek().getValue()), String.valueOf(time.getHour())),
        1L,
        Long::sum);
    hourly
        .computeIfAbsent(time.truncatedTo(ChronoUnit.HOURS), hour -> new HashMap<>())
        .merge(List.of(type, disposition), 1L, Long::sum);
    spikes.count(type, time);
  }

  private static String text(JsonNode call, String field) {
    JsonNode value = call.get(field);
    return value == null || value.isNull() || value.asText().isBlank() ? "" : value.asText();
  }

  private Map<String, String> files() {
    Map<String, String> files = new LinkedHashMap<>();
    files.put("calls-by-type.csv", "crime_type,count\n" + lines(byType, false));
    files.put("calls-by-location.csv", "address,count\n" + lines(byLocation, false));
    files.put(
        "calls-by-hour-of-week.csv", "day_of_week,hour_of_day,count\n" + lines(byHourOfWeek, true));
    files.put("calls-by-type-and-disposition-hourly.csv", hourlyFile());
    files.put("spikes-by-type.csv", spikes.file());
    long counted = received - duplicates;
    String each = ":{\"counted\":" + counted + ",\"late\":0}";
    files.put(
        "accounting.json",
        "{\"received\":"
            + received
            + ",\"rejected\":0,\"duplicates\":"
            + duplicates
            + ",\"ambiguousTimes\":"
            + ambiguous
            + ",\"unknownDispositions\":"
            + unknown
            + ",\"statistics\":{\"calls-by-type\""
            + each
            + ",\"calls-by-type-and-disposition-hourly\""
            + each
            + ",\"calls-by-location\""
            + each
            + ",\"calls-by-hour-of-week\""
            + each
            + ",\"spikes-by-type\":{\"counted\":"
            + spikes.counted()
            + ",\"late\":0"
            + (spikes.counted() == counted ? "" : ",\"filtered\":" + (counted - spikes.counted()))
            + "}}}\n");
    files.put("rejected.ndjson", "");
    files.put("late.ndjson", "");
    return files;
  }

  private static String lines(Map<List<String>, Long> counts, boolean numbers) {
    StringBuilder lines = new StringBuilder();
    for (Map.Entry<List<String>, Long> row : sorted(counts, numbers)) {
      row.getKey().forEach(cell -> lines.append(quoted(cell)).append(','));
      lines.append(row.getValue()).append('\n');
    }
    return lines.toString();
  }

  private String hourlyFile() {
    StringBuilder lines =
        new StringBuilder(
            "window_start,window_end,crime_type,disposition,disposition_description,count\n");
    List<ZonedDateTime> hours = new ArrayList<>(hourly.keySet());
    hours.sort(Comparator.comparing(ZonedDateTime::toInstant));
    for (ZonedDateTime hour : hours) {
      Map<List<String>, Long> counts = Objects.requireNonNull(hourly.get(hour));
      for (Map.Entry<List<String>, Long> row : sorted(counts, false)) {
        String disposition = row.getKey().get(1);
        lines
            .append(iso(hour))
            .append(',')
            .append(iso(hour.plusHours(1)))
            .append(',')
            .append(quoted(row.getKey().get(0)))
            .append(',')
            .append(quoted(disposition))
            .append(',')
            .append(quoted(codes.getOrDefault(disposition, "")))
            .append(',')
            .append(row.getValue())
            .append('\n');
      }
    }
    return lines.toString();
  }

  static String iso(ZonedDateTime time) {
    return DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(time);
  }

  private static List<Map.Entry<List<String>, Long>> sorted(
      Map<List<String>, Long> counts, boolean numbers) {
    List<Map.Entry<List<String>, Long>> rows = new ArrayList<>(counts.entrySet());
    rows.sort(
        Map.Entry.<List<String>, Long>comparingByValue()
            .reversed()
            .thenComparing(Map.Entry.comparingByKey((a, b) -> compare(a, b, numbers))));
    return rows;
  }

  private static int compare(List<String> a, List<String> b, boolean numbers) {
    for (int i = 0; i < a.size(); i++) {
      int order =
          numbers
              ? Long.compare(Long.parseLong(a.get(i)), Long.parseLong(b.get(i)))
              : Arrays.compareUnsigned(a.get(i).getBytes(UTF_8), b.get(i).getBytes(UTF_8));
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  static String quoted(String cell) {
    boolean plain = cell.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return plain ? cell : '"' + cell.replace("\"", "\"\"") + '"';
  }
}
