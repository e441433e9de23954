package io.callstream.spark;

import static io.callstream.sink.SinkRun.call;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.CallField;
import io.callstream.internal.files.Checksum;
import io.callstream.pipeline.BatchResults;
import io.callstream.sink.SinkRun;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writes with Spark and reads with DuckDB. */
class ParquetSinkTest {
  private static final ZoneId LOS_ANGELES = ZoneId.of("America/Los_Angeles");

  @TempDir private Path directory;

  private ParquetSink.Builder sink() {
    return ParquetSink.to(directory.resolve("parquet").toString()).on(TestSession.get());
  }

  private static Call[] batch(String... types) {
    return Stream.of(types)
        .map(type -> call(type, "2018-11-01T12:00:00Z", "HAN", "A"))
        .toArray(Call[]::new);
  }

  /**
   * Returns the current rows of a statistic as lines of CSV. The query is the one in the
   * documentation.
   */
  private List<String> lines(Statistic statistic) throws SQLException {
    List<String> keys = new ArrayList<>();
    if (statistic.window().isPresent()) {
      keys.add("window_start");
    }
    statistic.dimensions().forEach(dimension -> keys.add(dimension.name()));
    String select =
        "SELECT "
            + String.join(", ", statistic.columns())
            + " FROM read_parquet('"
            + directory.resolve("parquet").resolve(statistic.name())
            + "/*/*.parquet') QUALIFY row_number() OVER (PARTITION BY "
            + String.join(", ", keys)
            + " ORDER BY _batch DESC) = 1";
    List<String> lines = new ArrayList<>();
    try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duckDb.createStatement();
        ResultSet rows = statement.executeQuery(select)) {
      while (rows.next()) {
        List<String> cells = new ArrayList<>();
        for (int c = 1; c <= statistic.columns().size(); c++) {
          Object value = rows.getObject(c);
          cells.add(
              value instanceof OffsetDateTime time
                  ? time.atZoneSameInstant(LOS_ANGELES)
                      .format(DateTimeFormatter.ISO_OFFSET_DATE_TIME)
                  : String.valueOf(value));
        }
        lines.add(String.join(",", cells));
      }
    }
    return lines;
  }

  private List<String> byType() throws SQLException {
    return lines(StandardStatistics.callsByType());
  }

  private List<String> parts() throws IOException {
    try (Stream<Path> parts = Files.list(directory.resolve("parquet/calls-by-type"))) {
      return parts.map(part -> part.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void filesHoldWhatTheCsvFilesHold() throws Exception {
    List<Statistic> statistics = StandardStatistics.all(LOS_ANGELES, Duration.ofHours(1));
    SinkRun.of(
        statistics,
        List.of(Sinks.csv(directory), sink().build()),
        new Call[] {
          call("Passing Call", "2018-11-04T08:10:00Z", "HAN", "A St"),
          call("Passing Call", "2018-11-04T09:20:00Z", "HAN", "B St"),
          call("415", "2018-11-04T09:30:00Z", "OTS", "")
        },
        new Call[] {
          call("Passing Call", "2018-11-04T10:00:00Z", "HAN", "B St"),
          call("415", "2018-11-04T09:31:00Z", "OTS", "B St")
        });

    for (Statistic statistic : statistics) {
      assertThat(lines(statistic))
          .as(statistic.name())
          .containsExactlyInAnyOrderElementsOf(
              Files.readAllLines(directory.resolve(statistic.name() + ".csv")).stream()
                  .skip(1)
                  .toList());
    }
  }

  @Test
  void everyTypeOfColumnKeepsItsValue() throws Exception {
    Statistic statistic =
        Statistic.named("s")
            .by(
                Dimension.ofNumber("length", Set.of(CallField.ADDRESS), c -> c.address().length()),
                Dimensions.CRIME_TYPE)
            .maxGroups(2)
            .measuring(
                Measures.count(),
                Measures.share(),
                Measures.maximum(
                    "longest",
                    Set.of(CallField.ADDRESS),
                    c ->
                        c.address().isEmpty()
                            ? Optional.empty()
                            : Optional.of(Duration.ofSeconds(c.address().length()))))
            .build();

    SinkRun.of(
        List.of(statistic),
        List.of(sink().build()),
        new Call[] {
          call("a\0\"'", "2018-11-01T12:00:00Z", "", ""),
          call("b", "2018-11-01T12:00:00Z", "", "1234"),
          call("c", "2018-11-01T12:00:00Z", "", "12345"),
          call("d", "2018-11-01T12:00:00Z", "", "123456")
        });

    assertThat(lines(statistic))
        .containsExactlyInAnyOrder(
            "0,a\0\"',1,0.25,null", "4,b,1,0.25,4000", "null,(other),2,0.5,6000");
  }

  @Test
  void windowsLongBeforeOurTimeAreWritten() throws Exception {
    Statistic daily =
        Statistic.named("daily").over(Windows.daily(LOS_ANGELES).withoutLateness()).build();
    SinkRun.of(
        List.of(daily),
        List.of(Sinks.csv(directory), sink().build()),
        new Call[] {call("a", "1812-06-18T20:00:00Z", "", "")});

    assertThat(lines(daily))
        .isEqualTo(Files.readAllLines(directory.resolve("daily.csv")).stream().skip(1).toList());
  }

  @Test
  void aBatchThatComesAgainChangesNothing() throws Exception {
    SinkRun run = SinkRun.byType(batch("a", "b"), batch("b", "c"));
    ParquetSink sink = sink().build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.write(run.batch(1));
    sink.write(run.batch(1));
    sink.close();
    List<String> once = byType();

    sink.open(run.batch(0));
    sink.write(run.batch(1));
    sink.close();

    assertThat(once).containsExactlyInAnyOrder("a,1", "b,2", "c,1");
    assertThat(byType()).containsExactlyInAnyOrderElementsOf(once);
    assertThat(parts()).containsExactly("batch-000000000000", "batch-000000000001");
  }

  @Test
  void filesStayFewAndEveryKeyStays() throws Exception {
    Call[][] batches = new Call[20][];
    for (int i = 0; i < batches.length; i++) {
      batches[i] = batch("all", "only " + i);
    }
    SinkRun run = SinkRun.byType(batches);
    ParquetSink sink = sink().foldingEvery(3).build();
    sink.open(run.opened());
    for (int i = 0; i < batches.length; i++) {
      sink.write(run.batch(i));
      assertThat(parts()).hasSizeLessThanOrEqualTo(9);
    }
    sink.close();

    assertThat(parts()).anyMatch(part -> part.startsWith("snapshot-"));
    List<String> expected = new ArrayList<>(List.of("all,20"));
    for (int i = 0; i < batches.length; i++) {
      expected.add("only " + i + ",1");
    }
    assertThat(byType()).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void aDirectoryThatWasLostOrStayedBehindIsBroughtUpToDate() throws Exception {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"), batch("a", "c"), batch("a"));
    ParquetSink sink = sink().build();

    sink.open(run.batch(1));
    sink.close();
    assertThat(byType()).containsExactlyInAnyOrder("a,1", "b,1");
    sink.open(run.batch(2));
    sink.write(run.batch(3));
    sink.close();

    assertThat(byType()).containsExactlyInAnyOrder("a,3", "b,1", "c,1");
  }

  @Test
  void resultsOfAnotherRunAreRefusedUnlessTheSinkStartsOver() throws Exception {
    SinkRun before = SinkRun.byType(batch("a"), batch("b"));
    ParquetSink sink = sink().build();
    sink.open(before.opened());
    sink.write(before.batch(0));
    sink.write(before.batch(1));
    sink.close();
    SinkRun now = SinkRun.byType(batch("c", "c"), batch("d"));

    for (BatchResults restored : List.of(now.opened(), now.batch(0), now.batch(1))) {
      assertThatThrownBy(() -> sink.open(restored))
          .hasMessageContaining("of another run")
          .extracting(e -> ((CallstreamException) e).code())
          .isEqualTo(ErrorCode.SINK_FAILED);
      sink.close();
    }
    ParquetSink over = sink().startingOver().build();
    over.open(now.batch(0));
    over.write(now.batch(1));
    over.close();

    assertThat(byType()).containsExactlyInAnyOrder("c,2", "d,1");
  }

  @Test
  void aDirectoryThatAnotherRunWritesToIsRefused() throws Exception {
    SinkRun run = SinkRun.byType(batch("a"));
    ParquetSink first = sink().build();
    first.open(run.opened());
    ParquetSink second = sink().startingOver().build();
    assertThatThrownBy(() -> second.open(SinkRun.byType(batch("b")).opened()))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining("is in use by another run");
    second.close();
    first.write(run.batch(0));
    first.close();
    assertThat(byType()).containsExactly("a,1");
  }

  /** Simulates a file system without locks. */
  @Test
  void aRunWhoseDirectoryAnotherRunTakesOverFailsWithItsNextBatch() throws Exception {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"));
    ParquetSink sink = sink().build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    byte[] content = "another\n".getBytes(UTF_8);
    CRC32 crc = Checksum.of("run-7");
    crc.update(content);
    try (OutputStream mark =
        Files.newOutputStream(directory.resolve("parquet/_callstream/run-7"))) {
      mark.write(content);
      mark.write(Checksum.line(crc));
    }
    assertThatThrownBy(() -> sink.write(run.batch(1)))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining("was taken over by another run");
    sink.close();
  }

  @Test
  void aMarkWithAChangedBitIsNotBelieved() throws Exception {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"));
    ParquetSink sink = sink().build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.close();
    Path progress = mark("progress");
    String mark = Files.readString(progress);
    assertThat(mark).startsWith("0 ");
    Files.writeString(progress, "1" + mark.substring(1));
    ParquetSink again = sink().build();
    assertThatThrownBy(() -> again.open(run.batch(1)))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining(progress.getFileName() + " is damaged")
        .hasMessageContaining("Restore the directory from a copy");
    again.close();
  }

  /** Returns the only mark with a name. */
  private Path mark(String name) throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("parquet/_callstream"))) {
      List<Path> marks =
          files.filter(file -> file.getFileName().toString().startsWith(name + "-")).toList();
      assertThat(marks).hasSize(1);
      return marks.get(0);
    }
  }

  /** An object store replaces a file by deleting it first, and a run may be killed in between. */
  @Test
  void aMarkIsNeverReplacedAndTheNewerOfTwoCounts() throws Exception {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"));
    ParquetSink sink = sink().build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    Path first = mark("progress");
    byte[] content = Files.readAllBytes(first);
    sink.write(run.batch(1));
    sink.close();
    assertThat(mark("progress")).isNotEqualTo(first);
    Files.write(first, content); // Simulates a run that was killed before it deleted this mark.

    ParquetSink again = sink().build();
    again.open(run.batch(1));
    again.close();
    assertThat(byType()).containsExactlyInAnyOrder("a,1", "b,1");
    assertThatThrownBy(() -> again.open(SinkRun.byType(batch("c")).opened()))
        .hasMessageContaining("holds results up to batch 1 of another run");
    again.close();
  }

  @Test
  void aNewDirectoryIsFilledAgainAfterARunThatEndedWhileItFilledIt() throws Exception {
    List<Statistic> statistics =
        List.of(StandardStatistics.callsByType(), StandardStatistics.callsByLocation());
    SinkRun run = SinkRun.of(statistics, List.of(), batch("a"), batch("b"));
    Path inTheWay = directory.resolve("parquet/calls-by-location");
    Files.createDirectories(inTheWay.getParent());
    Files.writeString(inTheWay, "not a directory");
    ParquetSink sink = sink().build();
    assertThatThrownBy(() -> sink.open(run.batch(1))).isInstanceOf(CallstreamException.class);
    sink.close();
    assertThat(directory.resolve("parquet/calls-by-type")).isNotEmptyDirectory();
    Files.delete(inTheWay);

    sink.open(run.batch(1));
    sink.close();

    assertThat(byType()).containsExactlyInAnyOrder("a,1", "b,1");
  }

  @Test
  void theFirstBatchOfARunThatWasKilledComesAgain() throws Exception {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"));
    ParquetSink sink = sink().build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.close();

    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.write(run.batch(1));
    sink.close();

    assertThat(byType()).containsExactlyInAnyOrder("a,1", "b,1");
  }

  @Test
  void aRunOfOneBatchIsNotTakenForOneThatWasKilledInIt() throws Exception {
    SinkRun finished = SinkRun.byType(batch("a"));
    ParquetSink sink = sink().build();
    sink.open(finished.opened());
    sink.write(finished.batch(0));
    sink.close();

    SinkRun other = SinkRun.byType(batch("b"));
    assertThatThrownBy(() -> sink.open(other.opened())).hasMessageContaining("of another run");
    sink.close();
    Files.delete(mark("progress"));
    assertThatThrownBy(() -> sink.open(other.opened()))
        .hasMessageContaining("it is unknown which run wrote them");
    sink.close();
    assertThat(byType()).containsExactly("a,1");
  }

  @Test
  void whatWasBeingWrittenIsNotSeenAndGoesWithTheNextRun() throws Exception {
    SinkRun run = SinkRun.byType(batch("a"));
    Path staging = directory.resolve("parquet/_callstream/staging/half");
    Files.createDirectories(staging);
    Files.writeString(staging.resolve("part-0.parquet"), "PAR1");
    ParquetSink sink = sink().build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.close();

    assertThat(staging).doesNotExist();
    assertThat(byType()).containsExactly("a,1");
  }

  @Test
  void anInterruptEndsABatchAndIsKept() {
    SinkRun run = SinkRun.byType(batch("a"));
    ParquetSink sink = sink().build();
    sink.open(run.opened());
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> sink.write(run.batch(0))).hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
    sink.close();
  }

  @Test
  void aDirectoryThatCannotBeIsAFailureThatNamesIt() throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "");
    SinkRun run = SinkRun.byType(batch("a"));

    ParquetSink sink = ParquetSink.to(file + "/parquet").on(TestSession.get()).build();
    assertThatThrownBy(() -> sink.open(run.opened()))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("name another directory");
    sink.close();
  }
}
