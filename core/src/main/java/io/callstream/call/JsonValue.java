package io.callstream.call;

import java.io.Serializable;
import java.util.List;

/**
 * A value of a record that is a field of a call, or a part of one.
 *
 * @param path where the value is in the record
 * @param patterns the patterns of a time
 * @param required whether a record without a value at any of the field's paths is rejected
 */
record JsonValue(String path, Field<?> field, Part part, List<String> patterns, boolean required)
    implements Serializable {
  /** Describes the value for the fingerprint of a pipeline. */
  @Override
  public String toString() {
    return ", %s %s %s: %s%s%s"
        .formatted(
            field,
            field.type() + (field.scale() > 0 ? " " + field.scale() : ""),
            part,
            path,
            patterns.isEmpty() ? "" : " as " + patterns,
            required ? ", required" : "");
  }

  /** What a value is of its field. */
  enum Part {
    WHOLE,
    LATITUDE,
    LONGITUDE
  }
}
