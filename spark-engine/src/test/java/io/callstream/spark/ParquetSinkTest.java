package io.callstream.spark;

import static io.callstream.testing.SinkRun.call;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.Fields;
import io.callstream.internal.sink.BatchMark;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultSink;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import io.callstream.testing.NumberCalls;
import io.callstream.testing.SinkRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads with DuckDB what the driver writes. */
class ParquetSinkTest {
  private static final ZoneId LOS_ANGELES = ZoneId.of("America/Los_Angeles");

  private static final Statistic HOURLY_ON_CLOSE =
      Statistic.named("hourly")
          .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
          .emitting(Emission.ON_CLOSE)
          .build();

  @TempDir private Path directory;

  private ParquetSinkBuilder sink() {
    return SparkSinks.parquet(directory.resolve("parquet").toString()).on(TestSession.get());
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
  void groupsThatCorrectionsRemovedHaveARowWithTheCountZero() throws Exception {
    SinkRun run = SinkRun.corrected(List.of(Sinks.csv(directory), sink().build()));
    for (Statistic statistic : SinkRun.CORRECTED) {
      List<String> lines = new ArrayList<>(lines(statistic));
      assertThat(lines.removeIf(line -> line.endsWith(",0"))).as(statistic.name()).isTrue();
      assertThat(lines)
          .as(statistic.name())
          .containsExactlyInAnyOrderElementsOf(
              Files.readAllLines(directory.resolve(statistic.name() + ".csv")).stream()
                  .skip(1)
                  .map(line -> line.replace("0.250000", "0.25"))
                  .toList());
    }
    assertThat(byType()).containsExactlyInAnyOrder("a,0", "nul\0,0", "b,1", "c,2", "d,1");

    // A sink that missed the corrections replaces all its rows when it catches up.
    ResultSink behind = sink().startingOver().build();
    behind.open(run.opened());
    behind.write(run.batch(0));
    behind.close();
    assertThat(byType()).contains("a,1");
    behind.open(run.batch(2));
    behind.close();
    assertThat(byType()).containsExactlyInAnyOrder("b,1", "c,2", "d,1");
  }

  @Test
  void numbersKeepAllDigits() throws Exception {
    NumberCalls.run(sink().build());
    assertThat(lines(NumberCalls.STATISTIC)).containsExactlyInAnyOrderElementsOf(NumberCalls.LINES);
  }

  @Test
  void everyTypeOfColumnKeepsItsValue() throws Exception {
    Statistic statistic =
        Statistic.named("s")
            .by(
                Dimension.ofNumber("length", Set.of(Fields.ADDRESS), c -> c.address().length()),
                Dimensions.CRIME_TYPE)
            .maxGroups(2)
            .measuring(
                Measures.count(),
                Measures.share(),
                Measures.maximum(
                    "longest",
                    Set.of(Fields.ADDRESS),
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
    ResultSink sink = sink().build();
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
    assertThat(parts()).containsExactly("_batch=0", "_batch=1");
  }

  @Test
  void aBatchIsOneFileWhateverItsSize() throws Exception {
    Call[] many = new Call[20_000];
    for (int i = 0; i < many.length; i++) {
      many[i] = call("type " + i, "2018-11-01T12:00:00Z", "HAN", "A");
    }
    SinkRun run = SinkRun.byType(many);
    ResultSink sink = sink().build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.close();

    try (Stream<Path> files = Files.list(directory.resolve("parquet/calls-by-type/_batch=0"))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .filteredOn(name -> !name.startsWith("."))
          .singleElement()
          .asString()
          .endsWith(".parquet");
    }
    assertThat(byType()).hasSize(20_000).doesNotHaveDuplicates();
  }

  @Test
  void aBatchOfARunThatWasKilledIsInvisibleAndReplaced() throws Exception {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"));
    ResultSink sink = sink().build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.close();
    Path attempt =
        directory.resolve("parquet/_callstream/staging-0/calls-by-type/_temporary/0/attempt_0");
    Files.createDirectories(attempt);
    Files.writeString(attempt.resolve("part-0.parquet"), "PAR1");
    assertThat(byType()).containsExactly("a,1");

    sink.open(run.batch(0));
    sink.write(run.batch(1));
    sink.close();

    assertThat(directory.resolve("parquet/_callstream"))
        .isDirectoryNotContaining("glob:**staging*");
    assertThat(byType()).containsExactlyInAnyOrder("a,1", "b,1");
  }

  @Test
  void aReaderNeverFindsAPartOfABatch() throws Exception {
    Call[] calls = new Call[2_000];
    for (int i = 0; i < calls.length; i++) {
      calls[i] = call("type " + i, "2018-11-01T12:00:00Z", "HAN", "A");
    }
    SinkRun run = SinkRun.byType(calls, calls);
    ResultSink sink = sink().build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    AtomicBoolean done = new AtomicBoolean();
    Set<Long> found = ConcurrentHashMap.newKeySet();
    Thread reader =
        new Thread(
            () -> {
              while (!done.get()) {
                found.add(rowsOfBatch1());
              }
            });
    reader.start();
    for (int i = 0; i < 10; i++) {
      sink.write(run.batch(1));
    }
    done.set(true);
    reader.join();
    sink.close();

    assertThat(found).isSubsetOf(0L, 2_000L).contains(2_000L);
  }

  /** Returns the number of rows of batch 1; 0 while its file is absent; -1 for another failure. */
  private long rowsOfBatch1() {
    try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duckDb.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT count(*) FROM read_parquet('"
                    + directory.resolve("parquet/calls-by-type")
                    + "/_batch=1/*.parquet')")) {
      rows.next();
      return rows.getLong(1);
    } catch (SQLException e) {
      boolean isReplaced =
          e.getMessage().matches("(?s).*(No files found|No such file|Cannot open file).*");
      return isReplaced ? 0 : -1;
    }
  }

  @Test
  void startingOverKeepsFilesThatTheSinkDidNotWrite() throws Exception {
    SinkRun before = SinkRun.byType(batch("a"));
    ResultSink sink = sink().build();
    sink.open(before.opened());
    sink.write(before.batch(0));
    sink.close();
    Path statistic = directory.resolve("parquet/calls-by-type");
    List<Path> others =
        List.of(
            Files.writeString(directory.resolve("parquet/readme.txt"), "x"),
            Files.writeString(statistic.resolve("_batch=7"), "x"),
            Files.writeString(
                Files.createDirectories(statistic.resolve("merged")).resolve("file"), "x"),
            Files.writeString(directory.resolve("parquet/_callstream/note"), "x"));

    SinkRun now = SinkRun.byType(batch("b"));
    ResultSink over = sink().startingOver().build();
    over.open(now.opened());
    over.write(now.batch(0));
    over.close();

    assertThat(others).allSatisfy(file -> assertThat(file).exists());
    assertThat(byType()).containsExactly("b,1");
  }

  @Test
  void rowsThatAreEmittedOnCloseAreWrittenOnce() throws Exception {
    SinkRun run =
        SinkRun.of(
            List.of(HOURLY_ON_CLOSE),
            List.of(),
            batchAt("12:00", "12:10", "12:20", "13:10", "13:20", "13:30"),
            batchAt("13:40", "13:50", "14:10"));
    ResultSink sink = sink().build();
    sink.open(run.opened());
    for (int i = 0; i < run.batches().size(); i++) {
      sink.write(run.batch(i));
      sink.write(run.batch(i));
    }
    sink.close();

    assertThat(rowsAndCalls("hourly")).isEqualTo("1 3");
  }

  @Test
  void rowsThatAreEmittedOnCloseAreWrittenOnceIfTheDirectoryWasBehind() throws Exception {
    SinkRun run =
        SinkRun.of(
            List.of(HOURLY_ON_CLOSE),
            List.of(),
            batchAt("12:00", "12:10", "12:20", "13:10", "13:20", "13:30"),
            batchAt("14:10", "14:20", "14:30"),
            batchAt("15:10", "15:20", "15:30"),
            batchAt("16:10", "16:20", "16:30"));
    ResultSink sink = sink().build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.write(run.batch(1));
    sink.close();
    assertThat(rowsAndCalls("hourly")).isEqualTo("1 3");

    sink.open(run.batch(2));
    sink.write(run.batch(3));
    sink.close();

    assertThat(rowsAndCalls("hourly")).isEqualTo("3 9");
  }

  private String rowsAndCalls(String statistic) throws SQLException {
    try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:");
        Statement query = duckDb.createStatement();
        ResultSet rows =
            query.executeQuery(
                "SELECT count(*), sum(count) FROM read_parquet('"
                    + directory.resolve("parquet").resolve(statistic)
                    + "/*/*.parquet')")) {
      rows.next();
      return rows.getLong(1) + " " + rows.getLong(2);
    }
  }

  private static Call[] batchAt(String... times) {
    return Stream.of(times)
        .map(time -> call("a", "2018-11-01T" + time + ":00Z", "HAN", "A"))
        .toArray(Call[]::new);
  }

  @Test
  void readersFindTheColumnsOfTheStatisticAndTheBatch() throws Exception {
    Statistic statistic = Statistic.named("s").by(Dimension.of("batch", Fields.ADDRESS)).build();
    SinkRun run =
        SinkRun.of(
            List.of(statistic),
            List.of(sink().build()),
            new Call[] {call("a", "2018-11-01T12:00:00Z", "", "x")},
            new Call[] {call("a", "2018-11-01T12:00:00Z", "", "x")});
    assertThat(run.batches()).hasSize(2);
    String path = directory.resolve("parquet/s").toString();

    Dataset<Row> spark = TestSession.get().read().parquet(path);
    assertThat(spark.columns()).containsExactly("batch", "count", "_batch");
    assertThat(spark.orderBy("_batch").collectAsList())
        .extracting(Object::toString)
        .containsExactly("[x,1,0]", "[x,2,1]");
    try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duckDb.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT * FROM read_parquet('"
                    + path
                    + "/*/*.parquet', hive_partitioning = true) ORDER BY _batch")) {
      assertThat(rows.getMetaData().getColumnCount()).isEqualTo(3);
      for (long batch = 0; batch < 2; batch++) {
        assertThat(rows.next()).isTrue();
        assertThat(rows.getString("batch")).isEqualTo("x");
        assertThat(rows.getLong("count")).isEqualTo(batch + 1);
        assertThat(rows.getObject("_batch")).isEqualTo(batch);
      }
    }
  }

