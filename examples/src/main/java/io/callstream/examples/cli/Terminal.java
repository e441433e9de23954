package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.internal.sink.TerminalStyle;
import io.callstream.internal.sink.TextTables;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.Channels;
import java.util.function.IntSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The streams of a command.
 *
 * @param in the input; closing it ends a read that waits for data
 * @param out receives results
 * @param err receives messages
 * @param live whether messages appear on a terminal, so that a line can be redrawn
 * @param columns returns the number of columns of the terminal that shows results, or {@link
 *     #NO_COLUMNS} without a terminal
 * @param outStyle the style of results
 * @param errStyle the style of messages
 */
record Terminal(
    InputStream in,
    ResultStream out,
    PrintStream err,
    boolean live,
    IntSupplier columns,
    TerminalStyle outStyle,
    TerminalStyle errStyle) {
  /** The width of an output that is not a terminal. Lines of calls can have any length there. */
  static final int NO_COLUMNS = Integer.MAX_VALUE;

  /** Returns the standard streams of this process. Their encoding is UTF-8 with any locale. */
  static Terminal ofProcess() {
    return new Terminal(
        // The stream of a channel, unlike System.in, can be closed while another thread reads.
        Channels.newInputStream(new FileInputStream(FileDescriptor.in).getChannel()),
        new ResultStream(new FileOutputStream(FileDescriptor.out)),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, UTF_8),
        TerminalStyle.isTerminal("err"),
        Terminal::askColumns,
        TerminalStyle.ofOut(),
        TerminalStyle.ofErr());
  }

  /**
   * Asks stty for the width of the terminal on standard output. The width is unknown if there is no
   * terminal or no stty.
   */
  private static int askColumns() {
    try {
      // stty asks the terminal on its standard input. Its inherited standard output is that of this
      // process.
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

  /** Returns this terminal without lines that are redrawn, because log lines would break them. */
  Terminal withoutBars() {
    return new Terminal(in, out, err, false, columns, outStyle, errStyle);
  }

  /** Returns this terminal without messages. */
  Terminal quiet() {
    return new Terminal(
        in,
        out,
        new PrintStream(OutputStream.nullOutputStream(), false, UTF_8),
        false,
        columns,
        outStyle,
        errStyle);
  }

  /** Returns the maximum width of a table of results. */
  int tableWidth() {
    int available = columns.getAsInt();
    return available == NO_COLUMNS ? TextTables.DEFAULT_WIDTH : available;
  }

  void say(String message, Object... values) {
    err.println(text(message, values));
  }

  /** Shows a message that requires attention. */
  void warn(String message, Object... values) {
    err.println(errStyle.yellow(text(message, values)));
  }

  private static String text(String message, Object... values) {
    return values.length == 0 ? message : DisplayText.format(message, values);
  }
}
