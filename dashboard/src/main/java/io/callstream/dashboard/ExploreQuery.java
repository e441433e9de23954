package io.callstream.dashboard;

import io.callstream.internal.aggregate.WindowAssigner;
import io.callstream.statistic.Window;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a request explores.
 *
 * @param filters the value that calls must have, by column
 * @param from the first hour, in milliseconds since the epoch
 * @param to the end, exclusive
 * @param slot the hour of the week that calls must be in: 0 is Monday from 0:00; or {@link #ALL}
 * @param routine whether routine police activity counts
 * @param find a part of the values of facets, except groups and hexagons, in lower case
 * @param top the maximum number of values of a facet
 */
record ExploreQuery(
    Map<Column, String> filters,
    long from,
    long to,
    int slot,
    boolean routine,
    String find,
    int top) {
  static final int ALL = -1;
  static final int DEFAULT_TOP = 12;
  static final int MAX_TOP = 1_000;
  private static final int HOURS_OF_WEEK = 7 * 24;

  /** A dimension of calls, and the name of its column in results. */
  enum Column {
    GROUP(""),
    TYPE("crime_type"),
    DISPOSITION("disposition"),
    PRIORITY("priority"),
    DISTRICT("district"),
    NEIGHBORHOOD("neighborhood"),
    ADDRESS("address"),
    HEXAGON("hexagon");

    private final String column;

    Column(String column) {
      this.column = column;
    }

    /** Returns the column in results; empty if the values are computed from the type. */
    String column() {
      return column;
    }

    /** Returns the name of the parameter and of the facet. */
    String key() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Returns the query of parameters.
   *
   * @throws IllegalArgumentException with a message for the client if a parameter is unknown or has
   *     a wrong value
   */
  static ExploreQuery of(Map<String, String> parameters) {
    Map<String, String> left = new LinkedHashMap<>(parameters);
    Map<Column, String> filters = new EnumMap<>(Column.class);
    for (Column column : Column.values()) {
      String value = left.remove(column.key());
      if (value != null) {
        filters.put(column, value);
      }
    }
    ExploreQuery query =
        new ExploreQuery(
            filters,
            time("from", left.remove("from"), Long.MIN_VALUE),
            time("to", left.remove("to"), Long.MAX_VALUE),
            number("slot", left.remove("slot"), ALL, 0, HOURS_OF_WEEK - 1),
            number("routine", left.remove("routine"), 0, 0, 1) == 1,
            left.getOrDefault("find", "").toLowerCase(Locale.ROOT),
            number("top", left.remove("top"), DEFAULT_TOP, 1, MAX_TOP));
    left.remove("find");
    if (query.from >= query.to) {
      throw new IllegalArgumentException(
          "The parameter from is "
              + Instant.ofEpochMilli(query.from)
              + "; it must be before the parameter to, which is "
              + Instant.ofEpochMilli(query.to)
              + ".");
    }
    if (!left.isEmpty()) {
      throw new IllegalArgumentException(
          "The parameter "
              + RowTexts.shortened(left.keySet().iterator().next())
              + " is unknown. The parameters are "
              + Stream.concat(
                      Stream.of(Column.values()).map(Column::key),
                      Stream.of("from", "to", "slot", "routine", "find", "top"))
                  .collect(Collectors.joining(", "))
              + ".");
    }
    return query;
  }

  /**
   * Checks that calls have the columns of all filters.
   *
   * @throws IllegalArgumentException with a message for the client if they lack one
   */
  void checkFilters(List<Column> known) {
    for (Column column : filters.keySet()) {
      if (!known.contains(column)) {
        throw new IllegalArgumentException(
            "The calls of this feed have no field "
                + column.key()
                + ", so it cannot be a filter. "
                + (known.isEmpty()
                    ? "They have no field that can be one."
                    : "Filters can be "
                        + known.stream().map(Column::key).collect(Collectors.joining(", "))
                        + "."));
      }
    }
  }

  /** Returns this query with the time extended to whole windows. */
  ExploreQuery rounded(Window window) {
    WindowAssigner windows = new WindowAssigner(window);
    long start = start().isPresent() ? windows.lastStart(from) : from;
    long end = to;
    if (end().isPresent()) {
      long last = windows.lastStart(to);
      end = last == to ? to : windows.end(last);
    }
    return new ExploreQuery(filters, start, end, slot, routine, find, top);
  }

  /** Returns the first hour, in seconds since the epoch, if it is selected. */
  Optional<Long> start() {
    return from == Long.MIN_VALUE ? Optional.empty() : Optional.of(Math.floorDiv(from, 1_000L));
  }

  /** Returns the exclusive end, in seconds since the epoch, if it is selected. */
  Optional<Long> end() {
    return to == Long.MAX_VALUE ? Optional.empty() : Optional.of(Math.floorDiv(to, 1_000L));
  }

  private static long time(String name, @Nullable String text, long none) {
    if (text == null || text.isEmpty()) {
      return none;
    }
    try {
      // Decoding has turned an unencoded plus sign into a space.
      return OffsetDateTime.parse(text.replace(' ', '+')).toInstant().toEpochMilli();
    } catch (DateTimeException | ArithmeticException e) {
      throw new IllegalArgumentException(
          "The parameter "
              + name
              + " is "
              + RowTexts.shortened(text)
              + "; it must be a time such as 2018-11-04T01:00:00-07:00.",
          e);
    }
  }

  private static int number(String name, @Nullable String text, int none, int least, int most) {
    if (text == null || text.isEmpty()) {
      return none;
    }
    try {
      int number = Integer.parseInt(text);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // The message below covers it.
    }
    throw new IllegalArgumentException(
        "The parameter "
            + name
            + " is "
            + RowTexts.shortened(text)
            + "; it must be a whole number from "
            + least
            + " to "
            + most
            + ".");
  }

  /** Returns whether a window with this start is in the time and the hour of the week. */
  boolean includes(long start, ZoneId zone) {
    return start >= from && start < to && (slot == ALL || slot == slot(start, zone));
  }

  private static int slot(long start, ZoneId zone) {
    ZonedDateTime local = Instant.ofEpochMilli(start).atZone(zone);
    return (local.getDayOfWeek().getValue() - 1) * 24 + local.getHour();
  }
}