  @Test
  void sparkReadsTheCurrentValues() throws Exception {
    SinkRun run = SinkRun.byType(batch("a", "b"), batch("b", "c"));
    ResultSink sink = sink().build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.write(run.batch(1));
    sink.close();

    assertThat(
            TestSession.get()
                .sql(
                    "SELECT crime_type, max_by(count, _batch) AS count FROM parquet.`"
                        + directory.resolve("parquet/calls-by-type")
                        + "` GROUP BY crime_type")
                .collectAsList())
        .extracting(row -> row.getString(0) + "," + row.getLong(1))
        .containsExactlyInAnyOrder("a,1", "b,2", "c,1");
  }

  @Test
  void aDirectoryThatWasLostOrStayedBehindIsBroughtUpToDate() throws Exception {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"), batch("a", "c"), batch("a"));
    ResultSink sink = sink().build();

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
    ResultSink sink = sink().build();
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
    ResultSink over = sink().startingOver().build();
    over.open(now.batch(0));
    over.write(now.batch(1));
    over.close();

    assertThat(byType()).containsExactlyInAnyOrder("c,2", "d,1");
  }

  @Test
  void aDirectoryThatAnotherRunWritesToIsRefused() throws Exception {
    SinkRun run = SinkRun.byType(batch("a"));
    ResultSink first = sink().build();
    first.open(run.opened());
    ResultSink second = sink().startingOver().build();
    assertThatThrownBy(() -> second.open(SinkRun.byType(batch("b")).opened()))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining("is in use by another run");
    second.close();
    first.write(run.batch(0));
    first.close();
    assertThat(byType()).containsExactly("a,1");
  }

