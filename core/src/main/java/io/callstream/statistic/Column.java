package io.callstream.statistic;

import static java.util.Objects.requireNonNull;

import java.util.regex.Pattern;

/**
 * A column of the result rows of a statistic, for sinks with typed stores.
 *
 * @param name lower-case letters, digits and underscores, starting with a letter, at most 72
 *     characters
 * @param type the type of the values in {@link io.callstream.pipeline.ResultRow#columns()}
 * @param scale the digits after the point of a {@link Type#DECIMAL} column, 0 to 38; otherwise 0
 * @param index the position in the bounds of the window, the dimensions or the measures of the
 *     statistic; for a description, that of its dimension
 */
public record Column(String name, Type type, int scale, Role role, int index) {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,71}");

  /**
   * Creates a column.
   *
   * @throws IllegalArgumentException if the name, the scale or the index is invalid
   */
  public Column {
    requireNonNull(type, "type");
    requireNonNull(role, "role");
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "The column '%s' must be lower-case letters, digits and underscores, starting with a"
                  .formatted(name)
              + " letter, at most 72 characters");
    }
    if (scale < 0 || scale > (type == Type.DECIMAL ? Measure.MAX_PRECISION : 0)) {
      throw new IllegalArgumentException(
          "The column '%s' has the scale %s; it must be 0, or at most %s for a DECIMAL"
              .formatted(name, scale, Measure.MAX_PRECISION));
    }
    if (index < 0) {
      throw new IllegalArgumentException(
          "The column '%s' has the index %s; it must be 0 or more".formatted(name, index));
    }
  }

  /** The type of a column. */
  public enum Type {
    /** A moment, as an {@link java.time.Instant}. */
    TIME,
    /** A {@link String}. */
    TEXT,
    /** A {@link Long}. Durations are in whole milliseconds. */
    LONG,
    /** A {@link Double}. */
    DOUBLE,
    /** A {@link java.math.BigDecimal} with the scale of the column and at most 38 digits. */
    DECIMAL
  }

  /** The role of a column. */
  public enum Role {
    /** {@code window_start} or {@code window_end}. */
    WINDOW,
    /** One of the dimensions, which form the key of a row with the start of the window. */
    DIMENSION,
    /** The description of the previous dimension. */
    DESCRIPTION,
    /** One of the measures. */
    MEASURE
  }

  static Column of(Dimension dimension, int index) {
    Type type =
        switch (dimension.kind()) {
          case TEXT -> Type.TEXT;
          case NUMBER -> Type.LONG;
        };
    return new Column(dimension.name(), type, 0, Role.DIMENSION, index);
  }

  static Column of(Measure measure, int index) {
    Type type =
        switch (measure.valueType()) {
          case LONG, DURATION -> Type.LONG;
          case DOUBLE -> Type.DOUBLE;
          case DECIMAL -> Type.DECIMAL;
          case TEXT -> Type.TEXT;
        };
    int scale = type == Type.DECIMAL ? measure.scale() : 0;
    return new Column(measure.name(), type, scale, Role.MEASURE, index);
  }
}
