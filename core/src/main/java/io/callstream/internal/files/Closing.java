package io.callstream.internal.files;

/** Closes several resources. */
public final class Closing {
  private Closing() {}

  /**
   * Closes one resource.
   *
   * @param <E> what it may throw in addition to unchecked exceptions
   */
  @FunctionalInterface
  public interface Close<T, E extends Exception> {
    void close(T resource) throws E;
  }

  /**
   * Closes all resources, even if some cannot be closed.
   *
   * @throws E the first failure, with the others suppressed
   */
  @SuppressWarnings("unchecked") // It throws E or an unchecked exception.
  public static <T, E extends Exception> void all(
      Iterable<? extends T> resources, Close<T, E> close) throws E {
    Exception first = null;
    for (T resource : resources) {
      try {
        close.close(resource);
      } catch (Exception e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw (E) first;
    }
  }

  /** Closes a resource after a failure, and adds a failure to do so to that failure. */
  public static void after(Throwable failure, AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      if (e != failure) {
        failure.addSuppressed(e);
      }
    }
  }
}
