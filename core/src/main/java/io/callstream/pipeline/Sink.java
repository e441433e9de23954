package io.callstream.pipeline;

import java.nio.file.Path;
import java.time.Duration;
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

  /**
   * Returns how much longer than the time limit of sinks a call may take. The engine asks in
   * another thread when a call has reached the limit, so this must be thread-safe and return at
   * once. Zero by default. A sink that reads or copies all that it has stored returns a time in
   * proportion to that.
   */
  default Duration extraTime() {
    return Duration.ZERO;
  }

  /** Ends the run: everything that was written is where it belongs when this returns. */
  @Override
  default void close() {}
}
