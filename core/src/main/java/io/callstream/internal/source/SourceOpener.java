package io.callstream.internal.source;

import io.callstream.CallstreamException;
import io.callstream.pipeline.Source;

/**
 * Opens sources of one kind for the local engine, which finds openers through {@link
 * java.util.ServiceLoader}. A provider lists its class in {@code
 * META-INF/services/io.callstream.internal.source.SourceOpener}. The class needs a public
 * constructor without parameters. Thread-safe.
 */
public interface SourceOpener {
  /** Returns the class of the sources that this opener supports. */
  Class<? extends Source> kind();

  /**
   * Opens a source for one run.
   *
   * @throws CallstreamException if the source does not exist or is not available
   */
  OpenSource open(Source source);
}
