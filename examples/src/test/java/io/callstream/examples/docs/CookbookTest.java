package io.callstream.examples.docs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.sun.net.httpserver.HttpServer;
import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.CallRecord;
import io.callstream.call.DataSfCalls;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.call.NewOrleansCalls;
import io.callstream.call.ParseResult;
import io.callstream.call.RejectionReason;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.local.LocalEngine;
import io.callstream.engine.local.PipelineTester;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.source.DataSfFeed;
import io.callstream.lookup.LookupSources;
import io.callstream.lookup.LookupTable;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.StabilityMonitor;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Baseline;
import io.callstream.statistic.CodeTable;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Measures;
import io.callstream.statistic.RadioCodes;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import io.callstream.statistic.Windows;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Contains the code of the cookbook in docs/embed.md. */
class CookbookTest {
  private static final ZoneId LOS_ANGELES = ZoneId.of("America/Los_Angeles");

  @TempDir private Path out;

  private static Call.Builder call(String id, String type, String time) {
    return Call.builder(id, type, Instant.parse(time));
  }

  private static List<ResultRow> count(Statistic statistic, Call... calls) {
    try (PipelineTester test = PipelineTester.of(statistic)) {
      return test.receive(calls).endBatch().results(statistic.name()).rows();
    }
  }

  private static MemorySource sourceOf(Call... calls) {
    MemorySource source = MemorySource.withPartitions(1);
    for (Call call : calls) {
      source.add(0, call.time(), SanFranciscoCalls.json().write(call));
    }
    return source;
  }

  private static void run(Pipeline pipeline) throws InterruptedException {
    try (RunningPipeline running = new LocalEngine().start(pipeline, RunOptions.bounded())) {
      running.awaitTermination();
    }
  }

  // Dimensions

  @Test
  void aFieldAsItStands() {
    Statistic byPlace =
        Statistic.named("calls-by-place")
            .by(Dimensions.CITY, Dimension.of("place", Fields.COMMON_LOCATION))
            .build();

    assertThat(
            count(
                byPlace,
                call("1", "415", "2018-10-06T10:00:00Z")
                    .with(Fields.CITY, "San Francisco")
                    .with(Fields.COMMON_LOCATION, "City Hall")
                    .build()))
        .singleElement()
        .extracting(ResultRow::dimensions)
        .isEqualTo(List.of("San Francisco", "City Hall"));
  }

  /** A computed dimension. */
  static final class Streets {
    static final Dimension STREET =
        Dimension.of("street", Set.of(Fields.ADDRESS), call -> streetOf(call.address()));

    static String streetOf(String address) {
      int block = address.indexOf(" Block Of ");
      return block < 0 ? address : address.substring(block + " Block Of ".length());
    }

    private Streets() {}
  }

  @Test
  void aTextThatIsComputed() {
    assertThat(
            count(
                Statistic.named("calls-by-street").by(Streets.STREET).build(),
                call("1", "415", "2018-10-06T10:00:00Z").address("100 Block Of Hyde St").build(),
                call("2", "415", "2018-10-06T10:00:00Z").address("300 Block Of Hyde St").build()))
        .singleElement()
        .hasToString("Hyde St  2");
  }

  @Test
  void aNumber() {
    Dimension quarterHour =
        Dimension.ofNumber(
            "quarter_hour", Set.of(), call -> call.time().atZone(LOS_ANGELES).getMinute() / 15);

    Statistic byTimeOfDay =
        Statistic.named("calls-by-time-of-day")
            .by(Dimensions.hourOfDay(LOS_ANGELES), quarterHour)
            .build();

    assertThat(count(byTimeOfDay, call("1", "415", "2018-10-06T10:31:00Z").build()))
        .singleElement()
        .hasToString("3  2  1");
  }

