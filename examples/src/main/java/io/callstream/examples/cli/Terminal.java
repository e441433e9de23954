package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;

/**
 * Where a command writes.
 *
 * @param out takes results
 * @param err takes messages
 * @param live whether messages are shown on a terminal, so that a line can be drawn again
 */
record Terminal(PrintStream out, PrintStream err, boolean live) {
  /** Set by the launcher, which can tell whether standard error is a terminal; Java cannot. */
  private static final String LIVE = "callstream.terminal";

  /** Returns the standard streams of this process, in UTF-8 whatever the locale. */
  @SuppressWarnings("SystemConsoleNull") // On Java 17, null tells what it should.
  static Terminal ofProcess() {
    boolean live =
        System.getProperty(LIVE) == null ? System.console() != null : Boolean.getBoolean(LIVE);
    return new Terminal(stream(FileDescriptor.out), stream(FileDescriptor.err), live);
  }

  private static PrintStream stream(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), true, UTF_8);
  }

  /** Writes a message for people. */
  void say(String message, Object... values) {
    err.println(values.length == 0 ? message : Words.format(message, values));
  }
}
