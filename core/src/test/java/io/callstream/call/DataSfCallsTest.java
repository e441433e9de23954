package io.callstream.call;

import static io.callstream.call.Records.bytes;
import static io.callstream.call.Records.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests the format of the current feeds; {@link SanFranciscoParserTest} tests what both formats
 * share.
 */
class DataSfCallsTest {
  private static final Set<Field<?>> ALL = Fields.ALL;
  private static final JsonFormat FORMAT = DataSfCalls.json();

  private final CallParser parser = FORMAT.parser(ALL);
  private final Map<String, String> fields = Records.dataSfFields();

  /** Parses with a name that only the full path can read, and without it. */
  private List<ParseResult> onBothPaths() {
    fields.put("\\u0061", "1");
    ParseResult full = parser.parse(bytes(json(fields)));
    fields.remove("\\u0061");
    return List.of(full, parser.parse(bytes(json(fields))));
  }

  private void assertRejected(RejectionReason reason, String field) {
    for (ParseResult result : onBothPaths()) {
      assertThat(result)
          .isInstanceOfSatisfying(
              Rejected.class,
              r -> {
                assertThat(r.reason()).isEqualTo(reason);
                assertThat(r.field()).isEqualTo(field);
              });
    }
    assertThat(FORMAT.parser(Set.of()).parse(bytes(json(fields)))).isInstanceOf(Rejected.class);
  }

  private Call call() {
    return ((Parsed) parser.parse(bytes(json(fields)))).call();
  }

  @Test
  void readsAllFieldsOfARecord() {
    Call call = call();

    assertThat(call.id()).isEqualTo("263330815");
    assertThat(call.type()).isEqualTo("FIGHT NO WEAPON");
    assertThat(call.disposition()).isEqualTo("HAN");
    assertThat(call.address()).isEqualTo("EXAMPLE ST \\ SAMPLE AVE");
    assertThat(call.text(Fields.AGENCY)).isEqualTo("Police");
    assertThat(call.text(Fields.PRIORITY)).isEqualTo("B");
    assertThat(call.text(Fields.DISTRICT)).isEqualTo("TENDERLOIN");
    assertThat(call.text(Fields.NEIGHBORHOOD)).isEqualTo("Tenderloin");
    // The clocks go back at 2:00 on this day: 01:15 occurs twice, and 03:02 is an hour later than
    // it seems.
    assertThat(call.time()).isEqualTo(Instant.parse("2026-11-01T08:15:09Z"));
    assertThat(call.ambiguousTime()).isTrue();
    assertThat(call.time(Fields.RECEIVED)).contains(call.time());
    assertThat(call.time(Fields.DISPATCHED)).contains(Instant.parse("2026-11-01T08:21:00Z"));
    assertThat(call.time(Fields.ON_SCENE)).contains(Instant.parse("2026-11-01T11:02:11Z"));
    assertThat(call.time(Fields.CLOSED)).contains(Instant.parse("2026-11-01T11:40:00Z"));
    assertThat(call.between(Fields.RECEIVED, Fields.ON_SCENE))
        .contains(Duration.parse("PT2H47M2S"));
    assertThat(call.time(Fields.ENTERED)).contains(Instant.parse("2026-11-01T08:16:30Z"));
    assertThat(call.time(Fields.EN_ROUTE)).contains(Instant.parse("2026-11-01T08:21:04Z"));
    assertThat(call.get(Fields.ON_VIEW)).isFalse();
    assertThat(call.get(Fields.POSITION)).isEqualTo(new Position(37.7, -122.4));
    assertThat(call.get(DataSfCalls.SENSITIVE)).isFalse();
    assertThat(call.get(DataSfCalls.ORIGINAL_TYPE_CODE)).isEqualTo("415");
    assertThat(call.get(DataSfCalls.ORIGINAL_TYPE)).isEqualTo("NOISE NUISANCE");
    assertThat(call.get(DataSfCalls.ORIGINAL_NOTES)).isEqualTo("drums");
    assertThat(call.get(DataSfCalls.FINAL_TYPE_CODE)).isEqualTo("418");
    assertThat(call.get(DataSfCalls.FINAL_TYPE)).isEqualTo("FIGHT NO WEAPON");
    assertThat(call.get(DataSfCalls.FINAL_NOTES)).isEmpty();
    assertThat(call.get(DataSfCalls.ORIGINAL_PRIORITY)).isEqualTo("C");
    assertThat(call.get(DataSfCalls.FINAL_PRIORITY)).isEqualTo("B");
    assertThat(call.get(DataSfCalls.INTERSECTION)).isEqualTo("20000000");
    assertThat(call.get(DataSfCalls.SUPERVISOR_DISTRICT)).isEqualTo("6");
    assertThat(call.get(DataSfCalls.ROW_ID)).isEqualTo("4711");
    assertThat(call.get(DataSfCalls.DUPLICATE_OF)).isEqualTo("263330802");
    assertThat(call.get(DataSfCalls.INCIDENT_REPORT)).isEqualTo("260712345");
    assertThat(call.get(DataSfCalls.DATA_AS_OF)).isEqualTo("2026-11-02T06:00:00.000");
    assertThat(call.get(DataSfCalls.DATA_LOADED)).isEqualTo("2026-11-02T06:10:00.000");
    assertThat(call.get(DataSfCalls.DATA_UPDATED)).isEqualTo("2026-11-02T05:55:00.000");
    assertThat(call.get(Fields.UPDATED)).isNull();
  }

