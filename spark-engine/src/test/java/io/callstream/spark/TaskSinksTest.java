package io.callstream.spark;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Fields;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.contract.SourceRecord;
import io.callstream.kafka.KafkaSinks;
import io.callstream.kafka.TopicReader;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sinks that the engine's tasks write, compared with those that its driver writes. */
class TaskSinksTest {
  private static final List<Statistic> STATISTICS =
      List.of(
          Statistic.named("types")
              .by(Dimensions.CRIME_TYPE)
              .measuring(
                  Measures.count(), Measures.approximateDistinct("addresses", Fields.ADDRESS))
              .build(),
          Statistic.named("hourly")
              .by(Dimensions.CRIME_TYPE, Dimensions.DISPOSITION)
              .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
              .emitting(Emission.ON_UPDATE)
              .build(),
          Statistic.named("closed")
              .by(Dimensions.DISPOSITION)
              .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
              .emitting(Emission.ON_CLOSE)
              .build());

  @TempDir private Path directory;

  private final KafkaTopic calls = TestBroker.topic(2);

  private void send(int hour) {
    List<SourceRecord> records = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      String json =
          ("{\"crime_id\":\"%d\",\"original_crime_type_name\":\"type %d\",\"address\":\"%d\","
                  + "\"disposition\":\"%s\",\"call_date_time\":\"2018-06-01T%02d:%02d\"}")
              .formatted(
                  hour * 3_000 + i, i % 700, i % 90, i % 7 == 0 ? "GOA" : "HAN", hour, i % 60);
      records.add(
          new SourceRecord(i % 2, Instant.parse("2018-06-02T00:00:00Z"), json.getBytes(UTF_8)));
    }
    TestBroker.send(calls, records);
  }

  private void run(String name, SparkSettings settings) throws Exception {
    Pipeline pipeline =
        Pipeline.builder(calls, SanFranciscoCalls.json())
            .statistics(STATISTICS)
            .results(KafkaSinks.at(TestBroker.cluster()).results(topic(name)))
            .results(
                SparkSinks.parquet(directory.resolve(name).toString())
                    .on(TestSession.get())
                    .build())
            .build();
    RunOptions options =
        RunOptions.bounded()
            .readingAtMost(2_000)
            .checkpointingTo(directory.resolve(name + "-checkpoint").toString());
    try (RunningPipeline run =
        SparkEngine.on(TestSession.get(), settings).start(pipeline, options)) {
      run.awaitTermination();
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
    }
  }

  private String topic(String name) {
    return calls.name() + "-" + name;
  }

  private List<String> records(String name) {
    List<String> records = new ArrayList<>();
    TopicReader.of(TestBroker.cluster(), topic(name))
        .fromBeginning()
        .read(
            row -> {
              String key = new String(row.key(), UTF_8);
              if (key.startsWith("{\"statistic\"")) {
                records.add(key + new String(row.value(), UTF_8));
              }
            });
    return records;
  }

  private List<String> rows(String name) {
    List<String> rows = new ArrayList<>();
    for (Statistic statistic : STATISTICS) {
      TestSession.get()
          .read()
          .parquet(directory.resolve(name).resolve(statistic.name()).toString())
          .collectAsList()
          .forEach(row -> rows.add(statistic.name() + row));
    }
    return rows;
  }

  @Test
  @Tag("thorough")
  void tasksWriteToKafkaAndParquetWhatTheDriverWrites() throws Exception {
    SparkSettings inDriver = SparkSettings.defaults().shufflePartitions(3);
    for (int hour = 8; hour < 11; hour++) {
      send(hour);
      run("tasks", inDriver.resultsInExecutors());
      run("driver", inDriver);
    }
    assertThat(records("tasks"))
        .hasSizeGreaterThan(2_000)
        .containsExactlyInAnyOrderElementsOf(records("driver"));
    assertThat(rows("tasks"))
        .hasSizeGreaterThan(2_000)
        .containsExactlyInAnyOrderElementsOf(rows("driver"));
  }
}
