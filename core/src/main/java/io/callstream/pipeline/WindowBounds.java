package io.callstream.pipeline;

import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The bounds of a window of event time, {@code [start, end)}.
 *
 * @param start the first moment in the window
 * @param end the first moment after the window
 */
public record WindowBounds(Instant start, Instant end) {
  /** Returns whether the window contains a moment. */
  public boolean contains(Instant time) {
    return !time.isBefore(start) && time.isBefore(end);
  }

  /** Returns the window in the form that Jackson writes: both bounds in ISO-8601 and UTC. */
  @JsonValue
  Map<String, String> json() {
    Map<String, String> json = new LinkedHashMap<>();
    json.put("start", start.toString());
    json.put("end", end.toString());
    return json;
  }
}
