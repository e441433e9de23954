package io.callstream.examples.cli;

import io.callstream.CallstreamException;
import io.callstream.internal.files.FileFailures;
import io.callstream.internal.notation.DurationNotation;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Detects invalid usage before anything starts. */
final class Usage {
  private Usage() {}

  /** Returns an exception that ends the command with the status for invalid usage. */
  static ParameterException wrong(CommandSpec command, String message) {
    return new ParameterException(command.commandLine(), message);
  }

  /**
   * Returns a value that is created from options. Exceptions become invalid usage. Their messages
   * show durations in the notation of the options.
   */
  static <T> T of(CommandSpec command, Supplier<T> value) {
    try {
      return value.get();
    } catch (CallstreamException | IllegalArgumentException e) {
      String message = DurationNotation.rewrite(String.valueOf(e.getMessage()));
      throw new ParameterException(command.commandLine(), message, e);
    }
  }

  /** Rejects a number below a minimum. */
  static void atLeast(CommandSpec command, String option, long value, long least) {
    if (value < least) {
      throw wrong(command, option + " is " + value + "; it must be at least " + least + ".");
    }
  }

  static void port(CommandSpec command, String option, int port) {
    if (port < 0 || port > 65_535) {
      throw wrong(command, option + " is " + port + "; it must be from 0 (any free one) to 65535.");
    }
  }

  /** Rejects a directory that cannot be created, or in which no file can be written. */
  static void writable(CommandSpec command, String option, Path directory) {
    try {
      Path there = directory.toAbsolutePath();
      while (there.getParent() != null && !Files.exists(there)) {
        there = there.getParent();
      }
      if (!Files.isDirectory(there)) {
        throw new FileAlreadyExistsException(there.toString());
      }
      Files.delete(Files.createTempFile(there, ".callstream", ".probe"));
    } catch (IOException e) {
      // The directory does not exist yet, and cannot be created.
      String advice =
          e instanceof NoSuchFileException
              ? "Name a directory in which this user may write."
              : FileFailures.advice(directory, e);
      throw new ParameterException(
          command.commandLine(),
          DisplayText.format(
              "%s %s can't be written (%s). %s", option, directory, DisplayText.reason(e), advice),
          e);
    }
  }
}
