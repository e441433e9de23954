package io.callstream.pipeline;

/**
 * A source of records. Each engine supports certain sources and rejects others before it starts
 * anything.
 */
public interface Source {
  /** Returns a description of this source for messages and progress, without secrets. */
  String description();
}
