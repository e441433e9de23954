package io.callstream.examples.cli;

/**
 * How much of the log is shown on standard error; {@code logback.xml} reads what is set here, so it
 * is to be called before anybody logs.
 */
final class Logging {
  private Logging() {}

  /** Shows what everybody logs from INFO on, Spark and Kafka included, and stack traces. */
  static void showAll() {
    System.setProperty("callstream.log.ours", "INFO");
    System.setProperty("callstream.log.others", "INFO");
    System.setProperty("callstream.log.stacks", "%ex");
  }
}
