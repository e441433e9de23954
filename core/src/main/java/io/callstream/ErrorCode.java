package io.callstream;

/** The kind of failure of a {@link CallstreamException}. */
public enum ErrorCode {
  /** The engine does not support a pipeline or a setting. Nothing was started. */
  UNSUPPORTED,
  /** The environment lacks something: a JVM flag, a library, a port, a writable directory. */
  ENVIRONMENT,
  /** No broker responded. */
  BROKER_UNAVAILABLE,
  /** The topic does not exist, or does not have the required properties. */
  TOPIC,
  /** A source of calls could not be read to its end. */
  INPUT_FAILED,
  /** Records could not be sent. */
  SEND_FAILED,
  /** Records could not be read from the topic. */
  SOURCE_FAILED,
  /** A call format returned no parser, cannot be sent to tasks, or lacks a class that it needs. */
  FORMAT_FAILED,
  /** The table of a lookup could not be read, or is not valid. */
  LOOKUP_FAILED,
  /** A filter, dimension or measure of a statistic failed on a call. */
  STATISTIC_FAILED,
  /** A sink, dead-letter sink or listener failed. */
  SINK_FAILED,
  /** A checkpoint could not be read or written, or belongs to another pipeline. */
  CHECKPOINT,
  /** The engine failed for another reason. */
  ENGINE_FAILED
}
