package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;

/**
 * Not all records of a source reached the topic. Its code is {@link ErrorCode#SEND_FAILED} or,
 * where the source was at fault, {@link ErrorCode#INPUT_FAILED}.
 */
public final class IncompleteSendException extends CallstreamException {
  private static final long serialVersionUID = 1L;

  private final transient SendReport report;

  IncompleteSendException(ErrorCode code, String message, Throwable cause, SendReport report) {
    super(code, message, cause);
    this.report = report;
  }

  /** Returns what became of the records that were read; null after deserialization. */
  public SendReport report() {
    return report;
  }
}
