package io.callstream.call;

import io.callstream.call.JsonFields.Named;
import java.time.ZoneId;

/**
 * The format in which the City of San Francisco published its calls in 2018: a JSON object with
 * fourteen text fields.
 *
 * <p>The fields {@code crime_id}, {@code original_crime_type_name} and {@code call_date_time} are
 * required and must not be blank.
 *
 * <p>The event time consists of {@code yyyy-MM-dd}, {@code T} or a space, {@code
 * HH:mm[:ss[.fraction]]} and an optional offset ({@code Z}, {@code +HH}, {@code +HHmm} or {@code
 * +HH:mm}). The fraction has one to nine digits; digits after the third are ignored. A time without
 * an offset is read in the time zone of the format. In an hour that occurs twice, this is the
 * earlier of the two times. A time that the clocks skip is moved forward by the length of the gap.
 *
 * <p>Other fields are optional: a field that is missing, null or blank is the empty string. A
 * number or a boolean is converted to its JSON text. A record is rejected if one of the fourteen
 * fields holds an object or an array. If a key occurs twice, the last value is used. Other fields
 * may hold any JSON.
 *
 * <p>A record is encoded in UTF-8. Its maximum size is {@value #MAX_BYTES} bytes, and its maximum
 * nesting depth is {@value #MAX_DEPTH}. An escape for an unpaired surrogate becomes {@code ?}.
 */
public final class SanFranciscoCalls extends JsonFormat {
  /** The maximum size of a record in bytes: 1 MiB. */
  public static final int MAX_BYTES = JsonObjectReader.MAX_BYTES;

  /** The maximum number of nested objects and arrays, including the record itself. */
  public static final int MAX_DEPTH = JsonObjectReader.MAX_DEPTH;

  private static final long serialVersionUID = 1L;

  private static final JsonFields FIELDS =
      JsonFields.of(
          new Named("crime_id", Fields.ID, true),
          new Named("original_crime_type_name", Fields.TYPE, true),
          new Named("call_date_time", Fields.TIME, true),
          new Named("report_date", Fields.REPORT_DATE, false),
          new Named("call_date", Fields.CALL_DATE, false),
          new Named("offense_date", Fields.OFFENSE_DATE, false),
          new Named("call_time", Fields.CALL_TIME, false),
          new Named("disposition", Fields.DISPOSITION, false),
          new Named("address", Fields.ADDRESS, false),
          new Named("city", Fields.CITY, false),
          new Named("state", Fields.STATE, false),
          new Named("agency_id", Fields.AGENCY, false),
          new Named("address_type", Fields.ADDRESS_TYPE, false),
          new Named("common_location", Fields.COMMON_LOCATION, false));

  private SanFranciscoCalls(ZoneId zone) {
    super(zone);
  }

  /** Returns the format as the city published it, with times in America/Los_Angeles. */
  public static SanFranciscoCalls json() {
    return json(SAN_FRANCISCO);
  }

  /** Returns the format with another time zone, for data that was converted to that zone. */
  public static SanFranciscoCalls json(ZoneId zone) {
    return new SanFranciscoCalls(zone);
  }

  @Override
  public String name() {
    return "san-francisco-2018-json";
  }

  @Override
  JsonFields definition() {
    return FIELDS;
  }
}
