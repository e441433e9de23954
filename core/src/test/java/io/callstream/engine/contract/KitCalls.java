package io.callstream.engine.contract;

import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import java.math.BigDecimal;
import java.time.ZoneId;

/** The format of the records of the kit: some texts, and values of each other type. */
public final class KitCalls {
  static final Field<Long> UNITS = Field.number("units");
  static final Field<BigDecimal> PRICE = Field.decimal("price", 2);
  static final Field<Double> SPEED = Field.real("speed");
  static final Field<Boolean> ON_VIEW = Field.flag("on_view");

  private KitCalls() {}

  /** Returns the format with a zone for times without an offset. */
  public static JsonFormat json(ZoneId zone) {
    return JsonFormat.builder("contract-kit-json")
        .zone(zone)
        .id("crime_id")
        .type("original_crime_type_name")
        .time("call_date_time")
        .text(Fields.DISPOSITION, "disposition")
        .text(Fields.ADDRESS, "address")
        .text(Fields.CITY, "city")
        .text(Fields.CALL_TIME, "call_time")
        .number(UNITS, "units")
        .number(PRICE, "price")
        .number(SPEED, "speed")
        .flag(ON_VIEW, "on_view")
        .position(Fields.POSITION, "latitude", "longitude")
        .build();
  }
}
