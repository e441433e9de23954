package io.callstream.call;

import static io.callstream.call.Records.bytes;
import static io.callstream.call.Records.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SeattleCallsTest {
  private static final JsonFormat FORMAT = SeattleCalls.json();

  private final Map<String, String> fields = Records.seattleFields();

  private ParseResult parse() {
    return FORMAT.parser(Fields.ALL).parse(bytes(json(fields)));
  }

  private Call call() {
    return ((Parsed) parse()).call();
  }

  @Test
  void readsAllFieldsOfARecord() {
    Call call = call();

    assertThat(call.id()).isEqualTo("2026000123456");
    assertThat(call.type()).isEqualTo("DISTURBANCE - OTHER");
    assertThat(call.time()).isEqualTo(Instant.parse("2026-06-16T03:04:11Z"));
    assertThat(call.time(Fields.RECEIVED)).contains(call.time());
    assertThat(call.time(Fields.DISPATCHED)).contains(Instant.parse("2026-06-16T03:06:30Z"));
    assertThat(call.between(Fields.RECEIVED, Fields.ON_SCENE)).contains(Duration.parse("PT10M49S"));
    assertThat(call.disposition()).isEqualTo("ASSISTANCE RENDERED");
    assertThat(call.text(Fields.PRIORITY)).isEqualTo("2");
    assertThat(call.address()).isEqualTo("1XX BLOCK OF EXAMPLE ST");
    assertThat(call.text(Fields.DISTRICT)).isEqualTo("WEST");
    assertThat(call.text(SeattleCalls.SECTOR)).isEqualTo("KING");
    assertThat(call.text(Fields.BEAT)).isEqualTo("K3");
    assertThat(call.text(Fields.NEIGHBORHOOD)).isEqualTo("PIONEER SQUARE");
    assertThat(call.text(SeattleCalls.INDICATOR)).isEqualTo("NOT_ONVIEW");
    assertThat(call.get(Fields.POSITION)).isEqualTo(new Position(47.6021, -122.3301));
  }

  @Test
  void redactedValuesAreAbsent() {
    for (String name :
        new String[] {"dispatch_latitude", "dispatch_longitude", "dispatch_address"}) {
      fields.put(name, "\"REDACTED\"");
    }
    // A name with an escape is read by the full parser.
    for (String extra : new String[] {"plain", "\\u0061"}) {
      fields.put(extra, "1");
      Call call = call();
      assertThat(call.get(Fields.POSITION)).isNull();
      assertThat(call.address()).isEmpty();
    }
  }

  @Test
  void aRecordWithHalfAPositionIsRejected() {
    fields.put("dispatch_latitude", "\"REDACTED\"");
    assertThat(parse())
        .isInstanceOf(Rejected.class)
        .hasToString("Rejected[missing-field dispatch_latitude]");
  }

  @Test
  void aRedactedIdIsNoId() {
    fields.put("cad_event_number", "\"REDACTED\"");
    assertThat(parse()).hasToString("Rejected[blank-field cad_event_number]");
  }
}
