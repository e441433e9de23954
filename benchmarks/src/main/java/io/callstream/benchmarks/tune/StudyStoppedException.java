package io.callstream.benchmarks.tune;

/** The study was stopped before it was complete; there is no report. */
public final class StudyStoppedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StudyStoppedException() {
    super("The study was stopped");
  }
}
