package io.callstream.internal.source;

import io.callstream.CallstreamException;
import io.callstream.pipeline.Source;

/**
 * Opens sources of one kind for the local engine, which finds it through {@link
 * java.util.ServiceLoader}: a provider lists its class in {@code
 * META-INF/services/io.callstream.internal.source.SourceOpener} and gives it a public constructor
 * without parameters. Thread-safe.
 */
public interface SourceOpener {
  /** Returns the class of sources that this opens. */
  Class<? extends Source> kind();

  /**
   * Opens a source for one run.
   *
   * @param source one of {@link #kind()}
   * @throws CallstreamException if it is not there, or is not to be had
   */
  OpenSource open(Source source);
}
