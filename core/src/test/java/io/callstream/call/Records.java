package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** Records for the tests of this package. */
final class Records {
  private Records() {}

  /** Returns the fields of a record as the 2018 file has them, as JSON values. */
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

  static String json(Map<String, String> fields) {
    return fields.entrySet().stream()
        .map(f -> "\"" + f.getKey() + "\":" + f.getValue())
        .collect(Collectors.joining(",", "{", "}"));
  }

  /** Returns a record with one field changed; {@code null} leaves it out. */
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
