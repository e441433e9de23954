package io.callstream.sink;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.Fields;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.CapturedLog;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.local.LocalEngine;
import io.callstream.engine.local.PipelineTester;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import io.callstream.testing.NumberCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvSinkTest {
  private static final ZoneId LOS_ANGELES = ZoneId.of("America/Los_Angeles");
  @TempDir private Path directory;

  private static Call call(String type, String time, String disposition, String address) {
    return Call.builder("1", type, Instant.parse(time))
        .disposition(disposition)
        .address(address)
        .build();
  }

  private static Call of(String type) {
    return call(type, "2018-11-01T12:00:00Z", "HAN", "A");
  }

  private void count(List<Statistic> statistics, Call... calls) {
    try (PipelineTester tester =
        PipelineTester.of(
            SanFranciscoCalls.json(),
            1,
            p ->
                p.statistics(statistics)
                    .lookup(StandardStatistics.dispositions())
                    .results(Sinks.csv(directory)))) {
      tester.receive(calls).endBatch();
      assertThatAccounting(tester.accounting()).addsUpFor(statistics);
    }
  }

  private String file(String name) throws IOException {
    return Files.readString(directory.resolve(name), UTF_8);
  }

  @Test
  void standardStatisticsAreAsTheDesignHasThem() throws IOException {
    count(
        StandardStatistics.all(LOS_ANGELES, Duration.ofHours(1)),
        call("Passing Call", "2018-11-01T12:10:00Z", "HAN", "A St"),
        call("Passing Call", "2018-11-01T12:20:00Z", "HAN", "B St"),
        call("415", "2018-11-01T12:30:00Z", "OTS", ""),
        call("Passing Call", "2018-11-01T13:00:00Z", "HAN", "B St"));

    assertThat(file("calls-by-type.csv")).isEqualTo("crime_type,count\nPassing Call,3\n415,1\n");
    assertThat(file("calls-by-type-and-disposition-hourly.csv"))
        .isEqualTo(
            """
            window_start,window_end,crime_type,disposition,disposition_description,count
            2018-11-01T05:00:00-07:00,2018-11-01T06:00:00-07:00,Passing Call,HAN,Handled,2
            2018-11-01T05:00:00-07:00,2018-11-01T06:00:00-07:00,415,OTS,,1
            2018-11-01T06:00:00-07:00,2018-11-01T07:00:00-07:00,Passing Call,HAN,Handled,1
            """);
    assertThat(file("calls-by-location.csv")).isEqualTo("address,count\nB St,2\n,1\nA St,1\n");
    assertThat(file("calls-by-hour-of-week.csv"))
        .isEqualTo("day_of_week,hour_of_day,count\n4,5,3\n4,6,1\n");
    assertThat(file("accounting.json"))
        .isEqualTo(
            "{\"received\":4,\"rejected\":0,\"duplicates\":0,\"ambiguousTimes\":0,"
                + "\"unknownDispositions\":1,\"statistics\":{"
                + "\"calls-by-type\":{\"counted\":4,\"late\":0},"
                + "\"calls-by-type-and-disposition-hourly\":{\"counted\":4,\"late\":0},"
                + "\"calls-by-location\":{\"counted\":4,\"late\":0},"
                + "\"calls-by-hour-of-week\":{\"counted\":4,\"late\":0}}}\n");
  }

  @Test
  void warnsIfARunFromTheStartReplacesTheResultsOfAnEarlierOne() {
    List<Statistic> statistics = List.of(StandardStatistics.callsByType());
    try (CapturedLog log = CapturedLog.of(CsvSink.class)) {
      count(statistics);
      count(statistics, of("a"), of("b"));
      assertThat(log.events(Level.WARN)).isEmpty();
      count(statistics);
      assertThat(log.events(Level.WARN))
          .singleElement()
          .extracting(ILoggingEvent::getFormattedMessage)
          .asString()
          .contains(directory.toString(), "2 records", "replaces them", "another directory");
    }
  }

  @Test
  void valuesAreQuotedOnlyWhereTheyMustBe() throws IOException {
    count(
        List.of(StandardStatistics.callsByType()),
        of("plain"),
        of(" space "),
        of("a,b"),
        of("say \"hi\""),
        of("line\nfeed"),
        of("carriage\rreturn"),
        of("semi;colon'tab\t"),
        of("Zo\u00eb \ud83d\ude00"));
    assertThat(file("calls-by-type.csv"))
        .isEqualTo(
            "crime_type,count\n"
                + " space ,1\n"
                + "Zo\u00eb \ud83d\ude00,1\n"
                + "\"a,b\",1\n"
                + "\"carriage\rreturn\",1\n"
                + "\"line\nfeed\",1\n"
                + "plain,1\n"
                + "\"say \"\"hi\"\"\",1\n"
                + "semi;colon'tab\t,1\n");
  }

  @Test
  void textSortsByUtf8AndNotByUtf16() throws IOException {
    count(
        List.of(StandardStatistics.callsByType()),
        of("\ud83d\ude00"),
        of("\uffe5"),
        of("\u00e9"),
        of("z"),
        of("Z"),
        of("z\uffe5"),
        of("z\ud83d\ude00"),
        of("zz"));
    assertThat(file("calls-by-type.csv"))
        .isEqualTo(
            "crime_type,count\nZ,1\nz,1\nzz,1\nz\uffe5,1\nz\ud83d\ude00,1\n\u00e9,1\n\uffe5,1\n"
                + "\ud83d\ude00,1\n");
  }

  @Test
  void rowsSortByWindowThenCountThenKeysWithNumbersByValue() throws IOException {
    Statistic statistic =
        Statistic.named("s")
            .by(
                Dimension.ofNumber(
                    "number", Set.of(Fields.ADDRESS), c -> Long.parseLong(c.text(Fields.ADDRESS))),
                Dimensions.CRIME_TYPE)
            .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
            .build();
    count(
        List.of(statistic),
        call("b", "2018-11-01T12:00:00Z", "", "10"),
        call("a", "2018-11-01T12:00:00Z", "", "10"),
        call("z", "2018-11-01T12:00:00Z", "", "9"),
        call("z", "2018-11-01T12:00:00Z", "", "-10"),
        call("z", "2018-11-01T12:00:00Z", "", "-9"),
        call("q", "2018-11-01T12:00:00Z", "", "100"),
        call("q", "2018-11-01T12:00:00Z", "", "100"),
        call("y", "2018-11-01T11:59:59Z", "", "5"));
    String hour = "2018-11-01T05:00:00-07:00,2018-11-01T06:00:00-07:00,";
    assertThat(file("s.csv"))
        .isEqualTo(
            "window_start,window_end,number,crime_type,count\n"
                + "2018-11-01T04:00:00-07:00,2018-11-01T05:00:00-07:00,5,y,1\n"
                + hour
                + "100,q,2\n"
                + hour
                + "-10,z,1\n"
                + hour
                + "-9,z,1\n"
                + hour
                + "9,z,1\n"
                + hour
                + "10,a,1\n"
                + hour
                + "10,b,1\n");
  }

  /** Returns batches in which windows are added, change, remain and are finally removed. */
  private static List<BatchResults> batchesOfHours() {
    List<BatchResults> batches = new ArrayList<>();
    try (PipelineTester tester =
        PipelineTester.of(
            SanFranciscoCalls.json(),
            1,
            p ->
                p.statistic(
                        Statistic.named("s")
                            .by(Dimensions.CRIME_TYPE)
                            .over(
                                Windows.tumbling(Duration.ofHours(1))
                                    .allowingLateness(Duration.ofHours(3)))
                            .build())
                    .retainingResults(Duration.ofHours(1))
                    .results(Sinks.callback(batches::add)))) {
      for (int hour = 0; hour < 20; hour++) {
        String day = "2018-11-01T";
        tester
            .receive(
                call("a", day + String.format("%02d:10:00Z", hour), "", ""),
                call("b" + hour, day + String.format("%02d:20:00Z", Math.max(0, hour - 2)), "", ""))
            .endBatch();
      }
    }
    return batches;
  }

  @Test
  void whatIsCopiedFromTheFileBeforeIsWhatWouldBeMadeAnew() throws IOException {
    List<BatchResults> batches = batchesOfHours();
    for (int first = 0; first < batches.size(); first += 3) {
      for (int second = first; second < batches.size(); second += 4) {
        ResultSink sink = Sinks.csv(directory);
        sink.open(batches.get(first));
        String before = file("s.csv");
        sink.write(batches.get(second));
        sink.close();
        String after = file("s.csv");
        assertThat(before).isEqualTo(csv(batches.get(first)));
        assertThat(after).isEqualTo(csv(batches.get(second)));
      }
    }
  }

  @Test
  void aFileThatSomebodyElseChangedIsMadeAnew() throws IOException {
    List<BatchResults> batches = batchesOfHours();
    ResultSink sink = Sinks.csv(directory);
    sink.open(batches.get(5));
    Path file = directory.resolve("s.csv");
    Files.writeString(file, file("s.csv").replace(",1\n", ",7\n"));
    Files.setLastModifiedTime(file, FileTime.fromMillis(0));
    sink.write(batches.get(6));
    sink.close();
    assertThat(file("s.csv")).isEqualTo(csv(batches.get(6)));
  }

  @Test
  void whatCouldNotBePublishedInBetweenIsPublishedInTheEnd() throws IOException {
    List<BatchResults> batches = batchesOfHours();
    ResultSink sink = Sinks.csv(directory);
    sink.open(batches.get(4));
    sink.write(batches.get(5));
    Path file = directory.resolve("s.csv");
    Files.delete(file);
    Path inTheWay = Files.createFile(Files.createDirectory(file).resolve("in-the-way"));
    sink.write(batches.get(6));
    Path draft = directory.resolve(".s.csv.draft");
    long end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (!Files.exists(draft) && System.nanoTime() < end) {
      LockSupport.parkNanos(1_000_000);
    }
    assertThat(draft).exists();
    Files.delete(inTheWay);
    Files.delete(file);
    sink.close();
    assertThat(file("s.csv")).isEqualTo(csv(batches.get(6)));
  }

  /** Returns the CSV file for results whose texts need no quotes. */
  private static String csv(BatchResults batch) {
    StringBuilder lines = new StringBuilder("window_start,window_end,crime_type,count\n");
    for (ResultRow row : batch.results("s").rows()) {
      WindowBounds window = row.window().orElseThrow();
      lines
          .append(DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(window.start().atZone(LOS_ANGELES)))
          .append(',')
          .append(DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(window.end().atZone(LOS_ANGELES)))
          .append(',')
          .append(row.dimension("crime_type"))
          .append(',')
          .append(row.count())
          .append('\n');
    }
    return lines.toString();
  }

  @Test
  void timesHaveTheOffsetInForceOnBothSidesOfAClockChange() throws IOException {
    Statistic statistic =
        Statistic.named("s").over(Windows.tumbling(Duration.ofHours(1)).withoutLateness()).build();
    Statistic daily =
        Statistic.named("d").over(Windows.daily(LOS_ANGELES).withoutLateness()).build();
    count(
        List.of(statistic, daily),
        call("t", "2018-11-04T08:30:00Z", "", ""),
        Call.builder("1", "t", Instant.parse("2018-11-04T10:30:00Z")).build(),
        call("t", "2018-03-11T09:30:00Z", "", ""),
        call("t", "2018-03-11T10:30:00Z", "", ""));
    assertThat(file("s.csv"))
        .isEqualTo(
            """
            window_start,window_end,count
            2018-03-11T01:00:00-08:00,2018-03-11T03:00:00-07:00,1
            2018-03-11T03:00:00-07:00,2018-03-11T04:00:00-07:00,1
            2018-11-04T01:00:00-07:00,2018-11-04T01:00:00-08:00,1
            2018-11-04T02:00:00-08:00,2018-11-04T03:00:00-08:00,1
            """);
    assertThat(file("d.csv"))
        .isEqualTo(
            """
            window_start,window_end,count
            2018-03-11T00:00:00-08:00,2018-03-12T00:00:00-07:00,2
            2018-11-04T00:00:00-07:00,2018-11-05T00:00:00-08:00,2
            """);
  }

  @Test
  void measuresAreSpeltAsTheirKind() throws IOException {
    Statistic statistic =
        Statistic.named("s")
            .by(Dimensions.CRIME_TYPE)
            .measuring(
                Measures.share(),
                Measures.count(),
                Measures.mean(
                    "mean",
                    Set.of(Fields.ADDRESS),
                    c ->
                        c.address().isEmpty()
                            ? java.util.Optional.empty()
                            : java.util.Optional.of(Duration.parse(c.address()))))
            .build();
    count(
        List.of(statistic),
        call("a", "2018-11-01T12:00:00Z", "", "PT1M30.5S"),
        call("a", "2018-11-01T12:00:00Z", "", "PT1M30.5S"),
        call("b", "2018-11-01T12:00:00Z", "", ""));
    assertThat(file("s.csv"))
        .isEqualTo("crime_type,share,count,mean\na,0.666667,2,PT1M30.5S\nb,0.333333,1,\n");
  }

  @Test
  void numbersKeepAllDigits() throws IOException {
    NumberCalls.run(Sinks.csv(directory));
    List<String> lines = file("numbers.csv").lines().skip(1).toList();
    assertThat(lines.stream().map(line -> line.replace("\"[", "[").replace("]\"", "]")))
        .as("without the quotes of cells with commas")
        .containsExactlyInAnyOrderElementsOf(
            NumberCalls.LINES.stream()
                .map(line -> line.replace("null", "").replace("\"", "\"\""))
                .toList());
  }

  @Test
  void accountingTellsOfFilteredCallsOnlyWhereThereAreSome() throws IOException {
    count(
        List.of(
            Statistic.named("some").where(c -> c.type().equals("a")).build(),
            Statistic.named("all").build()),
        of("a"),
        of("b"));
    assertThat(file("accounting.json"))
        .isEqualTo(
            "{\"received\":2,\"rejected\":0,\"duplicates\":0,\"ambiguousTimes\":0,"
                + "\"unknownDispositions\":0,\"statistics\":{"
                + "\"some\":{\"counted\":1,\"late\":0,\"filtered\":1},"
                + "\"all\":{\"counted\":2,\"late\":0}}}\n");
  }

  @Test
  void aRunWithoutCallsLeavesHeaders() throws IOException {
    count(List.of(StandardStatistics.callsByType()));
    assertThat(file("calls-by-type.csv")).isEqualTo("crime_type,count\n");
    assertThat(file("accounting.json")).startsWith("{\"received\":0,");
  }

  @Test
  void windowsThatEmitOnCloseAreThereWhenTheyClose() throws IOException {
    Statistic statistic =
        Statistic.named("s")
            .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
            .emitting(Emission.ON_CLOSE)
            .build();
    try (PipelineTester tester =
        PipelineTester.of(
            SanFranciscoCalls.json(),
            1,
            p -> p.statistic(statistic).results(Sinks.csv(directory)))) {
      tester.receive(call("a", "2018-11-01T12:00:00Z", "", "")).endBatch();
      tester.receive(call("a", "2018-11-01T13:00:00Z", "", "")).endBatch();
      tester.receive(call("a", "2018-11-01T13:01:00Z", "", "")).endBatch();
      assertThatAccounting(tester.accounting()).addsUpFor(List.of(statistic));
    }
    assertThat(file("s.csv"))
        .isEqualTo(
            "window_start,window_end,count\n"
                + "2018-11-01T05:00:00-07:00,2018-11-01T06:00:00-07:00,1\n");
  }

  @Test
  void noDraftIsLeft() throws IOException {
    count(StandardStatistics.all(LOS_ANGELES, Duration.ZERO), of("a"));
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder(
              ".lock",
              "accounting.json",
              "calls-by-type.csv",
              "calls-by-type-and-disposition-hourly.csv",
              "calls-by-location.csv",
              "calls-by-hour-of-week.csv");
    }
  }

  @Test
  void aReaderNeverSeesAPartOfAFile() throws Exception {
    MemorySource source = MemorySource.withPartitions(1);
    for (int i = 0; i < 20_000; i++) {
      source.add(
          0,
          Instant.EPOCH.plusSeconds(86_400),
          SanFranciscoCalls.json()
              .write(Call.builder("" + i, "type " + i, Instant.EPOCH.plusSeconds(i)).build()));
    }
    // A reader must never see a file without its last line, or with a wrong sum.
    AtomicBoolean done = new AtomicBoolean();
    AtomicReference<String> wrong = new AtomicReference<>();
    List<Integer> seen = new ArrayList<>();
    Thread reader =
        new Thread(
            () -> {
              while (!done.get()) {
                try {
                  String csv = file("calls-by-type.csv");
                  int lines = (int) csv.lines().count() - 1;
                  if (!csv.endsWith("\n")
                      || !csv.startsWith("crime_type,count\n")
                      || lines % 500 != 0) {
                    wrong.set(csv);
                  }
                  seen.add(lines);
                } catch (IOException e) {
                  // The file does not exist before the first batch.
                }
              }
            });
    reader.start();
    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .results(Sinks.csv(directory))
            .build();
    try (RunningPipeline run =
        new LocalEngine().start(pipeline, RunOptions.bounded().readingAtMost(500))) {
      run.awaitTermination();
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
    } finally {
      done.set(true);
      reader.join();
    }
    assertThat(wrong.get()).isNull();
    assertThat(seen).isNotEmpty();
    assertThat(file("calls-by-type.csv").lines()).hasSize(20_001);
  }

  @Test
  void aDirectoryThatCanNotBeWrittenIsRefusedBeforeAnythingStarts() throws IOException {
    Path file = directory.resolve("file");
    Files.writeString(file, "");
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .results(Sinks.csv(file.resolve("out")))
            .build();
    assertThatThrownBy(() -> new LocalEngine().start(pipeline))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining(file.resolve("out").toString());
  }
}
