package io.callstream.statistic;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.call.NewOrleansCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StatisticTest {
  private static final ZoneId LOS_ANGELES = ZoneId.of("America/Los_Angeles");

  @Test
  void standardStatisticsHaveTheColumnsOfTheirFiles() {
    assertThat(StandardStatistics.callsByType().columns()).containsExactly("crime_type", "count");
    assertThat(StandardStatistics.callsByTypeAndDispositionHourly().columns())
        .containsExactly(
            "window_start",
            "window_end",
            "crime_type",
            "disposition",
            "disposition_description",
            "count");
    assertThat(StandardStatistics.callsByLocation().columns()).containsExactly("address", "count");
    assertThat(StandardStatistics.callsByHourOfWeek(LOS_ANGELES).columns())
        .containsExactly("day_of_week", "hour_of_day", "count");
    assertThat(StandardStatistics.all(LOS_ANGELES, ofHours(1)))
        .extracting(Statistic::name)
        .containsExactly(
            "calls-by-type",
            "calls-by-type-and-disposition-hourly",
            "calls-by-location",
            "calls-by-hour-of-week");
  }

  @Test
  void aBuilderAddsDimensionsAndMeasuresAndRefusesASecondFilter() {
    Statistic.Builder builder =
        Statistic.named("s")
            .by(Dimensions.DISTRICT)
            .by(Dimensions.PRIORITY)
            .measuring(Measures.count())
            .measuring(Measures.share())
            .where(call -> true);
    assertThat(builder.build().columns()).containsExactly("district", "priority", "count", "share");
    assertThatThrownBy(() -> builder.where(call -> false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("'s' already has a filter; give one that makes both comparisons");
  }

  @Test
  void theStandardStatisticsOfAFormatReadOnlyItsFields() {
    JsonFormat orders = JsonFormat.builder("orders").zone(ZoneOffset.UTC).time("at").build();
    assertThat(StandardStatistics.of(orders, ofHours(1)))
        .extracting(Statistic::name)
        .containsExactly("calls-per-hour", "calls-by-hour-of-week");
    JsonFormat typed =
        JsonFormat.builder("typed").zone(ZoneOffset.UTC).time("at").type("type").build();
    assertThat(StandardStatistics.of(typed, ofHours(1)))
        .extracting(Statistic::name)
        .containsExactly("calls-by-type", "calls-per-hour", "calls-by-hour-of-week");
    List<Statistic> all = StandardStatistics.of(NewOrleansCalls.json(), ofHours(1));
    assertThat(all)
        .extracting(Statistic::name)
        .containsExactly(
            "calls-by-type",
            "calls-by-type-and-disposition-hourly",
            "calls-by-location",
            "calls-by-hour-of-week",
            "response-times-by-priority");
    assertThat(all.get(1).columns()).doesNotContain("disposition_description");
    assertThat(StandardStatistics.forFormat(orders, ofHours(1), true))
        .extracting(Statistic::name)
        .containsExactly("calls-per-hour", "calls-by-hour-of-week");
    assertThat(StandardStatistics.forFormat(typed, ofHours(1), true))
        .extracting(Statistic::name)
        .endsWith("spikes-by-type");
    assertThat(StandardStatistics.forFormat(typed, ofHours(1), false))
        .extracting(Statistic::name)
        .doesNotContain("spikes-by-type");
  }

  @Test
  void dayAndHourFollowTheTimeZone() {
    for (String name :
        new String[] {"America/Los_Angeles", "Australia/Lord_Howe", "Pacific/Apia"}) {
      ZoneId zone = ZoneId.of(name);
      Function<Call, String> day = Dimensions.dayOfWeek(zone).extractor();
      Function<Call, String> hour = Dimensions.hourOfDay(zone).extractor();
      Random random = new Random(4);
      for (int i = 0; i < 20_000; i++) {
        Instant time = Instant.ofEpochMilli((long) ((random.nextDouble() - 0.2) * 3e12));
        ZonedDateTime local = time.atZone(zone);
        Call call = Call.builder("1", "T", time).build();
        assertThat(day.apply(call)).isEqualTo(String.valueOf(local.getDayOfWeek().getValue()));
        assertThat(hour.apply(call)).isEqualTo(String.valueOf(local.getHour()));
      }
    }
  }

  @Test
  void hasTheNineteenRadioCodesOf2018() {
    CodeTable codes = RadioCodes.sanFrancisco();
    assertThat(codes.descriptions()).hasSize(19);
    assertThat(codes.description("GOA")).isEqualTo("Gone on Arrival");
    assertThat(codes.description("OTS")).isEmpty();
    assertThat(codes.contains("HAN")).isTrue();
    assertThat(codes.contains("han")).isFalse();
    assertThat(codes.contains("")).isFalse();
  }

  @Test
  void radioCodesAreReadFromAFileAndTheLastOfACodeCounts(@TempDir Path directory)
      throws IOException {
    Path file = directory.resolve("codes.json");
    Files.writeString(
        file,
        """
        [{"disposition_code":"A","description":"first","more":[1]},
         {"description":"\u00e9","disposition_code":"B"},
         {"disposition_code":"A","description":"last"}]
        """);
    assertThat(RadioCodes.read(file).descriptions()).isEqualTo(Map.of("A", "last", "B", "\u00e9"));
    JsonNode tree = new ObjectMapper().readTree(file.toFile());
    assertThat(tree).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "[1]",
        "[{\"disposition_code\":\"A\"}]",
        "[{",
        "[{},]",
        "[{\"disposition_code\":\"A\",\"description\":\"a\"}] [",
        "[{\"disposition_code\":\"A\",\"description\":\"a\"}"
      })
  void rejectsAFileWithoutCodes(String content, @TempDir Path directory) throws IOException {
    Path file = directory.resolve("codes.json");
    Files.writeString(file, content);
    assertThatThrownBy(() -> RadioCodes.read(file))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT_FAILED))
        .hasMessageContaining(file.toString());
  }

  @Test
  void rejectsAMissingFileOfCodes(@TempDir Path directory) {
    assertThatThrownBy(() -> RadioCodes.read(directory.resolve("none.json")))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("none.json");
  }

  @Test
  void namesTheInvalidNameOfADimension() {
    assertThatThrownBy(() -> Dimension.of("City Name", Fields.CITY))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("'City Name' is not a valid column name");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "-a", "Calls", "a b", "a/b", "../a", "..", "/a", "a\u0000", "a\\b", "a.csv", "\u00e9"
      })
  void rejectsInvalidNames(String name) {
    assertThat(Statistic.named("a".repeat(100)).build().name()).hasSize(100);
    assertThatThrownBy(() -> Statistic.named("a".repeat(101)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Statistic.named(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + name + "'");
  }

  @Test
  void rejectsSlidesThatDoNotDivideTheirWindow() {
    assertThatThrownBy(() -> Windows.sliding(ofMinutes(60), ofMinutes(25)).withoutLateness())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("PT1H")
        .hasMessageContaining("PT25M");
    assertThat(Windows.sliding(ofMinutes(60), ofMinutes(20)).withoutLateness().windowsPerCall())
        .isEqualTo(3);
    assertThat(Windows.sliding(ofMinutes(60), ofMinutes(60)).withoutLateness().windowsPerCall())
        .isEqualTo(1);
    assertThatThrownBy(() -> Windows.sliding(ofMinutes(60), ofMinutes(120)).withoutLateness())
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Windows.sliding(ofHours(1), Duration.ofSeconds(1)).withoutLateness())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1000");
  }

  @Test
  void rejectsSizesAndLatenessOutOfBounds() {
    for (Duration size :
        new Duration[] {
          Duration.ZERO, Duration.ofMillis(-1), Duration.ofNanos(1), Duration.ofDays(3_661)
        }) {
      assertThatThrownBy(() -> Windows.tumbling(size).withoutLateness())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(size.toString());
    }
    for (Duration lateness :
        new Duration[] {Duration.ofMillis(-1), Duration.ofNanos(1), Duration.ofDays(3_661)}) {
      assertThatThrownBy(() -> Windows.daily(LOS_ANGELES).allowingLateness(lateness))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(lateness.toString());
    }
  }

  @Test
  void sessionsEmitOnCloseAndHaveNoShare() {
    Window sessions = Windows.session(ofMinutes(30)).allowingLateness(ofMinutes(5));
    assertThat(sessions).isEqualTo(new Window.Session(ofMinutes(30), ofMinutes(5)));
    assertThat(sessions.windowsPerCall()).isEqualTo(1);
    Statistic.Builder builder = Statistic.named("visits").over(sessions);
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'visits'")
        .hasMessageContaining("emitting(Emission.ON_CLOSE)");
    Statistic statistic = builder.emitting(Emission.ON_CLOSE).build();
    assertThat(statistic.columns()).containsExactly("window_start", "window_end", "count");
    assertThat(statistic.toString()).contains("PT30M", "PT5M");
    assertThatThrownBy(() -> builder.measuring(Measures.share()).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'share'")
        .hasMessageContaining("Remove the share");
    assertThatThrownBy(() -> Windows.session(Duration.ZERO).withoutLateness())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("gap of sessions");
  }

  @Test
  void aBaselineNeedsWindowsThatDivideAWeekAndEmissionOnClose() {
    Baseline baseline = Baseline.weekly(LOS_ANGELES);
    for (Windows windows :
        List.of(
            Windows.hourly(LOS_ANGELES),
            Windows.daily(LOS_ANGELES),
            Windows.weekly(LOS_ANGELES),
            Windows.tumbling(ofMinutes(15)),
            Windows.tumbling(Duration.ofDays(7)))) {
      Statistic spikes =
          Statistic.named("s").over(windows.withoutLateness()).comparedWith(baseline).build();
      assertThat(spikes.baseline()).contains(baseline);
      assertThat(spikes.emission()).isEqualTo(Emission.ON_CLOSE);
      assertThat(spikes.columns()).endsWith("count", "expected", "spread", "score", "history");
    }
    for (Windows windows :
        List.of(
            Windows.monthly(LOS_ANGELES),
            Windows.session(ofMinutes(5)),
            Windows.sliding(ofHours(1), ofMinutes(30)),
            Windows.tumbling(ofMinutes(11)),
            Windows.tumbling(Duration.ofDays(14)))) {
      Statistic.Builder spikes =
          Statistic.named("s").over(windows.withoutLateness()).comparedWith(baseline);
      assertThatThrownBy(spikes::build)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("'s' is compared with a baseline", "size divides a week");
    }
    Statistic.Builder total = Statistic.named("s").comparedWith(baseline);
    assertThatThrownBy(total::build).hasMessageContaining("has no window");
    Statistic.Builder hours =
        Statistic.named("s")
            .over(Windows.hourly(LOS_ANGELES).withoutLateness())
            .comparedWith(baseline);
    assertThatThrownBy(() -> hours.measuring(Measures.share()).build())
        .hasMessageContaining("measures the share 'share'");
    assertThatThrownBy(() -> hours.emitting(Emission.ON_UPDATE).build())
        .hasMessageContaining("Omit emitting(...)");
    assertThatThrownBy(() -> baseline.falseAlarmRate(Double.NaN)).hasMessageContaining("NaN");
  }

  @Test
  void rejectsInvalidColumnNames() {
    assertThatThrownBy(() -> Dimension.of("Crime Type", Fields.TYPE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("'Crime Type' is not a valid column name; use lower-case letters");
  }

  @Test
  void rejectsDuplicateColumns() {
    assertThatThrownBy(() -> Statistic.named("s").by(Dimension.of("count", Fields.CITY)).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'count'");
  }

  @Test
  void emittingOnCloseRequiresAWindow() {
    assertThatThrownBy(() -> Statistic.named("s").emitting(Emission.ON_CLOSE).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("over(...)");
  }

  @Test
  void fieldsIncludeThoseOfFilterDimensionsAndMeasures() {
    Statistic statistic =
        Statistic.named("s")
            .where(java.util.Set.of(Fields.CITY), call -> !call.text(Fields.CITY).isEmpty())
            .by(Dimensions.ADDRESS, Dimensions.hourOfDay(LOS_ANGELES))
            .measuring(Measures.count(), Measures.approximateDistinct("types", Fields.TYPE))
            .build();
    assertThat(statistic.fields())
        .containsExactlyInAnyOrder(Fields.CITY, Fields.ADDRESS, Fields.TYPE);
  }

  @Test
  void descriptionsDifferIfStatesCannotBeMerged() {
    CallDuration duration = Measures.between(Fields.RECEIVED, Fields.ON_SCENE);
    Set<Field<?>> fields = Set.of(Fields.RECEIVED, Fields.ON_SCENE);
    List<Statistic> different =
        List.of(
            Statistic.named("x").measuring(Measures.minimum("m", fields, duration)).build(),
            Statistic.named("x").measuring(Measures.maximum("m", fields, duration)).build(),
            Statistic.named("x").measuring(Measures.quantile("m", 0.5, fields, duration)).build(),
            Statistic.named("x").measuring(Measures.quantile("m", 0.9, fields, duration)).build(),
            Statistic.named("x")
                .measuring(Measures.approximateDistinct("m", Fields.ADDRESS))
                .build(),
            Statistic.named("x").measuring(Measures.approximateDistinct("m", Fields.CITY)).build(),
            Statistic.named("x").by(Dimension.of("d", Fields.ADDRESS)).build(),
            Statistic.named("x").by(Dimension.of("d", Fields.CITY)).build(),
            Statistic.named("x").by(Dimension.ofNumber("d", Set.of(), call -> 1)).build());
    assertThat(different.stream().map(Statistic::toString)).doesNotHaveDuplicates();
  }

  @Test
  void theDescriptionHasTheZoneOfLocalTimes() {
    Statistic berlin =
        Statistic.named("a").by(Dimensions.hourOfDay(ZoneId.of("Europe/Berlin"))).build();
    Statistic utc = Statistic.named("a").by(Dimensions.hourOfDay(ZoneOffset.UTC)).build();
    assertThat(berlin.toString()).contains("hour_of_day number of [] in Europe/Berlin");
    assertThat(utc.toString()).isNotEqualTo(berlin.toString());
  }

  @ParameterizedTest
  @CsvSource({
    "'', LONG, 0, 0, 'The column '''' must be lower-case'",
    "Count, LONG, 0, 0, 'The column ''Count'' must be lower-case'",
    "1st, LONG, 0, 0, 'The column ''1st'' must be lower-case'",
    "count, LONG, 1, 0, 'The column ''count'' has the scale 1; it must be 0, or at most 38'",
    "price, DECIMAL, 39, 0, 'The column ''price'' has the scale 39'",
    "price, DECIMAL, -1, 0, 'The column ''price'' has the scale -1'",
    "count, LONG, 0, -1, 'The column ''count'' has the index -1; it must be 0 or more'"
  })
  void rejectsAnInvalidColumn(String name, Column.Type type, int scale, int index, String message) {
    assertThatThrownBy(() -> new Column(name, type, scale, Column.Role.MEASURE, index))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(message);
    String longest = "c".repeat(72);
    assertThat(new Column(longest, Column.Type.DECIMAL, 38, Column.Role.MEASURE, 0).name())
        .isEqualTo(longest);
    assertThatThrownBy(() -> new Column(longest + "c", Column.Type.LONG, 0, Column.Role.MEASURE, 0))
        .hasMessageContaining("at most 72 characters");
  }
}
