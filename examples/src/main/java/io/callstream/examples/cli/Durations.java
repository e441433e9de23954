package io.callstream.examples.cli;

import io.callstream.internal.notation.DurationNotation;
import java.time.Duration;
import picocli.CommandLine.TypeConversionException;

/** Reads the values of options that are durations. */
final class Durations {
  private Durations() {}

  static Duration parse(String value) {
    try {
      return DurationNotation.parse(value);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
