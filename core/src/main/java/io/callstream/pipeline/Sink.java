package io.callstream.pipeline;

import java.nio.file.Path;
import java.util.Set;

/** The common part of sinks for results and for dead letters. */
public interface Sink extends AutoCloseable {
  /**
   * Returns the local directories that this sink writes to and that no other run may use at the
   * same time. The engine creates and locks them before it opens the first sink. It releases them
   * after it has closed the last one. Sinks of one run may share a directory. Defaults to none.
   */
  default Set<Path> exclusiveDirectories() {
    return Set.of();
  }

  /** Ends the run. Everything that was written must be durable when this method returns. */
  @Override
  default void close() {}
}
