package io.callstream.benchmarks.tune;

/** Reports that {@link TuningStudy#stop} ended a study, without a report. */
final class StudyStoppedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StudyStoppedException() {
    super("The study was stopped");
  }
}
