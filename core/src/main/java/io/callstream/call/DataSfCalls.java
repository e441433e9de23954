package io.callstream.call;

import java.time.ZoneId;

/**
 * The format of San Francisco's current feeds: a row, as the SODA API writes it, of DataSF's
 * dataset {@code gnap-fj3t} (Law Enforcement Dispatched Calls for Service: Real-Time) or {@code
 * 2zdj-bwza} (the closed calls).
 *
 * <table>
 * <caption>Fields of a call and their source</caption>
 * <tr><td>{@link Fields#ID}</td><td>{@code cad_number}; required</td></tr>
 * <tr><td>{@link Fields#TYPE}</td><td>the first field with text among {@code
 *     call_type_final_desc}, {@code call_type_final}, {@code call_type_original_desc} and {@code
 *     call_type_original}; one of them is required. The final type therefore takes precedence over the
 *     original type, and the code is used if there is no description</td></tr>
 * <tr><td>{@link Fields#TIME} and {@link Fields#RECEIVED}</td><td>{@code received_datetime};
 *     required</td></tr>
 * <tr><td>{@link Fields#DISPATCHED}</td><td>{@code dispatch_datetime}</td></tr>
 * <tr><td>{@link Fields#ON_SCENE}</td><td>{@code onscene_datetime}</td></tr>
 * <tr><td>{@link Fields#CLOSED}</td><td>{@code close_datetime}</td></tr>
 * <tr><td>{@link Fields#DISPOSITION}</td><td>{@code disposition}</td></tr>
 * <tr><td>{@link Fields#ADDRESS}</td><td>{@code intersection_name}</td></tr>
 * <tr><td>{@link Fields#AGENCY}</td><td>{@code agency}</td></tr>
 * <tr><td>{@link Fields#PRIORITY}</td><td>{@code priority_final}, otherwise {@code
 *     priority_original}</td></tr>
 * <tr><td>{@link Fields#DISTRICT}</td><td>{@code police_district}</td></tr>
 * <tr><td>{@link Fields#NEIGHBORHOOD}</td><td>{@code analysis_neighborhood}</td></tr>
 * </table>
 *
 * <p>Times, limits and text follow the rules of {@link SanFranciscoCalls}:
 *
 * <ul>
 *   <li>A time without an offset is read in the time zone of the format, by default San
 *       Francisco's.
 *   <li>A number or a boolean is converted to its JSON text.
 *   <li>A field that is missing, null or blank is the empty string, or an absent time.
 *   <li>Fields that are not in the table may hold any JSON.
 * </ul>
 *
 * <p>A record is rejected if a field in the table holds an object or an array, or if any of its
 * times cannot be read. If all alternatives of a required field are missing, the rejection names
 * the first one.
 *
 * <p>Times may also have the form of the portal's CSV exports: {@code MM/dd/yyyy} or {@code
 * yyyy/MM/dd}, a space, {@code hh:mm[:ss]} of a 12-hour clock, a space, and {@code AM} or {@code
 * PM}, such as {@code 01/22/2017 05:36:31 PM}. Month, day and hour may have one digit. 12 AM is
 * midnight, and 12 PM is noon.
 *
 * <p>In the hour that occurs twice, a time without an offset is the earlier of the two. A duration
 * that ends in the second occurrence of this hour is therefore one hour too short. Measures exclude
 * negative durations.
 */
public final class DataSfCalls {
  private static final String[] TIMES = {TimePattern.ISO, TimePattern.PORTAL};
  private static final String RECEIVED = "received_datetime";

  private DataSfCalls() {}

  /** Returns the format as the city publishes it, with times in America/Los_Angeles. */
  public static JsonFormat json() {
    return json(SanFranciscoCalls.ZONE);
  }

  /** Returns the format with another time zone, for data that was converted to that zone. */
  public static JsonFormat json(ZoneId zone) {
    return JsonFormat.builder("datasf")
        .zone(zone)
        .id("cad_number")
        .type(
            "call_type_final_desc",
            "call_type_final",
            "call_type_original_desc",
            "call_type_original")
        .time(RECEIVED, TIMES)
        .time(Fields.RECEIVED, RECEIVED, TIMES)
        .time(Fields.DISPATCHED, "dispatch_datetime", TIMES)
        .time(Fields.ON_SCENE, "onscene_datetime", TIMES)
        .time(Fields.CLOSED, "close_datetime", TIMES)
        .text(Fields.PRIORITY, "priority_final", "priority_original")
        .text(Fields.AGENCY, "agency")
        .text(Fields.DISPOSITION, "disposition")
        .text(Fields.ADDRESS, "intersection_name")
        .text(Fields.NEIGHBORHOOD, "analysis_neighborhood")
        .text(Fields.DISTRICT, "police_district")
        .build();
  }
}
