package io.callstream.call;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A tree of the paths to the values of a format. An edge is the name of a member of an object, or
 * the index of an element of an array. Thread-safe after its construction.
 */
final class JsonPaths {
  private static final Pattern PATH =
      Pattern.compile("[^.\\[\\]]+((\\.[^.\\[\\]]+)|\\[(0|[1-9]\\d?)])*");
  private static final Pattern STEP = Pattern.compile("([^.\\[\\]]+)|\\[(\\d{1,2})]");

  /**
   * The maximum number of characters of a path. A longer one would overflow the matcher's stack.
   */
  private static final int MAX_LENGTH = 500;

  /** The number of the value, or -1 if no value of the format is here. */
  private int place = -1;

  private final Map<Object, JsonPaths> children = new HashMap<>();

  private JsonPaths() {}

  /**
   * Returns the tree of paths such as {@code address.city} or {@code point.coordinates[0]}. The
   * place of each path is its index.
   */
  static JsonPaths of(List<String> paths) {
    JsonPaths root = new JsonPaths();
    for (int place = 0; place < paths.size(); place++) {
      JsonPaths node = root;
      for (Object step : steps(paths.get(place))) {
        node = node.children.computeIfAbsent(step, s -> new JsonPaths());
      }
      node.place = place;
    }
    return root;
  }

  /** Returns the names and indices of a path. */
  static List<Object> steps(String path) {
    List<Object> steps = new ArrayList<>();
    Matcher step = STEP.matcher(path);
    while (step.find()) {
      steps.add(step.group(1) == null ? Integer.valueOf(step.group(2)) : step.group(1));
    }
    return steps;
  }

  /** Returns whether the text is a path. */
  static boolean isPath(String text) {
    return text.length() <= MAX_LENGTH && PATH.matcher(text).matches();
  }

  int place() {
    return place;
  }

  /** Returns the tree below a name or an index, or null if no path leads there. */
  @Nullable JsonPaths child(Object nameOrIndex) {
    return children.get(nameOrIndex);
  }

  boolean isLeaf() {
    return children.isEmpty();
  }
}
