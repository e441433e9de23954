package io.callstream.pipeline;

import com.fasterxml.jackson.annotation.JsonValue;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.statistic.Column;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The result of one group of a statistic: absolute values for the key (statistic, window,
 * dimensions). Immutable and thread-safe.
 *
 * <p>Jackson writes a row as a JSON object of its columns, so a web controller can return rows:
 * <code>
 * {"window_start":"2018-11-04T08:00:00Z","window_end":"2018-11-04T09:00:00Z","crime_type":"415","count":3}
 * </code>.
 */
public final class ResultRow {
  private final Statistic statistic;
  private final @Nullable WindowBounds window;
  private final List<String> dimensions;
  private final long count;

  /** Null if all measures are the count, which is the most common case. */
  private final @Nullable List<Optional<Object>> values;

  /**
   * Creates a row. For engines and for tests of sinks.
   *
   * @param statistic the statistic
   * @param window the window; null for a statistic without a window
   * @param dimensions the value of each dimension of the statistic, in their order
   * @param count the number of calls in the group
   * @param values the value of each measure of the statistic, in their order; not copied; null if
   *     all measures are the count
   */
  public ResultRow(
      Statistic statistic,
      @Nullable WindowBounds window,
      List<String> dimensions,
      long count,
      @Nullable List<Optional<Object>> values) {
    this.statistic = statistic;
    this.window = window;
    this.dimensions = List.copyOf(dimensions);
    this.count = count;
    this.values = values;
  }

  /** Returns the name of the statistic. */
  public String statistic() {
    return statistic.name();
  }

  /** Returns the window, or empty for a statistic without a window. */
  public Optional<WindowBounds> window() {
    return Optional.ofNullable(window);
  }

  /** Returns the values of the dimensions in the order of their columns. */
  public List<String> dimensions() {
    return dimensions;
  }

