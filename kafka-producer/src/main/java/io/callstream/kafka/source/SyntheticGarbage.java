package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Random;

/**
 * Generates records that no pipeline counts as calls: every kind of invalid record that can be in a
 * topic.
 */
final class SyntheticGarbage {
  private static final int KINDS = 15;
  private static final int DEPTH = 10_000;
  private static final String HTML =
      "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>"
          + "<body><h1>502 Bad Gateway</h1></body></html>";
  private static final String TIME = "\"2018-10-02T12:00:00.000\"";
  private static final String[] IMPOSSIBLE_TIMES = {
    "2018-02-30T12:00:00.000",
    "2018-13-01T00:00:00.000",
    "2018-10-02T25:61:00.000",
    "02.10.2018 12:00",
    "yesterday",
    "0000-00-00T00:00:00.000"
  };

  private final Random random;
  private final String idName;
  private final String typeName;
  private final String timeName;
  private long made;

  SyntheticGarbage(Random random, boolean ofToday) {
    this.random = random;
    idName = ofToday ? "cad_number" : "crime_id";
    typeName = ofToday ? "call_type_final_desc" : "original_crime_type_name";
    timeName = ofToday ? "received_datetime" : "call_date_time";
  }

  /** Returns a new record. It may use {@code json} as a buffer. */
  byte[] next(StringBuilder json) {
    // The id of a call never starts with a letter.
    String id = "\"X" + made++ + "\"";
    String type = "\"Traffic Stop\"";
    json.setLength(0);
    switch (random.nextInt(KINDS)) {
      case 0 -> {
        call(json, id, type, TIME);
        json.setLength(1 + random.nextInt(json.length() - 1));
      }
      case 1 -> {
        json.append('[');
        call(json, id, type, TIME);
        json.append(']');
      }
      case 2 -> json.append(random.nextInt());
      case 3 -> json.append(random.nextBoolean() ? "null" : "\"a call for service\"");
      case 4 -> json.append("   ", 0, random.nextInt(4));
      case 5 -> {
        return binary();
      }
      case 6 -> json.append("{\"").append(idName).append("\":").append(id).append('}');
      case 7 -> call(json, "\"  \"", type, TIME);
      case 8 -> call(json, id, "\"\"", TIME);
      case 9 -> call(json, id, type, "null");
      case 10 -> {
        String time = IMPOSSIBLE_TIMES[random.nextInt(IMPOSSIBLE_TIMES.length)];
        call(json, id, type, '"' + time + '"');
      }
      case 11 -> call(json, id, type, "\"2099-12-31T23:59:00.000\"");
      case 12 -> json.append("[".repeat(DEPTH)).append("]".repeat(DEPTH));
      case 13 -> call(json, id, "{\"name\":\"Traffic Stop\"}", TIME);
      default -> json.append(HTML);
    }
    return json.toString().getBytes(UTF_8);
  }

  private void call(StringBuilder json, String id, String type, String time) {
    json.append("{\"").append(idName).append("\":").append(id);
    json.append(",\"").append(typeName).append("\":").append(type);
    json.append(",\"").append(timeName).append("\":").append(time);
    json.append(",\"disposition\":\"HAN\"}");
  }

  private byte[] binary() {
    byte[] bytes = new byte[1 + random.nextInt(200)];
    random.nextBytes(bytes);
    bytes[0] = (byte) 0xff;
    return bytes;
  }
}
