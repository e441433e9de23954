package io.callstream.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.CallField;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.local.PipelineTester;
import io.callstream.kafka.TopicReader;
import io.callstream.kafka.TopicRecord;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Same pipeline, same batches: what Spark does must be what the local engine does. */
class SameAsLocalEngineTest {
  private static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");
  private static final SanFranciscoCalls FORMAT = SanFranciscoCalls.json();

  private static List<Statistic> statistics(Duration lateness) {
    List<Statistic> statistics = new ArrayList<>(StandardStatistics.all(ZONE, lateness));
    statistics.add(
        Statistic.named("sliding")
            .by(Dimensions.DISPOSITION)
            .over(
                Windows.sliding(Duration.ofHours(3), Duration.ofMinutes(30))
                    .allowingLateness(lateness))
            .measuring(Measures.count(), Measures.share())
            .build());
    statistics.add(
        Statistic.named("daily-noise")
            .where(call -> call.crimeType().startsWith("Noise"))
            .by(Dimensions.ADDRESS)
            .over(Windows.daily(ZONE).withoutLateness())
            .emitting(Emission.ON_CLOSE)
            .build());
    statistics.add(
        Statistic.named("weekly-places")
            .over(Windows.weekly(ZONE).allowingLateness(lateness))
            .measuring(Measures.count(), Measures.approximateDistinct("places", CallField.ADDRESS))
            .build());
    statistics.add(Statistic.named("few-places").by(Dimensions.ADDRESS).maxGroups(50).build());
    return statistics;
  }

  @ParameterizedTest
  @ValueSource(longs = {700, 2_500, 100_000})
  void disorderDuplicatesAndGarbageEndUpInTheSamePlaces(long recordsPerBatch) throws Exception {
    CallSource calls =
        SyntheticCalls.of(8_000)
            .startingOn(LocalDate.of(2018, 11, 3))
            .withDisorder(0.2)
            .withDuplicates(0.05)
            .withGarbage(0.05);
    compare(calls, 3, recordsPerBatch, pipeline -> pipeline.statistics(statistics(Duration.ZERO)));
  }

  @Test
  void distinctPipelinesFindTheSameDuplicates() throws Exception {
    CallSource calls =
        SyntheticCalls.of(6_000)
            .startingOn(LocalDate.of(2018, 11, 3))
            .withDisorder(0.3)
            .withDuplicates(0.2)
            .withGarbage(0.02);
    Accounting accounting =
        compare(
            calls,
            2,
            900,
            pipeline ->
                pipeline
                    .statistics(statistics(Duration.ofMinutes(20)))
                    .distinct(Duration.ofMinutes(25)));
    assertThat(accounting.duplicates()).isPositive();
    assertThat(accounting.statistics().get("sliding").late()).isPositive();
  }

  @ParameterizedTest
  @ValueSource(strings = {"2018-03-10", "2018-11-03"})
  void windowsAreTheSameAcrossClockChanges(String day) throws Exception {
    compare(
        SyntheticCalls.of(6_000).startingOn(LocalDate.parse(day)),
        2,
        1_500,
        pipeline -> pipeline.statistics(statistics(Duration.ofHours(1))));
  }

