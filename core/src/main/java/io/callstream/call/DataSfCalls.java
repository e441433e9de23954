package io.callstream.call;

import java.time.ZoneId;

/**
 * The format of San Francisco's current feeds: a row, as the SODA API or a CSV export writes it, of
 * DataSF's dataset {@code gnap-fj3t} (Law Enforcement Dispatched Calls for Service: Real-Time) or
 * {@code 2zdj-bwza} (the closed calls). Each column of them is a field.
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
 * <tr><td>{@link Fields#ENTERED}</td><td>{@code entry_datetime}</td></tr>
 * <tr><td>{@link Fields#DISPATCHED}</td><td>{@code dispatch_datetime}</td></tr>
 * <tr><td>{@link Fields#EN_ROUTE}</td><td>{@code enroute_datetime}</td></tr>
 * <tr><td>{@link Fields#ON_SCENE}</td><td>{@code onscene_datetime}</td></tr>
 * <tr><td>{@link Fields#CLOSED}</td><td>{@code close_datetime}</td></tr>
 * <tr><td>{@link Fields#DISPOSITION}</td><td>{@code disposition}</td></tr>
 * <tr><td>{@link Fields#ADDRESS}</td><td>{@code intersection_name}</td></tr>
 * <tr><td>{@link Fields#POSITION}</td><td>{@code intersection_point}, of the nearest
 *     intersection</td></tr>
 * <tr><td>{@link Fields#AGENCY}</td><td>{@code agency}</td></tr>
 * <tr><td>{@link Fields#PRIORITY}</td><td>{@code priority_final}, otherwise {@code
 *     priority_original}</td></tr>
 * <tr><td>{@link Fields#DISTRICT}</td><td>{@code police_district}</td></tr>
 * <tr><td>{@link Fields#NEIGHBORHOOD}</td><td>{@code analysis_neighborhood}</td></tr>
 * <tr><td>{@link Fields#ON_VIEW}</td><td>{@code onview_flag}</td></tr>
 * <tr><td>{@link Fields#UPDATED}</td><td>{@code call_last_updated_at}</td></tr>
 * </table>
 *
 * <p>The constants of this class are the other columns, and the columns of which the fields above
 * are a choice.
 *
 * <p>Times, limits and text follow the rules of {@link SanFranciscoCalls}:
 *
 * <ul>
 *   <li>A time without an offset is read in the time zone of the format, by default San
 *       Francisco's.
 *   <li>A number or a boolean is converted to its JSON text.
 *   <li>A column that is missing, null or blank is the empty string, or an absent value.
 *   <li>Columns that are not in the datasets may hold any JSON.
 * </ul>
 *
 * <p>A record is rejected if a column holds an object or an array (except for a GeoJSON point), or
 * if any of its times, flags or its position cannot be read. If all alternatives of a required
 * field are missing, the rejection names the first one.
 *
 * <p>Times may also have the form of the portal's CSV exports: {@code MM/dd/yyyy} or {@code
 * yyyy/MM/dd}, a space, {@code hh:mm[:ss]} of a 12-hour clock, a space, and {@code AM} or {@code
 * PM}, such as {@code 01/22/2017 05:36:31 PM}. Month, day and hour may have one digit. 12 AM is
 * midnight, and 12 PM is noon. Their positions are texts such as {@code POINT (-122.4 37.8)}.
 *
 * <p>In the hour that occurs twice, a time without an offset is the earlier of the two. A duration
 * that ends in the second occurrence of this hour is therefore one hour too short. Measures exclude
 * negative durations.
 */
public final class DataSfCalls {
  /** The key of the row in its dataset: the column {@code id}. */
  public static final Field<String> ROW_ID = Field.text("row_id");

  /** The id of the call that this call repeats. Closed calls only. */
  public static final Field<String> DUPLICATE_OF = Field.text("dup_cad_number");

  /** The number of the police report. Closed calls only. */
  public static final Field<String> INCIDENT_REPORT = Field.text("pd_incident_report");

