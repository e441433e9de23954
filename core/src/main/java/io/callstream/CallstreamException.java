package io.callstream;

/**
 * Thrown by callstream for failures that it recognizes. Messages are for people: they state the
 * fix, and contain no data of calls and no secrets.
 */
public class CallstreamException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  /** Creates an exception without a cause. */
  public CallstreamException(ErrorCode code, String message) {
    super(message);
    this.code = code;
  }

  /** Creates an exception with a cause. */
  public CallstreamException(ErrorCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** Returns the kind of the failure. */
  public ErrorCode code() {
    return code;
  }
}
