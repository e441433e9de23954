package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** Creates records for the tests of this package. */
final class Records {
  private Records() {}

  /** Returns the fields of a record of the 2018 file as JSON values. */
  static Map<String, String> fields() {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("crime_id", "\"183653765\"");
    fields.put("original_crime_type_name", "\"Passing Call\"");
    fields.put("report_date", "\"2018-12-31T00:00:00.000\"");
    fields.put("call_date", "\"2018-12-31T00:00:00.000\"");
    fields.put("offense_date", "\"2018-12-31T00:00:00.000\"");
    fields.put("call_time", "\"23:57\"");
    fields.put("call_date_time", "\"2018-12-31T23:57:00.000\"");
    fields.put("disposition", "\"HAN\"");
    fields.put("address", "\"100 Block Of O'farrell St\"");
    fields.put("city", "\"San Francisco\"");
    fields.put("state", "\"CA\"");
    fields.put("agency_id", "\"1\"");
    fields.put("address_type", "\"Premise Address\"");
    fields.put("common_location", "\"\"");
    return fields;
  }

  /** Returns the fields of a record of DataSF's closed calls as JSON values. */
  static Map<String, String> dataSfFields() {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("id", "\"4711\"");
    fields.put("cad_number", "\"263330815\"");
    fields.put("dup_cad_number", "\"263330802\"");
    fields.put("pd_incident_report", "\"260712345\"");
    fields.put("received_datetime", "\"2026-11-01T01:15:09.000\"");
    fields.put("entry_datetime", "\"2026-11-01T01:16:30.000\"");
    fields.put("dispatch_datetime", "\"2026-11-01T01:21:00.000\"");
    fields.put("enroute_datetime", "\"2026-11-01T01:21:04.000\"");
    fields.put("onscene_datetime", "\"2026-11-01T03:02:11.000\"");
    fields.put("close_datetime", "\"2026-11-01T03:40:00.000\"");
    fields.put("call_type_original", "\"415\"");
    fields.put("call_type_original_desc", "\"NOISE NUISANCE\"");
    fields.put("call_type_original_notes", "\"drums\"");
    fields.put("call_type_final", "\"418\"");
    fields.put("call_type_final_desc", "\"FIGHT NO WEAPON\"");
    fields.put("priority_original", "\"C\"");
    fields.put("priority_final", "\"B\"");
    fields.put("agency", "\"Police\"");
    fields.put("disposition", "\"HAN\"");
    fields.put("onview_flag", "\"N\"");
    fields.put("sensitive_call", "false");
    fields.put("intersection_name", "\"EXAMPLE ST \\\\ SAMPLE AVE\"");
    fields.put("intersection_id", "\"20000000\"");
    fields.put("intersection_point", "{\"type\":\"Point\",\"coordinates\":[-122.4,37.7]}");
    fields.put("supervisor_district", "\"6\"");
    fields.put("analysis_neighborhood", "\"Tenderloin\"");
    fields.put("police_district", "\"TENDERLOIN\"");
    fields.put("data_as_of", "\"2026-11-02T06:00:00.000\"");
    fields.put("data_loaded_at", "\"2026-11-02T06:10:00.000\"");
    fields.put("data_updated_at", "\"2026-11-02T05:55:00.000\"");
    return fields;
  }

  /** Returns the fields of a record of Seattle's calls as JSON values. */
  static Map<String, String> seattleFields() {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("cad_event_number", "\"2026000123456\"");
    fields.put("cad_event_clearance_description", "\"ASSISTANCE RENDERED\"");
    fields.put("call_type", "\"911\"");
    fields.put("priority", "\"2\"");
    fields.put("initial_call_type", "\"DISTURBANCE\"");
    fields.put("final_call_type", "\"DISTURBANCE - OTHER\"");
    fields.put("cad_event_original_time_queued", "\"2026-06-15T20:04:11.000\"");
    fields.put("cad_event_arrived_time", "\"2026-06-15T20:15:00.000\"");
    fields.put("dispatch_precinct", "\"WEST\"");
    fields.put("dispatch_sector", "\"KING\"");
    fields.put("dispatch_beat", "\"K3\"");
    fields.put("dispatch_longitude", "\"-122.3301\"");
    fields.put("dispatch_latitude", "\"47.6021\"");
    fields.put("cad_event_response_category", "\"SPD\"");
    fields.put("call_sign_dispatch_id", "\"71000001\"");
    fields.put("call_sign_dispatch_time", "\"2026-06-15T20:06:30.000\"");
    fields.put("call_sign_at_scene_time", "\"2026-06-15T20:16:10.000\"");
    fields.put("call_type_indicator", "\"NOT_ONVIEW\"");
    fields.put("dispatch_neighborhood", "\"PIONEER SQUARE\"");
    fields.put("dispatch_address", "\"1XX BLOCK OF EXAMPLE ST\"");
    fields.put("count_of_officers", "\"2\"");
    return fields;
  }

  /** Returns the fields of a record of New Orleans' calls as JSON values. */
  static Map<String, String> newOrleansFields() {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("nopd_item", "\"H0123426\"");
    fields.put("type_", "\"21\"");
    fields.put("typetext", "\"COMPLAINT OTHER\"");
    fields.put("priority", "\"1H\"");
    fields.put("initialtype", "\"103\"");
    fields.put("initialtypetext", "\"DISTURBANCE (OTHER)\"");
    fields.put("initialpriority", "\"1A\"");
    fields.put("mapx", "\"3684990\"");
    fields.put("mapy", "\"538273\"");
    fields.put("timecreate", "\"2026-08-11T00:00:51\"");
    fields.put("timedispatch", "\"2026-08-11T00:40:04\"");
    fields.put("timearrive", "\"2026-08-11T00:43:41\"");
    fields.put("timeclosed", "\"2026-08-11T00:53:29\"");
    fields.put("disposition", "\"NAT\"");
    fields.put("dispositiontext", "\"Necessary Action Taken\"");
    fields.put("selfinitiated", "\"N\"");
    fields.put("beat", "\"5C02\"");
    fields.put("block_address", "\"016XX Example Ave\"");
    fields.put("zip", "\"70117\"");
    fields.put("policedistrict", "\"5\"");
    fields.put("location", "{\"type\":\"Point\",\"coordinates\":[-90.0571,29.9721]}");
    return fields;
  }

  static String json(Map<String, String> fields) {
    return fields.entrySet().stream()
        .map(f -> "\"" + f.getKey() + "\":" + f.getValue())
        .collect(Collectors.joining(",", "{", "}"));
  }

  /** Returns a record with one changed field; {@code null} removes the field. */
  static String with(String name, String value) {
    Map<String, String> fields = fields();
    if (value == null) {
      fields.remove(name);
    } else {
      fields.put(name, value);
    }
    return json(fields);
  }

  static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }
}
