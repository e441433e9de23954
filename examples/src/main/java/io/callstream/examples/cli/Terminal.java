package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.ProcessBuilder.Redirect;
import java.util.function.IntSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a command writes.
 *
 * @param out takes results
 * @param err takes messages
 * @param live whether messages are shown on a terminal, so that a line can be drawn again
 * @param columns tells how many columns the terminal has that shows results, or {@link #NO_COLUMNS}
 *     where none does
 */
record Terminal(ResultStream out, PrintStream err, boolean live, IntSupplier columns) {
  /** The width of what is no terminal, where lines may be as long as they have to be. */
  static final int NO_COLUMNS = Integer.MAX_VALUE;

  /** Set by the launcher, which can tell whether standard error is a terminal; Java cannot. */
  private static final String LIVE = "callstream.terminal";

  /** Returns the standard streams of this process, in UTF-8 whatever the locale. */
  @SuppressWarnings("SystemConsoleNull") // On Java 17, null tells what it should.
  static Terminal ofProcess() {
    boolean live =
        System.getProperty(LIVE) == null ? System.console() != null : Boolean.getBoolean(LIVE);
    return new Terminal(
        new ResultStream(new FileOutputStream(FileDescriptor.out)),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, UTF_8),
        live,
        Terminal::askColumns);
  }

  /**
   * Asks stty for the width of the terminal that is standard output; it fails if there is none, and
   * where there is no stty nobody knows.
   */
  private static int askColumns() {
    try {
      // stty asks its standard input, and our standard output is the one it inherits.
      Process stty =
          new ProcessBuilder("sh", "-c", "stty size <&1 >&2")
              .redirectOutput(Redirect.INHERIT)
              .start();
      String answer = new String(stty.getErrorStream().readAllBytes(), UTF_8);
      Matcher size = Pattern.compile("\\d+ (\\d{1,5})\\s*").matcher(answer);
      int columns = size.matches() ? Integer.parseInt(size.group(1)) : 0;
      return columns > 0 ? columns : NO_COLUMNS;
    } catch (IOException e) {
      return NO_COLUMNS;
    }
  }

  /** Returns this one without lines that are drawn again, which a log would tear. */
  Terminal withoutBars() {
    return new Terminal(out, err, false, columns);
  }

  /** Returns this one without messages. */
  Terminal quiet() {
    return new Terminal(
        out, new PrintStream(OutputStream.nullOutputStream(), false, UTF_8), false, columns);
  }

  /** Writes a message for people. */
  void say(String message, Object... values) {
    err.println(values.length == 0 ? message : Words.format(message, values));
  }
}
