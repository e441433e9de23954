package io.callstream.benchmarks;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Helpers for the lines of JSON that the main classes print. */
final class JsonLines {
  private JsonLines() {}

  /** Returns an empty line. Its {@code toString} returns JSON on one line. */
  static ObjectNode line() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** Returns a number with at most three decimal places. */
  static double rounded(double value) {
    return Math.round(value * 1e3) / 1e3;
  }
}
