package io.callstream.examples.cli;

import io.callstream.internal.sink.TerminalStyle;
import java.util.Collection;

/**
 * Configures which part of the log appears on standard error. {@code logback.xml} reads the
 * properties that this class sets. Therefore it must be called before anything is logged.
 */
final class Logging {
  private Logging() {}

  /** Reads the options for the log. If both are given, {@code --verbose} takes precedence. */
  static void setUp(Collection<String> args) {
    if (args.contains("--verbose")) {
      System.setProperty("callstream.log.ours", "INFO");
      System.setProperty("callstream.log.others", "INFO");
      System.setProperty("callstream.log.pattern", "log");
      return;
    }
    if (args.contains("--quiet") || args.contains("-q")) {
      System.setProperty("callstream.log.ours", "ERROR");
    }
    if (TerminalStyle.ofErr() == TerminalStyle.ANSI) {
      System.setProperty("callstream.log.pattern", "colored");
    }
  }
}
