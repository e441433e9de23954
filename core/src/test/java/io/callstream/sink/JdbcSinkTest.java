package io.callstream.sink;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static io.callstream.testing.SinkRun.call;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.Fields;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.local.LocalEngine;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.testing.NumberCalls;
import io.callstream.testing.SinkRun;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
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
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Runs with dedicated servers: PostgreSQL with both dialects, and H2 with the standard dialect. */
class JdbcSinkTest {
  private static final ZoneId LOS_ANGELES = ZoneId.of("America/Los_Angeles");
  private static final AtomicInteger SCHEMAS = new AtomicInteger();

  @TempDir private Path directory;

  /** A database, and whether the sink finds its dialect or uses another. */
  enum Database {
    POSTGRESQL,
    POSTGRESQL_WITH_MERGE,
    H2;

    JdbcSinkBuilder sink(DataSource source) {
      JdbcSinkBuilder sink = Sinks.jdbc(source);
      return this == POSTGRESQL_WITH_MERGE ? sink.dialect(JdbcDialect.STANDARD) : sink;
    }

    DataSource source() {
      if (this == H2) {
        JdbcDataSource source = new JdbcDataSource();
        source.setURL("jdbc:h2:mem:tests;DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=1000");
        return source;
      }
      return Postgres.server().getPostgresDatabase();
    }
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void findsTheDialectOfTheDatabase(Database database) throws SQLException {
    try (Connection connection = database.source().getConnection()) {
      assertThat(JdbcDialect.of(connection))
          .isEqualTo(database == Database.H2 ? JdbcDialect.STANDARD : JdbcDialect.POSTGRESQL);
    }
  }

  private static String newSchema(DataSource source) throws SQLException {
    String schema = "s" + SCHEMAS.incrementAndGet();
    execute(source, "CREATE SCHEMA \"" + schema + "\"");
    return schema;
  }

