package io.callstream;

/**
 * What callstream throws when it knows what went wrong. Messages are for people: they say what to
 * do, and hold no content of calls and no secrets.
 */
public class CallstreamException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  /** Creates an exception that has no cause but what its message says. */
  public CallstreamException(ErrorCode code, String message) {
    super(message);
    this.code = code;
  }

  /** Creates an exception for a failure below. */
  public CallstreamException(ErrorCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** Returns what kind of failure this is. */
  public ErrorCode code() {
    return code;
  }
}
