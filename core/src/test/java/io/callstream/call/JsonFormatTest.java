package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JsonFormatTest {
  private static final Field<String> BEAT = Field.text("beat");
  private static final Field<Long> UNITS = Field.number("units");
  private static final Field<BigDecimal> PRICE = Field.decimal("price", 2);
  private static final Field<Double> SPEED = Field.real("speed");
  private static final Field<Boolean> ON_VIEW = Field.flag("on_view");
  private static final JsonFormat FORMAT =
      JsonFormat.builder("test")
          .zone(ZoneId.of("America/Chicago"))
          .id("item")
          .type("type.name", "type.code")
          .time("at", "iso", "MM/dd/yyyy HH:mm", "epoch-seconds")
          .text(BEAT, "beat")
          .number(UNITS, "units")
          .number(PRICE, "price")
          .number(SPEED, "speed")
          .flag(ON_VIEW, "self", "self_initiated")
          .time(Fields.CLOSED, "closed", "epoch-millis")
          .position(Fields.POSITION, "point.coordinates[1]", "point.coordinates[0]")
          .build();
  private static final String VALID =
      "{'item':1,'type':{'code':'a'},'at':'2021-07-04T12:00:00','beat':'3K'%s}";

  /** Parses a record on both paths, which must agree, and returns the result. */
  private static ParseResult parse(JsonFormat format, String record) {
    String json = record.replace('\'', '"');
    CallParser parser = format.parser(format.fields());
    ParseResult plain = parser.parse(json.getBytes(UTF_8));
    // A name with an escape is read by the full parser.
    String comma = json.equals("{}") ? "" : ",";
    String escaped = json.replaceFirst("\\{", "{\"\\\\u0061b\": 1" + comma);
    ParseResult full = parser.parse(escaped.getBytes(UTF_8));
    if (plain instanceof Rejected rejected) {
      assertThat(full).hasToString(rejected.toString());
      assertThat(parser.idOfCall(json.getBytes(UTF_8))).isNull();
    } else {
      assertThat(((Parsed) full).call()).isEqualTo(((Parsed) plain).call());
    }
    return plain;
  }

  private static Call call(String more) {
    return ((Parsed) parse(FORMAT, VALID.formatted(more))).call();
  }

  private static void assertRejected(RejectionReason reason, String field, String record) {
    assertThat(parse(FORMAT, record))
        .as(record)
        .isInstanceOfSatisfying(
            Rejected.class,
            rejected -> {
              assertThat(rejected.reason()).isEqualTo(reason);
              assertThat(rejected.field()).isEqualTo(field);
            });
  }

  @Test
  void readsEscapesInValues() {
    Field<String> name = Field.text("name");
    Field<String> none = Field.text("none");
    Field<Instant> due = Field.time("due");
    JsonFormat format =
        JsonFormat.builder("escapes")
            .zone(ZoneOffset.UTC)
            .absent("N/A")
            .id("id")
            .time("at")
            .text(name, "name")
            .text(none, "none")
            .time(due, "due", "MM/dd/uuuu HH:mm")
            .build();
    String record =
        "{'id':'a\\/1','name':'\\\\ \\'x\\'','none':'N\\/A','due':'07\\/04\\/2021 12:00'"
            + ",'at':'2021-07-04T12:00:00'}";

    Call call = ((Parsed) parse(format, record)).call();

    assertThat(call.id()).isEqualTo("a/1");
    assertThat(call.get(name)).isEqualTo("\\ \"x\"");
    assertThat(call.get(none)).isEmpty();
    assertThat(call.get(due)).isEqualTo(Instant.parse("2021-07-04T12:00:00Z"));
    assertThat(format.parser(Set.of()).id(record.replace('\'', '"').getBytes(UTF_8)))
        .isEqualTo("a/1".getBytes(UTF_8));
  }

  @Test
  void readsValuesOfAllTypes() {
    Call call =
        call(
            ",'units':3,'price':'19.90','speed':1.5e1,'self_initiated':'Y','closed':1625418123456,"
                + "'other':[1,{'x':[]}],'point':{'type':'Point','coordinates':[-90.07,29.95]}");

    assertThat(call.id()).isEqualTo("1");
    assertThat(call.type()).isEqualTo("a");
    assertThat(call.time()).isEqualTo(Instant.parse("2021-07-04T17:00:00Z"));
    assertThat(call.get(BEAT)).isEqualTo("3K");
    assertThat(call.get(UNITS)).isEqualTo(3);
    assertThat(call.get(PRICE)).isEqualTo(new BigDecimal("19.90"));
    assertThat(call.longValue(PRICE)).isEqualTo(1990);
    assertThat(call.doubleValue(PRICE)).isEqualTo(19.9);
    assertThat(call.get(SPEED)).isEqualTo(15.0);
    assertThat(call.get(ON_VIEW)).isTrue();
    assertThat(call.get(Fields.CLOSED)).isEqualTo(Instant.parse("2021-07-04T17:02:03.456Z"));
    assertThat(call.get(Fields.POSITION)).isEqualTo(new Position(29.95, -90.07));
  }

  @Test
  void valuesThatAreMissingNullOrBlankAreAbsent() {
    for (String none :
        List.of(
            "",
            ",'units':null,'price':'','speed':' ','self':null,'closed':'','point':null",
            ",'point':{'coordinates':[null,'']}",
            ",'point':{}")) {
      Call call = call(none);
      for (Field<?> field : List.of(UNITS, PRICE, SPEED, ON_VIEW, Fields.CLOSED, Fields.POSITION)) {
        assertThat(call.get(field)).as("%s %s", field, none).isNull();
        assertThat(call.isPresent(field)).isFalse();
      }
      assertThatThrownBy(() -> call.longValue(UNITS))
          .isInstanceOf(java.util.NoSuchElementException.class)
          .hasMessageContaining("units");
    }
  }

  @Test
  void readsTimesOfAllPatterns() {
    for (String at :
        List.of("'07/04/2021 12:00'", "1625418000", "'1625418000.000'", "'2021-07-04 12:00'")) {
      Call call =
          ((Parsed) parse(FORMAT, "{'item':'i','type':{'name':'t'},'at':%s}".formatted(at))).call();
      assertThat(call.time()).as(at).isEqualTo(Instant.parse("2021-07-04T17:00:00Z"));
    }
    for (String at :
        List.of("'7/4/2021 12:00'", "'07/04/2021'", "'1e20'", "true", "'07/04/2021 25:00'")) {
      assertRejected(
          RejectionReason.UNREADABLE_TIME,
          "at",
          "{'item':'i','type':{'name':'t'},'at':%s}".formatted(at));
    }
  }

  @Test
  void rejectsValuesOfAnotherType() {
    for (String value : List.of("'x'", "1.5", "'1,000'", "9223372036854775808", "true")) {
      assertRejected(
          RejectionReason.UNREADABLE_VALUE, "units", VALID.formatted(",'units':" + value));
    }
    assertRejected(RejectionReason.UNREADABLE_VALUE, "price", VALID.formatted(",'price':19.999"));
    assertRejected(RejectionReason.UNREADABLE_VALUE, "speed", VALID.formatted(",'speed':'NaN'"));
    assertRejected(RejectionReason.UNREADABLE_VALUE, "self", VALID.formatted(",'self':'maybe'"));
    assertRejected(RejectionReason.NOT_TEXT, "units", VALID.formatted(",'units':[1]"));
    assertRejected(RejectionReason.NOT_TEXT, "beat", VALID.formatted(",'beat':{}"));
    String latitude = "point.coordinates[1]";
    assertRejected(
        RejectionReason.UNREADABLE_VALUE,
        latitude,
        VALID.formatted(",'point':{'coordinates':[10,90.001]}"));
    assertRejected(
        RejectionReason.MISSING_FIELD, latitude, VALID.formatted(",'point':{'coordinates':[10]}"));
  }

  @Test
  void theFirstPathOfARequiredFieldIsNamed() {
    assertRejected(RejectionReason.MISSING_FIELD, "type.name", "{'item':1,'at':0,'type':'x'}");
    assertRejected(RejectionReason.MISSING_FIELD, "item", "{}");
  }

  @Test
  void readsAPositionAsText() {
    JsonFormat format =
        JsonFormat.builder("p")
            .zone(ZoneOffset.UTC)
            .time("t")
            .position(Fields.POSITION, "point")
            .build();
    assertThat(parse(format, "{'t':'2021-07-04T12:00','point':'POINT (-122.4 37.8)'}"))
        .isInstanceOfSatisfying(
            Parsed.class,
            parsed ->
                assertThat(parsed.call().get(Fields.POSITION))
                    .isEqualTo(new Position(37.8, -122.4)));
    for (String wrong :
        List.of("POINT EMPTY", "POINT (1)", "POINT (200 0)", "1 2", "POINT (1 2 3)")) {
      assertThat(parse(format, "{'t':'2021-07-04T12:00','point':'%s'}".formatted(wrong)))
          .as(wrong)
          .isInstanceOf(Rejected.class);
    }
  }

  @Test
  void writesRecordsThatItReads() {
    Call call =
        call(
            ",'units':-3,'price':0.05,'speed':2,'self':false,'closed':5,"
                + "'point':{'coordinates':[-90.07,29.95]}");
    byte[] record = FORMAT.write(call);

    assertThat(new String(record, UTF_8)).contains("\"coordinates\":[-90.07,29.95]");
    assertThat(((Parsed) FORMAT.parser(Fields.ALL).parse(record)).call()).isEqualTo(call);
  }

  @Test
  void theRequestedFieldsDecideWhatCanBeRead() {
    byte[] record = VALID.formatted(",'units':3").replace('\'', '"').getBytes(UTF_8);
    Call call = ((Parsed) FORMAT.parser(Set.of(UNITS)).parse(record)).call();
    assertThat(call.get(UNITS)).isEqualTo(3);
    assertThatThrownBy(() -> call.get(BEAT))
        .isInstanceOf(UndeclaredFieldException.class)
        .hasMessageContaining("beat");
  }

  @Test
  void refusesWrongDeclarations() {
    assertThatThrownBy(() -> JsonFormat.builder(" ")).hasMessageContaining("blank");
    assertThatThrownBy(() -> JsonFormat.builder("f").zone(ZoneOffset.UTC).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("'f'", "event time");
    JsonFormat.Builder builder = JsonFormat.builder("f").zone(ZoneOffset.UTC).time("t");
    assertThatThrownBy(() -> builder.text(BEAT, "a..b")).hasMessageContainingAll("a..b", "beat");
    assertThatThrownBy(() -> builder.text(BEAT)).hasMessageContainingAll("beat", "no path");
    assertThatThrownBy(() -> builder.time(Fields.CLOSED, "c", "yyyy-bb"))
        .hasMessageContaining("'yyyy-bb'");
    assertThatThrownBy(() -> builder.time("u")).hasMessageContainingAll("time", "twice");
    builder.text(BEAT, "a");
    assertThatThrownBy(() -> builder.number(Field.number("beat"), "b"))
        .hasMessageContaining("twice");
    assertThatThrownBy(() -> builder.text(Fields.ADDRESS, "a.b").build())
        .hasMessageContainingAll("'a.b'", "'a'");
  }

  @Test
  void textsThatMeanNoValueAreAbsentInEveryField() {
    JsonFormat format =
        JsonFormat.builder("f")
            .zone(ZoneOffset.UTC)
            .absent("NULL", "-1", "n/ä")
            .time("t")
            .text(BEAT, "a", "b")
            .number(UNITS, "u")
            .build();
    for (String none : List.of("'NULL'", "-1", "'-1'", "'n/ä'")) {
      Call call =
          ((Parsed)
                  parse(
                      format,
                      "{'t':'2021-07-04T12:00','a':%s,'b':'x','u':%s}".formatted(none, none)))
              .call();
      assertThat(call.get(BEAT)).as(none).isEqualTo("x");
      assertThat(call.get(UNITS)).as(none).isNull();
    }
    assertThat(parse(format, "{'t':'NULL'}")).hasToString("Rejected[blank-field t]");
    assertThat(parse(format, "{'t':'2021-07-04T12:00','u':'null'}"))
        .hasToString("Rejected[unreadable-value u]");
    assertThat(format.definition()).contains("absent [\"-1\", \"NULL\", \"n/ä\"]");
    assertThatThrownBy(() -> JsonFormat.builder("f").zone(ZoneOffset.UTC).absent(" "))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("'f'", "blank");
  }

  @Test
  void aTimeMayHaveSeveralPaths() {
    JsonFormat format =
        JsonFormat.builder("f")
            .zone(ZoneOffset.UTC)
            .time(Fields.TIME, List.of("at", "created.at"), List.of("epoch-seconds"))
            .build();
    for (String record : List.of("{'at':5}", "{'at':null,'created':{'at':5}}")) {
      assertThat(((Parsed) parse(format, record)).call().time())
          .isEqualTo(Instant.ofEpochSecond(5));
    }
    assertRejectedTime(format);
  }

  private static void assertRejectedTime(JsonFormat format) {
    assertThat(parse(format, "{'created':{'at':'x'}}"))
        .hasToString("Rejected[unreadable-time created.at]");
    assertThat(parse(format, "{}")).hasToString("Rejected[missing-field at]");
  }

  private static ParseResult time(String value, String... patterns) {
    JsonFormat format =
        JsonFormat.builder("times").zone(ZoneId.of("America/Chicago")).time("t", patterns).build();
    return parse(format, "{'t':'%s'}".formatted(value));
  }

  private static void assertTime(String expected, String value, String... patterns) {
    assertThat(time(value, patterns))
        .as(value)
        .isInstanceOfSatisfying(
            Parsed.class,
            parsed -> assertThat(parsed.call().time()).isEqualTo(Instant.parse(expected)));
  }

  @Test
  void patternsAreTriedInTheirOrder() {
    assertTime("2024-01-05T06:00:00Z", "20240105", "yyyyMMdd", "epoch-seconds");
    assertTime("1970-08-23T06:15:05Z", "20240105", "epoch-seconds", "yyyyMMdd");
    assertTime("2024-01-06T04:20:00Z", "2024-01-05 10:20 PM", "iso", "uuuu-MM-dd hh:mm a");
    assertTime("2024-01-05T15:20:30Z", "2024-01-05 10:20:30 -05:00", "uuuu-MM-dd HH:mm:ss XXX");
    assertTime("2023-11-14T22:13:20.123Z", "1700000000.123456", "epoch-seconds");
    assertTime("2023-11-14T22:13:20.123Z", "1700000000123.9", "epoch-millis");
  }

  @Test
  void timesThatDoNotExistAreRejected() {
    for (String date :
        List.of("02/30/2024 10:00", "04/31/2024 10:00", "13/01/2024 10:00", "01/01/2024 24:00")) {
      assertThat(time(date, "MM/dd/yyyy HH:mm")).as(date).isInstanceOf(Rejected.class);
    }
    for (String year : List.of("+584556049/01/01", "+999999999/12/31")) {
      assertThat(time(year, "yyyy/MM/dd")).as(year).isInstanceOf(Rejected.class);
    }
  }

  @Test
  void patternsWithoutADateOrWithHalfATimeAreRefused() {
    for (String pattern : List.of("HH:mm", "MM/dd/uuuu hh:mm", "MM/dd/uuuu mm:ss", "MM/dd")) {
      assertThatThrownBy(() -> JsonFormat.builder("f").zone(ZoneOffset.UTC).time("t", pattern))
          .as(pattern)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'" + pattern + "'");
    }
  }

  @Test
  void bothParsersReadTheLastIndexThatAPathMayHave() {
    JsonFormat format =
        JsonFormat.builder("f").zone(ZoneOffset.UTC).time("t").text(BEAT, "a[99]").build();
    String elements =
        java.util.stream.IntStream.range(0, 300)
            .mapToObj(String::valueOf)
            .collect(java.util.stream.Collectors.joining(","));
    for (int i = 0; i < 3; i++) {
      ParseResult result = parse(format, "{'t':'2021-07-04T12:00','a':[%s]}".formatted(elements));
      assertThat(((Parsed) result).call().get(BEAT)).isEqualTo("99");
    }
    assertThatThrownBy(() -> JsonFormat.builder("f").zone(ZoneOffset.UTC).text(BEAT, "a[100]"))
        .hasMessageContaining("a[100]");
  }

  @Test
  void objectsNullsAndEmptyContainersMayAlternate() {
    CallParser parser = FORMAT.parser(FORMAT.fields());
    for (int i = 0; i < 4; i++) {
      for (String point :
          List.of(
              "null",
              "{'coordinates':[1,2]}",
              "{}",
              "{'coordinates':[]}",
              "{'coordinates': [ 1 , 2 ] }")) {
        byte[] record =
            VALID.formatted(",'point':" + point + ",'units':7").replace('\'', '"').getBytes(UTF_8);
        Call call = ((Parsed) parser.parse(record)).call();
        assertThat(call.get(UNITS)).isEqualTo(7);
        Position expected = point.contains("1") ? new Position(2, 1) : null;
        assertThat(call.get(Fields.POSITION)).as(point).isEqualTo(expected);
      }
    }
  }

  @Test
  void definitionsDifferIfCallsWould() {
    JsonFormat one = JsonFormat.builder("f").zone(ZoneOffset.UTC).time("t").text(BEAT, "a").build();
    JsonFormat same =
        JsonFormat.builder("f").zone(ZoneOffset.UTC).text(BEAT, "a").time("t").build();
    JsonFormat other =
        JsonFormat.builder("f").zone(ZoneOffset.UTC).time("t").text(BEAT, "b").build();
    JsonFormat otherType =
        JsonFormat.builder("f")
            .zone(ZoneOffset.UTC)
            .time("t")
            .number(Field.number("beat"), "a")
            .build();

    assertThat(same.definition()).isEqualTo(one.definition());
    assertThat(other.definition()).isNotEqualTo(one.definition());
    assertThat(otherType.definition()).isNotEqualTo(one.definition());
  }

  @Test
  void knowsWhetherItOnlyAddsFields() {
    String earlier =
        JsonFormat.builder("f").zone(ZoneOffset.UTC).time("t").text(BEAT, "a").build().definition();
    Field<String> more = Field.text("a_more");
    Field<Long> last = Field.number("z_more");
    JsonFormat added =
        JsonFormat.builder("f")
            .zone(ZoneOffset.UTC)
            .number(last, "z")
            .time("t")
            .text(BEAT, "a")
            .text(more, "a")
            .build();
    assertThat(added.definition()).isNotEqualTo(earlier);
    assertThat(added.addsFieldsTo(earlier)).isTrue();
    assertThat(added.addsFieldsTo(added.definition())).isTrue();
    for (JsonFormat other :
        List.of(
            JsonFormat.builder("g").zone(ZoneOffset.UTC).time("t").text(BEAT, "a").build(),
            JsonFormat.builder("f").zone(ZoneOffset.UTC).time("u").text(BEAT, "a").build(),
            JsonFormat.builder("f").zone(ZoneOffset.UTC).time("t").text(more, "a").build(),
            JsonFormat.builder("f").zone(ZoneOffset.UTC).time("t").text(BEAT, "a", "b").build(),
            JsonFormat.builder("f").zone(ZoneOffset.UTC).time("t").text(BEAT, "b", "a").build(),
            JsonFormat.builder("f")
                .zone(ZoneOffset.UTC)
                .time("t")
                .text(BEAT, "a")
                .type("type")
                .build(),
            JsonFormat.builder("f")
                .zone(ZoneOffset.UTC)
                .time("t")
                .text(BEAT, "a")
                .absent("none")
                .build(),
            JsonFormat.builder("f").zone(ZoneOffset.UTC).time("t").build())) {
      assertThat(other.addsFieldsTo(earlier)).as(other.definition()).isFalse();
    }
    String absent =
        JsonFormat.builder("f").zone(ZoneOffset.UTC).time("t").absent("x").build().definition();
    assertThat(
            JsonFormat.builder("f")
                .zone(ZoneOffset.UTC)
                .time("t")
                .text(BEAT, "a")
                .absent("x")
                .build()
                .addsFieldsTo(absent))
        .isTrue();
  }

  @Test
  void writesAPathThatIsAnAlternativeOfAnotherField() {
    JsonFormat format =
        JsonFormat.builder("f")
            .zone(ZoneOffset.UTC)
            .id("nr", "code")
            .type("code")
            .time("t")
            .build();
    Call call = Call.builder("1", "x", Instant.parse("2021-07-04T12:00:00Z")).build();
    assertThat(new String(format.write(call), UTF_8)).contains("\"nr\":\"1\"", "\"code\":\"x\"");
  }

  @Test
  void refusesPathsThatCannotBothBeInARecord() {
    JsonFormat.Builder mixed =
        JsonFormat.builder("f")
            .zone(ZoneOffset.UTC)
            .time("t")
            .text(BEAT, "a[0]")
            .text(Fields.ADDRESS, "a.b");
    assertThatThrownBy(mixed::build).hasMessageContainingAll("'a.b'", "'a[0]'");
    JsonFormat.Builder point =
        JsonFormat.builder("f").zone(ZoneOffset.UTC).time("t").position(Fields.POSITION, "p");
    assertThatThrownBy(() -> point.position(Fields.POSITION, "la", "lo"))
        .hasMessageContaining("twice");
  }

  @Test
  void theOrderOfTheFallbacksOfAFieldIsPartOfTheDefinition() {
    Field<String> text = Field.text("some_text");
    JsonFormat one =
        JsonFormat.builder("a").zone(ZoneOffset.UTC).time("at").text(text, "p", "q").build();
    JsonFormat other =
        JsonFormat.builder("a").zone(ZoneOffset.UTC).time("at").text(text, "q", "p").build();
    assertThat(one.definition()).isNotEqualTo(other.definition());
    JsonFormat later =
        JsonFormat.builder("a").zone(ZoneOffset.UTC).text(text, "p", "q").time("at").build();
    assertThat(later.definition()).isEqualTo(one.definition());
  }

  @Test
  void aValueOfAnotherTypeAtTheEventTimeIsRejected() {
    String record = "{\"at\":\"2024-05-01T10:00:00Z\"}";
    for (JsonFormat format :
        List.of(
            JsonFormat.builder("a")
                .zone(ZoneOffset.UTC)
                .time("at")
                .number(Field.number("n"), "at")
                .build(),
            JsonFormat.builder("a")
                .zone(ZoneOffset.UTC)
                .time("at")
                .number(Field.real("r"), "at")
                .build(),
            JsonFormat.builder("a")
                .zone(ZoneOffset.UTC)
                .time("at")
                .flag(Field.flag("f"), "at")
                .build())) {
      assertThat(format.parser(Fields.ALL).parse(record.getBytes(UTF_8)))
          .as(format.definition())
          .isInstanceOfSatisfying(
              Rejected.class,
              rejected ->
                  assertThat(rejected.reason()).isEqualTo(RejectionReason.UNREADABLE_VALUE));
    }
  }

  @Test
  void aPatternWithTheNameOfAZoneIsRefused() {
    for (String pattern : List.of("yyyy-MM-dd HH:mm z", "yyyy-MM-dd HH:mm VV", "yyyy-MM-dd v")) {
      assertThatThrownBy(() -> JsonFormat.builder("a").zone(ZoneOffset.UTC).time("at", pattern))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("'" + pattern + "'", "clocks go back", "XXX");
    }
    assertThat(
            JsonFormat.builder("a")
                .zone(ZoneOffset.UTC)
                .time("at", "yyyy-MM-dd 'v' HH:mm XXX")
                .build()
                .fields())
        .isEmpty();
  }

  @Test
  void aPathWithLeadingZerosOrTooManyCharactersIsRefused() {
    for (String path : List.of("a[00]", "a[01]", "a" + "[0]".repeat(20_000), "a.b".repeat(9_000))) {
      assertThatThrownBy(() -> JsonFormat.builder("a").zone(ZoneOffset.UTC).time(path))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("is not valid");
    }
  }

  @Test
  void absentTextsWithACommaDifferFromTwoTexts() {
    assertThat(
            JsonFormat.builder("a")
                .zone(ZoneOffset.UTC)
                .time("at")
                .absent("x, y")
                .build()
                .definition())
        .isNotEqualTo(
            JsonFormat.builder("a")
                .zone(ZoneOffset.UTC)
                .time("at")
                .absent("x", "y")
                .build()
                .definition());
  }
}
