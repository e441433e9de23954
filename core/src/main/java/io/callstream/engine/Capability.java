package io.callstream.engine;

import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import java.util.EnumSet;
import java.util.Set;

/** A feature that a pipeline or its options may require and that an engine may lack. */
public enum Capability {
  /** The engine reads a {@link KafkaTopic}. */
  KAFKA_SOURCE("a Kafka topic as source"),
  /** The engine reads a {@linkplain KafkaTopic#part part} of a Kafka topic. */
  PARTS("a part of a topic"),
  /** The engine reads a {@link MemorySource}. */
  MEMORY_SOURCE("records in memory as source"),
  /** The engine reads custom sources. */
  OTHER_SOURCE("a custom source"),
  /** The engine resumes from a checkpoint after a restart. */
  CHECKPOINT("a checkpoint"),
  /** The engine counts calls with the same id once. */
  DISTINCT("distinct()"),
  /** The engine resumes from a checkpoint with other statistics. */
  EVOLUTION("evolving()"),
  /** The engine replaces earlier versions of calls. */
  CORRECTIONS("corrections()"),
  /** The engine joins the tables of lookups. */
  LOOKUPS("lookups");

  private final String description;

  Capability(String description) {
    this.description = description;
  }

  static Set<Capability> neededBy(Pipeline pipeline, RunOptions options) {
    EnumSet<Capability> needed = EnumSet.noneOf(Capability.class);
    if (pipeline.source() instanceof KafkaTopic topic) {
      needed.add(KAFKA_SOURCE);
      topic.part().ifPresent(part -> needed.add(PARTS));
    } else if (pipeline.source() instanceof MemorySource) {
      needed.add(MEMORY_SOURCE);
    } else {
      needed.add(OTHER_SOURCE);
    }
    if (options.checkpoint().isPresent()) {
      needed.add(CHECKPOINT);
      if (options.evolves()) {
        needed.add(EVOLUTION);
      }
    }
    if (pipeline.distinctHorizon().isPresent()) {
      needed.add(DISTINCT);
    }
    if (pipeline.correctionHorizon().isPresent()) {
      needed.add(CORRECTIONS);
    }
    if (!pipeline.lookups().isEmpty()) {
      needed.add(LOOKUPS);
    }
    return needed;
  }

  /** Returns a short description for messages. */
  public String description() {
    return description;
  }
}