  @Test
  void noDimension() {
    Statistic daily =
        Statistic.named("calls-per-day")
            .over(Windows.daily(LOS_ANGELES).allowingLateness(Duration.ofHours(3)))
            .build();

    assertThat(
            count(
                daily,
                call("1", "415", "2018-10-06T10:00:00Z").build(),
                call("2", "586", "2018-10-06T11:00:00Z").build()))
        .singleElement()
        .hasToString("2018-10-06T07:00:00Z/2018-10-07T07:00:00Z  2");
  }

  // Filters

  @Test
  void someCallsOnly() {
    Set<String> routine = Set.of("Passing Call", "Traffic Stop", "Muni Inspection");
    Statistic withoutRoutine =
        Statistic.named("calls-without-routine")
            .where(Set.of(Fields.TYPE), call -> !routine.contains(call.type()))
            .by(Dimensions.CRIME_TYPE)
            .build();

    try (PipelineTester test = PipelineTester.of(withoutRoutine)) {
      test.receive(
              call("1", "Passing Call", "2018-10-06T10:00:00Z").build(),
              call("2", "Trespasser", "2018-10-06T10:00:00Z").build())
          .endBatch();
      assertThat(test.results("calls-without-routine"))
          .singleElement()
          .hasToString("Trespasser  1");
      assertThat(test.accounting().statistics().get("calls-without-routine").filtered())
          .isEqualTo(1);
    }
  }

  // Windows

  @Test
  void windows() {
    Window everyQuarter = Windows.tumbling(Duration.ofMinutes(15)).withoutLateness();
    Window lastHour =
        Windows.sliding(Duration.ofHours(1), Duration.ofMinutes(15))
            .allowingLateness(Duration.ofMinutes(30));
    Window byHour = Windows.hourly(ZoneId.of("Asia/Kolkata")).withoutLateness();
    Window byDay = Windows.daily(LOS_ANGELES).allowingLateness(Duration.ofHours(1));
    Window byWeek = Windows.weekly(LOS_ANGELES).allowingLateness(Duration.ofDays(1));
    Window byMonth = Windows.monthly(LOS_ANGELES).allowingLateness(Duration.ofDays(1));
    Window sessions =
        Windows.session(Duration.ofMinutes(20)).allowingLateness(Duration.ofMinutes(5));

    // Daylight saving time ended at 02:00 of this Sunday.
    Call sunday = call("1", "415", "2018-11-04T20:00:00Z").build();
    assertThat(windowsOf(everyQuarter, sunday))
        .containsExactly("2018-11-04T20:00:00Z/2018-11-04T20:15:00Z");
    assertThat(windowsOf(lastHour, sunday))
        .containsExactly(
            "2018-11-04T19:15:00Z/2018-11-04T20:15:00Z",
            "2018-11-04T19:30:00Z/2018-11-04T20:30:00Z",
            "2018-11-04T19:45:00Z/2018-11-04T20:45:00Z",
            "2018-11-04T20:00:00Z/2018-11-04T21:00:00Z");
    assertThat(windowsOf(byHour, sunday))
        .containsExactly("2018-11-04T19:30:00Z/2018-11-04T20:30:00Z");
    assertThat(windowsOf(byDay, sunday))
        .containsExactly("2018-11-04T07:00:00Z/2018-11-05T08:00:00Z");
    assertThat(windowsOf(byWeek, sunday))
        .containsExactly("2018-10-29T07:00:00Z/2018-11-05T08:00:00Z");
    assertThat(windowsOf(byMonth, sunday))
        .containsExactly("2018-11-01T07:00:00Z/2018-12-01T08:00:00Z");
    assertThat(windowsOf(sessions, sunday))
        .containsExactly("2018-11-04T20:00:00Z/2018-11-04T20:20:00Z");
  }

  private static List<String> windowsOf(Window window, Call call) {
    Statistic calls = Statistic.named("calls").over(window).emitting(Emission.ON_CLOSE).build();
    return count(calls, call).stream()
        .map(row -> row.window().orElseThrow())
        .map(bounds -> bounds.start() + "/" + bounds.end())
        .toList();
  }

