package io.callstream.benchmarks.scale;

import com.fasterxml.jackson.databind.JsonNode;

/** Where results are merged. */
enum Variant {
  /** In the thread of a run of the local engine. */
  LOCAL("local engine"),
  /** In the driver of Spark. */
  DRIVER("Spark, results in the driver"),
  /** In the executors of Spark. */
  EXECUTORS("Spark, results in the executors");

  private final String title;

  Variant(String title) {
    this.title = title;
  }

  /** Returns the variant of a line of JSON of {@link io.callstream.benchmarks.Scale}. */
  static Variant of(JsonNode line) {
    if (line.path("engine").asText().equals("local")) {
      return LOCAL;
    }
    return line.path("results").asText().equals("executors") ? EXECUTORS : DRIVER;
  }

  @Override
  public String toString() {
    return title;
  }
}
