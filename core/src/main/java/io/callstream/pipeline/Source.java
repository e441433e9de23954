package io.callstream.pipeline;

/**
 * Where records come from. Which sources an engine reads is up to the engine, which refuses others
 * before anything starts.
 */
public interface Source {
  /** Returns what this source is, for messages and progress; without secrets. */
  String description();
}
