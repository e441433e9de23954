package io.callstream.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RestartPolicy;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.Supervisor;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.progress.StabilityMonitor;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.testing.SomeCalls;
import io.callstream.testing.WatchedRun;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hawkular.agent.prometheus.text.TextPrometheusMetricsProcessor;
import org.hawkular.agent.prometheus.types.Counter;
import org.hawkular.agent.prometheus.types.Gauge;
import org.hawkular.agent.prometheus.types.Metric;
import org.hawkular.agent.prometheus.types.MetricFamily;
import org.hawkular.agent.prometheus.types.MetricType;
import org.hawkular.agent.prometheus.walkers.CollectorPrometheusMetricsWalker;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PipelineMetricsTest {
  private static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");

  /** The tags that the command line sets. */
  private static final Tags TAGS = Tags.of("engine", "local", "pipeline", "calls");

  private WatchedRun run;
  private PrometheusMeterRegistry registry;
  private PipelineMetrics metrics;

  @BeforeEach
  void start() {
    registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    Statistic some = Statistic.named("some").where(call -> call.type().equals("Type 0")).build();
    run =
        WatchedRun.of(
            pipeline ->
                pipeline
                    .statistics(StandardStatistics.all(ZONE, Duration.ZERO))
                    .statistic(some)
                    .lookup(StandardStatistics.dispositions())
                    .distinct()
                    .listener(StabilityMonitor.ofThisJvm(Duration.ofHours(1), Duration.ZERO)));
    metrics = PipelineMetrics.of(run.running(), TAGS);
    metrics.bindTo(registry);
  }

  @AfterEach
  void stop() {
    metrics.close();
    run.close();
    registry.close();
  }

  private Map<String, MetricFamily> scrape() {
    CollectorPrometheusMetricsWalker walker = new CollectorPrometheusMetricsWalker();
    new TextPrometheusMetricsProcessor(
            new ByteArrayInputStream(registry.scrape().getBytes(UTF_8)), walker)
        .walk();
    Map<String, MetricFamily> families = new TreeMap<>();
    walker.getAllMetricFamilies().forEach(family -> families.put(family.getName(), family));
    return families;
  }

  private static double value(MetricFamily family, String... labels) {
    Map<String, String> wanted = new HashMap<>();
    TAGS.forEach(tag -> wanted.put(tag.getKey(), tag.getValue()));
    for (int i = 0; i < labels.length; i += 2) {
      wanted.put(labels[i], labels[i + 1]);
    }
    Metric metric =
        family.getMetrics().stream()
            .filter(m -> m.getLabels().equals(wanted))
            .findFirst()
            .orElseThrow(() -> new AssertionError(family.getMetrics() + " has no " + wanted));
    return metric instanceof Counter counter ? counter.getValue() : ((Gauge) metric).getValue();
  }

  /**
   * Waits until the metrics of the first batch are registered. The metric of the sink is the last
   * one.
   */
  private static void awaitBatch(MeterRegistry registry) throws Exception {
    WatchedRun.await(
        "metrics of the first batch",
        () -> registry.find("callstream.pipeline.info").meter() != null);
  }

  private void receiveEveryKindOfRecord() throws Exception {
    List<Call> calls = SomeCalls.of(1_000);
    run.receive(calls.subList(0, 500));
    run.receive(calls.subList(500, 1_000));
    run.receive("no call".getBytes(UTF_8));
    run.receive(calls.subList(999, 1_000));
    run.receive(
        List.of(
            Call.builder("late", "Type 0", calls.get(0).time()).disposition("not a code").build()));
    awaitBatch(registry);
  }

  @Test
  void countsUnconfirmedTimes() throws Exception {
    run.receive(SomeCalls.withAMisdatedOne());
    awaitBatch(registry);
    assertThat(value(scrape().get("callstream_calls_unconfirmed_total"))).isEqualTo(1);
  }

  @Test
  void publishesTheAccountingAndTheLastBatch() throws Exception {
    receiveEveryKindOfRecord();
    Map<String, MetricFamily> scraped = scrape();
    Progress batch = run.running().progress().orElseThrow();
    assertThat(value(scraped.get("callstream_records_received_total"))).isEqualTo(1_003);
    assertThat(value(scraped.get("callstream_records_rejected_total"))).isEqualTo(1);
    assertThat(value(scraped.get("callstream_records_duplicates_total"))).isEqualTo(1);
    assertThat(value(scraped.get("callstream_calls_ambiguous_total")))
        .isEqualTo(batch.total().ambiguousTimes());
    assertThat(value(scraped.get("callstream_calls_unknown_total"), "lookup", "dispositions"))
        .isEqualTo(batch.total().unknown().get("dispositions").doubleValue())
        .isPositive();
    MetricFamily contributions = scraped.get("callstream_statistic_contributions_total");
    assertThat(
            value(
                contributions,
                "statistic",
                "calls-by-type-and-disposition-hourly",
                "outcome",
                "late"))
        .isEqualTo(1);
    assertThat(value(contributions, "statistic", "calls-by-type", "outcome", "counted"))
        .isEqualTo(1_001);
    long filtered =
        run.calls().stream()
            .filter(call -> !call.type().equals("Type 0"))
            .map(Call::id)
            .distinct()
            .count();
    assertThat(value(contributions, "statistic", "some", "outcome", "filtered"))
        .isEqualTo(filtered);
    assertThat(value(scraped.get("callstream_batches_total"))).isEqualTo(batch.batch() + 1);
    assertThat(value(scraped.get("callstream_batch_start_timestamp_seconds")))
        .isEqualTo(batch.timestamp().toEpochMilli() / 1e3);
    assertThat(value(scraped.get("callstream_batch_duration_seconds")))
        .isEqualTo(batch.batchDuration().toNanos() / 1e9);
    assertThat(value(scraped.get("callstream_batch_input_records"))).isEqualTo(1);
    // The call is late in statistics with a window and changes a row of each other statistic.
    assertThat(value(scraped.get("callstream_batch_output_rows")))
        .isEqualTo(
            run.running().pipeline().statistics().stream()
                .filter(statistic -> statistic.window().isEmpty())
                .count());
    assertThat(value(scraped.get("callstream_input_rate_records_per_second")))
        .isEqualTo(batch.inputRowsPerSecond())
        .isPositive();
    assertThat(value(scraped.get("callstream_processing_rate_records_per_second")))
        .isEqualTo(batch.processedRowsPerSecond())
        .isPositive();
    assertThat(value(scraped.get("callstream_output_rate_rows_per_second")))
        .isEqualTo(batch.outputRowsPerSecond())
        .isPositive();
    assertThat(value(scraped.get("callstream_latency_mean_seconds")))
        .isEqualTo(batch.latency().orElseThrow().mean().toMillis() / 1e3);
    assertThat(value(scraped.get("callstream_latency_max_seconds")))
        .isEqualTo(batch.latency().orElseThrow().greatest().toMillis() / 1e3);
    assertThat(value(scraped.get("callstream_watermark_timestamp_seconds")))
        .isEqualTo(batch.watermark().orElseThrow().toEpochMilli() / 1e3);
    assertThat(value(scraped.get("callstream_state_size_rows"))).isEqualTo(batch.state().rows());
    assertThat(value(scraped.get("callstream_state_updated_rows")))
        .isEqualTo(batch.state().updatedRows());
    assertThat(value(scraped.get("callstream_state_memory_bytes")))
        .isEqualTo(batch.state().memoryBytes());
    assertThat(value(scraped.get("callstream_lag_offsets"))).isZero();
    assertThat(batch.offsets()).hasSize(2).anyMatch(offsets -> offsets.start() < offsets.end());
    for (PartitionOffsets offsets : batch.offsets()) {
      String[] partition = {"partition", String.valueOf(offsets.partition())};
      assertThat(value(scraped.get("callstream_partition_start_offset"), partition))
          .isEqualTo(offsets.start());
      assertThat(value(scraped.get("callstream_partition_end_offset"), partition))
          .isEqualTo(offsets.end());
      assertThat(value(scraped.get("callstream_partition_latest_offset"), partition))
          .isEqualTo(offsets.latest());
      assertThat(value(scraped.get("callstream_partition_lag_offsets"), partition)).isZero();
    }
    assertThat(scraped.get("callstream_phase_duration_seconds").getMetrics())
        .hasSize(batch.phases().size());
    batch
        .phases()
        .forEach(
            (phase, took) ->
                assertThat(value(scraped.get("callstream_phase_duration_seconds"), "phase", phase))
                    .isEqualTo(took.toNanos() / 1e9));
    assertThat(
            value(
                scraped.get("callstream_pipeline_info"),
                "source",
                run.running().pipeline().source().description(),
                "sink",
                batch.sink()))
        .isEqualTo(1);
    assertThat(value(scraped.get("callstream_pipeline_running"))).isEqualTo(1);
    run.running().stop();
    assertThat(value(scrape().get("callstream_pipeline_running"))).isZero();
  }

  @Test
  void totalsAreCountersAndTheOthersGauges() throws Exception {
    receiveEveryKindOfRecord();
    assertThat(scrape().values())
        .allSatisfy(
            family ->
                assertThat(family.getType())
                    .isEqualTo(
                        family.getName().endsWith("_total")
                            ? MetricType.COUNTER
                            : MetricType.GAUGE))
        .allSatisfy(family -> assertThat(family.getHelp()).isNotBlank());
  }

  @Test
  void gaugesAreNaNAndTotalsZeroBeforeTheFirstBatch() {
    Map<String, MetricFamily> scraped = scrape();
    assertThat(value(scraped.get("callstream_lag_offsets"))).isNaN();
    assertThat(value(scraped.get("callstream_records_received_total"))).isZero();
    assertThat(scraped)
        .doesNotContainKeys("callstream_batches_total", "callstream_partition_end_offset");
  }

  @Test
  void registersPartitionsOfABatchWithoutAScrape() throws Exception {
    MeterRegistry other = new SimpleMeterRegistry();
    other
        .config()
        .meterFilter(MeterFilter.denyUnless(id -> id.getName().equals("callstream.partition.lag")));
    metrics.bindTo(other);
    assertThat(other.getMeters()).isEmpty();
    receiveEveryKindOfRecord();
    WatchedRun.await("metrics of two partitions", () -> other.getMeters().size() == 2);
    assertThat(other.get("callstream.partition.lag").tag("partition", "1").gauge().value())
        .isZero();
  }

  @Test
  void bindsAllMetricsOfAFinishedRunAtOnce() throws Exception {
    receiveEveryKindOfRecord();
    run.running().stop();
    MeterRegistry other = new SimpleMeterRegistry();
    try (PipelineMetrics late = PipelineMetrics.of(run.running())) {
      late.bindTo(other);
      assertThat(other.get("callstream.batches").functionCounter().count()).isEqualTo(5);
    }
  }

  @Test
  void lagIsTheNumberOfUnreadOffsets() throws Exception {
    MemorySource source = MemorySource.withPartitions(1);
    for (Call call : SomeCalls.of(25)) {
      source.add(0, Instant.EPOCH, SanFranciscoCalls.json().write(call));
    }
    Semaphore proceed = new Semaphore(1);
    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .results(Sinks.callback(batch -> proceed.acquireUninterruptibly()))
            .build();
    MeterRegistry other = new SimpleMeterRegistry();
    try (RunningPipeline lagging =
            Engines.named("local").start(pipeline, RunOptions.continuous().readingAtMost(10));
        PipelineMetrics late = PipelineMetrics.of(lagging)) {
      WatchedRun.await("the first batch", () -> lagging.progress().isPresent());
      late.bindTo(other);
      assertThat(other.get("callstream.lag").gauge().value()).isEqualTo(15);
      assertThat(other.get("callstream.partition.start.offset").gauge().value()).isZero();
      assertThat(other.get("callstream.partition.end.offset").gauge().value()).isEqualTo(10);
      assertThat(other.get("callstream.partition.latest.offset").gauge().value()).isEqualTo(25);
      assertThat(other.get("callstream.partition.lag").gauge().value()).isEqualTo(15);
      proceed.release(2);
    }
  }

  @Test
  void countersDoNotDecreaseDuringARestart(@TempDir Path directory) throws Exception {
    MemorySource source = MemorySource.withPartitions(1);
    AtomicBoolean isBroken = new AtomicBoolean();
    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .results(
                Sinks.callback(
                    batch -> {
                      if (isBroken.get()) {
                        throw new IllegalStateException("broken");
                      }
                    }))
            .build();
    RunOptions options =
        RunOptions.continuous()
            .triggeringEvery(Duration.ZERO)
            .checkpointingTo(directory.resolve("state").toString());
    Duration delay = Duration.ofMillis(200);
    MeterRegistry other = new SimpleMeterRegistry();
    try (Supervisor supervisor =
            Supervisor.start(
                Engines.named("local"),
                pipeline,
                options,
                RestartPolicy.defaults().delaying(delay, delay).atMost(1_000));
        PipelineMetrics watched = PipelineMetrics.of(supervisor)) {
      watched.bindTo(other);
      for (Call call : SomeCalls.of(5)) {
        source.add(0, call.time(), SanFranciscoCalls.json().write(call));
      }
      WatchedRun.await("five received records", () -> received(other) == 5);
      isBroken.set(true);
      source.add(0, Instant.EPOCH, null);
      WatchedRun.await("a restart", () -> supervisor.restarts() > 0);
      assertThat(received(other)).isBetween(5.0, 6.0);
      isBroken.set(false);
      WatchedRun.await("the run after the restart", () -> supervisor.accounting().rejected() == 1);
      assertThat(received(other)).isEqualTo(6);
      assertThat(other.get("callstream.pipeline.restarts").functionCounter().count())
          .isEqualTo(supervisor.restarts())
          .isPositive();
      assertThat(other.get("callstream.pipeline.running").gauge().value()).isEqualTo(1);
    }
  }

  private static double received(MeterRegistry registry) {
    return registry.get("callstream.records.received").functionCounter().count();
  }

  @Test
  void symptomIsOneWhileTheMonitorFindsIt() throws Exception {
    AtomicLong heap = new AtomicLong();
    StabilityMonitor monitor =
        new StabilityMonitor(Duration.ofHours(1), Duration.ZERO, () -> heap.addAndGet(100_000_000));
    MeterRegistry other = new SimpleMeterRegistry();
    try (WatchedRun growing =
            WatchedRun.of(
                pipeline ->
                    pipeline.statistic(StandardStatistics.callsByType()).listener(monitor));
        PipelineMetrics some = PipelineMetrics.of(growing.running())) {
      some.bindTo(other);
      assertThat(symptom(other, "growing_heap")).isNaN();
      for (int batch = 0; batch < 2 * StabilityMonitor.MIN_BATCHES; batch++) {
        growing.receive(SomeCalls.of(3));
      }
      assertThat(symptom(other, "growing_heap")).isEqualTo(1);
      assertThat(symptom(other, "growing_lag")).isZero();
    }
  }

  private static double symptom(MeterRegistry registry, String symptom) {
    return registry.get("callstream.stability.symptom").tag("symptom", symptom).gauge().value();
  }

  @Test
  void bindsToSeveralRegistries() throws Exception {
    MeterRegistry other = new SimpleMeterRegistry();
    metrics.bindTo(other);
    metrics.bindTo(new SimpleMeterRegistry());
    receiveEveryKindOfRecord();
    awaitBatch(other);
    assertThat(other.get("callstream.batch.duration").gauge().value()).isNotNaN();
    assertThat(other.get("callstream.partition.lag").tag("partition", "1").gauge().value())
        .isZero();
    assertThat(other.get("callstream.records.received").functionCounter().count()).isEqualTo(1_003);
  }

  @Test
  void closeLetsTheNextRunUseTheSameRegistry() throws Exception {
    MeterRegistry same = new SimpleMeterRegistry();
    same.counter("another");
    try (PipelineMetrics first = PipelineMetrics.of(run.running(), TAGS)) {
      first.bindTo(same);
      receiveEveryKindOfRecord();
      awaitBatch(same);
      assertThat(same.get("callstream.batch.duration").gauge().value()).isNotNaN();
      assertThat(same.get("callstream.batches").functionCounter().count()).isEqualTo(5);
    }
    assertThat(same.getMeters())
        .extracting(meter -> meter.getId().getName())
        .containsExactly("another");
    try (WatchedRun next = WatchedRun.standard();
        PipelineMetrics second = PipelineMetrics.of(next.running(), TAGS)) {
      second.bindTo(same);
      next.receive(SomeCalls.of(7));
      awaitBatch(same);
      assertThat(same.get("callstream.records.received").functionCounter().count()).isEqualTo(7);
      assertThat(same.get("callstream.batch.duration").gauge().value()).isNotNaN();
      assertThat(same.get("callstream.batches").functionCounter().count()).isEqualTo(1);
    }
  }

  private static Path docs() {
    return Path.of("..", "docs");
  }

  private static Set<String> documented() throws IOException {
    Set<String> names = new TreeSet<>();
    Matcher item =
        Pattern.compile("(?m)^- `(callstream_[a-z_]+)`: ")
            .matcher(Files.readString(docs().resolve("dashboard.md")));
    while (item.find()) {
      names.add(item.group(1));
    }
    return names;
  }

  /** Returns the name in Micrometer by the rule on the page. */
  private static String inMicrometer(String name) {
    String units = "total|bytes|seconds|offsets|records|rows|records_per_second|rows_per_second";
    return name.replaceFirst("_(" + units + ")$", "").replace('_', '.');
  }

  @Test
  void publishesExactlyTheDocumentedMetrics() throws Exception {
    receiveEveryKindOfRecord();
    assertThat(scrape().keySet()).containsExactlyElementsOf(documented());
    assertThat(registry.getMeters())
        .extracting(meter -> meter.getId().getName())
        .containsOnly(
            documented().stream().map(PipelineMetricsTest::inMicrometer).toArray(String[]::new));
  }

  /** A metric in a query, with its label matchers. */
  private static final Pattern SELECTOR = Pattern.compile("(callstream_[a-z_]+)(?:\\{([^}]*)\\})?");

  private static final Pattern MATCHER = Pattern.compile("(\\w+)(=~|=)\"([^\"]*)\"");
  private static final Pattern GROUPED = Pattern.compile("by \\(([^)]*)\\)");
  private static final Pattern SHOWN = Pattern.compile("\\{\\{(\\w+)\\}\\}");

  @Test
  void grafanaDashboardQueriesExistingSeries() throws Exception {
    receiveEveryKindOfRecord();
    Map<String, MetricFamily> scraped = scrape();
    List<JsonNode> targets = new ArrayList<>();
    grafana().get("panels").forEach(panel -> panel.get("targets").forEach(targets::add));
    assertThat(targets)
        .hasSizeGreaterThan(20)
        .allSatisfy(target -> assertQueriesExistingSeries(target, scraped));
  }

  private static JsonNode grafana() throws IOException {
    return new ObjectMapper()
        .readTree(docs().resolve("grafana").resolve("callstream.json").toFile());
  }

  private static void assertQueriesExistingSeries(
      JsonNode target, Map<String, MetricFamily> scraped) {
    String query = target.get("expr").asText();
    List<String> labels = new ArrayList<>();
    Matcher selector = SELECTOR.matcher(query);
    while (selector.find()) {
      assertThat(scraped).containsKey(selector.group(1));
      List<Metric> series = scraped.get(selector.group(1)).getMetrics();
      labels.addAll(series.get(0).getLabels().keySet());
      Matcher matcher = MATCHER.matcher(String.valueOf(selector.group(2)));
      List<String> narrowed = new ArrayList<>();
      while (matcher.find()) {
        narrowed.add(matcher.group(1));
        assertThat(labels).contains(matcher.group(1));
        if (matcher.group(2).equals("=")) {
          assertThat(series)
              .extracting(metric -> metric.getLabels().get(matcher.group(1)))
              .contains(matcher.group(3));
        }
      }
      assertThat(narrowed).as("labels with a matcher").contains("pipeline");
    }
    assertThat(labels).as("metrics in the query").isNotEmpty();
    // Prometheus adds the scraped address to each series.
    labels.add("instance");
    Matcher grouped = GROUPED.matcher(query);
    if (grouped.find()) {
      assertThat(labels).containsAll(List.of(grouped.group(1).split(", ")));
      labels.retainAll(List.of(grouped.group(1).split(", ")));
    }
    List<String> shown =
        SHOWN
            .matcher(target.get("legendFormat").asText())
            .results()
            .map(result -> result.group(1))
            .toList();
    assertThat(labels).containsAll(shown);
    // The labels that distinguish runs, and the series of one run.
    assertThat(shown).contains("pipeline", "engine", "instance");
    labels.removeIf(label -> query.contains(label + "=\""));
    assertThat(shown).containsAll(labels);
  }
}
