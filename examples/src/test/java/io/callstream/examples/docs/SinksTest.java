package io.callstream.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.KafkaSinks;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.ResultSink;
import io.callstream.sink.Sinks;
import io.callstream.spark.SparkSinks;
import io.callstream.statistic.StandardStatistics;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** Contains the code of docs/sinks.md. */
class SinksTest {
  @TempDir private Path directory;

  @Test
  void allAtOnce() throws Exception {
    KafkaTopic topic = KafkaTopic.of("police.service.calls").at(ExampleTopic.brokers());
    KafkaCluster cluster = KafkaCluster.at(ExampleTopic.brokers());
    JsonFormat format = SanFranciscoCalls.json();
    ZoneId zone = format.zone();
    String lake = directory.toString();
    try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().start()) {
      DataSource dataSource = postgres.getPostgresDatabase();
      execute(dataSource, "CREATE SCHEMA calls");

      Pipeline pipeline =
          Pipeline.builder(topic, format)
              .statistics(StandardStatistics.all(zone, Duration.ofHours(1)))
              .results(Sinks.jdbc(dataSource).schema("calls").build())
              .results(KafkaSinks.at(cluster).results("call-counts"))
              .deadLetters(KafkaSinks.at(cluster).deadLetters("call-letters"))
              .results(SparkSinks.parquet(lake).build())
              .build();

      try (RunningPipeline running = Engines.named("spark").start(pipeline, RunOptions.bounded())) {
        running.awaitTermination();
        assertThat(sum(dataSource)).isEqualTo(ExampleTopic.CALLS);
      }
      assertThat(directory.resolve("calls-by-type")).isDirectoryContaining("glob:**_batch=*");
    }
  }

  private static void execute(DataSource database, String sql) throws Exception {
    try (Connection connection = database.getConnection()) {
      connection.createStatement().execute(sql);
    }
  }

  private static long sum(DataSource database) throws Exception {
    try (Connection connection = database.getConnection();
        ResultSet sum =
            connection
                .createStatement()
                .executeQuery("SELECT sum(count) FROM calls.calls_by_type")) {
      sum.next();
      return sum.getLong(1);
    }
  }

  @Test
  void eachWithItsOptions() {
    DataSource dataSource = new PGSimpleDataSource();
    String brokers = "kafka-1:9092";
    ResultSink tables =
        Sinks.jdbc(dataSource)
            .schema("calls") // must exist; default: the schema of the connection
            .prefix("sf_") // of all tables; default: none
            .timeout(Duration.ofSeconds(20))
            .attempts(4)
            .build();

    KafkaSinks sinks =
        KafkaSinks.at(KafkaCluster.at(brokers))
            .creating(2, 3) // partitions and replicas of topics that are missing
            .deliveringWithin(Duration.ofSeconds(30)); // delivery.timeout.ms

    assertThat(tables).isNotNull();
    assertThat(sinks).isNotNull();
  }

  @Test
  void parquetOnASession() {
    String lake = directory.toString();
    SparkSession session =
        SparkSession.builder()
            .master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate();
    ResultSink onTheEnginesSession = SparkSinks.parquet(lake).build();
    ResultSink onYours = SparkSinks.parquet(lake).on(session).build();
    assertThat(onYours).hasToString(onTheEnginesSession.toString());
    session.stop();
  }

  /** Merges the counts of a statistic into a table with the columns crime_type and count. */
  record MergeSink(SparkSession session, String statistic, String table) implements ResultSink {
    @Override
    public void open(BatchResults restored) {
      merge(restored.results(statistic).rows()); // A table that lacks batches gets all results.
    }

    @Override
    public void write(BatchResults batch) {
      merge(batch.updates(statistic));
    }

    private void merge(List<ResultRow> results) {
      List<Row> rows = new ArrayList<>();
      results.forEach(r -> rows.add(RowFactory.create(r.dimensions().get(0), r.count())));
      StructType schema = StructType.fromDDL("crime_type STRING, count BIGINT");
      session.createDataFrame(rows, schema).createOrReplaceTempView("changes");
      session.sql(
          "MERGE INTO "
              + table
              + " t USING changes c ON t.crime_type = c.crime_type"
              + " WHEN MATCHED THEN UPDATE SET t.count = c.count"
              + " WHEN NOT MATCHED THEN INSERT (crime_type, count) VALUES (c.crime_type, c.count)");
    }
  }
}
