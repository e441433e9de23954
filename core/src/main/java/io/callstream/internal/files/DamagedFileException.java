package io.callstream.internal.files;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.IOException;

/** Thrown for a checkpoint file that was changed or deleted after it was written. */
public final class DamagedFileException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception. The message names the file and is the first part of a sentence. */
  public DamagedFileException(String message) {
    super(message);
  }

  /** Returns the failure of a run with a checkpoint directory at a location. */
  public CallstreamException in(String location) {
    return failure(location, String.valueOf(getMessage()), this);
  }

  /** Returns the failure of a run with a damaged checkpoint directory. */
  public static CallstreamException failure(String location, String how, Throwable cause) {
    return new CallstreamException(
        ErrorCode.CHECKPOINT,
        ("The checkpoint directory %s is damaged: %s. Restore it from a copy, or start with a new"
                + " one, which counts the topic from its start.")
            .formatted(location, how),
        cause);
  }
}
