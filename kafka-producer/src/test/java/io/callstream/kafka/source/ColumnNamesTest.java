package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.call.NewOrleansCalls;
import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.Position;
import io.callstream.call.SeattleCalls;
import java.io.ByteArrayInputStream;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests CSV files whose columns are those of a format that this library may not have. */
class ColumnNamesTest {
  private static final Field<Long> QUANTITY = Field.number("quantity");
  private static final Field<BigDecimal> PRICE = Field.decimal("price", 2);
  private static final Field<Boolean> GIFT = Field.flag("gift");
  private static final Field<String> PRODUCT = Field.text("product");

  private static final JsonFormat ORDERS =
      JsonFormat.builder("orders")
          .zone(ZoneOffset.UTC)
          .id("Nr")
          .time("At")
          .text(PRODUCT, "item.name")
          .number(QUANTITY, "item.count")
          .number(PRICE, "Unit Price")
          .flag(GIFT, "gift")
          .position(Fields.POSITION, "shop[1]", "shop[0]")
          .build();

  private static List<String> read(CallFormat format, String content) {
    return Reading.texts(
        CallSource.stream("input", new ByteArrayInputStream(content.getBytes(UTF_8)))
            .forFormat(format));
  }

  private static Call call(CallFormat format, String content) {
    byte[] record = read(format, content).get(0).getBytes(UTF_8);
    return ((Parsed) format.parser(Fields.ALL).parse(record)).call();
  }

  @Test
  void columnsOfTheFormatMakeALineAHeader() {
    String rows = "Nr,At,x\n1,2024-05-01T10:00,y\n";
    assertThat(read(ORDERS, rows))
        .containsExactly("{\"Nr\":\"1\",\"At\":\"2024-05-01T10:00\",\"x\":\"y\"}");
    // Without the format, these are lines.
    assertThat(
            Reading.texts(CallSource.stream("i", new ByteArrayInputStream(rows.getBytes(UTF_8)))))
        .hasSize(2);
  }

  @Test
  void namesMatchWithoutCaseSpaceAndPunctuation() {
    assertThat(read(ORDERS, "NR;at;unit-price.;Gift \n1;2;3;4\n"))
        .containsExactly("{\"Nr\":\"1\",\"At\":\"2\",\"Unit Price\":\"3\",\"gift\":\"4\"}");
  }

  @Test
  void pathsBecomeObjectsAndArrays() {
    assertThat(
            read(
                ORDERS, "item.name,Nr,shop[1],Item Count,At,shop[0]\ntea,1,52.5,2,3,13.4\ntea,1\n"))
        .containsExactly(
            "{\"Nr\":\"1\",\"At\":\"3\",\"item\":{\"name\":\"tea\",\"count\":\"2\"},\"shop\":[\"13.4\",\"52.5\"]}",
            "{\"Nr\":\"1\",\"item\":{\"name\":\"tea\"},\"shop\":[null,null]}");
    assertThat(read(ORDERS, "Nr,At,a.b\n1,2,3\n"))
        .as("a path that the format does not have is a name")
        .containsExactly("{\"Nr\":\"1\",\"At\":\"2\",\"a.b\":\"3\"}");
  }

  @Test
  void textIsReadAsTheTypeOfTheField() {
    Call call =
        call(
            ORDERS,
            "Nr,At,item.name,item.count,Unit Price,gift,shop[0],shop[1]\n"
                + "1,2024-05-01T10:00,tea, 3 ,12.50,Yes,13.4,52.5\n");
    assertThat(call.get(PRODUCT)).isEqualTo("tea");
    assertThat(call.get(QUANTITY)).isEqualTo(3);
    assertThat(call.get(PRICE)).isEqualTo(new BigDecimal("12.50"));
    assertThat(call.get(GIFT)).isTrue();
    assertThat(call.get(Fields.POSITION)).isEqualTo(new Position(52.5, 13.4));
  }

  @Test
  void exportsOfThePortalsOfSeattleAndNewOrleansAreRead() {
    Call seattle =
        call(
            SeattleCalls.json(),
            "CAD Event Number,CAD Event Clearance Description,Priority,Initial Call Type,Final Call"
                + " Type,CAD Event Original Time Queued,CAD Event Arrived Time,Dispatch"
                + " Beat,Dispatch Longitude,Dispatch Latitude,Call Sign Dispatch Time\n"
                + "2025000001,REPORT WRITTEN,2,THEFT,,01/01/2025 12:10:00 AM,2025 Jan 01 12:25:30"
                + " AM,K3,REDACTED,REDACTED,\n");
    assertThat(seattle.id()).isEqualTo("2025000001");
    assertThat(seattle.type()).isEqualTo("THEFT");
    assertThat(seattle.time()).isEqualTo(Instant.parse("2025-01-01T08:10:00Z"));
    assertThat(seattle.time(Fields.ON_SCENE)).contains(Instant.parse("2025-01-01T08:25:30Z"));
    assertThat(seattle.text(Fields.BEAT)).isEqualTo("K3");
    assertThat(seattle.get(Fields.POSITION)).isNull();

    Call newOrleans =
        call(
            NewOrleansCalls.json(),
            "NOPD_Item,Type,TypeText,Priority,TimeCreate,TimeDispatch,TimeArrive,TimeClosed,"
                + "SelfInitiated,Beat,BLOCK_ADDRESS,Zip,PoliceDistrict,Location\n"
                + "A0000125,21,COMPLAINT OTHER,1H,01/01/2025 12:00:50 AM,,,,N,2U04,019XX General"
                + " Ogden St,70118,2,POINT (-90.12 29.96)\n");
    assertThat(newOrleans.id()).isEqualTo("A0000125");
    assertThat(newOrleans.time()).isEqualTo(Instant.parse("2025-01-01T06:00:50Z"));
    assertThat(newOrleans.get(Fields.ON_VIEW)).isFalse();
    assertThat(newOrleans.text(Fields.ADDRESS)).isEqualTo("019XX General Ogden St");
    assertThat(newOrleans.text(Fields.DISTRICT)).isEqualTo("2");
  }
}
