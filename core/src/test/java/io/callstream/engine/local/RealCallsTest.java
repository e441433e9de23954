package io.callstream.engine.local;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.call.Call;
import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Processes the 199,999 calls of 2018 if they are available. */
class RealCallsTest {
  private static final String FILE = "data/police-department-calls-for-service.json.gz";

  /** A call of the file. */
  private record Real(String id, String type, LocalDateTime time, byte[] value) {}

  private static List<Real> calls = List.of();
  private static Path expected;

  /** The calls of a planted spike. */
  private static final int PLANTED_CALLS = 30;

  @TempDir private static Path shared;
  @TempDir private Path directory;

  private static Path sharedDirectory() {
    String property = System.getProperty("callstream.shared", "");
    String variable = System.getenv().getOrDefault("CALLSTREAM_SHARED", "");
    return Path.of(
        !property.isBlank() ? property : !variable.isBlank() ? variable : "../../shared");
  }

  @BeforeAll
  static void readCalls() throws Exception {
    Path file = sharedDirectory().resolve(FILE);
    assumeTrue(
        Files.isReadable(file),
        () ->
            "The calls of 2018 are not at "
                + file
                + "; name the directory that has them with -Dcallstream.shared=...");
    ObjectMapper mapper = new ObjectMapper();
    List<Real> read = new ArrayList<>();
    try (GZIPInputStream in =
            new GZIPInputStream(new BufferedInputStream(Files.newInputStream(file)));
        MappingIterator<JsonNode> nodes = mapper.readerFor(JsonNode.class).readValues(in)) {
      while (nodes.hasNext()) {
        JsonNode node = nodes.next();
        read.add(
            new Real(
                node.get("crime_id").asText(),
                node.get("original_crime_type_name").asText(),
                LocalDateTime.parse(node.get("call_date_time").asText()),
                mapper.writeValueAsBytes(node)));
      }
    }
    // The file starts with the newest call; events start with the oldest.
    Collections.reverse(read);
    read.sort(Comparator.comparing(Real::time));
    calls = List.copyOf(read);
    expected = run(1, 1_000_000, false, shared, true);
  }

  private static Path run(
      int partitions, long recordsPerBatch, boolean distinct, Path output, boolean inOrder)
      throws IOException, InterruptedException {
    MemorySource source = MemorySource.withPartitions(partitions);
    List<Real> ordered = new ArrayList<>(calls);
    if (!inOrder) {
      Collections.reverse(ordered);
    }
    for (Real call : ordered) {
      source.add(
          Math.floorMod(call.id().hashCode(), partitions),
          Instant.parse("2019-01-01T08:00:00Z"),
          call.value());
    }
    JsonFormat format = SanFranciscoCalls.json();
    List<Progress> reports = new ArrayList<>();
    Pipeline.Builder builder =
        Pipeline.builder(source, format)
            .statistics(StandardStatistics.all(format.zone(), Duration.ofHours(1)))
            .lookup(StandardStatistics.dispositions())
            .results(Sinks.csv(output))
            .deadLetters(Sinks.deadLetterFiles(output))
            .listener(reports::add);
    Pipeline pipeline = distinct ? builder.distinct().build() : builder.build();
    RunOptions options = RunOptions.bounded().readingAtMost(recordsPerBatch);
    try (RunningPipeline run = new LocalEngine().start(pipeline, options)) {
      run.awaitTermination();
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      reports.forEach(report -> assertThatAccounting(report.accounting()).addsUpFor(pipeline));
      Accounting sum =
          Accounting.none(run.accounting().statistics().keySet().stream().toList(), List.of());
      for (Progress report : reports) {
        sum = sum.plus(report.accounting());
      }
      assertThat(run.accounting()).isEqualTo(sum);
    }
    return output;
  }

  /** Returns the spikes of calls in event order, by type and hour. */
  private static Map<String, ResultRow> spikes(List<Real> all, long recordsPerBatch)
      throws InterruptedException {
    JsonFormat format = SanFranciscoCalls.json();
    MemorySource source = MemorySource.withPartitions(1);
    all.forEach(call -> source.add(0, Instant.parse("2019-01-01T08:00:00Z"), call.value()));
    Pipeline pipeline =
        Pipeline.builder(source, format)
            .statistic(
                StandardStatistics.spikesByType(
                    format.zone(), Duration.ofHours(1), StandardStatistics.ROUTINE_TYPES))
            .build();
    RunOptions options = RunOptions.bounded().readingAtMost(recordsPerBatch).flushingAtEnd();
    Map<String, ResultRow> spikes = new TreeMap<>();
    try (RunningPipeline run = new LocalEngine().start(pipeline, options)) {
      run.awaitTermination();
      for (ResultRow row : run.results("spikes-by-type")) {
        spikes.put(row.window().orElseThrow().start() + " " + row.dimensions().get(0), row);
      }
    }
    return spikes;
  }

