package io.callstream.call;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The San Francisco format as the design has it, on Jackson's tree, a regular expression and
 * java.time: slow, and nothing in common with the parser but the tokenizer of its full path.
 */
final class OracleParser {
  static final Map<String, CallField> NAMES = new LinkedHashMap<>();

  static {
    NAMES.put("crime_id", CallField.ID);
    NAMES.put("original_crime_type_name", CallField.CRIME_TYPE);
    NAMES.put("call_date_time", CallField.TIME);
    NAMES.put("report_date", CallField.REPORT_DATE);
    NAMES.put("call_date", CallField.CALL_DATE);
    NAMES.put("offense_date", CallField.OFFENSE_DATE);
    NAMES.put("call_time", CallField.CALL_TIME);
    NAMES.put("disposition", CallField.DISPOSITION);
    NAMES.put("address", CallField.ADDRESS);
    NAMES.put("city", CallField.CITY);
    NAMES.put("state", CallField.STATE);
    NAMES.put("agency_id", CallField.AGENCY);
    NAMES.put("address_type", CallField.ADDRESS_TYPE);
    NAMES.put("common_location", CallField.COMMON_LOCATION);
  }

  private static final ObjectMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(100)
                          .maxStringLength(Integer.MAX_VALUE)
                          .maxNumberLength(Integer.MAX_VALUE)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  private static final Pattern TIME =
      Pattern.compile(
          "(\\d{4}-\\d{2}-\\d{2})[T ](\\d{2}:\\d{2}(?::\\d{2}(?:\\.\\d{1,9})?)?)"
              + "(Z|[+-]\\d{2}(?::?\\d{2})?)?");

  /** Stands before a number, whose spelling the tree has forgotten. */
  static final String NUMBER = "\0number ";

  /** What the oracle makes of a record: texts by field, or a reason. */
  record Verdict(
      RejectionReason reason,
      String field,
      Instant time,
      boolean ambiguous,
      Map<CallField, String> texts) {}

  record Time(Instant instant, boolean ambiguous) {}

  private OracleParser() {}

  static Verdict parse(byte[] value, ZoneId zone) {
    if (value.length > 1_048_576) {
      return rejected(RejectionReason.TOO_LARGE, null);
    }
    if (new String(value, StandardCharsets.ISO_8859_1).matches("[ \t\r\n]*")) {
      return rejected(RejectionReason.EMPTY, null);
    }
    JsonNode tree;
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(value)).toString();
      tree = MAPPER.readTree(text.startsWith("\ufeff") ? text.substring(1) : text);
    } catch (StreamConstraintsException e) {
      return rejected(RejectionReason.TOO_DEEP, null);
    } catch (JsonProcessingException e) {
      return e.getCause() instanceof StreamConstraintsException
          ? rejected(RejectionReason.TOO_DEEP, null)
          : rejected(RejectionReason.NOT_JSON, null);
    } catch (IOException e) {
      return rejected(RejectionReason.NOT_JSON, null);
    }
    if (tree.isMissingNode()) {
      return rejected(RejectionReason.NOT_JSON, null);
    }
    if (!tree.isObject()) {
      return rejected(RejectionReason.NOT_AN_OBJECT, null);
    }
    for (String name : NAMES.keySet()) {
      if (tree.has(name) && tree.get(name).isContainerNode()) {
        return rejected(RejectionReason.NOT_TEXT, name);
      }
    }
    Map<CallField, String> texts = new EnumMap<>(CallField.class);
    for (Map.Entry<String, CallField> name : NAMES.entrySet()) {
      JsonNode node = tree.get(name.getKey());
      boolean required = name.getValue().ordinal() < 3;
      if (node == null || node.isNull()) {
        if (required) {
          return rejected(RejectionReason.MISSING_FIELD, name.getKey());
        }
        texts.put(name.getValue(), "");
      } else if (node.asText().isBlank()) {
        if (required) {
          return rejected(RejectionReason.BLANK_FIELD, name.getKey());
        }
        texts.put(name.getValue(), "");
      } else {
        texts.put(
            name.getValue(),
            node.isNumber() ? NUMBER + node.decimalValue() : wellFormed(node.asText()));
      }
    }
    // A time that is a number is never a time.
    Time time =
        tree.get("call_date_time").isTextual()
            ? time(tree.get("call_date_time").asText(), zone)
            : null;
    return time == null
        ? rejected(RejectionReason.UNREADABLE_TIME, "call_date_time")
        : new Verdict(null, null, time.instant(), time.ambiguous(), texts);
  }

  /** Half a surrogate pair has no UTF-8, and so can't be told from any other half. */
  private static String wellFormed(String text) {
    return text.codePoints()
        .map(c -> c >= 0xd800 && c <= 0xdfff ? '?' : c)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  /** Returns a time, or null if the text is none. */
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
    return new Verdict(reason, field, null, false, Map.of());
  }
}