  // Measures

  @Test
  void countsSharesAndDistinctValues() {
    Statistic dispositions =
        Statistic.named("dispositions")
            .by(Dimensions.DISPOSITION)
            .over(Windows.daily(LOS_ANGELES).allowingLateness(Duration.ofHours(1)))
            .measuring(
                Measures.count(),
                Measures.share(),
                Measures.approximateDistinct("addresses", Fields.ADDRESS))
            .build();

    ResultRow handled =
        count(
                dispositions,
                call("1", "415", "2018-10-06T10:00:00Z").disposition("HAN").address("A").build(),
                call("2", "415", "2018-10-06T10:00:00Z").disposition("HAN").address("A").build(),
                call("3", "415", "2018-10-06T10:00:00Z").disposition("HAN").address("B").build(),
                call("4", "415", "2018-10-06T10:00:00Z").disposition("GOA").address("C").build())
            .get(0);
    assertThat(handled.count()).isEqualTo(3);
    assertThat(handled.value("share")).contains(0.75);
    assertThat(handled.value("addresses")).contains(2L);
  }

  @Test
  void durations() {
    Set<Field<?>> moments = Set.of(Fields.RECEIVED, Fields.ON_SCENE);
    Statistic responseTimes =
        Statistic.named("response-times")
            .by(Dimensions.CRIME_TYPE)
            .measuring(
                Measures.count(),
                Measures.quantile(
                    "median", 0.5, moments, Measures.between(Fields.RECEIVED, Fields.ON_SCENE)),
                Measures.maximum(
                    "longest", moments, Measures.between(Fields.RECEIVED, Fields.ON_SCENE)))
            .build();

    try (PipelineTester test =
        PipelineTester.of(new DispatchLines(), 1, pipeline -> pipeline.statistic(responseTimes))) {
      test.receive("1|FIRE|2024-05-01T10:00:00Z|2024-05-01T10:07:00Z")
          .receive("2|FIRE|2024-05-01T11:00:00Z|2024-05-01T11:04:00Z")
          .receive("3|FIRE|2024-05-01T12:00:00Z|")
          .receive("no call")
          .endBatch();
      ResultRow fire = test.results("response-times").rows().get(0);
      assertThat(fire.count()).isEqualTo(3);
      assertThat(fire.value("longest")).contains(Duration.ofMinutes(7));
      assertThat((Duration) fire.value("median").orElseThrow())
          .isBetween(Duration.ofSeconds(235), Duration.ofSeconds(245));
      assertThat(test.accounting().rejected()).isEqualTo(1);
    }
  }

  @Test
  void responseTimesOfAFeed() throws Exception {
    NavigableMap<String, String> rows =
        new TreeMap<>(
            Map.of(
                "1",
                """
                {"cad_number":"1","call_type_final":"415","priority_final":"B",
                 "received_datetime":"2026-10-01T10:00:00","onscene_datetime":"2026-10-01T10:20:00"}""",
                "2",
                """
                {"cad_number":"2","call_type_final":"415","priority_original":"B",
                 "received_datetime":"2026-10-01T11:00:00","onscene_datetime":"2026-10-01T11:10:00"}""",
                "3",
                """
                {"cad_number":"3","call_type_final":"459","priority_final":"B",
                 "received_datetime":"2026-10-01T12:00:00"}"""));
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext(
        "/resource/gnap-fj3t.json",
        exchange -> {
          // The server evaluates only what these few rows require: whether the query has a key, and
          // the key at which the rows start.
          String query = exchange.getRequestURI().getQuery();
          Matcher from = Pattern.compile(">= '(.*)'").matcher(query);
          boolean keyless = query.endsWith("cad_number IS NULL");
          Collection<String> asked =
              keyless ? List.of() : rows.tailMap(from.find() ? from.group(1) : "").values();
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write(("[" + String.join(",", asked) + "]").getBytes(UTF_8));
          exchange.close();
        });
    server.start();
    DataSfFeed feed =
        DataSfFeed.of("gnap-fj3t")
            .at(URI.create("http://127.0.0.1:" + server.getAddress().getPort()));
    KafkaCluster cluster = KafkaCluster.at(ExampleTopic.brokers());
    KafkaTopic topic = KafkaTopic.of("calls.today").at(ExampleTopic.brokers());
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      admin.ensure(topic.name(), 2, 1);
    }

