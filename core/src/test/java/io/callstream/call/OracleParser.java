package io.callstream.call;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import jakarta.json.Json;
import jakarta.json.JsonException;
import jakarta.json.stream.JsonParser;
import jakarta.json.stream.JsonParser.Event;
import jakarta.json.stream.JsonParserFactory;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/*
 * Implements the formats of the library according to the design with Eclipse Parsson (Jakarta JSON
 * Processing), a regular expression and java.time. It is slow and shares no code with the parser,
 * whose full path uses Jackson's tokenizer.
 *
 * Parsson alone decides what is valid JSON: RFC 8259 without comments, NaN, single quotes, raw
 * control characters or text after the value. The oracle implements these rules itself:
 *
 *   - The JDK decodes the whole record strictly as UTF-8 first. One byte order mark at the start is
 *     removed, which RFC 8259 permits and Parsson does not do.
 *   - A record with only white space is "empty".
 *   - Nesting over 100 levels is "too-deep" if it precedes the first syntax error; otherwise the
 *     record is "not-json". RFC 8259 leaves the limit to the reader; Parsson's limit is 1000.
 *   - If a key occurs twice, the last value is used, which RFC 8259 leaves open.
 *   - An unpaired surrogate, which both readers accept in an escape, is compared as '?'.
 */
final class OracleParser {
  /** The field names of a format, in the order in which they are checked. */
  enum Names {
    OF_2018(fieldsOf2018(), "crime_id", "original_crime_type_name", "call_date_time"),
    OF_TODAY(fieldsOfToday(), "cad_number", "call_type_final_desc", "received_datetime"),
    OF_SEATTLE(
        fieldsOfSeattle(), "cad_event_number", "final_call_type", "cad_event_original_time_queued"),
    OF_NEW_ORLEANS(fieldsOfNewOrleans(), "nopd_item", "typetext", "timecreate");

    /** What Seattle writes instead of a value. */
    private static final String REDACTED = "REDACTED";

    /** The columns of today that are both a separate field and a choice of another one. */
    private static final Map<Field<String>, String> ALSO_FIELDS =
        Map.of(
            DataSfCalls.FINAL_TYPE, "call_type_final_desc",
            DataSfCalls.FINAL_TYPE_CODE, "call_type_final",
            DataSfCalls.ORIGINAL_TYPE, "call_type_original_desc",
            DataSfCalls.ORIGINAL_TYPE_CODE, "call_type_original",
            DataSfCalls.FINAL_PRIORITY, "priority_final",
            DataSfCalls.ORIGINAL_PRIORITY, "priority_original");

    private static final String POINT = "intersection_point";

    /** The columns that may be a point of GeoJSON. */
    private static final Set<String> POINTS = Set.of(POINT, "location");

    private final Map<String, Field<?>> fields;
    private final List<String> required;

    Names(Map<String, Field<?>> fields, String... required) {
      this.fields = fields;
      this.required = List.of(required);
    }

    private static Map<String, Field<?>> fieldsOf2018() {
      Map<String, Field<?>> fields = new LinkedHashMap<>();
      fields.put("crime_id", Fields.ID);
      fields.put("original_crime_type_name", Fields.TYPE);
      fields.put("call_date_time", Fields.TIME);
      fields.put("report_date", Fields.REPORT_DATE);
      fields.put("call_date", Fields.CALL_DATE);
      fields.put("offense_date", Fields.OFFENSE_DATE);
      fields.put("call_time", Fields.CALL_TIME);
      fields.put("disposition", Fields.DISPOSITION);
      fields.put("address", Fields.ADDRESS);
      fields.put("city", Fields.CITY);
      fields.put("state", Fields.STATE);
      fields.put("agency_id", Fields.AGENCY);
      fields.put("address_type", Fields.ADDRESS_TYPE);
      fields.put("common_location", Fields.COMMON_LOCATION);
      return fields;
    }

