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

  /** Parses with the address, which only the full path can read, and without it. */
  private List<ParseResult> onBothPaths() {
    ParseResult full = parser.parse(bytes(json(fields)));
    fields.remove("intersection_point");
    fields.remove("intersection_name");
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
      strings = {"received_datetime", "dispatch_datetime", "onscene_datetime", "close_datetime"})
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
  void acceptsAnyValueInUnusedTimes() {
    fields.put("entry_datetime", "\"soon\"");
    fields.put("enroute_datetime", "{}");

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

    // Both times are in the second occurrence of the hour, so they need their offset.
    Instant received = Instant.parse("2026-11-01T09:30:00Z");
    Call later =
        Call.builder("1", "ALARM", received)
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
