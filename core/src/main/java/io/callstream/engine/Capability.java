package io.callstream.engine;

import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import java.util.EnumSet;
import java.util.Set;

/** What a pipeline may need of an engine beyond statistics, sinks and listeners. */
public enum Capability {
  /** Reading a {@link KafkaTopic}. */
  KAFKA_SOURCE("a Kafka topic as source"),
  /** Reading a {@link MemorySource}. */
  MEMORY_SOURCE("records in memory as source"),
  /** Reading any other source. */
  OTHER_SOURCE("a source of its own kind"),
  /** Going on after a restart where it stopped. */
  CHECKPOINT("a checkpoint"),
  /** Counting calls of the same id once. */
  DISTINCT("distinct()");

  private final String words;

  Capability(String words) {
    this.words = words;
  }

  /** Returns what a run needs. */
  static Set<Capability> neededBy(Pipeline pipeline, RunOptions options) {
    EnumSet<Capability> needed = EnumSet.noneOf(Capability.class);
    if (pipeline.source() instanceof KafkaTopic) {
      needed.add(KAFKA_SOURCE);
    } else if (pipeline.source() instanceof MemorySource) {
      needed.add(MEMORY_SOURCE);
    } else {
      needed.add(OTHER_SOURCE);
    }
    if (options.checkpoint().isPresent()) {
      needed.add(CHECKPOINT);
    }
    if (pipeline.distinctHorizon().isPresent()) {
      needed.add(DISTINCT);
    }
    return needed;
  }

  /** Returns the capability in words. */
  public String words() {
    return words;
  }
}
