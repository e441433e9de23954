package io.callstream.examples.cli;

import io.callstream.kafka.Pace;
import io.callstream.kafka.source.FileLayout;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.KafkaTopic.StartingOffsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Converters for the values of options. Their messages describe the valid values. */
final class Converters {
  private static final Pattern PART = Pattern.compile("(\\d{1,6})/(\\d{1,6})");

  private Converters() {}

  static void register(CommandLine commands) {
    commands.registerConverter(Long.class, number("a whole number", Long::valueOf));
    commands.registerConverter(Integer.class, number("a whole number", Integer::valueOf));
    commands.registerConverter(int.class, number("a whole number", Integer::valueOf));
    commands.registerConverter(Double.class, number("a number", Double::valueOf));
    commands.registerConverter(Pace.class, Converters::pace);
    commands.registerConverter(Duration.class, Durations::parse);
    commands.registerConverter(EventTimeJump.class, EventTimeJump::parse);
    commands.registerConverter(KafkaTopic.Part.class, Converters::part);
    registerEnum(commands, CallOptions.Order.class);
    registerEnum(commands, FileLayout.class);
    registerEnum(commands, StatisticsOptions.ResultsPlace.class);
    registerEnum(commands, StartingOffsets.class);
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

  private static Pace pace(String value) {
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

  private static KafkaTopic.Part part(String value) {
    Matcher numbers = PART.matcher(value.trim());
    if (!numbers.matches()) {
      throw new TypeConversionException(
          "'" + value + "' is no part; write its number and the number of parts, such as 1/4");
    }
    try {
      return new KafkaTopic.Part(
          Integer.parseInt(numbers.group(1)), Integer.parseInt(numbers.group(2)));
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }

  /** Registers a converter for constants, which are written like {@code event-time}. */
  private static <E extends Enum<E>> void registerEnum(CommandLine commands, Class<E> type) {
    E[] constants = type.getEnumConstants();
    List<String> names = Stream.of(constants).map(Converters::nameOf).toList();
    commands.registerConverter(
        type,
        value -> {
          int index = names.indexOf(optionName(value));
          if (index < 0) {
            throw new TypeConversionException(
                "'" + value + "' is none of " + String.join(", ", names));
          }
          return constants[index];
        });
  }

  /** Returns the name of a constant on the command line. */
  private static String nameOf(Enum<?> constant) {
    return optionName(constant.name());
  }

  private static String optionName(String text) {
    return text.toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
