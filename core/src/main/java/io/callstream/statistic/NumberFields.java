package io.callstream.statistic;

import io.callstream.call.Field;
import java.math.BigDecimal;

/** What measures of numbers have in common. */
final class NumberFields {
  private NumberFields() {}

  /** Describes a field with the type and the scale, on which the bytes of states depend. */
  static String description(Field<?> field) {
    return switch (field.type()) {
      case DECIMAL -> "DECIMAL(" + field.scale() + ") " + field;
      case TEXT, NUMBER, REAL, FLAG, TIME, POSITION -> field.type() + " " + field;
    };
  }

  /** Returns the type of values of the field, such as a minimum. */
  static Measure.ValueType valueType(Field<? extends Number> field) {
    return switch (field.type()) {
      case NUMBER -> Measure.ValueType.LONG;
      case DECIMAL -> Measure.ValueType.DECIMAL;
      case REAL -> Measure.ValueType.DOUBLE;
      case TEXT, FLAG, TIME, POSITION -> throw noNumbers(field);
    };
  }

  /** Returns a whole number as a value of a field of whole or decimal numbers. */
  static Object value(Field<? extends Number> field, long number) {
    return field.type() == Field.Type.DECIMAL
        ? BigDecimal.valueOf(number, field.scale())
        : (Object) number;
  }

  private static AssertionError noNumbers(Field<?> field) {
    return new AssertionError(field + " has no numbers");
  }
}
