package io.callstream.definition;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.statistic.CallFilter;
import java.io.Serializable;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Compares fields with values. All conditions must hold. */
record FieldFilter(List<Condition> conditions) implements CallFilter {
  /**
   * A condition for a field.
   *
   * @param isOneOf whether the value must be one of the values, or none of them
   */
  record Condition(Field<?> field, boolean isOneOf, Set<String> values) implements Serializable {
    boolean holds(Call call) {
      return values.contains(StatisticDefinitions.text(call, field)) == isOneOf;
    }

    @Override
    public String toString() {
      return field
          + (isOneOf ? " in " : " not in ")
          + new TreeSet<>(values).stream().map(Condition::quoted).toList();
    }

    /** Returns a text in quotes, so that a value with a comma differs from two values. */
    private static String quoted(String text) {
      return '"' + String.valueOf(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
    }
  }

  /**
   * Returns the values at a key as the texts of values of a field, so that 4.5 equals 4.50 in a
   * field with two digits.
   */
  static Set<String> values(Entries entries, String key, Field<?> field) {
    Set<String> values = new HashSet<>();
    for (String text : entries.list(key)) {
      values.add(entries.at(key, () -> value(text, field)));
    }
    return values;
  }

  /** Rejects a field whose values cannot be compared. */
  static void requireComparable(Field<?> field) {
    if (!StatisticDefinitions.GROUPED.contains(field.type())) {
      throw new IllegalArgumentException(
          "the field '%s' is a %s, and a filter compares text, whole and decimal numbers and flags. Use another field."
              .formatted(field, FieldNames.words(field.type())));
    }
  }

  /** Returns the text of a value, as a call of the field has it. */
  static String value(String text, Field<?> field) {
    String value = known(text, field);
    if (value.isEmpty()) {
      throw new IllegalArgumentException(
          "'%s' is not a value of the field '%s', which is a %s. Write one such as %s."
              .formatted(
                  text,
                  field,
                  FieldNames.words(field.type()),
                  field.type() == Field.Type.FLAG ? "true" : "12"));
    }
    return value;
  }

  /** Returns the text of a value, or the empty text if it is not a value of the field. */
  private static String known(String text, Field<?> field) {
    return switch (field.type()) {
      case FLAG -> text.equals("true") || text.equals("false") ? text : "";
      case NUMBER, DECIMAL -> number(text, field.scale());
      case TEXT, REAL, TIME, POSITION -> text;
    };
  }

  private static String number(String text, int scale) {
    try {
      return new BigDecimal(text).setScale(scale).toPlainString();
    } catch (ArithmeticException | NumberFormatException e) {
      return "";
    }
  }

  Set<Field<?>> fields() {
    return conditions.stream().map(Condition::field).collect(Collectors.toSet());
  }

  @Override
  public boolean accepts(Call call) {
    for (Condition condition : conditions) {
      if (!condition.holds(call)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String description() {
    return conditions.stream().map(Condition::toString).sorted().collect(Collectors.joining(", "));
  }
}
