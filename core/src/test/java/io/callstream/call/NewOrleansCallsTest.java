package io.callstream.call;

import static io.callstream.call.Records.bytes;
import static io.callstream.call.Records.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.ParseResult.Parsed;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class NewOrleansCallsTest {
  private static final JsonFormat FORMAT = NewOrleansCalls.json();

  private final Map<String, String> fields = Records.newOrleansFields();

  private ParseResult parse() {
    return FORMAT.parser(Fields.ALL).parse(bytes(json(fields)));
  }

  private Call call() {
    return ((Parsed) parse()).call();
  }

  @Test
  void readsAllFieldsOfARecord() {
    Call call = call();

    assertThat(call.id()).isEqualTo("H0123426");
    assertThat(call.type()).isEqualTo("COMPLAINT OTHER");
    assertThat(call.time()).isEqualTo(Instant.parse("2026-08-11T05:00:51Z"));
    assertThat(call.time(Fields.RECEIVED)).contains(call.time());
    assertThat(call.between(Fields.RECEIVED, Fields.DISPATCHED))
        .contains(Duration.parse("PT39M13S"));
    assertThat(call.between(Fields.DISPATCHED, Fields.ON_SCENE))
        .contains(Duration.parse("PT3M37S"));
    assertThat(call.time(Fields.CLOSED)).contains(Instant.parse("2026-08-11T05:53:29Z"));
    assertThat(call.disposition()).isEqualTo("NAT");
    assertThat(call.text(Fields.PRIORITY)).isEqualTo("1H");
    assertThat(call.get(Fields.ON_VIEW)).isFalse();
    assertThat(call.address()).isEqualTo("016XX Example Ave");
    assertThat(call.text(Fields.DISTRICT)).isEqualTo("5");
    assertThat(call.text(Fields.BEAT)).isEqualTo("5C02");
    assertThat(call.text(Fields.ZIP)).isEqualTo("70117");
    assertThat(call.get(Fields.POSITION)).isEqualTo(new Position(29.9721, -90.0571));
  }

  @Test
  void aCallThatAnOfficerStartedHasNoTimeOfDispatch() {
    fields.remove("timedispatch");
    fields.put("selfinitiated", "\"Y\"");
    assertThat(call().get(Fields.ON_VIEW)).isTrue();
    assertThat(call().time(Fields.DISPATCHED)).isEmpty();
  }

  @Test
  void readsTheOtherNamesAndTypesOfColumnsOfEarlierYears() {
    fields.remove("typetext");
    fields.remove("priority");
    fields.put("zip", "70117");
    fields.put("policedistrict", "5");
    fields.put("timearrival", fields.remove("timearrive"));
    Call call = call();
    assertThat(call.type()).isEqualTo("21");
    assertThat(call.text(Fields.PRIORITY)).isEqualTo("1A");
    assertThat(call.text(Fields.ZIP)).isEqualTo("70117");
    assertThat(call.time(Fields.ON_SCENE)).contains(Instant.parse("2026-08-11T05:43:41Z"));
  }

  @Test
  void aPositionOfACsvExportIsRead() {
    fields.put("location", "\"POINT (-90.0571 29.9721)\"");
    assertThat(call().get(Fields.POSITION)).isEqualTo(new Position(29.9721, -90.0571));
  }

  @Test
  void aPositionThatTheCityDoesNotPublishIsAbsent() {
    for (String location :
        List.of("null", "{\"coordinates\":[0,0]}", "{\"coordinates\":[-0.0,0e5]}")) {
      fields.put("location", location);
      assertThat(call().get(Fields.POSITION)).as(location).isNull();
    }
    fields.put("location", "{\"coordinates\":[0,0.001]}");
    assertThat(call().get(Fields.POSITION)).isEqualTo(new Position(0.001, 0));
  }
}