  /** The files of this machine without locks, as in a store that several machines share. */
  public static final class UnlockedFiles extends RawLocalFileSystem {
    private static final URI ROOT = URI.create("unlocked:///");
    private static Runnable beforeNextFile = () -> {};

    @Override
    public URI getUri() {
      return ROOT;
    }

    @Override
    public FSDataOutputStream create(
        org.apache.hadoop.fs.Path file,
        boolean overwrite,
        int bufferSize,
        short replication,
        long blockSize,
        Progressable progress)
        throws IOException {
      if (file.getName().endsWith(".parquet") || file.getName().startsWith("mark-")) {
        Runnable step = beforeNextFile;
        beforeNextFile = () -> {};
        step.run();
      }
      return super.create(file, overwrite, bufferSize, replication, blockSize, progress);
    }
  }

  private ParquetSinkBuilder unlockedSink() {
    TestSession.get()
        .sparkContext()
        .hadoopConfiguration()
        .set("fs.unlocked.impl", UnlockedFiles.class.getName());
    return SparkSinks.parquet("unlocked://" + directory.resolve("parquet")).on(TestSession.get());
  }

  private static void assertIsTakenOver(ThrowingCallable write) {
    assertThatThrownBy(write)
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining("was taken over by another run");
  }

  @Test
  void aRunWhoseDirectoryAnotherRunTakesOverFailsWithItsNextBatch() throws Exception {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"));
    ResultSink sink = unlockedSink().build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    ResultSink other = unlockedSink().build();
    other.open(run.batch(0));

    assertIsTakenOver(() -> sink.write(run.batch(1)));
    other.write(run.batch(1));

    assertThat(byType()).containsExactlyInAnyOrder("a,1", "b,1");
  }