    private static Map<String, Field<?>> fieldsOfToday() {
      Map<String, Field<?>> fields = new LinkedHashMap<>();
      fields.put("cad_number", Fields.ID);
      fields.put("call_type_final_desc", Fields.TYPE);
      fields.put("call_type_final", Fields.TYPE);
      fields.put("call_type_original_desc", Fields.TYPE);
      fields.put("call_type_original", Fields.TYPE);
      fields.put("received_datetime", Fields.TIME);
      fields.put("entry_datetime", Fields.ENTERED);
      fields.put("dispatch_datetime", Fields.DISPATCHED);
      fields.put("enroute_datetime", Fields.EN_ROUTE);
      fields.put("onscene_datetime", Fields.ON_SCENE);
      fields.put("close_datetime", Fields.CLOSED);
      fields.put("priority_final", Fields.PRIORITY);
      fields.put("priority_original", Fields.PRIORITY);
      fields.put("agency", Fields.AGENCY);
      fields.put("disposition", Fields.DISPOSITION);
      fields.put("onview_flag", Fields.ON_VIEW);
      fields.put("sensitive_call", DataSfCalls.SENSITIVE);
      fields.put("intersection_name", Fields.ADDRESS);
      fields.put("intersection_id", DataSfCalls.INTERSECTION);
      fields.put(POINT, Fields.POSITION);
      fields.put(POINT + ".coordinates[1]", Fields.POSITION);
      fields.put(POINT + ".coordinates[0]", Fields.POSITION);
      fields.put("supervisor_district", DataSfCalls.SUPERVISOR_DISTRICT);
      fields.put("analysis_neighborhood", Fields.NEIGHBORHOOD);
      fields.put("police_district", Fields.DISTRICT);
      fields.put("call_type_original_notes", DataSfCalls.ORIGINAL_NOTES);
      fields.put("call_type_final_notes", DataSfCalls.FINAL_NOTES);
      fields.put("id", DataSfCalls.ROW_ID);
      fields.put("dup_cad_number", DataSfCalls.DUPLICATE_OF);
      fields.put("pd_incident_report", DataSfCalls.INCIDENT_REPORT);
      fields.put("call_last_updated_at", Fields.UPDATED);
      fields.put("data_as_of", DataSfCalls.DATA_AS_OF);
      fields.put("data_loaded_at", DataSfCalls.DATA_LOADED);
      fields.put("data_updated_at", DataSfCalls.DATA_UPDATED);
      return fields;
    }

    private static Map<String, Field<?>> fieldsOfSeattle() {
      Map<String, Field<?>> fields = new LinkedHashMap<>();
      fields.put("cad_event_number", Fields.ID);
      fields.put("final_call_type", Fields.TYPE);
      fields.put("initial_call_type", Fields.TYPE);
      fields.put("cad_event_original_time_queued", Fields.TIME);
      fields.put("call_sign_dispatch_time", Fields.DISPATCHED);
      fields.put("cad_event_arrived_time", Fields.ON_SCENE);
      fields.put("cad_event_clearance_description", Fields.DISPOSITION);
      fields.put("priority", Fields.PRIORITY);
      fields.put("dispatch_address", Fields.ADDRESS);
      fields.put("dispatch_precinct", Fields.DISTRICT);
      fields.put("dispatch_sector", SeattleCalls.SECTOR);
      fields.put("dispatch_beat", Fields.BEAT);
      fields.put("dispatch_neighborhood", Fields.NEIGHBORHOOD);
      fields.put("call_type_indicator", SeattleCalls.INDICATOR);
      fields.put("dispatch_latitude", Fields.POSITION);
      fields.put("dispatch_longitude", Fields.POSITION);
      return fields;
    }

    private static Map<String, Field<?>> fieldsOfNewOrleans() {
      Map<String, Field<?>> fields = new LinkedHashMap<>();
      fields.put("nopd_item", Fields.ID);
      fields.put("typetext", Fields.TYPE);
      fields.put("type_", Fields.TYPE);
      fields.put("initialtypetext", Fields.TYPE);
      fields.put("initialtype", Fields.TYPE);
      fields.put("timecreate", Fields.TIME);
      fields.put("timedispatch", Fields.DISPATCHED);
      fields.put("timearrive", Fields.ON_SCENE);
      fields.put("timearrival", Fields.ON_SCENE);
      fields.put("timeclosed", Fields.CLOSED);
      fields.put("disposition", Fields.DISPOSITION);
      fields.put("priority", Fields.PRIORITY);
      fields.put("initialpriority", Fields.PRIORITY);
      fields.put("selfinitiated", Fields.ON_VIEW);
      fields.put("block_address", Fields.ADDRESS);
      fields.put("policedistrict", Fields.DISTRICT);
      fields.put("beat", Fields.BEAT);
      fields.put("zip", Fields.ZIP);
      fields.put("location", Fields.POSITION);
      fields.put("location.coordinates[1]", Fields.POSITION);
      fields.put("location.coordinates[0]", Fields.POSITION);
      return fields;
    }

    JsonFormat format(ZoneId zone) {
      return switch (this) {
        case OF_2018 -> SanFranciscoCalls.json(zone);
        case OF_TODAY -> DataSfCalls.json(zone);
        case OF_SEATTLE -> SeattleCalls.json(zone);
        case OF_NEW_ORLEANS -> NewOrleansCalls.json(zone);
      };
    }

