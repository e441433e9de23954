package io.callstream.engine.local;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.source.OpenSource;
import io.callstream.internal.source.SourceOpener;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Source;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/** Finds who opens a source. */
final class Sources {
  private Sources() {}

  /** Opens a source. */
  static OpenSource open(Source source) {
    if (source instanceof MemorySource memory) {
      return new OpenMemory(memory);
    }
    List<SourceOpener> found = new ArrayList<>();
    try {
      for (SourceOpener opener :
          ServiceLoader.load(SourceOpener.class, Sources.class.getClassLoader())) {
        if (opener.kind().isInstance(source)) {
          found.add(opener);
        }
      }
    } catch (ServiceConfigurationError | LinkageError e) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "What opens "
              + source.description()
              + " for the engine 'local' can't be loaded: "
              + e.getMessage()
              + ". Give all artifacts of callstream the same version, and keep what they bring.",
          e);
    }
    if (found.size() == 1) {
      return found.get(0).open(source);
    }
    throw new CallstreamException(
        ErrorCode.ENVIRONMENT,
        found.isEmpty()
            ? "Nothing on the class path opens "
                + source.description()
                + " for the engine 'local'. "
                + (source instanceof KafkaTopic
                    ? "Add io.callstream:callstream-kafka-producer."
                    : "Add a " + SourceOpener.class.getName() + " for it.")
            : "Several on the class path open "
                + source.description()
                + " for the engine 'local': "
                + found.stream().map(opener -> opener.getClass().getName()).sorted().toList()
                + ". Remove all but one.");
  }
}
