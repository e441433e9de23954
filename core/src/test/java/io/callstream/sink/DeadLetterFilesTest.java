package io.callstream.sink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.RejectionReason;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.CapturedLog;
import io.callstream.internal.sink.DeadLetterCounts;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.statistic.StandardStatistics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeadLetterFilesTest {
  private static final Pipeline PIPELINE =
      Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
          .statistic(StandardStatistics.callsByType())
          .build();

  private static final String JOURNALS = ".dead-letters";

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

  /** Returns the state of a pipeline after a batch, with the dead letters so far. */
  private static BatchResults after(long batch, List<DeadLetter> soFar) {
    return after("lineage", batch, soFar);
  }

  private static BatchResults after(String lineage, long batch, List<DeadLetter> soFar) {
    DeadLetterCounts counts = new DeadLetterCounts();
    soFar.forEach(counts::add);
    Map<String, Contributions> statistics = new HashMap<>();
    counts.late().forEach((name, late) -> statistics.put(name, new Contributions(0, late, 0)));
    Accounting total =
        new Accounting(soFar.size(), counts.rejected(), 0, 0, 0, 0, 0, Map.of(), statistics);
    return new BatchResults(
        lineage, batch, PIPELINE, Optional.empty(), Map.of(), Map.of(), total, total, Map.of());
  }

  private static DeadLetterSink start(Path directory) {
    return resume(directory, after(-1, List.of()));
  }

  private static DeadLetterSink resume(Path directory, BatchResults restored) {
    DeadLetterSink sink = Sinks.deadLetterFiles(directory);
    sink.open(restored, Map.of());
    return sink;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private static String read(Path directory, String name) throws IOException {
    return Files.readString(directory.resolve(name), UTF_8);
  }

  @Test
  void linesAreAsTheDesignHasThem() throws IOException {
    run(
        directory,
        List.of(
            List.of(
                new Rejected(
                    origin(0, 7), bytes("{\"a\"\n"), RejectionReason.MISSING_FIELD, "crime_id"),
                new Rejected(origin(0, 8), null, RejectionReason.EMPTY, null),
                new Rejected(
                    origin(0, 10),
                    bytes("x"),
                    RejectionReason.FORMAT_FAILED,
                    null,
                    "a.B: \"no\"\n"),
                late(0, 9))));
    assertThat(read(directory, "rejected.ndjson"))
        .isEqualTo(
            "{\"reason\":\"missing-field\",\"field\":\"crime_id\",\"topic\":\"calls\",\"partition\":0,"
                + "\"offset\":7,\"timestamp\":\"2018-11-04T01:30:00.250-07:00\","
                + "\"value\":\"eyJhIgo=\"}\n"
                + "{\"reason\":\"empty\",\"field\":null,\"topic\":\"calls\",\"partition\":0,"
                + "\"offset\":8,\"timestamp\":\"2018-11-04T01:30:00.250-07:00\",\"value\":null}\n"
                + "{\"reason\":\"format-failed\",\"field\":null,\"detail\":\"a.B: \\\"no\\\"\\n\","
                + "\"topic\":\"calls\",\"partition\":0,\"offset\":10,"
                + "\"timestamp\":\"2018-11-04T01:30:00.250-07:00\",\"value\":\"eA==\"}\n");
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
  void leavesEmptyFilesWithoutLetters() throws IOException {
    start(directory).close();
    assertThat(files(directory)).containsExactly(JOURNALS, "late.ndjson", "rejected.ndjson");
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
    run(directory, List.of(letters));
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
    DeadLetterSink sink = start(directory);
    write(sink, batches, 0, batches.size());
    sink.close();
  }

  /** Writes some batches as an engine does, which omits those without dead letters. */
  private static void write(DeadLetterSink sink, List<List<DeadLetter>> batches, int from, int to) {
    for (int i = from; i < to; i++) {
      if (!batches.get(i).isEmpty()) {
        sink.write(after(i, flat(batches, i + 1)), batches.get(i));
      }
    }
  }

  private static List<DeadLetter> flat(List<List<DeadLetter>> batches, int count) {
    return batches.subList(0, count).stream().flatMap(List::stream).toList();
  }

  // ---- batches, crashes

  /** Returns dead letters of three partitions and both kinds. Each offset has at most one. */
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

  /**
   * Splits dead letters into batches. In each partition, a batch continues where the previous one
   * ended.
   */
  private static List<List<DeadLetter>> cut(List<DeadLetter> letters, Random random) {
    List<List<DeadLetter>> batches = new ArrayList<>();
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
      batches.add(some);
      from.putAll(to);
    }
    return batches;
  }

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
      run(pieces, cut(letters, random));
      assertThat(read(pieces, "rejected.ndjson")).isEqualTo(read(whole, "rejected.ndjson"));
      assertThat(read(pieces, "late.ndjson")).isEqualTo(read(whole, "late.ndjson"));
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
      List<List<DeadLetter>> batches = cut(letters, random);
      Path whole = directory.resolve("whole" + seed);
      run(whole, batches);

      Path current = directory.resolve("run" + seed + "-0");
      int committed = -1;
      for (int crash = 1; ; crash++) {
        DeadLetterSink sink = resume(current, after(committed, flat(batches, committed + 1)));
        int until = Math.min(batches.size() - 1, committed + 1 + random.nextInt(4));
        write(sink, batches, committed + 1, until + 1);
        if (until == batches.size() - 1 && random.nextBoolean()) {
          sink.close();
          break;
        }
        boolean clean = random.nextInt(4) == 0;
        if (clean) {
          sink.close();
        }
        // The state of the disk when the process dies. It may have the dead letters of a batch that
        // was not committed, and an incomplete line.
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

  /** Adds a line that was incomplete when the process died, after all confirmed lines. */
  private static void tear(Path directory, Random random) throws IOException {
    Path journal = directory.resolve(JOURNALS).resolve("0-rejected.ndjson");
    String line = "{\"reason\":\"not-json\",\"field\":null,\"topic\":\"calls\",\"partition\":0";
    Files.writeString(
        journal,
        line.substring(0, random.nextInt(line.length())),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  /** Adds the draft of a process that died while it published. */
  private static void leaveTraces(Path directory, Random random) throws IOException {
    Files.writeString(
        directory.resolve(".rejected.ndjson.draft"),
        "{\"reason\":".substring(0, random.nextInt(10)));
  }

  @Test
  void replacesAnIndexThatWasNotCompleted() throws IOException {
    Path hidden = Files.createDirectories(directory.resolve(JOURNALS));
    Files.writeString(hidden.resolve(".index.draft"), "half");
    DeadLetterSink sink = resume(directory, restored());
    write(sink, List.of(FIRST, SECOND), 1, 2);
    sink.close();
    assertThat(files(hidden)).doesNotContain(".index.draft").contains("index");
    resume(directory, after(1, flat(List.of(FIRST, SECOND), 2))).close();
  }

  @Test
  void aRunFromTheStartReplacesJournalsWithoutAnIndex() throws IOException {
    run(directory, List.of(FIRST));
    Files.delete(directory.resolve(JOURNALS).resolve("index"));
    run(directory, List.of(SECOND));
    assertThat(read(directory, "rejected.ndjson").lines()).hasSize(1);
  }

  // ---- damage

  private static final List<DeadLetter> FIRST = List.of(rejected(0, 0), rejected(0, 1), late(1, 0));
  private static final List<DeadLetter> SECOND = List.of(rejected(0, 2), late(0, 3));

  private static BatchResults restored() {
    return after(0, FIRST);
  }

  private void replaceInJournal(String name, String old, String fresh) throws IOException {
    Path file = directory.resolve(JOURNALS).resolve(name);
    String text = Files.readString(file);
    assertThat(text).contains(old);
    Files.writeString(file, text.replace(old, fresh));
  }

  private void assertRefused(String... parts) {
    assertThatThrownBy(() -> resume(directory, restored()))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining(directory.toString())
        .hasMessageContainingAll(parts);
  }

  @Test
  void refusesADamagedLineInAJournal() throws IOException {
    run(directory, List.of(FIRST));
    replaceInJournal("0-rejected.ndjson", "\"offset\":0", "\"offset\";0");
    assertRefused("are damaged", "0-rejected.ndjson has changed");
  }

  @Test
  void refusesAChangedBitInsideALetter() throws IOException {
    run(directory, List.of(FIRST));
    replaceInJournal("1-late.ndjson", "\"value\":\"e30=\"", "\"value\":\"e31=\"");
    assertRefused("are damaged", "1-late.ndjson has changed");
  }

  @Test
  void refusesAJournalThatIsMissingOrCut() throws IOException {
    run(directory, List.of(FIRST));
    Path journal = directory.resolve(JOURNALS).resolve("0-rejected.ndjson");
    Files.writeString(journal, Files.readString(journal).substring(0, 20));
    assertRefused("0-rejected.ndjson has 20 bytes, not ");
    Files.delete(journal);
    assertRefused("0-rejected.ndjson is missing");
  }

  @Test
  void refusesToContinueWithoutItsHiddenFiles() throws IOException {
    run(directory, List.of(FIRST));
    Path index = directory.resolve(JOURNALS).resolve("index");
    byte[] content = Files.readAllBytes(index);
    Files.delete(index);
    assertRefused("index is missing");
    Files.write(index, Arrays.copyOf(content, content.length - 1));
    assertRefused(
        "index has changed: entry 2, at byte ",
        "0 rejected, but the accounting up to batch 0 has 2 rejected, late");
    Path moved = directory.resolveSibling(directory.getFileName() + "-moved");
    Files.move(directory.resolve(JOURNALS), moved);
    assertRefused(JOURNALS + " is missing");
  }

  @Test
  void namesTheIndexAndTheEntryOfWhichAnyBitIsFlipped() throws IOException {
    List<List<DeadLetter>> batches = List.of(FIRST, SECOND, List.of(rejected(2, 0)));
    Path index = directory.resolve(JOURNALS).resolve("index");
    List<Integer> ends = new ArrayList<>();
    for (int batch = 0; batch < batches.size(); batch++) {
      if (batch > 0) {
        ends.add((int) Files.size(index));
      }
      DeadLetterSink sink = resume(directory, after(batch - 1, flat(batches, batch)));
      write(sink, batches, batch, batch + 1);
      sink.close();
    }
    byte[] whole = Files.readAllBytes(index);
    BatchResults all = after(2, flat(batches, 3));
    for (int bit = 8 * ends.get(0); bit < 8 * whole.length; bit++) {
      byte[] flipped = whole.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(index, flipped);
      int entry = bit / 8 < ends.get(1) ? 3 : 4;
      assertThatThrownBy(() -> resume(directory, all))
          .as("bit %s", bit)
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining(
              ".dead-letters/index has changed: entry %s, at byte %s, cannot be read",
              entry, ends.get(entry - 3));
      assertThat(Files.readAllBytes(index)).as("the evidence").isEqualTo(flipped);
    }
    Files.write(index, whole);
    resume(directory, all).close();
  }

  @Test
  void warnsIfARunFromTheStartReplacesTheLettersOfAnEarlierOne() {
    try (CapturedLog log = CapturedLog.of(DeadLetterDirectory.class)) {
      run(directory, List.of());
      run(directory, List.of(List.of(rejected(0, 0))));
      resume(directory, after(0, List.of(rejected(0, 0)))).close();
      assertThat(log.events(Level.WARN)).isEmpty();
      run(directory, List.of());
      assertThat(log.events(Level.WARN))
          .singleElement()
          .extracting(ILoggingEvent::getFormattedMessage)
          .asString()
          .contains(directory.resolve("rejected.ndjson").toString(), "replaces them");
    }
  }

  @Test
  void mayTakeLongerForLargeFilesAlsoWhenTheyAreOpenedAgain() {
    DeadLetter large =
        new Rejected(origin(0, 0), new byte[7 << 20], RejectionReason.NOT_JSON, null);
    DeadLetterSink sink = start(directory);
    assertThat(sink.extraTime()).isZero();
    sink.write(after(0, List.of(large)), List.of(large));
    assertThat(sink.extraTime()).isPositive();
    sink.close();
    DeadLetterSink next = resume(directory, after(0, List.of(large)));
    assertThat(next.extraTime()).isEqualTo(sink.extraTime()).isPositive();
    next.close();
  }

  @Test
  void restoresPublishedFilesThatWereDeletedOrEdited() throws IOException {
    run(directory, List.of(FIRST));
    String late = read(directory, "late.ndjson");
    String rejected = read(directory, "rejected.ndjson");
    Files.delete(directory.resolve("late.ndjson"));
    Files.writeString(directory.resolve("rejected.ndjson"), "edited");
    resume(directory, restored()).close();
    assertThat(read(directory, "late.ndjson")).isEqualTo(late);
    assertThat(read(directory, "rejected.ndjson")).isEqualTo(rejected);
  }

  @Test
  void refusesFilesThatLackBatches() {
    run(directory, List.of(FIRST));
    List<DeadLetter> more = new ArrayList<>(FIRST);
    more.addAll(SECOND);
    assertThatThrownBy(() -> resume(directory, after(7, more)))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("account for 2 rejected, late {daily=1, hourly=1}")
        .hasMessageContaining("up to batch 7 has 3 rejected, late {daily=2, hourly=2}");
  }

  @Test
  void failsAtTheEndIfTheAccountingHasMoreLetters() {
    DeadLetterSink sink = start(directory);
    List<DeadLetter> more = new ArrayList<>(FIRST);
    more.addAll(SECOND);
    sink.write(after(0, more), FIRST);
    assertThatThrownBy(sink::close)
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining("account for 2 rejected, late {daily=1, hourly=1}")
        .hasMessageContaining("at the end of the run has 3 rejected, late {daily=2, hourly=2}");
  }

  @Test
  void failsAtTheEndIfAJournalChangedDuringTheRun() throws IOException {
    DeadLetterSink sink = start(directory);
    sink.write(after(0, FIRST), FIRST);
    Path journal = directory.resolve(JOURNALS).resolve("0-rejected.ndjson");
    try (FileChannel channel = FileChannel.open(journal, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes("X")), 5);
    }
    assertThatThrownBy(sink::close)
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("rejected.ndjson is not what was written during the run");
  }

  @Test
  void aNewDirectoryBeginsWithTheNextBatchAndIsContinued() throws IOException {
    DeadLetterSink sink = resume(directory, restored());
    List<List<DeadLetter>> batches = List.of(FIRST, SECOND, List.of(rejected(2, 0)));
    write(sink, batches, 1, 2);
    sink.close();
    assertThat(read(directory, "rejected.ndjson"))
        .contains("\"offset\":2")
        .doesNotContain("\"offset\":0");
    DeadLetterSink next = resume(directory, after(1, flat(batches, 2)));
    write(next, batches, 2, 3);
    next.close();
    assertThat(read(directory, "rejected.ndjson").lines()).hasSize(2);
    assertThat(read(directory, "late.ndjson").lines()).hasSize(1);
  }

  @Test
  void refusesTheFilesOfAnotherRun() {
    run(directory, List.of(FIRST));
    assertThatThrownBy(() -> resume(directory, after("other", 0, FIRST)))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("were written by another run")
        .hasMessageContaining("continues after batch 0");
  }

  @Test
  void followsACheckpointThatWasRestoredFromAnOlderCopy() throws IOException {
    List<List<DeadLetter>> batches = List.of(FIRST, SECOND, List.of(rejected(2, 0)));
    run(directory, batches);
    Path whole = directory.resolveSibling(directory.getFileName() + "-whole");
    copy(directory, whole);
    DeadLetterSink sink = resume(directory, restored());
    write(sink, batches, 1, 3);
    sink.close();
    assertThat(read(directory, "rejected.ndjson")).isEqualTo(read(whole, "rejected.ndjson"));
    assertThat(read(directory, "late.ndjson")).isEqualTo(read(whole, "late.ndjson"));
  }

  @Test
  void anyDamageEndsInAnErrorOrInTheRightFiles() throws IOException {
    int refused = 0;
    int right = 0;
    for (int seed = 0; seed < 30; seed++) {
      Random random = new Random(seed);
      List<List<DeadLetter>> batches = cut(letters(random), random);
      Path whole = directory.resolve("whole" + seed);
      run(whole, batches);
      int committed = random.nextInt(batches.size());
      Path left = directory.resolve("left" + seed);
      run(left, batches.subList(0, Math.min(batches.size(), committed + 1 + seed % 2)));
      for (int i = 0; i < 10; i++) {
        Path damaged = directory.resolve("damaged" + seed + "-" + i);
        copy(left, damaged);
        String how = damage(damaged, random);
        if (isRefused(damaged, batches, committed)) {
          refused++;
          continue;
        }
        right++;
        for (DeadLetterKind kind : DeadLetterKind.values()) {
          assertThat(read(damaged, kind.file))
              .as("seed %d, damage %d: %s", seed, i, how)
              .isEqualTo(read(whole, kind.file));
        }
      }
    }
    assertThat(refused).isGreaterThan(50);
    assertThat(right).isGreaterThan(50);
  }

  private static boolean isRefused(Path directory, List<List<DeadLetter>> batches, int committed) {
    try (DeadLetterSink sink = resume(directory, after(committed, flat(batches, committed + 1)))) {
      write(sink, batches, committed + 1, batches.size());
      return false;
    } catch (CallstreamException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED);
      return true;
    }
  }

  /** Damages one file of a run. Returns a description of the damage. */
  private static String damage(Path output, Random random) throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(output)) {
      all = files.filter(Files::isRegularFile).sorted().toList();
    }
    Path file = all.get(random.nextInt(all.size()));
    byte[] content = Files.readAllBytes(file);
    int position = content.length == 0 ? 0 : random.nextInt(content.length);
    int kind = content.length == 0 ? 2 + random.nextInt(2) : random.nextInt(4);
    switch (kind) {
      case 0 -> {
        content[position] ^= (byte) (1 << random.nextInt(8));
        Files.write(file, content);
      }
      case 1 -> Files.write(file, Arrays.copyOf(content, position));
      case 2 -> Files.delete(file);
      default -> {
        byte[] more = new byte[1 + random.nextInt(200)];
        random.nextBytes(more);
        Files.write(file, more, StandardOpenOption.APPEND);
      }
    }
    return List.of("bit flip", "truncation", "deletion", "appended bytes").get(kind)
        + " at "
        + position
        + " of "
        + output.relativize(file);
  }
}