  private static void execute(DataSource source, String sql) throws SQLException {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Call of(String type) {
    return call(type, "2018-11-01T12:00:00Z", "HAN", "A");
  }

  private static Call[] batch(Call... calls) {
    return calls;
  }

  /**
   * Returns the lines of a CSV file without its header, computed from the table independently of
   * the sink.
   */
  private static List<String> lines(DataSource source, String select) throws SQLException {
    List<String> lines = new ArrayList<>();
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(select)) {
      int columns = rows.getMetaData().getColumnCount();
      while (rows.next()) {
        List<String> cells = new ArrayList<>();
        for (int c = 1; c <= columns; c++) {
          Object value = rows.getObject(c);
          if (value instanceof java.sql.Timestamp) {
            value = rows.getObject(c, OffsetDateTime.class);
          }
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

  private List<String> csv(String statistic) throws IOException {
    try (Stream<String> lines = Files.lines(directory.resolve(statistic + ".csv"))) {
      return lines.skip(1).toList();
    }
  }

  private static String allOf(List<String> columns, String schema, String table) {
    return columns.stream().map(c -> '"' + c + '"').collect(Collectors.joining(", ", "SELECT ", ""))
        + " FROM \""
        + schema
        + "\".\""
        + table
        + "\"";
  }

  private static String byType(String schema) {
    return "SELECT \"crime_type\", \"count\" FROM \"" + schema + "\".\"calls_by_type\"";
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void deletesTheRowsOfGroupsThatCorrectionsRemoved(Database database) throws Exception {
    DataSource source = database.source();
    String schema = newSchema(source);
    SinkRun run =
        SinkRun.corrected(
            List.of(Sinks.csv(directory), database.sink(source).schema(schema).build()));
    for (Statistic statistic : SinkRun.CORRECTED) {
      List<String> expected =
          csv(statistic.name()).stream().map(line -> line.replace("0.250000", "0.25")).toList();
      String select = allOf(statistic.columns(), schema, statistic.name().replace('-', '_'));
      assertThat(lines(source, select))
          .as(statistic.name())
          .containsExactlyInAnyOrderElementsOf(expected);
    }
    assertThat(csv("calls-by-type")).containsExactlyInAnyOrder("b,1", "c,2", "d,1");

    // A sink that missed the corrections deletes the rows when it catches up.
    String behind = newSchema(source);
    ResultSink sink = database.sink(source).schema(behind).build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.close();
    assertThat(lines(source, byType(behind))).contains("a,1");
    sink.open(run.batch(2));
    sink.close();
    assertThat(lines(source, byType(behind))).containsExactlyInAnyOrder("b,1", "c,2", "d,1");
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void tablesHoldWhatTheCsvFilesHold(Database database) throws Exception {
    DataSource source = database.source();
    String schema = newSchema(source);
    List<Statistic> statistics = StandardStatistics.all(LOS_ANGELES, Duration.ofHours(1));
    SinkRun.of(
        statistics,
        List.of(Sinks.csv(directory), database.sink(source).schema(schema).prefix("sf_").build()),
        batch(
            call("Passing Call", "2018-11-04T08:10:00Z", "HAN", "A St"),
            call("Passing Call", "2018-11-04T09:20:00Z", "HAN", "B St"),
            call("415", "2018-11-04T09:30:00Z", "OTS", "")),
        batch(
            call("Passing Call", "2018-11-04T10:00:00Z", "HAN", "B St"),
            call("415", "2018-11-04T09:31:00Z", "OTS", "B St")));

    for (Statistic statistic : statistics) {
      assertThat(
              lines(
                  source,
                  allOf(statistic.columns(), schema, "sf_" + statistic.name().replace('-', '_'))))
          .as(statistic.name())
          .containsExactlyInAnyOrderElementsOf(csv(statistic.name()));
    }
    assertThat(
            lines(
                source,
                "SELECT \"statistic\", \"batch\" FROM \""
                    + schema
                    + "\".\"_sf_batches\" ORDER BY 1"))
        .containsExactly(
            "calls-by-hour-of-week,1",
            "calls-by-location,1",
            "calls-by-type,1",
            "calls-by-type-and-disposition-hourly,1");
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void numbersKeepAllDigits(Database database) throws Exception {
    DataSource source = database.source();
    String schema = newSchema(source);
    NumberCalls.run(database.sink(source).schema(schema).build());
    assertThat(lines(source, allOf(NumberCalls.STATISTIC.columns(), schema, "numbers")))
        .containsExactlyInAnyOrderElementsOf(NumberCalls.LINES);
    // The sink accepts the table that it created.
    NumberCalls.run(database.sink(source).schema(schema).startingOver().build());
    assertThat(lines(source, allOf(NumberCalls.STATISTIC.columns(), schema, "numbers")))
        .containsExactlyInAnyOrderElementsOf(NumberCalls.LINES);
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void rejectsATableThatWouldRoundNumbers(Database database) throws Exception {
    DataSource source = database.source();
    String schema = newSchema(source);
    NumberCalls.run(database.sink(source).schema(schema).build());
    execute(
        source,
        "ALTER TABLE \""
            + schema
            + "\".\"numbers\" ALTER COLUMN \"revenue\" "
            + (database == Database.H2 ? "SET DATA TYPE" : "TYPE")
            + " numeric(38, 1)");
    assertThatThrownBy(
            () -> NumberCalls.run(database.sink(source).schema(schema).startingOver().build()))
        .hasStackTraceContaining("revenue is not numeric(38, 2)");
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void everyTypeOfColumnKeepsItsValue(Database database) throws Exception {
    DataSource source = database.source();
    String schema = newSchema(source);
    Statistic statistic =
        Statistic.named("1-s")
            .by(
                Dimension.ofNumber("length", Set.of(Fields.ADDRESS), c -> c.address().length()),
                Dimensions.CRIME_TYPE)
            .maxGroups(2)
            .measuring(
                Measures.count(),
                Measures.share(),
                Measures.approximateDistinct("places", Fields.ADDRESS),
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
        List.of(database.sink(source).schema(schema).build()),
        batch(
            call("a", "2018-11-01T12:00:00Z", "", ""),
            call("b", "2018-11-01T12:00:00Z", "", "1234"),
            call("c", "2018-11-01T12:00:00Z", "", "12345"),
            call("d", "2018-11-01T12:00:00Z", "", "123456")));

    assertThat(lines(source, allOf(statistic.columns(), schema, "1_s")))
        .containsExactlyInAnyOrder(
            "0,a,1,0.25,0,null", "4,b,1,0.25,1,4000", "null,(other),2,0.5,2,6000");
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void aBatchThatComesAgainChangesNothing(Database database) throws Exception {
    DataSource source = database.source();
    String schema = newSchema(source);
    SinkRun run =
        SinkRun.of(
            List.of(StandardStatistics.callsByType()),
            List.of(),
            batch(of("a"), of("b")),
            batch(of("b"), of("c")));
    ResultSink sink = database.sink(source).schema(schema).build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.write(run.batch(1));
    sink.write(run.batch(1));
    sink.close();
    List<String> once = lines(source, byType(schema));

    sink.open(run.batch(0));
    assertThat(lines(source, byType(schema))).isEqualTo(once);
    sink.write(run.batch(1));
    sink.close();

    assertThat(once).containsExactlyInAnyOrder("a,1", "b,2", "c,1");
    assertThat(lines(source, byType(schema))).containsExactlyInAnyOrderElementsOf(once);
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void hostileTextsStayData(Database database) throws Exception {
    DataSource source = database.source();
    String schema = newSchema(source);
    List<String> texts =
        List.of(
            "'; DROP TABLE calls_by_type; --",
            "\" OR 1=1",
            "$1 ? :name \\' \\",
            "Zo\u00eb \ud83d\ude00",
            "a,b\r\n",
            "nul\0a",
            "nul\ufffda",
            "x".repeat(100_000),
            "x".repeat(99_999) + "y");
    SinkRun.of(
        List.of(StandardStatistics.callsByType()),
        List.of(database.sink(source).schema(schema).build()),
        texts.stream().map(JdbcSinkTest::of).toArray(Call[]::new),
        texts.stream().map(JdbcSinkTest::of).toArray(Call[]::new));

    assertThat(lines(source, byType(schema)))
        .containsExactlyInAnyOrderElementsOf(
            texts.stream().map(text -> text.replace('\0', '\ufffd') + ",2").toList());
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void namesThatDatabasesCutOffStayApart(Database database) throws Exception {
    DataSource source = database.source();
    String schema = newSchema(source);
    String name = "n".repeat(98);
    List<Statistic> statistics =
        List.of(
            Statistic.named(name + "-a").build(),
            Statistic.named(name + "-b").by(Dimension.of("select", Fields.TYPE)).build(),
            Statistic.named("batches").build());

    SinkRun.of(
        statistics, List.of(database.sink(source).schema(schema).build()), batch(of("a"), of("b")));

    List<String> tables =
        lines(
            source,
            "SELECT table_name FROM information_schema.tables WHERE table_schema = '"
                + schema
                + "'");
    assertThat(tables).hasSize(4).contains("batches", "_batches").allMatch(t -> t.length() <= 63);
    for (String table : tables) {
      assertThat(lines(source, "SELECT COUNT(*) FROM \"" + schema + "\".\"" + table + "\""))
          .isNotEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void tablesThatWereLostOrStayedBehindAreBroughtUpToDate(Database database) throws Exception {
    DataSource source = database.source();
    String schema = newSchema(source);
    SinkRun run =
        SinkRun.of(
            List.of(
                StandardStatistics.callsByType(),
                StandardStatistics.callsByHourOfWeek(LOS_ANGELES)),
            List.of(),
            batch(of("a")),
            batch(of("b")),
            batch(of("a"), of("c")));
    ResultSink sink = database.sink(source).schema(schema).build();

    sink.open(run.batch(1)); // a sink that was added to a pipeline with earlier batches
    assertThat(lines(source, byType(schema))).containsExactlyInAnyOrder("a,1", "b,1");
    sink.close();
    execute(source, "DROP TABLE \"" + schema + "\".\"calls_by_type\"");
    sink.open(run.batch(1)); // a table that was lost
    assertThat(lines(source, byType(schema))).containsExactlyInAnyOrder("a,1", "b,1");
    sink.close();
    sink.open(run.batch(2)); // a sink that missed a batch
    sink.close();

    assertThat(lines(source, byType(schema))).containsExactlyInAnyOrder("a,2", "b,1", "c,1");
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void resultsOfAnotherRunAreRefusedUnlessTheSinkStartsOver(Database database) throws Exception {
    DataSource source = database.source();
    String schema = newSchema(source);
    List<Statistic> statistics = List.of(StandardStatistics.callsByType());
    SinkRun before = SinkRun.of(statistics, List.of(), batch(of("a")), batch(of("b")));
    ResultSink sink = database.sink(source).schema(schema).build();
    sink.open(before.opened());
    sink.write(before.batch(0));
    sink.write(before.batch(1));
    sink.close();
    SinkRun now = SinkRun.of(statistics, List.of(), batch(of("c"), of("c")), batch(of("d")));

    for (BatchResults restored : List.of(now.opened(), now.batch(0), now.batch(1))) {
      assertThatThrownBy(() -> sink.open(restored))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining(schema + ".calls_by_type")
          .hasMessageContaining("of another run")
          .extracting(e -> ((CallstreamException) e).code())
          .isEqualTo(ErrorCode.SINK_FAILED);
    }
    assertThat(lines(source, byType(schema))).containsExactlyInAnyOrder("a,1", "b,1");

    ResultSink over = database.sink(source).schema(schema).startingOver().build();
    over.open(now.batch(0));
    over.write(now.batch(1));
    over.close();
    assertThat(lines(source, byType(schema))).containsExactlyInAnyOrder("c,2", "d,1");
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void theFirstBatchOfARunThatWasKilledComesAgain(Database database) throws Exception {
    DataSource source = database.source();
    String schema = newSchema(source);
    List<Statistic> statistics = List.of(StandardStatistics.callsByType());
    SinkRun run = SinkRun.of(statistics, List.of(), batch(of("a")), batch(of("b")));
    ResultSink sink = database.sink(source).schema(schema).build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.close();

    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.write(run.batch(1));
    sink.close();

    assertThat(lines(source, byType(schema))).containsExactlyInAnyOrder("a,1", "b,1");
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void aRunOfOneBatchIsNotTakenForOneThatWasKilledInIt(Database database) throws Exception {
    DataSource source = database.source();
    String schema = newSchema(source);
    List<Statistic> statistics = List.of(StandardStatistics.callsByType());
    SinkRun finished = SinkRun.of(statistics, List.of(), batch(of("a")));
    SinkRun other = SinkRun.of(statistics, List.of(), batch(of("b")));
    ResultSink sink = database.sink(source).schema(schema).build();
    sink.open(finished.opened());
    sink.write(finished.batch(0));
    sink.close();

    assertThatThrownBy(() -> sink.open(other.opened())).hasMessageContaining("of another run");
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("DELETE FROM \"" + schema + "\".\"_batches\"");
    }
    assertThatThrownBy(() -> sink.open(other.opened()))
        .hasMessageContaining("it is unknown which run wrote them");
    assertThat(lines(source, byType(schema))).containsExactly("a,1");
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void aRunThatWasThoughtDeadFindsThatAnotherTookOver(Database database) throws Exception {
    DataSource source = database.source();
    String schema = newSchema(source);
    SinkRun run = SinkRun.of(List.of(StandardStatistics.callsByType()), List.of(), batch(of("a")));
    ResultSink first = database.sink(source).schema(schema).build();
    ResultSink second = database.sink(source).schema(schema).build();
    first.open(run.opened());
    second.open(run.opened());
    second.write(run.batch(0));

    assertThatThrownBy(() -> first.write(run.batch(0)))
        .hasMessageContaining("taken over by another run");
    first.close();
    second.close();
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void aTableOfAnotherShapeIsRefusedAndLeftAlone(Database database) throws Exception {
    DataSource source = database.source();
    String schema = newSchema(source);
    execute(source, "CREATE TABLE \"" + schema + "\".\"calls_by_type\" (\"crime_type\" integer)");
    SinkRun run = SinkRun.of(List.of(StandardStatistics.callsByType()), List.of(), batch(of("a")));

    assertThatThrownBy(() -> database.sink(source).schema(schema).build().open(run.opened()))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining(schema + ".calls_by_type")
        .hasMessageContaining("crime_type is not")
        .hasMessageContaining("count is missing")
        .hasMessageContaining("CREATE TABLE");
  }

  @Test
  void aTableThatIsLockedFailsTheBatchWhenItsTriesAreOver() throws Exception {
    DataSource source = Database.POSTGRESQL.source();
    String schema = newSchema(source);
    SinkRun run = SinkRun.of(List.of(StandardStatistics.callsByType()), List.of(), batch(of("a")));
    ResultSink sink =
        Sinks.jdbc(source).schema(schema).timeout(Duration.ofSeconds(1)).attempts(2).build();
    sink.open(run.opened());
    try (Connection other = source.getConnection();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("LOCK TABLE \"" + schema + "\".\"calls_by_type\"");

      assertThatThrownBy(() -> sink.write(run.batch(0)))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining(schema + ".calls_by_type")
          .hasMessageContaining("tried 2 times")
          .hasMessageContaining("57014")
          .hasMessageContaining("holds a lock")
          .extracting(e -> ((CallstreamException) e).code())
          .isEqualTo(ErrorCode.SINK_FAILED);
      other.rollback();
    }
    sink.write(run.batch(0));
    sink.close();
    assertThat(lines(source, byType(schema))).containsExactly("a,1");
  }

  @Test
  void aTableThatStaysLockedFailsThePipeline() throws Exception {
    DataSource source = Database.POSTGRESQL.source();
    String schema = newSchema(source);
    MemorySource calls = MemorySource.withPartitions(1);
    Pipeline pipeline =
        Pipeline.builder(calls, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .results(
                Sinks.jdbc(source)
                    .schema(schema)
                    .timeout(Duration.ofSeconds(1))
                    .attempts(2)
                    .build())
            .build();
    try (Connection other = source.getConnection();
        Statement statement = other.createStatement();
        RunningPipeline running = new LocalEngine().start(pipeline, RunOptions.continuous())) {
      other.setAutoCommit(false);
      statement.execute("LOCK TABLE \"" + schema + "\".\"calls_by_type\"");
      calls.add(0, Instant.now(), SanFranciscoCalls.json().write(of("a")));

      assertThatThrownBy(() -> running.awaitTermination(Duration.ofMinutes(1)))
          .hasMessageContaining(schema + ".calls_by_type")
          .hasMessageContaining("is repeated");
      assertThat(running.state()).isEqualTo(RunningPipeline.State.FAILED);
      assertThatAccounting(running.accounting()).addsUpFor(pipeline);
    }
  }

  @Test
  void aConnectionThatWasCutIsReplaced() throws Exception {
    DataSource source = Database.POSTGRESQL.source();
    String schema = newSchema(source);
    SinkRun run =
        SinkRun.of(
            List.of(StandardStatistics.callsByType()), List.of(), batch(of("a")), batch(of("a")));
    PGSimpleDataSource named = new PGSimpleDataSource();
    named.setUrl(Postgres.server().getJdbcUrl("postgres", "postgres"));
    named.setApplicationName("cut");
    ResultSink sink = Sinks.jdbc(named).schema(schema).build();
    sink.open(run.opened());
    sink.write(run.batch(0));
    execute(
        source,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut'");

    sink.write(run.batch(1));
    sink.close();

    assertThat(lines(source, byType(schema))).containsExactly("a,2");
  }

  @Test
  void aServerThatSaysNothingFailsTheSinkInTime() throws Exception {
    SinkRun run = SinkRun.of(List.of(StandardStatistics.callsByType()), List.of(), batch(of("a")));
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
      PGSimpleDataSource source = new PGSimpleDataSource();
      source.setUrl("jdbc:postgresql://127.0.0.1:" + silent.getLocalPort() + "/x?password=geheim");
      ResultSink sink = Sinks.jdbc(source).timeout(Duration.ofSeconds(1)).attempts(2).build();

      assertThatThrownBy(() -> sink.open(run.opened()))
          .hasMessageContaining("tried 2 times")
          .hasMessageContaining("no connection within 1 s")
          .hasStackTraceContaining("08001")
          .satisfies(JdbcSinkTest::tellsNoSecret);
    }
  }

  static Stream<DataSource> sourcesWithSecrets() {
    PGSimpleDataSource nobody = new PGSimpleDataSource();
    nobody.setUrl("jdbc:postgresql://127.0.0.1:1/x?user=u&password=geheim");
    return Stream.of(nobody, new NoDriver());
  }

  @ParameterizedTest
  @MethodSource("sourcesWithSecrets")
  void noSecretIsTold(DataSource source) {
    SinkRun run = SinkRun.of(List.of(StandardStatistics.callsByType()), List.of(), batch(of("a")));
    ResultSink sink = Sinks.jdbc(source).attempts(1).build();

    assertThatThrownBy(() -> sink.open(run.opened()))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("08001")
        .satisfies(JdbcSinkTest::tellsNoSecret);
    assertThat(sink.toString()).doesNotContain("geheim");
  }

  private static void tellsNoSecret(Throwable failure) {
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace));
    assertThat(trace.toString()).doesNotContain("geheim");
  }

  @Test
  void aRowThatTheDatabaseRefusesIsNotTold() throws Exception {
    DataSource source = Database.POSTGRESQL.source();
    String schema = newSchema(source);
    SinkRun run =
        SinkRun.of(List.of(StandardStatistics.callsByType()), List.of(), batch(of("geheim")));
    ResultSink sink = Sinks.jdbc(source).schema(schema).build();
    sink.open(run.opened());
    execute(
        source,
        "ALTER TABLE \""
            + schema
            + "\".\"calls_by_type\" ADD CONSTRAINT short CHECK (length(crime_type) < 2)");

    assertThatThrownBy(() -> sink.write(run.batch(0)))
        .hasMessageContaining("23514")
        .hasMessageContaining("calls_by_type")
        .satisfies(JdbcSinkTest::tellsNoSecret);
    sink.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Zo\u00eb \ud83d\ude00 geheim", "nul\0 geheim"})
  void aCharacterThatTheDatabaseLacksIsToldWithTheCure(String type) throws Exception {
    execute(Database.POSTGRESQL.source(), "DROP DATABASE IF EXISTS latin1");
    execute(
        Database.POSTGRESQL.source(),
        "CREATE DATABASE latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    DataSource source = Postgres.server().getDatabase("postgres", "latin1");
    SinkRun run =
        SinkRun.of(
            List.of(StandardStatistics.callsByType()), List.of(), batch(of("Zo\u00eb"), of(type)));
    ResultSink sink = Sinks.jdbc(source).build();
    sink.open(run.opened());

    assertThatThrownBy(() -> sink.write(run.batch(0)))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining("SQLState 22P05")
        .hasMessageContaining("lacks a character")
        .hasMessageContaining("ENCODING 'UTF8'")
        .satisfies(JdbcSinkTest::tellsNoSecret);
    sink.close();
  }

  @Test
  void anInterruptEndsTheTriesAndIsKept() throws Exception {
    SinkRun run = SinkRun.of(List.of(StandardStatistics.callsByType()), List.of(), batch(of("a")));
    ResultSink sink = Sinks.jdbc(Database.H2.source()).build();
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> sink.open(run.opened())).hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
  }

  /** Throws the exception of DriverManager for a URL that no driver supports. */
  private static final class NoDriver implements DataSource {
    @Override
    public Connection getConnection() throws SQLException {
      return DriverManager.getConnection("jdbc:nobody://host/x?password=geheim");
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
      return getConnection();
    }

    @Override
    public PrintWriter getLogWriter() {
      return new PrintWriter(System.err, true);
    }

    @Override
    public void setLogWriter(PrintWriter out) {}

    @Override
    public void setLoginTimeout(int seconds) {}

    @Override
    public int getLoginTimeout() {
      return 0;
    }

    @Override
    public Logger getParentLogger() {
      return Logger.getGlobal();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
      throw new SQLException("no " + type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
      return false;
    }
  }
}
