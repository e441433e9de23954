package io.callstream.sink;

import static io.callstream.testing.SinkRun.call;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.TaskSink;
import io.callstream.pipeline.TaskWriter;
import io.callstream.sink.JdbcSinkTest.Database;
import io.callstream.statistic.Statistic;
import io.callstream.testing.NumberCalls;
import io.callstream.testing.SinkRun;
import io.callstream.testing.TaskDelivery;
import java.io.Serializable;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcConnectionPool;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Tables that tasks write, compared with tables that the driver writes. */
class JdbcTaskTest {
  private static final int TASKS = 3;
  private static final AtomicInteger SCHEMAS = new AtomicInteger();

  /** Three batches, the second and third of which remove groups. */
  private static final SinkRun CORRECTED = SinkRun.corrected(List.of());

  private static String newSchema(DataSource source) throws SQLException {
    String schema = "t" + SCHEMAS.incrementAndGet();
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE SCHEMA \"" + schema + "\"");
    }
    return schema;
  }

  /** Returns all rows of the tables of a run and of the table of batches, without the run ids. */
  private static List<String> content(DataSource source, String schema, SinkRun run)
      throws SQLException {
    List<String> content = new ArrayList<>();
    for (Statistic statistic : run.opened().pipeline().statistics()) {
      content.addAll(rows(source, schema, statistic.name().replace('-', '_'), "*"));
    }
    content.addAll(rows(source, schema, "_batches", "\"statistic\", \"batch\", \"lineage\""));
    return content;
  }

  private static List<String> rows(DataSource source, String schema, String table, String columns)
      throws SQLException {
    List<String> content = new ArrayList<>();
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT %s FROM \"%s\".\"%s\"".formatted(columns, schema, table))) {
      while (rows.next()) {
        List<String> cells = new ArrayList<>(List.of(table));
        for (int c = 1; c <= rows.getMetaData().getColumnCount(); c++) {
          cells.add(rows.getString(c));
        }
        content.add(String.join(",", cells));
      }
    }
    return content.stream().sorted().toList();
  }

  /** Returns the content of tables that the driver has written. */
  private static List<String> byDriver(Database database, SinkRun run) throws SQLException {
    DataSource source = database.source();
    String schema = newSchema(source);
    ResultSink sink = database.sink(source).schema(schema).build();
    sink.open(run.opened());
    for (BatchResults batch : run.batches()) {
      sink.write(batch);
    }
    sink.close();
    return content(source, schema, run);
  }

  private static TaskDelivery delivery(SinkRun run, Database database, String schema) {
    DataSource source =
        database.source() instanceof JdbcDataSource h2 ? serializable(h2) : database.source();
    return new TaskDelivery(run, TASKS, database.sink(source).schema(schema).build());
  }

  /** Returns a source that connects after it was serialized, which H2's own class does not. */
  private static DataSource serializable(JdbcDataSource h2) {
    String url = h2.getURL();
    return (DataSource)
        Proxy.newProxyInstance(
            JdbcTaskTest.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (InvocationHandler & Serializable)
                (proxy, method, arguments) -> DriverManager.getConnection(url));
  }

  private static SinkRun many() {
    Call[] first = new Call[3_000];
    Call[] second = new Call[1_500];
    for (int i = 0; i < first.length; i++) {
      String type = "type \0 " + i + " \u20ac".repeat(i % 50);
      first[i] = call(type, "2018-11-01T12:00:00Z", "HAN", "A");
      second[i / 2] = first[i];
    }
    return SinkRun.byType(first, second);
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void tasksWriteWhatTheDriverWrites(Database database) throws Exception {
    for (SinkRun run : List.of(CORRECTED, NumberCalls.batches(), many())) {
      String schema = newSchema(database.source());
      delivery(run, database, schema).open().deliverAll();
      assertThat(content(database.source(), schema, run))
          .hasSizeGreaterThan(3)
          .isEqualTo(byDriver(database, run));
    }
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void attemptsThatAreAbandonedOrRepeatedChangeNothing(Database database) throws Exception {
    String schema = newSchema(database.source());
    TaskDelivery first = delivery(CORRECTED, database, schema).open();
    first.deliver(0);
    List<String> before = content(database.source(), schema, CORRECTED);
    for (int task = 0; task < TASKS; task++) {
      first.attempt(1, task).close();
    }
    assertThat(content(database.source(), schema, CORRECTED)).isEqualTo(before);
    try (TaskWriter failed = first.attempt(1, 0)) {
      assertThat(failed.commit()).isEmpty();
    }
    assertThat(first.runTasks(1)).hasSize(TASKS);

    // The driver dies before the end of the batch. Another one repeats it, and dies after its end.
    TaskDelivery second = delivery(CORRECTED, database, schema).openAfter(0);
    second.deliver(1);
    TaskDelivery third = delivery(CORRECTED, database, schema).openAfter(0);
    third.deliver(1);
    third.deliver(2);
    assertThat(content(database.source(), schema, CORRECTED))
        .isEqualTo(byDriver(database, CORRECTED));
  }

  /** The later batches change rows of the stopped attempts, and delete some of them. */
  @ParameterizedTest
  @EnumSource(Database.class)
  void aTaskThatResumesAfterALaterBatchChangesNothing(Database database) throws Exception {
    String schema = newSchema(database.source());
    TaskDelivery delivery = delivery(CORRECTED, database, schema).open();
    List<TaskWriter> stopped = new ArrayList<>();
    for (int batch = 0; batch < 3; batch++) {
      for (int task = 0; task < TASKS; task++) {
        stopped.add(delivery.attempt(batch, task));
      }
      delivery.deliver(batch);
    }
    List<String> expected = byDriver(database, CORRECTED);
    for (TaskWriter writer : stopped) {
      assertThat(writer.commit()).isEmpty();
      writer.close();
      assertThat(content(database.source(), schema, CORRECTED)).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void aStatementDoesNotReplaceTheRowOfALaterBatch(Database database) throws Exception {
    String schema = newSchema(database.source());
    TaskDelivery delivery = delivery(CORRECTED, database, schema).open();
    delivery.deliverAll();
    List<String> expected = rows(database.source(), schema, "calls_by_type", "*");
    try (Connection connection = database.source().getConnection();
        Statement statement = connection.createStatement()) {
      // The mark alone would let these attempts write.
      statement.execute("UPDATE \"" + schema + "\".\"_batches\" SET \"batch\" = -1");
    }
    for (int batch = 0; batch < 2; batch++) {
      assertThat(delivery.runTasks(batch)).hasSize(TASKS);
    }
    // Only rows that the third batch has deleted come back.
    assertThat(rows(database.source(), schema, "calls_by_type", "*"))
        .containsAll(expected)
        .filteredOn(row -> row.startsWith("calls_by_type,b,"))
        .hasSize(1);
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void attemptsThatCommitAtTheSameTimeWriteTheBatchOnce(Database database) throws Exception {
    SinkRun run = many();
    String schema = newSchema(database.source());
    TaskDelivery delivery = delivery(run, database, schema).open();
    ExecutorService threads = Executors.newFixedThreadPool(2 * TASKS);
    for (int batch = 0; batch < 2; batch++) {
      CountDownLatch start = new CountDownLatch(1);
      List<Future<byte[]>> commits = new ArrayList<>();
      for (int i = 0; i < 2 * TASKS; i++) {
        TaskWriter writer = delivery.attempt(batch, i % TASKS);
        commits.add(
            threads.submit(
                () -> {
                  start.await();
                  try (writer) {
                    return writer.commit();
                  }
                }));
      }
      start.countDown();
      List<byte[]> messages = new ArrayList<>();
      for (Future<byte[]> commit : commits) {
        messages.add(commit.get());
      }
      delivery.finish(batch, messages);
    }
    threads.shutdown();
    assertThat(content(database.source(), schema, run)).isEqualTo(byDriver(database, run));
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void tasksOfARunWhoseTablesAnotherRunTookOverFail(Database database) throws Exception {
    String schema = newSchema(database.source());
    TaskDelivery first = delivery(CORRECTED, database, schema).open();
    first.deliver(0);
    TaskWriter stopped = first.attempt(1, 0);
    TaskDelivery second = delivery(CORRECTED, database, schema).openAfter(0);
    second.deliver(1);

    assertThatThrownBy(stopped::commit)
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining("The table " + schema + ".")
        .hasMessageContaining("taken over by another run");
    stopped.close();
    assertThatThrownBy(() -> first.finish(1, List.of()))
        .hasMessageContaining("taken over by another run");
    second.deliver(2);
    assertThat(content(database.source(), schema, CORRECTED))
        .isEqualTo(byDriver(database, CORRECTED));
  }

  @ParameterizedTest
  @EnumSource(Database.class)
  void tablesThatLackBatchesAreRejectedAndKept(Database database) throws Exception {
    String schema = newSchema(database.source());
    TaskDelivery delivery = delivery(CORRECTED, database, schema);
    assertThatThrownBy(() -> delivery.openAfter(0)).hasMessage(TaskDelivery.NOT_HERE);
    delivery.open().deliver(0);
    List<String> before = content(database.source(), schema, CORRECTED);

    assertThatThrownBy(() -> delivery.openAfter(1)).hasMessage(TaskDelivery.NOT_HERE);
    assertThat(content(database.source(), schema, CORRECTED)).isEqualTo(before);
    delivery.openAfter(0).deliver(1);
  }

  /** The task has written its rows, but its process cannot end its transaction. */
  @Test
  void aTaskThatStopsInItsTransactionDelaysTheBatchByATimeout() throws Exception {
    DataSource source = Database.POSTGRESQL.source();
    String schema = newSchema(source);
    Duration timeout = Duration.ofSeconds(1);
    TaskSink sink = (TaskSink) Sinks.jdbc(source).schema(schema).timeout(timeout).build();
    TaskDelivery delivery = new TaskDelivery(CORRECTED, TASKS, sink).open();
    String run = ((JdbcTaskWriter.Tasks) sink.writers()).run();
    List<byte[]> messages = delivery.runTasks(0);
    CountDownLatch locked = new CountDownLatch(1);
    CountDownLatch finished = new CountDownLatch(1);
    ExecutorService thread = Executors.newSingleThreadExecutor();
    Future<?> stopped =
        thread.submit(
            () -> {
              try (JdbcSession session = new JdbcSession(source, timeout, 1)) {
                session.run(
                    "stop",
                    () -> {
                      JdbcDialect.POSTGRESQL.limitIdleTransaction(session, timeout);
                      assertThat(
                              new JdbcBatchTable(session, schema, "")
                                  .lock("calls-by-type", run, JdbcDialect.POSTGRESQL))
                          .isEqualTo(-1);
                      locked.countDown();
                      try {
                        finished.await();
                      } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                      }
                    });
              }
            });
    locked.await();
    delivery.finish(0, messages);
    finished.countDown();

    assertThatThrownBy(stopped::get)
        .isInstanceOf(ExecutionException.class)
        .hasMessageContaining("The database sink could not stop");
    thread.shutdown();
    assertThat(rows(source, schema, "_batches", "\"batch\"")).containsOnly("_batches,0");
  }

  @Test
  void aDataSourceThatCannotBeSentToTasksIsRejectedWithoutItsPassword() throws Exception {
    JdbcConnectionPool pool = JdbcConnectionPool.create("jdbc:h2:mem:pool", "u", "geheim");
    TaskSink sink = (TaskSink) Sinks.jdbc(pool).build();
    sink.open(CORRECTED.opened());

    assertThatThrownBy(sink::writers)
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining("the DataSource org.h2.jdbcx.JdbcConnectionPool can't be serialized")
        .hasMessageContaining("PGSimpleDataSource");
    sink.close();
    pool.dispose();
  }

  @Test
  void whatTasksGetDoesNotShowThePassword() throws Exception {
    PGSimpleDataSource source = (PGSimpleDataSource) Database.POSTGRESQL.source();
    source.setPassword("geheim");
    TaskSink sink = (TaskSink) Sinks.jdbc(source).schema(newSchema(source)).build();
    sink.open(CORRECTED.opened());
    assertThat(sink.writers().toString()).isEqualTo("tasks that write a database");
    sink.close();
  }
}
