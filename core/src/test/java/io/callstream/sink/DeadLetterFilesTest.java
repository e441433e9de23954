package io.callstream.sink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.call.RejectionReason;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.StandardStatistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeadLetterFilesTest {
  private static final Pipeline PIPELINE =
      Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
          .statistic(StandardStatistics.callsByType())
          .build();

  @TempDir private Path directory;

  private static Origin origin(int partition, long offset) {
    return new Origin("calls", partition, offset, Instant.parse("2018-11-04T08:30:00.250Z"));
  }

  private static DeadLetter rejected(int partition, long offset) {
    return new Rejected(
        origin(partition, offset), bytes("{" + offset), RejectionReason.NOT_JSON, null);
  }

  private static DeadLetter late(int partition, long offset) {
    return new Late(
        origin(partition, offset),
        bytes("{}"),
        List.of(
            new MissedWindow(
                "hourly",
                new WindowBounds(
                    Instant.parse("2018-11-04T08:00:00Z"), Instant.parse("2018-11-04T09:00:00Z"))),
            new MissedWindow(
                "daily",
                new WindowBounds(
                    Instant.parse("2018-11-04T07:00:00Z"),
                    Instant.parse("2018-11-05T08:00:00Z")))));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private static String read(Path directory, String name) throws IOException {
    return Files.readString(directory.resolve(name), UTF_8);
  }

  @Test
  void linesAreAsTheDesignHasThem() throws IOException {
    DeadLetterSink sink = Sinks.deadLetterFiles(directory);
    sink.open(PIPELINE, Map.of());
    sink.write(
        0,
        List.of(
            new Rejected(
                origin(0, 7), bytes("{\"a\"\n"), RejectionReason.MISSING_FIELD, "crime_id"),
            new Rejected(origin(0, 8), null, RejectionReason.EMPTY, null),
            late(0, 9)));
    sink.close();
    assertThat(read(directory, "rejected.ndjson"))
        .isEqualTo(
            "{\"reason\":\"missing-field\",\"field\":\"crime_id\",\"topic\":\"calls\",\"partition\":0,"
                + "\"offset\":7,\"timestamp\":\"2018-11-04T01:30:00.250-07:00\","
                + "\"value\":\"eyJhIgo=\"}\n"
                + "{\"reason\":\"empty\",\"field\":null,\"topic\":\"calls\",\"partition\":0,"
                + "\"offset\":8,\"timestamp\":\"2018-11-04T01:30:00.250-07:00\",\"value\":null}\n");
    assertThat(read(directory, "late.ndjson"))
        .isEqualTo(
            "{\"late\":[{\"statistic\":\"hourly\",\"window_start\":\"2018-11-04T01:00:00-07:00\","
                + "\"window_end\":\"2018-11-04T01:00:00-08:00\"},"
                + "{\"statistic\":\"daily\",\"window_start\":\"2018-11-04T00:00:00-07:00\","
                + "\"window_end\":\"2018-11-05T00:00:00-08:00\"}],"
                + "\"topic\":\"calls\",\"partition\":0,\"offset\":9,"
                + "\"timestamp\":\"2018-11-04T01:30:00.250-07:00\",\"value\":\"e30=\"}\n");
  }

  @Test
  void aRunWithoutLettersLeavesEmptyFilesAndNothingElse() throws IOException {
    DeadLetterSink sink = Sinks.deadLetterFiles(directory);
    sink.open(PIPELINE, Map.of());
    sink.close();
    assertThat(files(directory)).containsExactly("late.ndjson", "rejected.ndjson");
    assertThat(read(directory, "late.ndjson")).isEmpty();
  }

  @Test
  void anyBytesComeBackAsTheyWere() throws IOException {
    Random random = new Random(9);
    List<byte[]> values = new ArrayList<>();
    List<DeadLetter> letters = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      byte[] value = new byte[random.nextInt(i < 290 ? 60 : 1_000_000)];
      random.nextBytes(value);
      values.add(value);
      letters.add(
          new Rejected(origin(0, i), value, RejectionReason.NOT_JSON, "\"\n\u2028\ud83d\ude00"));
    }
    DeadLetterSink sink = Sinks.deadLetterFiles(directory);
    sink.open(PIPELINE, Map.of());
    sink.write(0, letters);
    sink.close();
    List<String> lines = Files.readAllLines(directory.resolve("rejected.ndjson"), UTF_8);
    assertThat(lines).hasSameSizeAs(values);
    for (int i = 0; i < values.size(); i++) {
      JsonNode line = new ObjectMapper().readTree(lines.get(i));
      assertThat(Base64.getDecoder().decode(line.get("value").asText())).isEqualTo(values.get(i));
      assertThat(line.get("field").asText()).isEqualTo("\"\n\u2028\ud83d\ude00");
    }
  }

  @Test
  void aNewPipelineBeginsWithEmptyFiles() throws IOException {
    run(directory, List.of(List.of(rejected(0, 0), late(0, 1))));
    run(directory, List.of());
    assertThat(read(directory, "rejected.ndjson")).isEmpty();
    assertThat(read(directory, "late.ndjson")).isEmpty();
  }

  private static void run(Path directory, List<List<DeadLetter>> batches) {
    DeadLetterSink sink = Sinks.deadLetterFiles(directory);
    sink.open(PIPELINE, Map.of());
    for (int i = 0; i < batches.size(); i++) {
      sink.write(i, batches.get(i));
    }
    sink.close();
  }

  // ---- batches, crashes

  /** Letters of three partitions, of both kinds; every offset has a letter or none. */
  private static List<DeadLetter> letters(Random random) {
    List<DeadLetter> letters = new ArrayList<>();
    for (int partition : new int[] {0, 2, 11}) {
      for (int offset = 0; offset < 40; offset++) {
        switch (random.nextInt(3)) {
          case 0 -> letters.add(rejected(partition, offset));
          case 1 -> letters.add(late(partition, offset));
          default -> {}
        }
      }
    }
    return letters;
  }

  /** Cuts letters into batches: each goes on in each partition where the one before ended. */
  private static List<Batch> cut(List<DeadLetter> letters, Random random) {
    List<Batch> batches = new ArrayList<>();
    Map<Integer, Long> from = new HashMap<>(Map.of(0, 0L, 2, 0L, 11, 0L));
    while (from.values().stream().anyMatch(offset -> offset < 40)) {
      Map<Integer, Long> to = new HashMap<>();
      from.forEach((p, offset) -> to.put(p, Math.min(40, offset + random.nextInt(15))));
      List<DeadLetter> some =
          letters.stream()
              .filter(
                  l ->
                      l.origin().offset() >= from.get(l.origin().partition())
                          && l.origin().offset() < to.get(l.origin().partition()))
              .toList();
      batches.add(new Batch(some, Map.copyOf(to)));
      from.putAll(to);
    }
    return batches;
  }

  private record Batch(List<DeadLetter> letters, Map<Integer, Long> nextOffsets) {}

  private static List<String> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.sorted(Comparator.naturalOrder()).toList()) {
        Path target = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else {
          Files.copy(path, target);
        }
      }
    }
  }

  @Test
  void whereBatchesEndDoesNotShow() throws IOException {
    for (int seed = 0; seed < 4; seed++) {
      Random random = new Random(seed);
      List<DeadLetter> letters = letters(random);
      Path whole = directory.resolve("whole" + seed);
      Path pieces = directory.resolve("pieces" + seed);
      run(whole, List.of(letters));
      run(pieces, cut(letters, random).stream().map(Batch::letters).toList());
      assertThat(read(pieces, "rejected.ndjson")).isEqualTo(read(whole, "rejected.ndjson"));
      assertThat(read(pieces, "late.ndjson")).isEqualTo(read(whole, "late.ndjson"));
      assertThat(files(pieces)).isEqualTo(files(whole));
      List<Long> offsets = new ArrayList<>();
      for (String line : Files.readAllLines(whole.resolve("late.ndjson"))) {
        JsonNode json = new ObjectMapper().readTree(line);
        offsets.add(json.get("partition").asLong() * 1_000 + json.get("offset").asLong());
      }
      assertThat(offsets)
          .isSorted()
          .hasSize((int) letters.stream().filter(Late.class::isInstance).count());
    }
  }

  @Test
  void aRunThatWasKilledAnywhereGoesOnAsIfUndisturbed() throws IOException {
    for (int seed = 0; seed < 15; seed++) {
      Random random = new Random(seed);
      List<DeadLetter> letters = letters(random);
      List<Batch> batches = cut(letters, random);
      Path whole = directory.resolve("whole" + seed);
      run(whole, batches.stream().map(Batch::letters).toList());

      Path current = directory.resolve("run" + seed + "-0");
      int committed = -1;
      for (int crash = 1; ; crash++) {
        DeadLetterSink sink = Sinks.deadLetterFiles(current);
        sink.open(PIPELINE, committed < 0 ? Map.of() : batches.get(committed).nextOffsets());
        int until = Math.min(batches.size() - 1, committed + 1 + random.nextInt(4));
        for (int i = committed + 1; i <= until; i++) {
          sink.write(i, batches.get(i).letters());
        }
        if (until == batches.size() - 1 && random.nextBoolean()) {
          sink.close();
          break;
        }
        boolean clean = random.nextInt(4) == 0;
        if (clean) {
          sink.close();
        }
        // The disk as it is when the process dies: with the letters of a batch that was not
        // committed, perhaps, and perhaps with a line that is not whole.
        Path next = directory.resolve("run" + seed + "-" + crash);
        copy(current, next);
        if (!clean) {
          sink.close();
          if (random.nextBoolean()) {
            tear(next, random);
          }
        }
        committed = random.nextBoolean() ? until : Math.max(committed, until - 1);
        if (random.nextInt(3) == 0) {
          leaveTraces(next, random);
        }
        current = next;
      }
      assertThat(read(current, "rejected.ndjson"))
          .as("seed %d", seed)
          .isEqualTo(read(whole, "rejected.ndjson"));
      assertThat(read(current, "late.ndjson"))
          .as("seed %d", seed)
          .isEqualTo(read(whole, "late.ndjson"));
      assertThat(files(current)).as("seed %d", seed).isEqualTo(files(whole));
    }
  }

  /** A line that was being written when the process died: behind all that was committed. */
  private static void tear(Path directory, Random random) throws IOException {
    Path journals = directory.resolve(".dead-letters");
    String line =
        "{\"reason\":\"not-json\",\"field\":null,\"topic\":\"calls\",\"partition\":0,\"offset\":40}\n";
    Files.createDirectories(journals);
    Files.writeString(
        journals.resolve("0-rejected.ndjson"),
        line.substring(0, random.nextInt(line.length())),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  /** What a process leaves that died while it tidied up, or while it took up an earlier run. */
  private static void leaveTraces(Path directory, Random random) throws IOException {
    Path fresh = Files.createDirectories(directory.resolve(".dead-letters.new"));
    Files.copy(directory.resolve("rejected.ndjson"), fresh.resolve("0-rejected.ndjson"));
    Files.writeString(directory.resolve(".rejected.ndjson.draft"), "{\"reason\":");
    if (random.nextBoolean()) {
      Path old = Files.createDirectories(directory.resolve(".dead-letters.old"));
      Files.writeString(old.resolve("0-late.ndjson"), "");
    }
  }

  @Test
  void aRunThatDiedWhileItRemovedItsJournalsLosesNothing() throws IOException {
    List<DeadLetter> letters = List.of(rejected(0, 0), rejected(0, 1), rejected(1, 0), late(1, 1));
    Map<Integer, Long> next = Map.of(0, 2L, 1, 2L);
    DeadLetterSink sink = Sinks.deadLetterFiles(directory);
    sink.open(PIPELINE, Map.of());
    sink.write(0, letters);
    // Whatever of the hidden files is gone, the published ones are whole at that time.
    Path crashed = directory.resolveSibling(directory.getFileName() + "-crashed");
    sink.close();
    copy(directory, crashed);
    String rejected = read(crashed, "rejected.ndjson");
    String late = read(crashed, "late.ndjson");
    Path removing = Files.createDirectories(crashed.resolve(".dead-letters.old"));
    Files.writeString(removing.resolve("1-rejected.ndjson"), "");

    DeadLetterSink again = Sinks.deadLetterFiles(crashed);
    again.open(PIPELINE, next);
    again.close();
    assertThat(read(crashed, "rejected.ndjson")).isEqualTo(rejected);
    assertThat(read(crashed, "late.ndjson")).isEqualTo(late);
    assertThat(files(crashed)).containsExactly("late.ndjson", "rejected.ndjson");
  }
}
