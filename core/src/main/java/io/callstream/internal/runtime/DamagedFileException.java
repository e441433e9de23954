package io.callstream.internal.runtime;

import java.io.IOException;

/** A checkpoint file that was changed or deleted after it was written. */
public final class DamagedFileException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception; the message names the file and begins a sentence. */
  public DamagedFileException(String message) {
    super(message);
  }
}
