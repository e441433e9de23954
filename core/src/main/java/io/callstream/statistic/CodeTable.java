package io.callstream.statistic;

import java.io.Serializable;
import java.util.Map;

/**
 * Fixed descriptions of codes. It works like a left join: a row whose code is unknown has an empty
 * description.
 *
 * @param name a short name for the codes, in a word or two
 * @param descriptions the descriptions by code; copied
 */
public record CodeTable(String name, Map<String, String> descriptions) implements Serializable {
  /** Copies {@code descriptions}. */
  public CodeTable {
    descriptions = Map.copyOf(descriptions);
  }

  /** Returns the description of a code, or the empty string if the code is unknown. */
  public String description(String code) {
    return descriptions.getOrDefault(code, "");
  }

  /** Returns whether the table contains the code. */
  public boolean contains(String code) {
    return descriptions.containsKey(code);
  }

  @Override
  public String toString() {
    return name + " (" + descriptions.size() + " codes)";
  }
}
