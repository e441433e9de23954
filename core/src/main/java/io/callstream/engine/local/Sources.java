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

/** Opens sources with the {@link SourceOpener} for their type. */
final class Sources {
  private Sources() {}

  /** Opens a source. Fails unless there is exactly one opener. */
  static OpenSource open(Source source) {
    if (source instanceof MemorySource memory) {
      return new OpenMemorySource(memory);
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
          ("The source opener of %s for the engine 'local' can't be loaded: %s. Use the same"
                  + " version of all callstream artifacts, and keep their dependencies.")
              .formatted(source.description(), e.getMessage()),
          e);
    }
    if (found.size() == 1) {
      return found.get(0).open(source);
    }
    throw new CallstreamException(
        ErrorCode.ENVIRONMENT,
        found.isEmpty()
            ? "No source opener on the class path opens %s for the engine 'local'. %s"
                .formatted(
                    source.description(),
                    source instanceof KafkaTopic
                        ? "Add io.callstream:callstream-kafka-producer."
                        : "Add a " + SourceOpener.class.getName() + " for it.")
            : ("Several source openers on the class path open %s for the engine 'local': %s. Remove"
                    + " all but one.")
                .formatted(
                    source.description(),
                    found.stream().map(opener -> opener.getClass().getName()).sorted().toList()));
  }
}
