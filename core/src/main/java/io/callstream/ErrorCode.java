package io.callstream;

/** What kind of failure a {@link CallstreamException} tells of. */
public enum ErrorCode {
  /** A value that was given is outside its bounds. */
  INVALID_ARGUMENT,
  /** A pipeline or setting that the engine does not support; nothing was started. */
  UNSUPPORTED,
  /** The surroundings lack something: a JVM flag, a library, a port, a writable directory. */
  ENVIRONMENT,
  /** No broker answered. */
  BROKER_UNAVAILABLE,
  /** The topic is not there, or is not as it was asked for. */
  TOPIC,
  /** A source of calls could not be read to its end. */
  INPUT_FAILED,
  /** Records could not be sent. */
  SEND_FAILED,
  /** Records could not be read from the topic. */
  SOURCE_FAILED,
  /** A call format gave no parser, can't be sent to tasks, or lacks a class that it needs. */
  FORMAT_FAILED,
  /** A filter, dimension or measure of a statistic failed on a call. */
  STATISTIC_FAILED,
  /** A sink, dead-letter sink or listener failed. */
  SINK_FAILED,
  /** A checkpoint could not be read or written, or is that of another pipeline. */
  CHECKPOINT,
  /** The engine failed otherwise. */
  ENGINE_FAILED
}
