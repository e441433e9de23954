package io.callstream.examples.cli;

import io.callstream.kafka.source.FileLayout;
import io.callstream.pipeline.KafkaTopic.StartingOffsets;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Converters for the values of options. Their messages describe the valid values. */
final class Converters {
  private Converters() {}

  /** Registers the converters for the numbers in all commands. */
  static void register(CommandLine commands) {
    commands.registerConverter(Long.class, number("a whole number", Long::valueOf));
    commands.registerConverter(Integer.class, number("a whole number", Integer::valueOf));
    commands.registerConverter(int.class, number("a whole number", Integer::valueOf));
    commands.registerConverter(Double.class, number("a number", Double::valueOf));
  }

  private static <T> ITypeConverter<T> number(String kind, Function<String, T> reading) {
    return value -> {
      try {
        return reading.apply(value);
      } catch (NumberFormatException e) {
        throw new TypeConversionException("'" + value + "' is not " + kind);
      }
    };
  }

  /** Returns the name of a constant on the command line. */
  static String nameOf(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static <E extends Enum<E>> E constant(Class<E> type, String value) {
    try {
      return Enum.valueOf(type, value.toUpperCase(Locale.ROOT).replace('-', '_'));
    } catch (IllegalArgumentException e) {
      String allowed =
          Stream.of(type.getEnumConstants())
              .map(Converters::nameOf)
              .collect(Collectors.joining(", "));
      throw new TypeConversionException("'" + value + "' is none of " + allowed);
    }
  }

  /** Reads the order of calls. */
  static final class OrderConverter implements ITypeConverter<CallOptions.Order> {
    @Override
    public CallOptions.Order convert(String value) {
      return constant(CallOptions.Order.class, value);
    }
  }

  /** Reads the layout of a file. */
  static final class LayoutConverter implements ITypeConverter<FileLayout> {
    @Override
    public FileLayout convert(String value) {
      return constant(FileLayout.class, value);
    }
  }

  /** Reads the format of records. */
  static final class FormatConverter implements ITypeConverter<FormatOption.Format> {
    @Override
    public FormatOption.Format convert(String value) {
      return constant(FormatOption.Format.class, value);
    }
  }

  /** Reads where to start. */
  static final class StartConverter implements ITypeConverter<StartingOffsets> {
    @Override
    public StartingOffsets convert(String value) {
      return constant(StartingOffsets.class, value);
    }
  }
}
