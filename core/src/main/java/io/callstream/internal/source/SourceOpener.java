package io.callstream.internal.source;

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

  OpenSource open(Source source);
}
