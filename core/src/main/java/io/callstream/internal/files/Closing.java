package io.callstream.internal.files;

import java.io.Closeable;
import java.io.IOException;

/** Closes several resources. */
public final class Closing {
  private Closing() {}

  /**
   * Closes all resources, even if some cannot be closed.
   *
   * @throws IOException the first failure, with the others suppressed
   */
  public static void all(Iterable<? extends Closeable> resources) throws IOException {
    IOException first = null;
    for (Closeable resource : resources) {
      try {
        resource.close();
      } catch (IOException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  /** Closes a resource after a failure, and adds a failure to do so to that failure. */
  public static void after(Throwable failure, AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      failure.addSuppressed(e);
    }
  }
}
