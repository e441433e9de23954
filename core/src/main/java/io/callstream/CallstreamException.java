package io.callstream;

/**
 * The root of all that callstream throws on purpose. Its message gives the value, the limit and the
 * way out, and never the content of a call or a secret.
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
