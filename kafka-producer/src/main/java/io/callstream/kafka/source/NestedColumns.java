package io.callstream.kafka.source;

import io.callstream.call.JsonFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The columns of a CSV file whose names are paths such as {@code item.name} or {@code point[0]},
 * and which are written as nested objects and arrays. Not thread-safe.
 */
final class NestedColumns {
  /** The value of a column, or the members of an object or the elements of an array. */
  private static final class Node {
    private int column = -1;
    private final Map<String, Node> members = new LinkedHashMap<>();
    private final SortedMap<Integer, Node> elements = new TreeMap<>();

    Node child(Object step) {
      return step instanceof Integer index
          ? elements.computeIfAbsent(index, i -> new Node())
          : members.computeIfAbsent((String) step, name -> new Node());
    }
  }

  private final Node root = new Node();

  /** Returns whether a name has more than one step. */
  static boolean isNested(String name) {
    return name.indexOf('.') >= 0 || name.indexOf('[') >= 0;
  }

  /** Adds a column with a path that does not lead into the value of another column. */
  void add(String path, int column) {
    Node node = root;
    for (Object step : JsonFormat.steps(path)) {
      node = node.child(step);
    }
    node.column = column;
  }

  /**
   * Writes all columns as fields of the current object.
   *
   * @param texts returns the text of a column, or null if the row does not have it
   */
  void write(CompactJson json, IntFunction<@Nullable String> texts) throws RecordLimitException {
    writeMembers(root, json, texts);
  }

  private static void writeMembers(Node node, CompactJson json, IntFunction<@Nullable String> texts)
      throws RecordLimitException {
    for (Map.Entry<String, Node> member : node.members.entrySet()) {
      Node value = member.getValue();
      if (value.column < 0 || texts.apply(value.column) != null) {
        json.addName(member.getKey());
        write(value, json, texts);
      }
    }
  }

  private static void write(Node node, CompactJson json, IntFunction<@Nullable String> texts)
      throws RecordLimitException {
    if (node.column >= 0) {
      json.addText(texts.apply(node.column));
    } else if (node.elements.isEmpty()) {
      json.open('{');
      writeMembers(node, json, texts);
      json.close('}');
    } else {
      json.open('[');
      for (int i = 0; i <= node.elements.lastKey(); i++) {
        Node element = node.elements.get(i);
        if (element == null) {
          json.addText(null);
        } else {
          write(element, json, texts);
        }
      }
      json.close(']');
    }
  }
}
