package io.callstream.pipeline;

import java.nio.file.Path;
import java.time.Duration;
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

  /**
   * Returns how much longer than the time limit of sinks a call may take. The engine calls this
   * method in another thread when a call has reached the limit, so it must be thread-safe and
   * return immediately. Defaults to zero. A sink that reads or copies everything that it has stored
   * returns a time in proportion to that.
   */
  default Duration extraTime() {
    return Duration.ZERO;
  }

  /**
   * Ends the run. Everything that was written must be durable when this method returns. Does
   * nothing if the sink is not open: a container such as Spring also closes its beans.
   */
  @Override
  default void close() {}
}
