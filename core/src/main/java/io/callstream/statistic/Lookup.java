package io.callstream.statistic;

import java.io.Serializable;
import java.util.Map;

/**
 * Descriptions of codes. Looking up is a left join: a code that is not here keeps its row, with an
 * empty description.
 *
 * @param name what the codes are, in a word or two
 * @param descriptions descriptions by code; copied
 */
public record Lookup(String name, Map<String, String> descriptions) implements Serializable {
  /** Copies {@code descriptions}. */
  public Lookup {
    descriptions = Map.copyOf(descriptions);
  }

  /** Returns the description of a code; the empty text for a code that is not here. */
  public String description(String code) {
    return descriptions.getOrDefault(code, "");
  }

  /** Returns whether the code is here. */
  public boolean knows(String code) {
    return descriptions.containsKey(code);
  }

  @Override
  public String toString() {
    return name + " (" + descriptions.size() + " codes)";
  }
}
