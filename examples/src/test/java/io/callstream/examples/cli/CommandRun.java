package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.internal.sink.TerminalStyle;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;

/** A command that ran in this JVM, with its exit status and its output. */
record CommandRun(int status, String out, String err) {
  static CommandRun of(String... args) {
    return of(StopRequest.none(), args);
  }

  static CommandRun of(StopRequest interruption, String... args) {
    return of(InputStream.nullInputStream(), interruption, args);
  }

  static CommandRun of(InputStream in, StopRequest interruption, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int status =
        Callstream.run(
            new Terminal(
                in,
                new ResultStream(out),
                new PrintStream(err, true, UTF_8),
                false,
                () -> Terminal.NO_COLUMNS,
                TerminalStyle.PLAIN,
                TerminalStyle.PLAIN),
            interruption,
            args);
    return new CommandRun(status, out.toString(UTF_8), err.toString(UTF_8));
  }
}
