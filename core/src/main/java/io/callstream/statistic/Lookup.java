package io.callstream.statistic;

import java.io.Serializable;
import java.util.Map;

/**
 * Descriptions of codes. A lookup works like a left join: a row whose code is unknown has an empty
 * description.
 *
 * @param name a short name for the codes, in a word or two
 * @param descriptions the descriptions by code; copied
 */
public record Lookup(String name, Map<String, String> descriptions) implements Serializable {
  /** Copies {@code descriptions}. */
  public Lookup {
    descriptions = Map.copyOf(descriptions);
  }

  /** Returns the description of a code, or the empty string if the code is unknown. */
  public String description(String code) {
    return descriptions.getOrDefault(code, "");
  }

  /** Returns whether the lookup contains the code. */
  public boolean contains(String code) {
    return descriptions.containsKey(code);
  }

  @Override
  public String toString() {
    return name + " (" + descriptions.size() + " codes)";
  }
}