    JsonFormat format = DataSfCalls.json();
    try (CallProducer producer = CallProducer.to(cluster, topic.name(), format).connect()) {
      producer.send(feed.inEventTimeOrder(format));
    }

    Pipeline pipeline =
        Pipeline.builder(topic, format)
            .distinct(Duration.ofDays(3))
            .statistic(
                Statistic.named("response-times")
                    .by(Dimension.of("priority", Fields.PRIORITY))
                    .measuring(
                        Measures.count(),
                        Measures.mean(
                            "mean",
                            Set.of(Fields.RECEIVED, Fields.ON_SCENE),
                            Measures.between(Fields.RECEIVED, Fields.ON_SCENE)))
                    .build())
            .build();

    server.stop(0);
    try (RunningPipeline running = new LocalEngine().start(pipeline, RunOptions.bounded())) {
      running.awaitTermination();
      ResultRow b = running.results("response-times").rows().get(0);
      assertThat(b.dimensions()).isEqualTo(List.of("B"));
      assertThat(b.count()).isEqualTo(3);
      assertThat(b.value("mean")).contains(Duration.ofMinutes(15));
    }
  }

  /** The number of calls in a group that name a place. */
  record NamedPlaces(String name) implements Measure.Aggregate {
    @Override
    public Set<Field<?>> fields() {
      return Set.of(Fields.COMMON_LOCATION);
    }

    @Override
    public Measure.Accumulator empty() {
      return new Tally(0);
    }

    @Override
    public Measure.Accumulator read(byte[] state) {
      return new Tally(ByteBuffer.wrap(state).getLong());
    }

    private static final class Tally implements Measure.Accumulator {
      private long calls;

      Tally(long calls) {
        this.calls = calls;
      }

      @Override
      public void add(Call call) {
        if (!call.text(Fields.COMMON_LOCATION).isEmpty()) {
          calls++;
        }
      }

      @Override
      public void merge(Measure.Accumulator other) {
        calls += ((Tally) other).calls;
      }

      @Override
      public byte[] toBytes() {
        return ByteBuffer.allocate(Long.BYTES).putLong(calls).array();
      }

      @Override
      public Optional<Object> value() {
        return Optional.of(calls);
      }
    }
  }

  @Test
  void aMeasureOfOnesOwn() {
    Statistic named =
        Statistic.named("named-places")
            .by(Dimensions.CRIME_TYPE)
            .measuring(Measures.count(), new NamedPlaces("named"))
            .build();

    try (PipelineTester test = PipelineTester.of(named)) {
      test.receive(
              call("1", "415", "2018-10-06T10:00:00Z").build(),
              call("2", "415", "2018-10-06T10:01:00Z")
                  .with(Fields.COMMON_LOCATION, "City Hall")
                  .build())
          .endBatch()
          .receive(
              call("3", "415", "2018-10-06T10:02:00Z")
                  .with(Fields.COMMON_LOCATION, "Pier 39")
                  .build())
          .endBatch();
      assertThat(test.results("named-places")).singleElement().hasToString("415  3  2");
    }
  }

  // Lookups

  private static final Field<String> PRECINCT = Field.text("precinct");

  @Test
  void tablesThatChange() throws Exception {
    Path table = Files.writeString(out.resolve("beats.csv"), "beat,precinct\nK1,West\n");
    try (PipelineTester test =
        PipelineTester.of(
            NewOrleansCalls.json(),
            1,
            pipeline -> {
              Pipeline.Builder joined =
                  pipeline
                      .lookup(
                          LookupTable.named("beats")
                              .by(Fields.BEAT)
                              .text(PRECINCT, "precinct")
                              .from(LookupSources.csv(table))
                              .build())
                      .statistic(
                          Statistic.named("precincts")
                              .by(Dimension.of("precinct", PRECINCT))
                              .build());
              return joined;
            })) {
      test.receive(
              call("1", "415", "2018-10-06T10:00:00Z").with(Fields.BEAT, "K1").build(),
              call("2", "415", "2018-10-06T10:00:00Z").build())
          .endBatch();
      assertThat(test.results("precincts").rows())
          .extracting(ResultRow::toString)
          .containsExactlyInAnyOrder("West  1", "  1");
      assertThat(test.accounting().unknown()).isEqualTo(Map.of("beats", 1L));
    }
  }

  @Test
  void descriptions() throws Exception {
    Path file = out.resolve("codes.json");
    Files.writeString(
        file,
        """
        [{"disposition_code":"HAN","description":"Handled"}]
        """);

    CodeTable codes = RadioCodes.read(file);
    CodeTable agencies = new CodeTable("agencies", Map.of("1", "Police", "2", "Sheriff"));
    Statistic byDisposition =
        Statistic.named("calls-by-disposition")
            .by(
                Dimensions.DISPOSITION.describedBy(codes),
                Dimension.of("agency", Fields.AGENCY).describedBy(agencies))
            .build();

    List<ResultRow> rows =
        count(
            byDisposition,
            call("1", "415", "2018-10-06T10:00:00Z")
                .disposition("HAN")
                .with(Fields.AGENCY, "1")
                .build(),
            call("2", "415", "2018-10-06T10:00:00Z").disposition("XYZ").build());
    assertThat(rows)
        .extracting(
            row -> row.dimension("disposition"),
            row -> row.description(byDisposition.dimensions().get(0)).orElseThrow(),
            row -> row.description(byDisposition.dimensions().get(1)).orElseThrow())
        .containsExactly(tuple("HAN", "Handled", "Police"), tuple("XYZ", "", ""));
  }

  // Lateness and emission

  @Test
  void lateCalls() {
    Statistic hourly =
        Statistic.named("calls-hourly")
            .by(Dimensions.CRIME_TYPE)
            .over(Windows.tumbling(Duration.ofHours(1)).allowingLateness(Duration.ofMinutes(30)))
            .build();

    try (PipelineTester test = PipelineTester.of(hourly)) {
      test.receive(call("1", "415", "2018-10-06T11:20:00Z").build()).endBatch();
      // The watermark is 11:20: the window from 10 to 11 is open for ten minutes more.
      test.receive(call("2", "415", "2018-10-06T10:59:00Z").build()).endBatch();
      test.receive(call("3", "415", "2018-10-06T11:30:00Z").build()).endBatch();
      // Now it is 11:30, and the window is closed.
      test.receive(call("4", "415", "2018-10-06T10:59:00Z").build()).endBatch();

      assertThat(test.results("calls-hourly")).extracting(ResultRow::count).containsExactly(1L, 2L);
      assertThat(test.accounting().statistics().get("calls-hourly").late()).isEqualTo(1);
      assertThat(test.deadLetters()).singleElement().isInstanceOf(DeadLetter.Late.class);
    }
  }

  @Test
  void onceForEachWindow() throws InterruptedException {
    List<String> emitted = new ArrayList<>();
    MemorySource source =
        sourceOf(
            call("1", "415", "2018-10-06T10:00:00Z").build(),
            call("2", "415", "2018-10-06T10:10:00Z").build());

    Statistic report =
        Statistic.named("hourly-report")
            .by(Dimensions.CRIME_TYPE)
            .over(Windows.tumbling(Duration.ofHours(1)).allowingLateness(Duration.ofMinutes(10)))
            .emitting(Emission.ON_CLOSE)
            .build();
    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(report)
            .results(
                Sinks.callback(
                    batch -> batch.updates("hourly-report").forEach(row -> emitted.add("" + row))))
            .build();
    RunOptions options = RunOptions.bounded().flushingAtEnd();

    try (RunningPipeline running = new LocalEngine().start(pipeline, options)) {
      running.awaitTermination();
    }
    assertThat(emitted).containsExactly("2018-10-06T10:00:00Z/2018-10-06T11:00:00Z  415  2");
  }

  @Test
  void hoursWithUnusuallyManyCalls() {
    Set<LocalDate> holidays = Set.of(LocalDate.of(2018, 7, 4));
    Statistic spikes =
        Statistic.named("spikes-by-district")
            .by(Dimensions.DISTRICT)
            .over(Windows.hourly(LOS_ANGELES).allowingLateness(Duration.ofHours(1)))
            .comparedWith(Baseline.weekly(LOS_ANGELES).holidays(holidays))
            .build();

    try (PipelineTester test = PipelineTester.of(spikes)) {
      for (String day : List.of("01", "02", "03", "04", "05")) {
        for (int i = 0; i < (day.equals("05") ? 20 : 1); i++) {
          test.receive(call(day + i, "415", "2018-10-" + day + "T10:00:00Z").build());
        }
      }
      test.endBatch();

      assertThat(test.results("spikes-by-district"))
          .extracting(ResultRow::count)
          .containsExactly(20L);
    }
  }

  // Limits

  @Test
  void duplicatesRetentionAndLimits() throws InterruptedException {
    MemorySource source =
        sourceOf(
            call("1", "415", "2018-10-06T10:00:00Z").address("A").build(),
            call("1", "415", "2018-10-06T10:05:00Z").address("A").build(),
            call("2", "415", "2018-10-06T10:10:00Z").address("B").build());

    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(
                Statistic.named("calls-by-address")
                    .by(Dimensions.ADDRESS)
                    .maxGroups(50_000)
                    .build())
            .statistic(StandardStatistics.callsByTypeAndDispositionHourly())
            .distinct(Duration.ofHours(12))
            .maxFutureSkew(Duration.ofHours(2))
            .retainingResults(Duration.ofDays(30))
            .build();

    try (RunningPipeline running = new LocalEngine().start(pipeline, RunOptions.bounded())) {
      running.awaitTermination();
      assertThat(running.accounting().duplicates()).isEqualTo(1);
      assertThat(running.results("calls-by-address").rows()).hasSize(2);
    }
  }

  // Results

  @Test
  void asking() throws InterruptedException {
    List<String> lines = new ArrayList<>();
    Pipeline pipeline =
        Pipeline.builder(
                sourceOf(
                    call("1", "415", "2018-10-06T10:00:00Z").disposition("HAN").build(),
                    call("2", "586", "2018-10-06T11:00:00Z").disposition("GOA").build()),
                SanFranciscoCalls.json())
            .statistics(StandardStatistics.all(LOS_ANGELES, Duration.ofHours(1)))
            .build();
    try (RunningPipeline running = new LocalEngine().start(pipeline, RunOptions.bounded())) {
      running.awaitTermination();
      running.results("calls-by-type").top(10).forEach(row -> lines.add("" + row));

      Results hourly = running.results("calls-by-type-and-disposition-hourly");
      List<WindowBounds> windows = hourly.windows();
      WindowBounds newest = windows.get(windows.size() - 1);
      for (ResultRow row : hourly.window(newest.start())) {
        lines.add(row.dimension("crime_type") + ": " + row.count());
      }
    }
    assertThat(lines).containsExactly("415  1", "586  1", "586: 1");
  }

  // Sinks

  /** Keeps the count of each type in a map, as other sinks do in a table. */
  static final class LatestCounts implements ResultSink {
    private final Map<String, Long> counts;

    LatestCounts(Map<String, Long> counts) {
      this.counts = counts;
    }

    @Override
    public void open(BatchResults restored) {
      restored.results("calls-by-type").stream().forEach(this::put);
    }

    @Override
    public void write(BatchResults batch) {
      batch.updates("calls-by-type").forEach(this::put);
    }

    private void put(ResultRow row) {
      counts.put(row.dimension("crime_type"), row.count());
    }

    @Override
    public String toString() {
      return "latest counts";
    }
  }

  @Test
  void sinks() throws Exception {
    MemorySource source =
        sourceOf(
            call("1", "415", "2018-10-06T10:00:00Z").build(),
            call("2", "415", "2018-10-06T10:10:00Z").build());
    List<String> seen = new ArrayList<>();

    Map<String, Long> counts = new ConcurrentHashMap<>();
    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .results(new LatestCounts(counts))
            .results(Sinks.csv(out))
            .results(Sinks.callback(batch -> seen.add(batch.number() + " " + batch.total())))
            .build();

    run(pipeline);
    assertThat(counts).containsExactly(Map.entry("415", 2L));
    assertThat(out.resolve("calls-by-type.csv")).hasContent("crime_type,count\n415,2");
    assertThat(seen).hasSize(1);
  }

  @Test
  void deadLetters() throws InterruptedException {
    List<String> lines = new ArrayList<>();
    MemorySource source = MemorySource.withPartitions(1);
    source.add(0, Instant.parse("2018-10-06T10:00:00Z"), "no call".getBytes(UTF_8));

    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .deadLetters(Sinks.deadLetterFiles(out))
            .deadLetters(
                Sinks.deadLetterCallback(
                    letter -> {
                      if (letter instanceof DeadLetter.Rejected rejected) {
                        lines.add(rejected.origin() + " rejected: " + rejected.reason().code());
                      } else if (letter instanceof DeadLetter.Late late) {
                        lines.add(late.origin() + " is late in " + late.missed());
                      }
                    }))
            .build();

    run(pipeline);
    assertThat(lines).singleElement().asString().endsWith("rejected: not-json");
    assertThat(out.resolve("rejected.ndjson")).content().contains("\"reason\":\"not-json\"");
  }

  // Listeners

  @Test
  void listeners() throws InterruptedException {
    MemorySource source = sourceOf(call("1", "415", "2018-10-06T10:00:00Z").build());
    List<String> lines = new ArrayList<>();

    StabilityMonitor monitor =
        StabilityMonitor.ofThisJvm(Duration.ofMinutes(5), RunOptions.DEFAULT_TRIGGER);
    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .listener(monitor)
            .listener(progress -> lines.add(progress.toJson()))
            .build();

    run(pipeline);

    monitor
        .verdict()
        .filter(verdict -> !verdict.stable())
        .ifPresent(
            verdict ->
                verdict
                    .findings()
                    .forEach(finding -> lines.add(finding.evidence() + ". " + finding.advice())));
    assertThat(lines).singleElement().asString().startsWith("{\"batch\":0,");
  }

  // Formats

  static final Field<String> PRODUCT = Field.text("product");
  static final Field<BigDecimal> PRICE = Field.decimal("price", 2);

  /** Orders such as {"nr":7,"at":1714557600,"item":{"name":"tea"},"price":"4.50"}. */
  static final JsonFormat ORDERS =
      JsonFormat.builder("orders")
          .zone(ZoneId.of("Europe/Berlin"))
          .id("nr")
          .time("at", "epoch-seconds")
          .text(PRODUCT, "item.name", "item.code")
          .number(PRICE, "price")
          .build();

  @Test
  void aDeclaredFormatHasItsOwnFields() {
    Statistic revenue =
        Statistic.named("orders-by-product").by(Dimension.of("product", PRODUCT)).build();
    String order = "{\"nr\":%d,\"at\":1714557600,\"item\":{\"name\":\"tea\"},\"price\":\"%s\"}";
    try (PipelineTester test =
        PipelineTester.of(ORDERS, 1, pipeline -> pipeline.statistic(revenue))) {
      test.receive(order.formatted(7, "4.50")).receive(order.formatted(8, "4.505")).endBatch();
      assertThat(test.results("orders-by-product"))
          .singleElement()
          .extracting(row -> row.dimension("product"))
          .isEqualTo("tea");
      assertThat(test.accounting().rejected()).isEqualTo(1);
    }
    byte[] record = order.formatted(7, "4.50").getBytes(UTF_8);
    ParseResult result = ORDERS.parser(Set.of(PRICE)).parse(record);
    assertThat(((ParseResult.Parsed) result).call().longValue(PRICE)).isEqualTo(450);
  }

  @Test
  void measuresOfNumbers() {
    Statistic revenue =
        Statistic.named("revenue-by-product")
            .by(Dimension.of("product", PRODUCT))
            .measuring(
                Measures.sum("revenue", PRICE),
                Measures.mean("mean_price", PRICE),
                Measures.ratio(
                    "expensive",
                    Set.of(PRICE),
                    order -> order.isPresent(PRICE) && order.longValue(PRICE) >= 10_00))
            .build();
    String order = "{\"nr\":%d,\"at\":1714557600,\"item\":{\"name\":\"tea\"},\"price\":\"%s\"}";
    try (PipelineTester test =
        PipelineTester.of(ORDERS, 1, pipeline -> pipeline.statistic(revenue))) {
      test.receive(order.formatted(7, "4.50")).receive(order.formatted(8, "10.00")).endBatch();
      assertThat(test.results("revenue-by-product"))
          .singleElement()
          .hasToString("tea  14.50  7.250000  0.5");
    }
  }

  /** Lines such as {@code 17|FIRE|2024-05-01T10:00:00Z|2024-05-01T10:07:00Z}. */
  static final class DispatchLines implements CallFormat {
    @Override
    public String name() {
      return "dispatch-lines";
    }

    @Override
    public Set<Field<?>> fields() {
      return Set.of(Fields.ID, Fields.TYPE, Fields.RECEIVED, Fields.ON_SCENE);
    }

    @Override
    public ZoneId zone() {
      return ZoneOffset.UTC;
    }

    @Override
    public String timeField() {
      return "received";
    }

    @Override
    public CallParser parser(Set<Field<?>> fields) {
      return DispatchLines::parse;
    }

    private static ParseResult parse(CallRecord record) {
      byte[] value = record.value();
      String[] parts = new String(value, UTF_8).split("\\|", -1);
      if (parts.length != 4 || parts[0].isBlank() || parts[1].isBlank()) {
        return new ParseResult.Rejected(RejectionReason.MISSING_FIELD, null, value);
      }
      try {
        Instant received = Instant.parse(parts[2]);
        Call.Builder call =
            Call.builder(parts[0], parts[1], received).with(Fields.RECEIVED, received);
        if (!parts[3].isEmpty()) {
          call.with(Fields.ON_SCENE, Instant.parse(parts[3]));
        }
        return new ParseResult.Parsed(call.build());
      } catch (DateTimeParseException e) {
        return new ParseResult.Rejected(RejectionReason.UNREADABLE_TIME, "received", value);
      }
    }

    @Override
    public byte[] write(Call call) {
      String onScene = call.time(Fields.ON_SCENE).map(Instant::toString).orElse("");
      return String.join("|", call.id(), call.type(), call.time().toString(), onScene)
          .getBytes(UTF_8);
    }
  }

  @Test
  void aFormatOfOnesOwnReadsWhatItWrites() {
    Call call =
        call("17", "FIRE", "2024-05-01T10:00:00Z")
            .with(Fields.RECEIVED, Instant.parse("2024-05-01T10:00:00Z"))
            .with(Fields.ON_SCENE, Instant.parse("2024-05-01T10:07:00Z"))
            .build();
    DispatchLines format = new DispatchLines();
    assertThat(format.parser(Set.of()).parse(format.write(call)))
        .isEqualTo(new ParseResult.Parsed(call));
  }
}
