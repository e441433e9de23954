package io.callstream.statistic;

import io.callstream.call.CallField;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A question to a stream of calls: which calls, grouped by what, over which windows, measured how,
 * and told when. Immutable and thread-safe.
 */
public final class Statistic implements Serializable {
  /** How many groups a statistic without a window has at most, unless it says otherwise. */
  public static final int DEFAULT_MAX_GROUPS = 100_000;

  /**
   * How many bytes the groups of a statistic without a window take at most, so that long texts
   * can't fill the memory that a number of groups would not: 64 MiB.
   */
  public static final int MAX_GROUP_BYTES = 64 << 20;

  /** What stands in every dimension of the group that takes in calls past the limit of groups. */
  public static final String OTHER = "(other)";

  private static final long serialVersionUID = 1L;
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,99}");

  private final String name;
  private final @Nullable CallFilter filter;
  private final Set<CallField> filterFields;
  private final List<Dimension> dimensions;
  private final @Nullable Window window;
  private final List<Measure> measures;
  private final Emission emission;
  private final int maxGroups;

  private Statistic(Builder builder) {
    name = builder.name;
    filter = builder.filter;
    filterFields = Set.copyOf(builder.filterFields);
    dimensions = List.copyOf(builder.dimensions);
    window = builder.window;
    measures =
        builder.measures.isEmpty() ? List.of(Measures.count()) : List.copyOf(builder.measures);
    emission = builder.emission;
    maxGroups = builder.maxGroups;
  }

  /**
   * Starts a statistic.
   *
   * @param name tells it from the others of a pipeline and names its files: lower-case letters,
   *     digits and hyphens, at most 100, no hyphen first
   */
  public static Builder named(String name) {
    return new Builder(name);
  }

  /** Returns the name. */
  public String name() {
    return name;
  }

  /** Returns the filter; without one every call belongs to the statistic. */
  public Optional<CallFilter> filter() {
    return Optional.ofNullable(filter);
  }

  /** Returns the dimensions in the order of their columns; none groups all calls together. */
  public List<Dimension> dimensions() {
    return dimensions;
  }

  /** Returns the window; without one the statistic runs on for ever, and no call is late. */
  public Optional<Window> window() {
    return Optional.ofNullable(window);
  }

  /** Returns the measures in the order of their columns; at least one. */
  public List<Measure> measures() {
    return measures;
  }

  /** Returns when results go to the sinks. */
  public Emission emission() {
    return emission;
  }

  /**
   * Returns how many groups the statistic has at most if it has no window; it has fewer if they
   * take more than {@link #MAX_GROUP_BYTES}. In each batch new groups are let in in the order of
   * their keys; the calls of those that find no room count in one group more, whose dimensions all
   * read {@value #OTHER}.
   */
  public int maxGroups() {
    return maxGroups;
  }

  /** Returns the fields of a call that this statistic reads besides the event time. */
  public Set<CallField> fields() {
    EnumSet<CallField> fields = EnumSet.noneOf(CallField.class);
    fields.addAll(filterFields);
    dimensions.forEach(dimension -> fields.addAll(dimension.fields()));
    for (Measure measure : measures) {
      if (measure instanceof Measure.Aggregate aggregate) {
        fields.addAll(aggregate.fields());
      }
    }
    return fields;
  }

  /** Returns how many contributions each call makes: the windows it is in, or 1. */
  public int contributionsPerCall() {
    return window == null ? 1 : window.windowsPerCall();
  }

  /**
   * Returns the columns of a result row: {@code window_start} and {@code window_end} where there is
   * a window, the dimensions with their descriptions behind them, the measures.
   */
  public List<String> columns() {
    List<String> columns = new ArrayList<>();
    if (window != null) {
      columns.add("window_start");
      columns.add("window_end");
    }
    for (Dimension dimension : dimensions) {
      columns.add(dimension.name());
      if (dimension.lookup().isPresent()) {
        columns.add(dimension.name() + "_description");
      }
    }
    measures.forEach(measure -> columns.add(measure.name()));
    return columns;
  }

  /**
   * Returns all that can be told of this statistic without running it. Two statistics of the same
   * description may still differ in the code of their filters, dimensions and measures.
   */
  @Override
  public String toString() {
    return name
        + " by "
        + dimensions.stream().map(Statistic::description).toList()
        + (window == null ? " up to " + maxGroups + " groups" : " over " + window)
        + " measuring "
        + measures
        + (filter == null ? "" : " where " + new TreeSet<>(filterFields))
        + (emission == Emission.ON_CLOSE ? " on close" : "");
  }

  private static String description(Dimension dimension) {
    return dimension.name()
        + (dimension.kind() == Dimension.Kind.NUMBER ? " number" : "")
        + " of "
        + new TreeSet<>(dimension.fields());
  }

  /** Collects the parts of a {@link Statistic}. Not thread-safe. */
  public static final class Builder {
    private final String name;
    private @Nullable CallFilter filter;
    private Set<CallField> filterFields = Set.of();
    private List<Dimension> dimensions = List.of();
    private @Nullable Window window;
    private List<Measure> measures = List.of();
    private Emission emission = Emission.ON_UPDATE;
    private int maxGroups = DEFAULT_MAX_GROUPS;

    private Builder(String name) {
      if (!NAME.matcher(name).matches()) {
        throw new IllegalArgumentException(
            "'"
                + name
                + "' can't name a statistic; use lower-case letters, digits and hyphens, at most"
                + " 100, no hyphen first");
      }
      this.name = name;
    }

    /** Counts only some calls. Every field of a call is parsed for the filter. */
    public Builder where(CallFilter filter) {
      return where(EnumSet.allOf(CallField.class), filter);
    }

    /**
     * Counts only some calls.
     *
     * @param fields what {@code filter} reads besides the event time; to read a field that nothing
     *     in the pipeline declares is an error
     */
    public Builder where(Set<CallField> fields, CallFilter filter) {
      this.filterFields = Set.copyOf(fields);
      this.filter = filter;
      return this;
    }

    /** Groups by these dimensions, and no others. */
    public Builder by(Dimension... dimensions) {
      this.dimensions = List.of(dimensions);
      return this;
    }

    /** Has results for each window of its own. */
    public Builder over(Window window) {
      this.window = window;
      return this;
    }

    /** Tells these measures, and no others; a statistic that says nothing tells the count. */
    public Builder measuring(Measure... measures) {
      this.measures = List.of(measures);
      return this;
    }

    /** Tells results at another time than on every update. */
    public Builder emitting(Emission emission) {
      this.emission = emission;
      return this;
    }

    /**
     * Limits the groups of a statistic without a window; see {@link Statistic#maxGroups()}.
     *
     * @throws IllegalArgumentException if {@code groups} is below 1
     */
    public Builder maxGroups(int groups) {
      if (groups < 1) {
        throw new IllegalArgumentException(
            "The limit of groups of '" + name + "' is " + groups + "; it must be at least 1");
      }
      this.maxGroups = groups;
      return this;
    }

    /**
     * Returns the statistic.
     *
     * @throws IllegalArgumentException if a column occurs twice, or if results are to be told when
     *     a window closes and there is no window
     */
    public Statistic build() {
      if (emission == Emission.ON_CLOSE && window == null) {
        throw new IllegalArgumentException(
            "'"
                + name
                + "' emits when its windows close, but has no window; say over(...), or emit on"
                + " every update");
      }
      Statistic statistic = new Statistic(this);
      Set<String> seen = new HashSet<>();
      for (String column : statistic.columns()) {
        if (!seen.add(column)) {
          throw new IllegalArgumentException(
              "'" + name + "' has the column '" + column + "' twice; name one of them otherwise");
        }
      }
      return statistic;
    }
  }
}