  @Test
  void everyColumnOfBothDatasetsIsAField() {
    Set<String> columns =
        new TreeSet<>(
            Set.of(
                ("id cad_number received_datetime entry_datetime dispatch_datetime enroute_datetime"
                        + " onscene_datetime close_datetime call_type_original"
                        + " call_type_original_desc call_type_original_notes call_type_final"
                        + " call_type_final_desc call_type_final_notes priority_original"
                        + " priority_final agency disposition onview_flag sensitive_call"
                        + " intersection_name intersection_id intersection_point"
                        + " supervisor_district analysis_neighborhood police_district"
                        + " call_last_updated_at data_as_of data_loaded_at dup_cad_number"
                        + " pd_incident_report data_updated_at")
                    .split(" ")));
    assertThat(FORMAT.fieldNames()).containsAll(columns);
    assertThat(FORMAT.fieldNames().stream().map(name -> name.replaceAll("\\..*", "")))
        .isSubsetOf(columns);
  }

  /** The open calls lack the columns of closed ones. */
  @Test
  void readsARecordOfTheRealTimeDataset() {
    String record =
        "{\"id\":\"9\",\"cad_number\":\"263331234\",\"received_datetime\":\"2026-11-29T10:00:00.000\","
            + "\"entry_datetime\":\"2026-11-29T10:00:00.000\","
            + "\"call_type_original\":\"585\",\"call_type_original_desc\":\"TRAFFIC STOP\","
            + "\"priority_original\":\"C\",\"agency\":\"Police\",\"onview_flag\":\"Y\","
            + "\"sensitive_call\":true,"
            + "\"intersection_point\":{\"type\":\"Point\",\"coordinates\":[-122.41941,37.77493]},"
            + "\"call_last_updated_at\":\"2026-11-29T10:05:00.000\"}";
    Call call = ((Parsed) parser.parse(bytes(record))).call();

    assertThat(call.get(Fields.ON_VIEW)).isTrue();
    assertThat(call.get(DataSfCalls.SENSITIVE)).isTrue();
    assertThat(call.get(Fields.POSITION)).isEqualTo(new Position(37.77493, -122.41941));
    assertThat(call.get(Fields.UPDATED)).isEqualTo("2026-11-29T18:05:00Z");
    assertThat(call.get(Fields.DISPATCHED)).isNull();
    assertThat(call.get(DataSfCalls.FINAL_TYPE)).isEmpty();
    assertThat(call.get(DataSfCalls.DATA_UPDATED)).isEmpty();
    assertThat(call.type()).isEqualTo("TRAFFIC STOP");
    assertThat(((Parsed) parser.parse(FORMAT.write(call))).call()).isEqualTo(call);
  }

