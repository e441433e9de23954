package io.callstream.examples.cli;

import java.util.Collection;

/**
 * How much of the log is shown on standard error; {@code logback.xml} reads what is set here, so it
 * is to be called before anybody logs.
 */
final class Logging {
  private Logging() {}

  /** Reads the options that decide what is shown. Of both, {@code --verbose} wins. */
  static void setUp(Collection<String> args) {
    if (args.contains("--verbose")) {
      System.setProperty("callstream.log.ours", "INFO");
      System.setProperty("callstream.log.others", "INFO");
      System.setProperty("callstream.log.pattern", "log");
    } else if (args.contains("--quiet") || args.contains("-q")) {
      System.setProperty("callstream.log.ours", "ERROR");
    }
  }
}
