package io.callstream.dashboard;

import io.callstream.call.CallFormat;
import io.callstream.call.DataSfCalls;
import io.callstream.call.SanFranciscoCalls;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Groups of call types and what the types mean, in plain words. Known are those of San Francisco;
 * other formats have no groups. Immutable.
 */
final class TypeGroups {
  /** The group of activity that officers start as a routine. */
  static final String ROUTINE = "routine";

  private static final String OTHER = "other";
  private static final Pattern SEPARATORS = Pattern.compile("[ /]+");
  private static final TypeGroups NONE = new TypeGroups(Map.of(), Map.of());

  private final Map<String, String> names;
  private final Map<String, Type> types;

  private record Type(String group, String meaning) {}

  private TypeGroups(Map<String, String> names, Map<String, Type> types) {
    this.names = names;
    this.types = types;
  }

  /** Returns the groups for the types of a format. */
  static TypeGroups of(CallFormat format) {
    return Set.of(SanFranciscoCalls.json().definition(), DataSfCalls.json().definition())
            .contains(format.definition())
        ? sanFrancisco()
        : NONE;
  }

  private static TypeGroups sanFrancisco() {
    Map<String, String> names = new LinkedHashMap<>();
    Map<String, Type> types = new HashMap<>();
    for (String line : Assets.text("type-groups.txt").lines().toList()) {
      if (line.startsWith("#")) {
        continue;
      }
      List<String> parts = List.of((line + " ").split(" \\| ?", -1));
      String meaning = parts.get(2).strip();
      if (parts.get(0).equals("group")) {
        names.put(parts.get(1), meaning);
      } else {
        for (String key : parts.get(1).split(", ", -1)) {
          types.put(key, new Type(parts.get(0), meaning));
        }
      }
    }
    return new TypeGroups(names, types);
  }

  /** Returns the names of the groups by their keys, in the order of the page. */
  Map<String, String> names() {
    return names;
  }

  /**
   * Returns the key of the group of a type. A note belongs to the group of the first code in it
   * that is not of {@link #ROUTINE}: a note that mentions routine activity may be about anything.
   */
  String group(String type) {
    String text = type.strip().toLowerCase(Locale.ROOT);
    Type known = types.get(text);
    if (known != null) {
      return known.group();
    }
    return SEPARATORS
        .splitAsStream(text)
        .filter(TypeGroups::hasDigit)
        .flatMap(part -> Stream.ofNullable(types.get(part)))
        .map(Type::group)
        .filter(group -> !group.equals(ROUTINE))
        .findFirst()
        .orElse(OTHER);
  }

  /** Returns whether a text has a digit. A regular expression takes too long for a hostile text. */
  static boolean hasDigit(String text) {
    return text.chars().anyMatch(c -> c >= '0' && c <= '9');
  }

  /** Returns what a type means; empty if this is not certain, or if the type says it. */
  String meaning(String type) {
    Type known = types.get(type.strip().toLowerCase(Locale.ROOT));
    return known == null || known.meaning().equalsIgnoreCase(type.strip()) ? "" : known.meaning();
  }
}