    /** Returns the fields of a valid record as JSON values. */
    Map<String, String> record() {
      return switch (this) {
        case OF_2018 -> Records.fields();
        case OF_TODAY -> Records.dataSfFields();
        case OF_SEATTLE -> Records.seattleFields();
        case OF_NEW_ORLEANS -> Records.newOrleansFields();
      };
    }

    private boolean isValue(String text) {
      return !text.isBlank() && !(this == OF_SEATTLE && text.equals(REDACTED));
    }

    /** Returns the names of a field. */
    private List<String> names(Field<?> field) {
      return fields.keySet().stream().filter(name -> fields.get(name) == field).toList();
    }

    /** Returns the field of a call for each name. */
    Map<String, Field<?>> fields() {
      return fields;
    }

    /** Returns the text of a field. Of several names, the first one with text is used. */
    private String text(Field<?> field, Map<String, String> texts) {
      return used(field, texts).map(texts::get).orElse("");
    }

    private Optional<String> used(Field<?> field, Map<String, String> texts) {
      return names(field).stream()
          .filter(name -> isValue(texts.getOrDefault(name, "")))
          .findFirst();
    }
  }

  private static final int MAX_BYTES = 1_048_576;
  private static final int MAX_DEPTH = 100;

  /** The greatest number of steps of a path of a format. */
  private static final int MAX_STEPS = 3;

  private static final Pattern NUMBER =
      Pattern.compile(
          "[\\s\u001c-\u001f]*[+-]?\\d+(\\.\\d+)?([eE][+-]?\\d{1,9})?[\\s\u001c-\u001f]*");

  private static final JsonParserFactory JSON = Json.createParserFactory(Map.of());
  private static final Pattern SPACE = Pattern.compile("[ \t\r\n]*");

  private static final Pattern TIME =
      Pattern.compile(
          "(\\d{4}-\\d{2}-\\d{2})[T ](\\d{2}:\\d{2}(?::\\d{2}(?:\\.\\d{1,9})?)?)"
              + "(Z|[+-]\\d{2}(?::?\\d{2})?)?");

  private static final Pattern PORTAL_TIME =
      Pattern.compile(
          "(?:(\\d{1,2})/(\\d{1,2})/(\\d{4})|(\\d{4})/(\\d{1,2})/(\\d{1,2}))"
              + " (\\d{1,2}):(\\d{2})(?::(\\d{2}))? ([AP])M");

  /** The result of the oracle for a record: texts by field, or a reason. */
  record Verdict(
      RejectionReason reason,
      String field,
      Instant time,
      boolean ambiguous,
      Map<Field<?>, String> texts,
      Map<Field<?>, Instant> times,
      Map<Field<?>, Object> values) {}

  record Time(Instant instant, boolean ambiguous) {}

  /** The members of an object: the last value of each as text, and the nested ones. */
  private static final class Members {
    final Map<String, String> texts = new HashMap<>();
    final Set<String> nested = new HashSet<>();

    void put(String name, Event event, JsonParser json) {
      if (Names.POINTS.contains(name) && event == Event.START_OBJECT) {
        nested.remove(name);
        return;
      }
      texts.remove(name);
      nested.remove(name);
      switch (event) {
        case VALUE_STRING -> texts.put(name, wellFormed(json.getString()));
        case VALUE_NUMBER -> texts.put(name, json.getString());
        case VALUE_TRUE -> texts.put(name, "true");
        case VALUE_FALSE -> texts.put(name, "false");
        case START_OBJECT, START_ARRAY -> nested.add(name);
        case VALUE_NULL, KEY_NAME, END_OBJECT, END_ARRAY -> {}
      }
    }
  }

  private OracleParser() {}

  static Verdict parse(byte[] value, ZoneId zone, Names names) {
    if (value.length > MAX_BYTES) {
      return rejected(RejectionReason.TOO_LARGE, null);
    }
    if (SPACE.matcher(new String(value, ISO_8859_1)).matches()) {
      return rejected(RejectionReason.EMPTY, null);
    }
    Members members = new Members();
    RejectionReason reason = read(value, members);
    return reason == null ? callOf(members, zone, names) : rejected(reason, null);
  }

