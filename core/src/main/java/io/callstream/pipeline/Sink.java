package io.callstream.pipeline;

import java.nio.file.Path;
import java.util.Set;

/** What sinks of results and of dead letters have in common. */
public interface Sink extends AutoCloseable {
  /**
   * Returns the directories of this machine that this sink writes to and no other run may use at
   * the same time. The engine creates and locks them before it opens the first sink, and releases
   * them after it has closed the last one. Sinks of one run may share a directory.
   */
  default Set<Path> exclusiveDirectories() {
    return Set.of();
  }

  /** Ends the run: everything that was written is where it belongs when this returns. */
  @Override
  default void close() {}
}