  /** Runs a pipeline on Spark, then again on the local engine with the batches that Spark made. */
  private static Accounting compare(
      CallSource calls,
      int partitions,
      long recordsPerBatch,
      UnaryOperator<Pipeline.Builder> statistics)
      throws Exception {
    KafkaTopic topic = TestTopics.create(partitions);
    TestTopics.send(topic, calls);

    List<Progress> batches = new ArrayList<>();
    List<BatchResults> sparkResults = new ArrayList<>();
    List<DeadLetter> sparkLetters = new ArrayList<>();
    Pipeline onSpark =
        statistics
            .apply(Pipeline.builder(topic, FORMAT))
            .results(Sinks.callback(sparkResults::add))
            .deadLetters(Sinks.deadLetterCallback(sparkLetters::add))
            .listener(batches::add)
            .build();
    Accounting accounting;
    try (RunningPipeline run =
        SparkEngine.on(TestTopics.session())
            .start(onSpark, RunOptions.bounded().readingAtMost(recordsPerBatch))) {
      run.awaitTermination();
      accounting = run.accounting();
    }

    List<BatchResults> localResults = new ArrayList<>();
    Map<Integer, List<TopicRecord>> records = records(topic);
    PipelineTester local =
        PipelineTester.of(
            FORMAT,
            partitions,
            pipeline -> statistics.apply(pipeline).results(Sinks.callback(localResults::add)));
    for (Progress batch : batches) {
      batch
          .offsets()
          .forEach(
              range ->
                  records
                      .get(range.partition())
                      .subList((int) range.start(), (int) range.end())
                      .forEach(
                          record ->
                              local.receive(
                                  record.partition(), record.timestamp(), record.value())));
      local.endBatch();
    }

    assertThat(accounting).isEqualTo(local.accounting());
    assertIdentity(onSpark, accounting);
    assertThat(sparkResults).hasSameSizeAs(localResults);
    for (int i = 0; i < sparkResults.size(); i++) {
      assertSameBatch(onSpark, sparkResults.get(i), localResults.get(i));
    }
    assertThat(sparkLetters.stream().map(SameAsLocalEngineTest::withoutTopic).toList())
        .isEqualTo(local.deadLetters().stream().map(SameAsLocalEngineTest::withoutTopic).toList());
    return accounting;
  }

  private static void assertSameBatch(Pipeline pipeline, BatchResults spark, BatchResults local) {
    assertThat(spark.number()).isEqualTo(local.number());
    assertThat(spark.watermark()).isEqualTo(local.watermark());
    assertThat(spark.accounting()).isEqualTo(local.accounting());
    assertThat(spark.total()).isEqualTo(local.total());
    for (Statistic statistic : pipeline.statistics()) {
      List<ResultRow> updates = spark.updates(statistic.name());
      assertThat(updates)
          .as("updates of %s", statistic.name())
          .isEqualTo(local.updates(statistic.name()));
      assertThat(spark.results(statistic.name()).rows())
          .as("results of %s", statistic.name())
          .isEqualTo(local.results(statistic.name()).rows());
    }
  }

  private static void assertIdentity(Pipeline pipeline, Accounting accounting) {
    for (Statistic statistic : pipeline.statistics()) {
      Accounting.Contributions contributions = accounting.statistics().get(statistic.name());
      assertThat(contributions.counted() + contributions.late() + contributions.filtered())
          .as("contributions to %s", statistic.name())
          .isEqualTo(
              statistic.contributionsPerCall()
                  * (accounting.received() - accounting.rejected() - accounting.duplicates()));
    }
  }

  /** A letter without the name of its topic, which differs between the engines' sources. */
  private static List<Object> withoutTopic(DeadLetter letter) {
    List<Object> parts = new ArrayList<>();
    parts.add(letter.origin().partition());
    parts.add(letter.origin().offset());
    parts.add(letter.origin().timestamp());
    byte[] value = letter.value();
    parts.add(value == null ? "none" : Base64.getEncoder().encodeToString(value));
    if (letter instanceof DeadLetter.Rejected rejected) {
      parts.add(rejected.reason());
      parts.add(String.valueOf(rejected.field()));
    } else if (letter instanceof DeadLetter.Late late) {
      parts.addAll(late.missed());
    }
    return parts;
  }

  private static Map<Integer, List<TopicRecord>> records(KafkaTopic topic) {
    Map<Integer, List<TopicRecord>> records = new HashMap<>();
    TopicReader.of(TestTopics.cluster(), topic.name())
        .fromBeginning()
        .read(
            record ->
                records.computeIfAbsent(record.partition(), p -> new ArrayList<>()).add(record));
    return records;
  }
}
