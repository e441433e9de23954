package io.callstream.engine.contract;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.CallRecord;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.call.ParseResult;
import java.math.BigDecimal;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** The formats of the records of the kit: some texts, and values of each other type. */
public final class KitCalls {
  static final Field<Long> UNITS = Field.number("units");
  static final Field<BigDecimal> PRICE = Field.decimal("price", 2);
  static final Field<Double> SPEED = Field.real("speed");
  static final Field<Boolean> ON_VIEW = Field.flag("on_view");

  /** The bytes between two calls of a record. */
  static final byte[] SEPARATOR = {0x1e, '\n'};

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

  /**
   * Returns a format whose records have one or several calls of {@link #json}. A record is rejected
   * if one of its calls is.
   */
  static CallFormat several(ZoneId zone) {
    return new Several(json(zone));
  }

  private static final class Several extends DelegatingFormat {
    Several(JsonFormat calls) {
      super(calls);
    }

    @Override
    public CallParser parser(Set<Field<?>> fields) {
      CallParser parser = super.parser(fields);
      return record -> parse(parser, record);
    }

    private static ParseResult parse(CallParser parser, CallRecord record) {
      List<Call> calls = new ArrayList<>();
      for (byte[] part : parts(record.value())) {
        ParseResult result = parser.parse(part);
        if (!(result instanceof ParseResult.Parsed parsed)) {
          return result;
        }
        calls.add(parsed.call());
      }
      return ParseResult.Parsed.of(calls);
    }

    private static List<byte[]> parts(byte[] value) {
      List<byte[]> parts = new ArrayList<>();
      int start = 0;
      for (int end = 0; end + 1 < value.length; end++) {
        if (value[end] == SEPARATOR[0] && value[end + 1] == SEPARATOR[1]) {
          parts.add(Arrays.copyOfRange(value, start, end));
          start = end + SEPARATOR.length;
        }
      }
      parts.add(Arrays.copyOfRange(value, start, value.length));
      return parts;
    }
  }
}