  /** The superseded run has other results under the number of the batch. */
  @Test
  void aRunWhoseDirectoryAnotherRunTakesOverDuringAWriteChangesNoBatch() throws Exception {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"));
    SinkRun now = SinkRun.byType(batch("c"), batch("d", "d"));
    ResultSink sink = unlockedSink().build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    ResultSink other = unlockedSink().startingOver().build();
    UnlockedFiles.beforeNextFile =
        () -> {
          // The other run has completed both batches before this one writes its file.
          Thread thread =
              new Thread(
                  () -> {
                    other.open(now.opened());
                    other.write(now.batch(0));
                    other.write(now.batch(1));
                  });
          thread.start();
          try {
            thread.join();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        };

    assertThatThrownBy(() -> sink.write(run.batch(1))).isInstanceOf(CallstreamException.class);
    assertIsTakenOver(() -> sink.write(run.batch(1)));

    assertThat(byType()).containsExactlyInAnyOrder("c,1", "d,2");
    other.open(now.batch(1));
  }

  /** Returns the only mark. */
  private Path mark() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("parquet/_callstream"))) {
      List<Path> marks =
          files.filter(file -> file.getFileName().toString().startsWith("mark-")).toList();
      assertThat(marks).hasSize(1);
      return marks.get(0);
    }
  }

  /** Repeats the case, because the ids of runs are random. */
  @RepeatedTest(10)
  void aRunThatWasSupersededCannotTakeTheDirectoryBack() throws Exception {
    UnlockedFiles files = new UnlockedFiles();
    files.initialize(UnlockedFiles.ROOT, new Configuration());
    org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(directory.toString());
    ParquetMarks before = new ParquetMarks(files, path, "x");
    ParquetMarks now = new ParquetMarks(files, path, "x");
    before.claim(new BatchMark(-1, "a"));
    for (int batch = 0; batch < 11; batch++) {
      before.write(new BatchMark(batch, "a"));
    }
    assertThat(now.last()).isEqualTo(new BatchMark(10, "a"));
    // The other run claims the directory when this one has listed the marks.
    UnlockedFiles.beforeNextFile =
        () -> {
          try {
            now.claim(new BatchMark(10, "b"));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        };
    before.write(new BatchMark(11, "a"));

    assertThat(now.last()).isEqualTo(new BatchMark(10, "b"));
    now.write(new BatchMark(11, "b"));
    assertIsTakenOver(() -> before.write(new BatchMark(12, "a")));
  }

  /** A run may be killed between the creation of a mark and the deletion of the one before. */
  @Test
  void theNewerOfTwoMarksCounts() throws Exception {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"));
    ResultSink sink = sink().build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    Path first = mark();
    sink.write(run.batch(1));
    sink.close();
    Files.createFile(first);

    ResultSink again = sink().build();
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
    ResultSink sink = sink().build();
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
    ResultSink sink = sink().build();
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
    ResultSink sink = sink().build();
    sink.open(finished.opened());
    sink.write(finished.batch(0));
    sink.close();

    SinkRun other = SinkRun.byType(batch("b"));
    assertThatThrownBy(() -> sink.open(other.opened())).hasMessageContaining("of another run");
    sink.close();
    Files.delete(mark());
    assertThatThrownBy(() -> sink.open(other.opened()))
        .hasMessageContaining("it is unknown which run wrote them");
    sink.close();
    assertThat(byType()).containsExactly("a,1");
  }

  @Test
  void anInterruptEndsABatchAndIsKept() {
    SinkRun run = SinkRun.byType(batch("a"));
    ResultSink sink = sink().build();
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

    ResultSink sink = SparkSinks.parquet(file + "/parquet").on(TestSession.get()).build();
    assertThatThrownBy(() -> sink.open(run.opened()))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("name another directory");
    sink.close();
  }
}