  /** The code of the type with which the call was received. */
  public static final Field<String> ORIGINAL_TYPE_CODE = Field.text("call_type_original");

  /** The description of the type with which the call was received. */
  public static final Field<String> ORIGINAL_TYPE = Field.text("call_type_original_desc");

  /** The notes on the type with which the call was received. */
  public static final Field<String> ORIGINAL_NOTES = Field.text("call_type_original_notes");

  /** The code of the type with which the call was closed. */
  public static final Field<String> FINAL_TYPE_CODE = Field.text("call_type_final");

  /** The description of the type with which the call was closed. */
  public static final Field<String> FINAL_TYPE = Field.text("call_type_final_desc");

  /** The notes on the type with which the call was closed. */
  public static final Field<String> FINAL_NOTES = Field.text("call_type_final_notes");

  /** The priority with which the call was received: A is the highest, then B, C and I. */
  public static final Field<String> ORIGINAL_PRIORITY = Field.text("priority_original");

  /** The priority with which the call was closed. */
  public static final Field<String> FINAL_PRIORITY = Field.text("priority_final");

  /** Whether the city withholds details of the call. */
  public static final Field<Boolean> SENSITIVE = Field.flag("sensitive_call");

  /** The id of the nearest intersection. */
  public static final Field<String> INTERSECTION = Field.text("intersection_id");

  /** The number of the supervisor district. */
  public static final Field<String> SUPERVISOR_DISTRICT = Field.text("supervisor_district");

  /** The time of the data in the source of the dataset, as an unchanged text. */
  public static final Field<String> DATA_AS_OF = Field.text("data_as_of");

  /** The time at which the row was loaded into the dataset, as an unchanged text. */
  public static final Field<String> DATA_LOADED = Field.text("data_loaded_at");

  /**
   * The time at which the row was changed in the dataset, as an unchanged text. Closed calls only.
   */
  public static final Field<String> DATA_UPDATED = Field.text("data_updated_at");

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
        .time(Fields.ENTERED, "entry_datetime", TIMES)
        .time(Fields.DISPATCHED, "dispatch_datetime", TIMES)
        .time(Fields.EN_ROUTE, "enroute_datetime", TIMES)
        .time(Fields.ON_SCENE, "onscene_datetime", TIMES)
        .time(Fields.CLOSED, "close_datetime", TIMES)
        .text(Fields.PRIORITY, "priority_final", "priority_original")
        .text(Fields.AGENCY, "agency")
        .text(Fields.DISPOSITION, "disposition")
        .flag(Fields.ON_VIEW, "onview_flag")
        .flag(SENSITIVE, "sensitive_call")
        .text(Fields.ADDRESS, "intersection_name")
        .text(INTERSECTION, "intersection_id")
        .position(Fields.POSITION, "intersection_point")
        .text(SUPERVISOR_DISTRICT, "supervisor_district")
        .text(Fields.NEIGHBORHOOD, "analysis_neighborhood")
        .text(Fields.DISTRICT, "police_district")
        .text(ORIGINAL_TYPE_CODE, "call_type_original")
        .text(ORIGINAL_TYPE, "call_type_original_desc")
        .text(ORIGINAL_NOTES, "call_type_original_notes")
        .text(FINAL_TYPE_CODE, "call_type_final")
        .text(FINAL_TYPE, "call_type_final_desc")
        .text(FINAL_NOTES, "call_type_final_notes")
        .text(ORIGINAL_PRIORITY, "priority_original")
        .text(FINAL_PRIORITY, "priority_final")
        .text(ROW_ID, "id")
        .text(DUPLICATE_OF, "dup_cad_number")
        .text(INCIDENT_REPORT, "pd_incident_report")
        .time(Fields.UPDATED, "call_last_updated_at", TIMES)
        .text(DATA_AS_OF, "data_as_of")
        .text(DATA_LOADED, "data_loaded_at")
        .text(DATA_UPDATED, "data_updated_at")
        .build();
  }
}