  @Test
  void fewHoursOf2018HaveSpikesAndPlantedOnesAreFound() throws Exception {
    Map<String, ResultRow> spikes = spikes(calls, 1_000_000);
    assertThat(spikes(calls, 700)).isEqualTo(spikes);
    // Semantics states these figures.
    assertThat(spikes).hasSize(13);
    assertThat(spikes.keySet().stream().map(key -> key.split(" ")[0]).distinct()).hasSize(13);

    Random random = new Random(3);
    Map<String, Long> byType =
        calls.stream().collect(Collectors.groupingBy(Real::type, Collectors.counting()));
    List<String> types =
        byType.keySet().stream()
            .filter(type -> !StandardStatistics.ROUTINE_TYPES.contains(type))
            .sorted(Comparator.comparing(byType::get, Comparator.reverseOrder()))
            .limit(60)
            .toList();
    ZoneId zone = SanFranciscoCalls.json().zone();
    List<Real> more = new ArrayList<>(calls);
    Set<String> planted = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      LocalDateTime hour =
          LocalDateTime.parse("2018-10-29T00:00").plusHours(random.nextInt(60 * 24));
      String type = types.get(random.nextInt(types.size()));
      planted.add(hour.atZone(zone).toInstant() + " " + type);
      for (int call = 0; call < PLANTED_CALLS; call++) {
        LocalDateTime time = hour.plusMinutes(call);
        Call made = Call.builder(i + "-" + call, type, time.atZone(zone).toInstant()).build();
        more.add(new Real(made.id(), type, time, SanFranciscoCalls.json().write(made)));
      }
    }
    more.sort(Comparator.comparing(Real::time));
    assertThat(spikes(more, 1_000_000).keySet()).containsAll(planted);
  }

  /** Returns the contents of all visible files. */
  private static Map<String, String> files(Path directory) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "[!.]*")) {
      for (Path file : files) {
        contents.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    return contents;
  }

  private static String accounting(int duplicates, int counted, int unknown) {
    String each = "{\"counted\":" + counted + ",\"late\":0}";
    return "{\"received\":199999,\"rejected\":0,\"duplicates\":"
        + duplicates
        + ",\"ambiguousTimes\":107,\"unknownDispositions\":"
        + unknown
        + ",\"statistics\":{\"calls-by-type\":"
        + each
        + ",\"calls-by-type-and-disposition-hourly\":"
        + each
        + ",\"calls-by-location\":"
        + each
        + ",\"calls-by-hour-of-week\":"
        + each
        + "}}\n";
  }

  @Test
  void noCallIsLateOrRejectedInEventOrder() throws Exception {
    assertThat(files(expected).get("accounting.json")).isEqualTo(accounting(0, 199_999, 19_847));
    assertThat(files(expected).get("late.ndjson")).isEmpty();
    assertThat(files(expected).get("rejected.ndjson")).isEmpty();
  }

  @ParameterizedTest(name = "{0} partitions, batches of {1}")
  @CsvSource("2, 10000")
  void batchBoundariesDoNotAffectResults(int partitions, long recordsPerBatch) throws Exception {
    run(partitions, recordsPerBatch, false, directory, true);
    assertThat(files(directory)).isEqualTo(files(expected));
  }

  @ParameterizedTest
  @Tag("thorough")
  @CsvSource({"1, 1000", "1, 10000", "2, 1000", "8, 1000", "8, 10000", "8, 1000000"})
  void otherBatchBoundariesDoNotAffectResults(int partitions, long recordsPerBatch)
      throws Exception {
    batchBoundariesDoNotAffectResults(partitions, recordsPerBatch);
  }

  @Test
  void excludesTheFourDuplicateCalls() throws Exception {
    run(2, 10_000, true, directory, true);
    String accounting = files(directory).get("accounting.json");
    assertThat(accounting).contains("\"duplicates\":4,").contains("\"counted\":199995,");
    Map<String, Long> types = new TreeMap<>();
    calls.stream()
        .collect(java.util.stream.Collectors.toMap(Real::id, Real::type, (a, b) -> a))
        .values()
        .forEach(type -> types.merge(type, 1L, Long::sum));
    assertThat(files(directory).get("calls-by-type.csv").lines().limit(3))
        .containsExactly(
            "crime_type,count",
            "Passing Call," + types.get("Passing Call"),
            "Traffic Stop," + types.get("Traffic Stop"));
  }

  @Test
  @Tag("thorough")
  void noCallIsLateInOneBatchOfReversedOrder() throws Exception {
    run(1, 1_000_000, false, directory, false);
    assertThat(files(directory)).isEqualTo(files(expected));
  }

  @Test
  @Tag("thorough")
  void deliversLateCallsInSmallBatchesOfReversedOrder() throws Exception {
    run(1, 1_000, false, directory, false);
    Map<String, String> files = files(directory);
    long late = files.get("late.ndjson").lines().count();
    assertThat(late).isPositive();
    assertThat(files.get("accounting.json"))
        .contains(
            "\"calls-by-type-and-disposition-hourly\":{\"counted\":"
                + (199_999 - late)
                + ",\"late\":"
                + late
                + "}");
    assertThat(files.get("calls-by-type.csv")).isEqualTo(files(expected).get("calls-by-type.csv"));
  }
}
