package io.callstream.examples.cli;

import io.callstream.kafka.Pace;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a rate: records per second, or {@code max}. */
final class PaceConverter implements ITypeConverter<Pace> {
  @Override
  public Pace convert(String value) {
    if (value.equalsIgnoreCase("max")) {
      return Pace.max();
    }
    try {
      return Pace.perSecond(Double.parseDouble(value));
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(
          "'" + value + "' is no rate; give a number of records per second above 0, or max");
    }
  }
}
