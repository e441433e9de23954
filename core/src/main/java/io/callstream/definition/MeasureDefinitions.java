package io.callstream.definition;

import io.callstream.call.Field;
import io.callstream.statistic.CallDuration;
import io.callstream.statistic.CallFilter;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Measures;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Builds the measures of a definition file. {@link #FUNCTIONS} is the list of what there is. */
final class MeasureDefinitions {
  private static final Pattern CALL =
      Pattern.compile("([a-z]+)(?:\\s*\\(([^()]*)\\))?(?:\\s+as\\s+(\\S+))?");

  /** What an argument of a function must be. */
  private enum Argument {
    /** A number greater than 0 and at most 1. */
    FRACTION("0.9"),
    FIELD("FIELD"),
    NUMBER("NUMBER"),
    /** A number of entries. */
    LENGTH("10"),
    VALUE("VALUE"),
    START("START"),
    END("END");

    private final String word;

    Argument(String word) {
      this.word = word;
    }
  }

  /** Creates a measure with a column name. */
  @FunctionalInterface
  private interface Creation {
    Measure create(String column, Arguments arguments);
  }

  private record Function(String name, List<Argument> arguments, Creation creation) {
    /** Returns how to write the function. */
    String form() {
      return arguments.isEmpty()
          ? name
          : arguments.stream()
              .map(argument -> argument.word)
              .collect(Collectors.joining(", ", name + "(", ")"));
    }
  }

  private static final List<Function> FUNCTIONS =
      List.of(
          function("count", (column, arguments) -> new Measure.Count(column)),
          function("share", (column, arguments) -> new Measure.Share(column)),
          function(
              "distinct",
              (column, a) -> Measures.approximateDistinct(column, a.field(0)),
              Argument.FIELD),
          function("sum", (column, a) -> Measures.sum(column, a.number(0)), Argument.NUMBER),
          function("mean", (column, a) -> Measures.mean(column, a.number(0)), Argument.NUMBER),
          function(
              "minimum", (column, a) -> Measures.minimum(column, a.number(0)), Argument.NUMBER),
          function(
              "maximum", (column, a) -> Measures.maximum(column, a.number(0)), Argument.NUMBER),
          function(
              "median",
              (column, a) -> Measures.quantile(column, 0.5, a.number(0)),
              Argument.NUMBER),
          function(
              "quantile",
              (column, a) -> Measures.quantile(column, a.fraction(0), a.number(1)),
              Argument.FRACTION,
              Argument.NUMBER),
          function(
              "top",
              (column, a) -> Measures.top(column, a.length(0), a.field(1)),
              Argument.LENGTH,
              Argument.FIELD),
          function(
              "ratio",
              (column, a) -> Measures.ratio(column, Set.of(a.field(0)), a.filter(0)),
              Argument.FIELD,
              Argument.VALUE),
          function(
              "minimum",
              (column, a) -> Measures.minimum(column, a.times(0), a.between(0)),
              Argument.START,
              Argument.END),
          function(
              "maximum",
              (column, a) -> Measures.maximum(column, a.times(0), a.between(0)),
              Argument.START,
              Argument.END),
          function(
              "mean",
              (column, a) -> Measures.mean(column, a.times(0), a.between(0)),
              Argument.START,
              Argument.END),
          function(
              "median",
              (column, a) -> Measures.quantile(column, 0.5, a.times(0), a.between(0)),
              Argument.START,
              Argument.END),
          function(
              "quantile",
              (column, a) -> Measures.quantile(column, a.fraction(0), a.times(1), a.between(1)),
              Argument.FRACTION,
              Argument.START,
              Argument.END));

  private static final Set<Field.Type> NUMBERS =
      Set.of(Field.Type.NUMBER, Field.Type.DECIMAL, Field.Type.REAL);

  private final Entries entries;
  private final FieldNames fields;

  MeasureDefinitions(Entries entries, FieldNames fields) {
    this.entries = entries;
    this.fields = fields;
  }

  private static Function function(String name, Creation creation, Argument... arguments) {
    return new Function(name, List.of(arguments), creation);
  }

  Measure[] measures(String key) {
    return entries.calls(key).stream()
        .map(text -> entries.at(key, () -> measure(text)))
        .toArray(Measure[]::new);
  }

  private Measure measure(String text) {
    Matcher call = CALL.matcher(text);
    if (!call.matches()) {
      throw unknown(text, "");
    }
    String name = call.group(1);
    List<String> given =
        call.group(2) == null || call.group(2).isBlank()
            ? List.of()
            : Arrays.stream(call.group(2).split(",", -1)).map(String::strip).toList();
    Function function =
        FUNCTIONS.stream()
            .filter(f -> f.name().equals(name) && f.arguments().size() == given.size())
            .findFirst()
            .orElseThrow(() -> unknown(text, name));
    Arguments arguments = new Arguments(fields, text, given);
    String column = call.group(3) == null ? column(name, given) : call.group(3);
    return function.creation().create(column, arguments);
  }

  private static IllegalArgumentException unknown(String text, String name) {
    List<String> names = FUNCTIONS.stream().map(Function::name).toList();
    String forms = FUNCTIONS.stream().map(Function::form).collect(Collectors.joining(", "));
    return new IllegalArgumentException(
        "'%s' is not a measure.%s The measures are %s, each with an optional name such as 'count as calls'."
            .formatted(text, names.contains(name) ? "" : Entries.hint(name, names), forms));
  }

  /** Returns the name of the column of a measure for which the file gives none. */
  private static String column(String name, List<String> arguments) {
    List<String> parts = new ArrayList<>(List.of(name));
    arguments.forEach(argument -> parts.add(argument.replace('.', '_')));
    return String.join("_", parts);
  }

  /** The arguments of a measure. */
  private record Arguments(FieldNames fields, String measure, List<String> given) {
    Field<?> field(int index) {
      return fields.named(given.get(index));
    }

    @SuppressWarnings("unchecked") // The type states the class.
    Field<? extends Number> number(int index) {
      Field<?> field = field(index);
      if (!NUMBERS.contains(field.type())) {
        throw new IllegalArgumentException(
            "in '%s', the field '%s' is a %s, and it must be a number. Name another field."
                .formatted(measure, field, FieldNames.words(field.type())));
      }
      return (Field<? extends Number>) field;
    }

    /** Returns a filter that compares a field with the value that follows it. */
    CallFilter filter(int index) {
      Field<?> field = field(index);
      String value = given.get(index + 1);
      FieldFilter.requireComparable(field);
      return new FieldFilter(
          List.of(new FieldFilter.Condition(field, true, Set.of(FieldFilter.value(value, field)))));
    }

    int length(int index) {
      if (!given.get(index).matches("[0-9]{1,9}")) {
        throw new IllegalArgumentException(
            "in '%s', '%s' is not a number. Write one such as 10."
                .formatted(measure, given.get(index)));
      }
      return Integer.parseInt(given.get(index));
    }

    Set<Field<?>> times(int index) {
      return new HashSet<>(List.of(time(index), time(index + 1)));
    }

    CallDuration between(int index) {
      return Measures.between(time(index), time(index + 1));
    }

    private Field<Instant> time(int index) {
      return field(index, Field.Type.TIME);
    }

    @SuppressWarnings("unchecked") // The type states the class.
    private <T> Field<T> field(int index, Field.Type type) {
      Field<?> field = fields.named(given.get(index));
      if (field.type() != type) {
        throw new IllegalArgumentException(
            "in '%s', the field '%s' is a %s, and it must be a %s. Name another field."
                .formatted(measure, field, FieldNames.words(field.type()), FieldNames.words(type)));
      }
      return (Field<T>) field;
    }

    double fraction(int index) {
      try {
        return new BigDecimal(given.get(index)).doubleValue();
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "in '%s', '%s' is not a number. Write one such as 0.9."
                .formatted(measure, given.get(index)),
            e);
      }
    }
  }
}
