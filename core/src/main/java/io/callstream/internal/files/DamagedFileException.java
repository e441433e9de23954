package io.callstream.internal.files;

import java.io.IOException;

/** Thrown for a checkpoint file that was changed or deleted after it was written. */
public final class DamagedFileException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception. The message names the file and is the first part of a sentence. */
  public DamagedFileException(String message) {
    super(message);
  }
}