  @Test
  void readsTheTextsOfACsvExport() {
    fields.put("onview_flag", "\"Y\"");
    fields.put("sensitive_call", "\"true\"");
    fields.put("intersection_point", "\"POINT (-122.41941 37.77493)\"");
    fields.put("enroute_datetime", "\"11/01/2026 01:21:04 AM\"");
    Call call = call();

    assertThat(call.get(Fields.ON_VIEW)).isTrue();
    assertThat(call.get(DataSfCalls.SENSITIVE)).isTrue();
    assertThat(call.get(Fields.POSITION)).isEqualTo(new Position(37.77493, -122.41941));
    assertThat(call.get(Fields.EN_ROUTE)).isEqualTo("2026-11-01T08:21:04Z");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "[-122.4,37.7]; not-text; intersection_point",
        "'\"-122.4 37.7\"'; unreadable-value; intersection_point",
        "5; unreadable-value; intersection_point",
        "{\"coordinates\":[-122.4,91]}; unreadable-value; intersection_point.coordinates[1]",
        "{\"coordinates\":[-122.4]}; missing-field; intersection_point.coordinates[1]",
        "{\"coordinates\":[null,37.7]}; missing-field; intersection_point.coordinates[0]",
        "{\"coordinates\":[[-122.4,37.7]]}; not-text; intersection_point.coordinates[0]"
      })
  void rejectsAnythingElseThanAPoint(String point, RejectionReason reason, String name) {
    fields.put("intersection_point", point);
    for (String extra : List.of("plain", "\\u0061")) {
      fields.put(extra, "1");
      assertThat(parser.parse(bytes(json(fields))))
          .isInstanceOfSatisfying(
              Rejected.class,
              r -> {
                assertThat(r.reason()).isEqualTo(reason);
                assertThat(r.field()).isEqualTo(name);
              });
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "{}", "{\"type\":\"Point\"}", "{\"coordinates\":[]}", "\" \""})
  void aPointWithoutCoordinatesIsAbsent(String point) {
    fields.put("intersection_point", point);
    assertThat(call().get(Fields.POSITION)).isNull();
  }

  @Test
  void rejectsAFlagThatIsNeitherTrueNorFalse() {
    fields.put("onview_flag", "\"maybe\"");
    assertRejected(RejectionReason.UNREADABLE_VALUE, "onview_flag");
  }

  @Test
  void fieldsOfAnOpenCallAreEmptyUntilKnown() {
    List.of(
            "dispatch_datetime",
            "onscene_datetime",
            "close_datetime",
            "disposition",
            "priority_final",
            "call_type_final",
            "call_type_final_desc",
            "intersection_name",
            "intersection_point",
            "police_district")
        .forEach(fields::remove);
    Call call = call();

    assertThat(call.type()).isEqualTo("NOISE NUISANCE");
    assertThat(call.text(Fields.PRIORITY)).isEqualTo("C");
    assertThat(call.disposition()).isEmpty();
    assertThat(call.address()).isEmpty();
    assertThat(call.time(Fields.ON_SCENE)).isEmpty();
    assertThat(call.between(Fields.RECEIVED, Fields.ON_SCENE)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "call_type_final_desc, FIGHT NO WEAPON",
    "call_type_final, 418",
    "call_type_original_desc, NOISE NUISANCE",
    "call_type_original, 415"
  })
  void prefersTheFinalType(String first, String type) {
    List<String> names =
        List.of(
            "call_type_final_desc",
            "call_type_final",
            "call_type_original_desc",
            "call_type_original");
    for (String blank : List.of("null", "\"\"", "\" \"")) {
      names.subList(0, names.indexOf(first)).forEach(name -> fields.put(name, blank));
      for (ParseResult result : onBothPaths()) {
        assertThat(((Parsed) result).call().type()).isEqualTo(type);
      }
    }
  }

  @Test
  void rejectsARecordWithoutAnyType() {
    List.of("call_type_final", "call_type_original", "call_type_original_desc")
        .forEach(fields::remove);
    fields.put("call_type_final_desc", "\"\"");
    assertRejected(RejectionReason.BLANK_FIELD, "call_type_final_desc");
    fields.remove("call_type_final_desc");
    assertRejected(RejectionReason.MISSING_FIELD, "call_type_final_desc");
  }

  @ParameterizedTest
  @ValueSource(strings = {"cad_number", "received_datetime"})
  void rejectsARecordWithoutIdOrTime(String name) {
    fields.put(name, "null");
    assertRejected(RejectionReason.MISSING_FIELD, name);
    fields.put(name, "\" \"");
    assertRejected(RejectionReason.BLANK_FIELD, name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "received_datetime",
        "entry_datetime",
        "dispatch_datetime",
        "enroute_datetime",
        "onscene_datetime",
        "close_datetime",
        "call_last_updated_at"
      })
  void rejectsAnUnreadableTimeForAnyRequestedFields(String name) {
    fields.put(name, "\"01/22/2017 17:36:31\"");
    assertRejected(RejectionReason.UNREADABLE_TIME, name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"01/22/2017 05:36:31 PM", "2017/01/22 05:36:31 PM"})
  void readsTimesOfThePortalsCsvExports(String text) {
    fields.put("received_datetime", "\"" + text + "\"");
    fields.put("close_datetime", "\"01/22/2017 06:36:31 PM\"");
    for (ParseResult result : onBothPaths()) {
      Call call = ((Parsed) result).call();
      assertThat(call.time()).isEqualTo("2017-01-23T01:36:31Z");
      assertThat(call.time(Fields.CLOSED)).contains(Instant.parse("2017-01-23T02:36:31Z"));
    }
    // The format of 2018 does not accept such times.
    Map<String, String> of2018 = Records.fields();
    of2018.put("call_date_time", "\"" + text + "\"");
    assertThat(SanFranciscoCalls.json().parser(ALL).parse(bytes(json(of2018))))
        .isInstanceOfSatisfying(
            Rejected.class, r -> assertThat(r.reason()).isEqualTo(RejectionReason.UNREADABLE_TIME));
  }

  @Test
  void acceptsAnyValueInOtherColumns() {
    fields.put("transfer_datetime", "\"soon\"");
    fields.put("units", "{\"coordinates\":[]}");

    assertThat(call().id()).isEqualTo("263330815");
  }

  @Test
  void rejectsARecordOfTheFormatOf2018() {
    ParseResult result = parser.parse(bytes(json(Records.fields())));

    assertThat(result)
        .isInstanceOfSatisfying(Rejected.class, r -> assertThat(r.field()).isEqualTo("cad_number"));
  }

  @Test
  void readsWhatItWrites() {
    Call call = call();
    assertThat(((Parsed) parser.parse(FORMAT.write(call))).call()).isEqualTo(call);

    // The type is the original one, which must not become the final one.
    fields.keySet().removeIf(name -> name.startsWith("call_type_final"));
    fields.remove("priority_final");
    assertThat(((Parsed) parser.parse(FORMAT.write(call()))).call()).isEqualTo(call());

    // Both times are in the second occurrence of the hour, so they need their offset.
    Instant received = Instant.parse("2026-11-01T09:30:00Z");
    Call later =
        Call.builder("1", "ALARM", received)
            .with(DataSfCalls.FINAL_TYPE, "ALARM")
            .with(Fields.RECEIVED, received)
            .with(Fields.ON_SCENE, received.plusSeconds(60))
            .build();
    assertThat(((Parsed) parser.parse(FORMAT.write(later))).call()).isEqualTo(later);
    assertThat(new String(FORMAT.write(later), UTF_8))
        .isEqualTo(
            "{\"cad_number\":\"1\",\"call_type_final_desc\":\"ALARM\","
                + "\"received_datetime\":\"2026-11-01T01:30:00.000-08:00\","
                + "\"onscene_datetime\":\"2026-11-01T01:31:00.000-08:00\"}");
  }

  @Test
  void namesTheUnreadableFieldsOfARecord() {
    assertThat(parser.unreadable(bytes(json(Records.fields()))))
        .containsExactlyInAnyOrder(Fields.ID, Fields.TYPE, Fields.TIME);
    assertThat(parser.unreadable(bytes("oops"))).hasSize(3);
    fields.put("cad_number", "[]");
    fields.put("call_type_final_desc", "\" \"");
    assertThat(parser.unreadable(bytes(json(fields)))).containsExactly(Fields.ID);
    fields.put("cad_number", "7");
    fields.put("received_datetime", "\"yesterday\"");
    assertThat(parser.unreadable(bytes(json(fields)))).containsExactly(Fields.TIME);
    fields.put("received_datetime", "\"2026-01-01T00:00\"");
    fields.put("close_datetime", "\"soon\"");
    assertThat(parser.unreadable(bytes(json(fields)))).isEmpty();
    assertThat(parser.idOfCall(bytes(json(fields)))).isNull();
    fields.remove("close_datetime");
    assertThat(parser.idOfCall(bytes(json(fields)))).isEqualTo(bytes("7"));
  }

  @Test
  void theIdIsTheCadNumber() {
    assertThat(FORMAT.idField()).contains("cad_number");
    assertThat(FORMAT.timeField()).isEqualTo("received_datetime");
    assertThat(FORMAT.zone()).hasToString("America/Los_Angeles");
    assertThat(parser.id(bytes(json(fields)))).isEqualTo(bytes("263330815"));
  }
}
