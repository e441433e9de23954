package io.callstream.call;

import java.time.ZoneId;

/**
 * The format in which the City of San Francisco published its calls in 2018: a {@link JsonFormat}
 * with fourteen texts. The fields {@code crime_id}, {@code original_crime_type_name} and {@code
 * call_date_time} are required and must not be blank.
 */
public final class SanFranciscoCalls {
  static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");

  private SanFranciscoCalls() {}

  /** Returns the format as the city published it, with times in America/Los_Angeles. */
  public static JsonFormat json() {
    return json(ZONE);
  }

  /** Returns the format with another time zone, for data that was converted to that zone. */
  public static JsonFormat json(ZoneId zone) {
    return JsonFormat.builder("sf-2018")
        .zone(zone)
        .id("crime_id")
        .type("original_crime_type_name")
        .time("call_date_time")
        .text(Fields.REPORT_DATE, "report_date")
        .text(Fields.CALL_DATE, "call_date")
        .text(Fields.OFFENSE_DATE, "offense_date")
        .text(Fields.CALL_TIME, "call_time")
        .text(Fields.DISPOSITION, "disposition")
        .text(Fields.ADDRESS, "address")
        .text(Fields.CITY, "city")
        .text(Fields.STATE, "state")
        .text(Fields.AGENCY, "agency_id")
        .text(Fields.ADDRESS_TYPE, "address_type")
        .text(Fields.COMMON_LOCATION, "common_location")
        .writingEmptyTexts()
        .build();
  }
}
