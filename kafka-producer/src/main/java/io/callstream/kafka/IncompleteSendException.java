package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;

/**
 * Thrown if not all records of a source reached the topic. The code is {@link
 * ErrorCode#SEND_FAILED}, or {@link ErrorCode#INPUT_FAILED} if the source failed.
 */
public final class IncompleteSendException extends CallstreamException {
  private static final long serialVersionUID = 1L;

  private final transient SendReport report;

  IncompleteSendException(ErrorCode code, String message, Throwable cause, SendReport report) {
    super(code, message, cause);
    this.report = report;
  }

  /** Returns the outcomes of the records that were read, or null after deserialization. */
  public SendReport report() {
    return report;
  }
}