  private static RejectionReason read(byte[] value, Members members) {
    String text;
    try {
      text = UTF_8.newDecoder().decode(ByteBuffer.wrap(value)).toString();
    } catch (CharacterCodingException e) {
      return RejectionReason.NOT_JSON;
    }
    String unmarked = text.startsWith("\ufeff") ? text.substring(1) : text;
    if (SPACE.matcher(unmarked).matches()) {
      return RejectionReason.NOT_JSON;
    }
    try (JsonParser json = JSON.createParser(new StringReader(unmarked))) {
      Event first = null;
      int depth = 0;
      List<Object> steps = new ArrayList<>(Collections.nCopies(MAX_DEPTH, ""));
      while (json.hasNext()) {
        Event event = json.next();
        first = first == null ? event : first;
        boolean isEnd = event == Event.END_OBJECT || event == Event.END_ARRAY;
        if (event == Event.KEY_NAME) {
          steps.set(depth - 1, json.getString());
        } else if (!isEnd && first == Event.START_OBJECT && depth > 0 && depth <= MAX_STEPS) {
          if (steps.get(depth - 1) instanceof Integer last) {
            steps.set(depth - 1, last + 1);
          }
          members.put(path(steps.subList(0, depth)), event, json);
        }
        if (event == Event.START_OBJECT || event == Event.START_ARRAY) {
          if (++depth > MAX_DEPTH) {
            return RejectionReason.TOO_DEEP;
          }
          steps.set(depth - 1, event == Event.START_ARRAY ? -1 : "");
        } else if (isEnd) {
          depth--;
        }
      }
      return first == Event.START_OBJECT ? null : RejectionReason.NOT_AN_OBJECT;
    } catch (JsonException e) {
      return RejectionReason.NOT_JSON;
    }
  }

  /** Returns a path; a name that contains punctuation of paths does not become one. */
  private static String path(List<Object> steps) {
    StringBuilder path = new StringBuilder();
    for (Object step : steps) {
      boolean isIndex = step instanceof Integer;
      path.append(isIndex ? "[" + step + "]" : ".")
          .append(isIndex ? "" : step.toString().replaceAll("[.\\[\\]]", "\0"));
    }
    return path.charAt(0) == '.' ? path.substring(1) : path.toString();
  }

  private static Verdict callOf(Members members, ZoneId zone, Names names) {
    for (String name : names.fields.keySet()) {
      if (members.nested.contains(name)) {
        return rejected(RejectionReason.NOT_TEXT, name);
      }
    }
    for (String name : names.required) {
      if (names.text(names.fields.get(name), members.texts).isEmpty()) {
        boolean missing = members.texts.get(name) == null;
        return rejected(
            missing ? RejectionReason.MISSING_FIELD : RejectionReason.BLANK_FIELD, name);
      }
    }
    Map<Field<?>, String> texts = new HashMap<>();
    Map<Field<?>, Instant> times = new HashMap<>();
    Map<Field<?>, Object> values = new HashMap<>();
    boolean ambiguous = false;
    for (Field<?> field : new LinkedHashSet<>(names.fields.values())) {
      String text = names.text(field, members.texts);
      String name = names.used(field, members.texts).orElse("");
      boolean isText = field != Fields.TIME && field.type() == Field.Type.TEXT;
      if (isText) {
        texts.put(field, text);
      } else if (field.type() == Field.Type.POSITION) {
        Verdict rejected = position(members, names, field, values);
        if (rejected != null) {
          return rejected;
        }
      } else if (!text.isEmpty() && field.type() == Field.Type.FLAG) {
        String flag = text.strip().toLowerCase(Locale.ROOT);
        boolean isTrue = Set.of("true", "yes", "y", "t", "1").contains(flag);
        if (!isTrue && !Set.of("false", "no", "n", "f", "0").contains(flag)) {
          return rejected(RejectionReason.UNREADABLE_VALUE, name);
        }
        values.put(field, isTrue);
      } else if (!text.isEmpty()) {
        Time time = time(names == Names.OF_2018 ? text : isoOfPortal(text), zone);
        if (time == null) {
          return rejected(RejectionReason.UNREADABLE_TIME, name);
        }
        times.put(field, time.instant());
        ambiguous |= field == Fields.TIME && time.ambiguous();
      }
    }
    if (names != Names.OF_2018) {
      if (names == Names.OF_TODAY) {
        Names.ALSO_FIELDS.forEach(
            (field, name) -> {
              String text = members.texts.getOrDefault(name, "");
              texts.put(field, text.isBlank() ? "" : text);
            });
      }
      times.put(Fields.RECEIVED, times.get(Fields.TIME));
    }
    return new Verdict(null, null, times.get(Fields.TIME), ambiguous, texts, times, values);
  }