  /**
   * Returns the value of the dimension with a name.
   *
   * @throws IllegalArgumentException if the statistic has no such dimension
   */
  public String dimension(String name) {
    List<Dimension> all = statistic.dimensions();
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).name().equals(name)) {
        return dimensions.get(i);
      }
    }
    throw missing("dimension", name);
  }

  /**
   * Returns the number of calls in the group, even if the count is not a measure of the statistic.
   */
  public long count() {
    return count;
  }

  /**
   * Returns whether the group has no calls anymore, because corrections removed all of them. Only
   * pipelines with corrections have such rows, in the updates of a batch. Their count is 0, and
   * other measures have no data.
   */
  public boolean isRemoved() {
    return count == 0;
  }

  /**
   * Returns the value of the measure with a name, in the class that {@link Measure#valueType()}
   * states. Empty if no call of the group has data for it.
   *
   * @throws IllegalArgumentException if the statistic has no such measure
   */
  public Optional<Object> value(String measure) {
    List<Measure> all = statistic.measures();
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).name().equals(measure)) {
        return values == null ? Optional.of(count) : values.get(i);
      }
    }
    throw missing("measure", measure);
  }

  private IllegalArgumentException missing(String kind, String name) {
    return new IllegalArgumentException(
        "'%s' has no %s '%s'; its columns are %s"
            .formatted(statistic.name(), kind, name, statistic.columns()));
  }

  /** Returns the values of all measures in the order of their columns. */
  public List<Optional<Object>> values() {
    return values == null
        ? Collections.nCopies(statistic.measures().size(), Optional.of(count))
        : Collections.unmodifiableList(values);
  }

  /**
   * Returns the values of all columns, in the order of {@link Statistic#columns()}:
   *
   * <ul>
   *   <li>an {@link Instant} for a bound of the window
   *   <li>a {@link String} for text
   *   <li>a {@link Long} for a whole number, or for a duration in milliseconds
   *   <li>a {@link BigDecimal} for a decimal number
   *   <li>a {@link Double} for another number
   *   <li>null for a measure without data, for a number of calls that have none, or for a number in
   *       the group {@value Statistic#OTHER}
   * </ul>
   *
   * @throws CallstreamException with {@link ErrorCode#STATISTIC_FAILED} if the value of a measure
   *     does not have its {@link Measure#valueType()}
   */
  public List<@Nullable Object> columns() {
    List<@Nullable Object> columns = new ArrayList<>();
    for (Column column : statistic.typedColumns()) {
      Optional<Object> value = value(column);
      columns.add(value.isEmpty() ? null : typed(column, value.get()));
    }
    return columns;
  }

  /**
   * Returns the value of a column of the statistic as the row has it, not in the {@linkplain
   * Column.Type type} of the column: an {@link Instant} for a bound of the window, a {@link String}
   * for a dimension (also for a number) or its description, and the {@linkplain #value(String)
   * value} of a measure, such as a {@link Duration}. Empty for a measure without data. {@link
   * #columns()} returns the values in the types of the columns.
   */
  public Optional<Object> value(Column column) {
    int index = column.index();
    return switch (column.role()) {
      case WINDOW -> window().map(bounds -> index == 0 ? bounds.start() : bounds.end());
      case DIMENSION -> Optional.of(dimensions.get(index));
      case DESCRIPTION ->
          statistic
              .dimensions()
              .get(index)
              .codes()
              .map(codes -> codes.description(dimensions.get(index)));
      case MEASURE -> values == null ? Optional.of(count) : values.get(index);
    };
  }

  private @Nullable Object typed(Column column, Object value) {
    if (column.role() == Column.Role.MEASURE) {
      return typed(statistic.measures().get(column.index()), value);
    }
    return column.type() == Column.Type.LONG
        ? value.equals("") || value.equals(Statistic.OTHER) ? null : Long.valueOf((String) value)
        : value;
  }

  private Object typed(Measure measure, Object value) {
    return switch (measure.valueType()) {
      case LONG -> require(measure, Long.class, value);
      case DOUBLE -> require(measure, Double.class, value);
      case DURATION -> require(measure, Duration.class, value).toMillis();
      case DECIMAL -> requireScale(measure, require(measure, BigDecimal.class, value));
      case TEXT -> require(measure, String.class, value);
    };
  }

  private <T> T require(Measure measure, Class<T> type, Object value) {
    if (!type.isInstance(value)) {
      throw new CallstreamException(
          ErrorCode.STATISTIC_FAILED,
          ("The measure '%s' of '%s' returned a %s, but its valueType() is %s. Correct valueType()"
                  + " of the measure.")
              .formatted(
                  measure.name(),
                  statistic.name(),
                  value.getClass().getSimpleName(),
                  measure.valueType()));
    }
    return type.cast(value);
  }

  private BigDecimal requireScale(Measure measure, BigDecimal number) {
    if (number.scale() != measure.scale() || number.precision() > Measure.MAX_PRECISION) {
      throw new CallstreamException(
          ErrorCode.STATISTIC_FAILED,
          ("The measure '%s' of '%s' returned a number with %s digits, %s of them after the point,"
                  + " but it must have at most %s digits, and scale() is %s. Correct the number or"
                  + " scale() of the measure.")
              .formatted(
                  measure.name(),
                  statistic.name(),
                  number.precision(),
                  number.scale(),
                  Measure.MAX_PRECISION,
                  measure.scale()));
    }
    return number;
  }

  /** Returns the JSON object that Jackson writes, with times in UTC. */
  @JsonValue
  Map<String, @Nullable Object> json() {
    List<String> names = statistic.columns();
    List<@Nullable Object> columns = columns();
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    for (int i = 0; i < names.size(); i++) {
      Object value = columns.get(i);
      json.put(names.get(i), value instanceof Instant time ? time.toString() : value);
    }
    return json;
  }

  /** Returns the description of a dimension's value, or empty if the dimension has no codes. */
  public Optional<String> description(Dimension dimension) {
    return dimension.codes().map(codes -> codes.description(dimension(dimension.name())));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ResultRow that
        && statistic.name().equals(that.statistic.name())
        && window().equals(that.window())
        && dimensions.equals(that.dimensions)
        && count == that.count
        && values().equals(that.values());
  }

  @Override
  public int hashCode() {
    return dimensions.hashCode() * 31 + Long.hashCode(count);
  }

  /** Returns the row as readable text: window, dimensions and measures, separated by two spaces. */
  @Override
  public String toString() {
    List<String> parts = new ArrayList<>();
    window().ifPresent(bounds -> parts.add(bounds.start() + "/" + bounds.end()));
    parts.addAll(dimensions);
    values().forEach(value -> parts.add(value.map(Object::toString).orElse("")));
    return String.join("  ", parts);
  }
}
