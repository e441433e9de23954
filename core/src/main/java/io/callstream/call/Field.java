package io.callstream.call;

import java.io.Serializable;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A field of a call: a name and the type of its values. {@link Fields} has the fields that the
 * formats of callstream share. An application defines its own as constants:
 *
 * <pre>{@code
 * static final Field<String> BEAT = Field.text("beat");
 * static final Field<BigDecimal> PRICE = Field.decimal("price", 2);
 * }</pre>
 *
 * <p>Two fields are equal if their names, types and scales are equal. The fields that are defined
 * in a JVM stay in memory until it ends, so do not create names from data. Immutable and
 * thread-safe.
 *
 * @param <T> the type of the values: {@link String}, {@link Long}, {@link BigDecimal}, {@link
 *     Double}, {@link Boolean}, {@link Instant} or {@link Position}
 */
public final class Field<T> implements Comparable<Field<?>>, Serializable {
  private static final long serialVersionUID = 1L;
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,59}");
  private static final Map<String, Field<?>> DEFINED = new HashMap<>();
  private static final Comparator<Field<?>> ORDER =
      Comparator.<Field<?>, String>comparing(Field::name)
          .thenComparing(Field::type)
          .thenComparing(Field::scale);

  /** The type of a field's values. */
  public enum Type {
    /** Text. A call without a value has the empty string. */
    TEXT(String.class),
    /** A whole number from -2^63 to 2^63 - 1. */
    NUMBER(Long.class),
    /** A decimal number with a fixed number of digits after the point. Sums of it are exact. */
    DECIMAL(BigDecimal.class),
    /** A finite number in double precision. */
    REAL(Double.class),
    /** True or false. */
    FLAG(Boolean.class),
    /** A time to the millisecond, from {@link Call#EARLIEST} to {@link Call#LATEST}. */
    TIME(Instant.class),
    /** A position on Earth. */
    POSITION(Position.class);

    private final Class<?> values;

    Type(Class<?> values) {
      this.values = values;
    }
  }

  private static final int MAX_SCALE = 18;

  private final String name;
  private final Type type;
  private final int scale;

  /** The number of fields that were defined before this one, which finds the slot in a call. */
  private final transient int index;

  private Field(String name, Type type, int scale, int index) {
    this.name = name;
    this.type = type;
    this.scale = scale;
    this.index = index;
  }

  /**
   * Returns the text field of this name.
   *
   * @param name lower-case letters, digits and underscores, at most 60 characters, starting with a
   *     letter
   * @throws IllegalArgumentException if the name is not valid
   */
  public static Field<String> text(String name) {
    return of(name, Type.TEXT);
  }

  /**
   * Returns the field of whole numbers of this name.
   *
   * @throws IllegalArgumentException if the name is not valid; see {@link #text}
   */
  public static Field<Long> number(String name) {
    return of(name, Type.NUMBER);
  }

  /**
   * Returns the field of decimal numbers of this name. The numbers are kept as multiples of {@code
   * 10^-scale}, from -2^63 to 2^63 - 1 of them.
   *
   * @param scale the number of digits after the point, from 1 to 18
   * @throws IllegalArgumentException if the name is not valid (see {@link #text}), or the scale
   */
  public static Field<BigDecimal> decimal(String name, int scale) {
    return of(name, Type.DECIMAL, scale);
  }

  /**
   * Returns the field of numbers in double precision of this name.
   *
   * @throws IllegalArgumentException if the name is not valid; see {@link #text}
   */
  public static Field<Double> real(String name) {
    return of(name, Type.REAL);
  }

  /**
   * Returns the field of this name that is true or false.
   *
   * @throws IllegalArgumentException if the name is not valid; see {@link #text}
   */
  public static Field<Boolean> flag(String name) {
    return of(name, Type.FLAG);
  }

  /**
   * Returns the field of times of this name.
   *
   * @throws IllegalArgumentException if the name is not valid; see {@link #text}
   */
  public static Field<Instant> time(String name) {
    return of(name, Type.TIME);
  }

  /**
   * Returns the field of positions of this name.
   *
   * @throws IllegalArgumentException if the name is not valid; see {@link #text}
   */
  public static Field<Position> position(String name) {
    return of(name, Type.POSITION);
  }

  /** Returns a field whose name no field of a call can have. */
  static Field<?> marker() {
    return define("*", Type.TEXT, 0);
  }

  private static <T> Field<T> of(String name, Type type) {
    return of(name, type, 0);
  }

  private static <T> Field<T> of(String name, Type type, int scale) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "'"
              + name
              + "' is not a valid name of a field; use lower-case letters, digits and underscores,"
              + " at most 60 characters, starting with a letter");
    }
    if (scale < (type == Type.DECIMAL ? 1 : 0) || scale > MAX_SCALE) {
      throw new IllegalArgumentException(
          "The scale of field " + name + " is " + scale + "; it must be from 1 to " + MAX_SCALE);
    }
    return define(name, type, scale);
  }

  @SuppressWarnings("unchecked") // The type states the class.
  private static <T> Field<T> define(String name, Type type, int scale) {
    synchronized (DEFINED) {
      return (Field<T>)
          DEFINED.computeIfAbsent(
              type + " " + scale + " " + name,
              key -> new Field<>(name, type, scale, DEFINED.size()));
    }
  }

  /** Returns the name, which is the name of the field's column in tables. */
  public String name() {
    return name;
  }

  /** Returns the type of the values. */
  public Type type() {
    return type;
  }

  /** Returns the number of digits after the point of a decimal number, otherwise 0. */
  public int scale() {
    return scale;
  }

  /**
   * Returns a value as one of this field.
   *
   * @throws ClassCastException if the value has another type
   */
  @SuppressWarnings("unchecked") // The type states the class.
  public T cast(Object value) {
    return (T) type.values.cast(value);
  }

  int index() {
    return index;
  }

  private Object readResolve() {
    return define(name, type, scale);
  }

  /** Compares the names, then the types and scales. */
  @Override
  public int compareTo(Field<?> other) {
    return ORDER.compare(this, other);
  }

  /** Returns the name. */
  @Override
  public String toString() {
    return name;
  }
}