  /** Adds the position of a record, or returns its rejection. */
  private static Verdict position(
      Members members, Names names, Field<?> field, Map<Field<?>, Object> values) {
    List<String> all = names.names(field);
    int last = all.size() - 1;
    String whole = last == 2 ? members.texts.getOrDefault(all.get(0), "") : "";
    String latitude = members.texts.getOrDefault(all.get(last - 1), "");
    String longitude = members.texts.getOrDefault(all.get(last), "");
    String used = all.get(last - 1);
    if (names.isValue(whole)) {
      List<String> degrees = degreesOfPoint(whole);
      longitude = degrees.get(0);
      latitude = degrees.get(1);
      used = all.get(0);
    }
    if (!names.isValue(latitude) || !names.isValue(longitude)) {
      return names.isValue(latitude) || names.isValue(longitude)
          ? rejected(
              RejectionReason.MISSING_FIELD, all.get(names.isValue(latitude) ? last : last - 1))
          : null;
    }
    double north = degrees(latitude);
    double east = degrees(longitude);
    if (!(Math.abs(north) <= 90 && Math.abs(east) <= 180)) {
      return rejected(RejectionReason.UNREADABLE_VALUE, used);
    }
    if (north != 0 || east != 0) {
      values.put(field, new Position(north, east));
    }
    return null;
  }

  /** Returns the longitude and latitude of a text, which are not numbers if it is not a point. */
  private static List<String> degreesOfPoint(String text) {
    Pattern spaces = Pattern.compile("[ \t\n\u000b\f\r]+");
    String point = spaces.matcher(text).replaceAll(" ").strip();
    String start = point.length() < 5 ? "" : point.substring(0, 5);
    String rest = point.substring(start.length()).strip();
    String[] degrees =
        start.equalsIgnoreCase("point") && rest.startsWith("(") && rest.endsWith(")")
            ? rest.substring(1, rest.length() - 1).strip().split(" ", -1)
            : new String[0];
    return degrees.length == 2 ? List.of(degrees) : List.of("none", "none");
  }

  /** Returns a number, or NaN if the text is not one, or if it is too large or too small. */
  private static double degrees(String text) {
    if (!NUMBER.matcher(text).matches() || text.getBytes(UTF_8).length > 100) {
      return Double.NaN;
    }
    BigDecimal exact = new BigDecimal(text.strip());
    // A BigDecimal has no negative zero.
    double number =
        exact.signum() == 0 && text.strip().startsWith("-") ? -0.0 : exact.doubleValue();
    return Double.isInfinite(number) || (number == 0 && exact.signum() != 0) ? Double.NaN : number;
  }

  /** Replaces unpaired surrogates, which UTF-8 cannot encode, with '?'. */
  private static String wellFormed(String text) {
    return text.codePoints()
        .map(c -> c >= 0xd800 && c <= 0xdfff ? '?' : c)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  /**
   * Converts a time of the portal's CSV exports to the form of the feeds. Returns other text
   * unchanged.
   */
  private static String isoOfPortal(String text) {
    Matcher parts = PORTAL_TIME.matcher(text);
    if (!parts.matches()) {
      return text;
    }
    boolean yearFirst = parts.group(4) != null;
    int hour = Integer.parseInt(parts.group(7));
    return String.format(
        Locale.ROOT,
        "%04d-%02d-%02dT%02d:%s:%s",
        Integer.valueOf(parts.group(yearFirst ? 4 : 3)),
        Integer.valueOf(parts.group(yearFirst ? 5 : 1)),
        Integer.valueOf(parts.group(yearFirst ? 6 : 2)),
        hour < 1 || hour > 12 ? 99 : hour % 12 + (parts.group(10).equals("P") ? 12 : 0),
        parts.group(8),
        parts.group(9) == null ? "00" : parts.group(9));
  }

  /** Returns a time, or null if the text is not a time. */
  static Time time(String text, ZoneId zone) {
    Matcher parts = TIME.matcher(text);
    if (!parts.matches()) {
      return null;
    }
    try {
      LocalDateTime local = LocalDateTime.parse(parts.group(1) + "T" + parts.group(2));
      LocalDateTime toMillis = local.withNano(local.getNano() / 1_000_000 * 1_000_000);
      if (parts.group(3) != null) {
        ZoneOffset offset = ZoneOffset.of(parts.group(3));
        return new Time(toMillis.toInstant(offset), false);
      }
      return new Time(
          toMillis.atZone(zone).toInstant(), zone.getRules().getValidOffsets(toMillis).size() == 2);
    } catch (DateTimeException e) {
      return null;
    }
  }

  private static Verdict rejected(RejectionReason reason, String field) {
    return new Verdict(reason, field, null, false, Map.of(), Map.of(), Map.of());
  }
}
