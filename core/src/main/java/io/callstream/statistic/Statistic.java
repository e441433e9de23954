package io.callstream.statistic;

import io.callstream.call.Field;
import io.callstream.call.Fields;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A statistic over a stream of calls: a filter, dimensions, a window, measures, and the time at
 * which results are emitted. Immutable and thread-safe.
 */
public final class Statistic implements Serializable {
  /** The default maximum number of groups of a statistic without a window. */
  public static final int DEFAULT_MAX_GROUPS = 100_000;

  private static final long LEAST_MAX_GROUP_BYTES = 64 << 20;
  private static final long MAX_BYTES_PER_GROUP = 64;

  /** The value of every dimension in the group for calls over the group limit. */
  public static final String OTHER = "(other)";

  /** The end of the description of a view. A run may add and remove views of a checkpoint. */
  public static final String VIEW = " for views";

  private static final Duration WEEK = Duration.ofDays(7);

  private static final long serialVersionUID = 1L;
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,99}");

  private final String name;
  private final @Nullable CallFilter filter;
  private final Set<Field<?>> filterFields;
  private final List<Dimension> dimensions;
  private final @Nullable Window window;
  private final List<Measure> measures;
  private final Emission emission;
  private final int maxGroups;
  private final @Nullable Duration viewRetention;
  private final @Nullable Baseline baseline;

  /** Computed when it is first needed. */
  private transient @Nullable List<Column> columns;

  private Statistic(Builder builder) {
    name = builder.name;
    filter = builder.filter;
    filterFields = Set.copyOf(builder.filterFields);
    dimensions = List.copyOf(builder.dimensions);
    window = builder.window;
    baseline = builder.baseline;
    List<Measure> all = new ArrayList<>(builder.measures);
    if (all.isEmpty()) {
      all.add(Measures.count());
    }
    if (baseline != null) {
      all.addAll(Baseline.MEASURES);
    }
    measures = List.copyOf(all);
    emission = builder.emission;
    maxGroups = builder.maxGroups;
    viewRetention = builder.viewRetention;
  }

  /**
   * Returns a builder for a statistic.
   *
   * @param name the name, unique within a pipeline and used for file names; 1 to 100 lower-case
   *     letters, digits and hyphens, not starting with a hyphen
   * @throws IllegalArgumentException if the name is not valid
   */
  public static Builder named(String name) {
    return new Builder(name);
  }

  /** Returns the name. */
  public String name() {
    return name;
  }

  /** Returns the filter, or empty if the statistic counts every call. */
  public Optional<CallFilter> filter() {
    return Optional.ofNullable(filter);
  }

  /**
   * Returns the dimensions in the order of their columns. Without dimensions, all calls form one
   * group.
   */
  public List<Dimension> dimensions() {
    return dimensions;
  }

  /** Returns the window. A statistic without a window counts indefinitely, and no call is late. */
  public Optional<Window> window() {
    return Optional.ofNullable(window);
  }

  /**
   * Returns the measures in the order of their columns. There is at least one. The last ones are
   * those of the {@link Baseline}, if there is one.
   */
  public List<Measure> measures() {
    return measures;
  }

  /** Returns the baseline, or empty if results are all groups and not only spikes. */
  public Optional<Baseline> baseline() {
    return Optional.ofNullable(baseline);
  }

  /** Returns when the sinks receive results. */
  public Emission emission() {
    return emission;
  }

  /**
   * Returns for how long the results of closed windows of a view are kept; empty if the statistic
   * is not a view. See {@link Builder#forViews}.
   */
  public Optional<Duration> viewRetention() {
    return Optional.ofNullable(viewRetention);
  }

  /**
   * Returns the maximum number of groups of a statistic without a window. The maximum is lower if
   * their texts exceed {@link #maxGroupBytes()}. Each batch adds new groups in the order of their
   * keys. Calls of groups over the limit are counted in one additional group, whose dimensions are
   * all {@value #OTHER}.
   */
  public int maxGroups() {
    return maxGroups;
  }

  /**
   * Returns the maximum total size in bytes of the texts of all groups of a statistic without a
   * window: 64 MiB, or 64 bytes for each of {@link #maxGroups()} groups if that is more. A limit on
   * the number of groups does not protect the memory against long texts.
   */
  public long maxGroupBytes() {
    return Math.max(LEAST_MAX_GROUP_BYTES, MAX_BYTES_PER_GROUP * maxGroups);
  }

  /** Returns the fields of a call that this statistic reads, except for the event time. */
  public Set<Field<?>> fields() {
    Set<Field<?>> fields = new HashSet<>();
    fields.addAll(filterFields);
    dimensions.forEach(dimension -> fields.addAll(dimension.fields()));
    for (Measure measure : measures) {
      if (measure instanceof Measure.Aggregate aggregate) {
        fields.addAll(aggregate.fields());
      }
    }
    return fields;
  }

  /**
   * Returns the number of contributions per call: the number of windows that contain it, or 1
   * without a window.
   */
  public int contributionsPerCall() {
    return window == null ? 1 : window.windowsPerCall();
  }

  /**
   * Returns the names of the columns of a result row: {@code window_start} and {@code window_end}
   * if there is a window, then the dimensions, each followed by its description, then the measures.
   */
  public List<String> columns() {
    return typedColumns().stream().map(Column::name).toList();
  }

  /** Returns the columns of a result row in the order of {@link #columns()}. */
  public List<Column> typedColumns() {
    List<Column> known = columns;
    if (known == null) {
      known = List.copyOf(newColumns());
      columns = known;
    }
    return known;
  }

  private List<Column> newColumns() {
    List<Column> all = new ArrayList<>();
    if (window != null) {
      all.add(new Column("window_start", Column.Type.TIME, 0, Column.Role.WINDOW, 0));
      all.add(new Column("window_end", Column.Type.TIME, 0, Column.Role.WINDOW, 1));
    }
    for (int i = 0; i < dimensions.size(); i++) {
      Dimension dimension = dimensions.get(i);
      all.add(Column.of(dimension, i));
      if (dimension.codes().isPresent()) {
        String name = dimension.name() + "_description";
        all.add(new Column(name, Column.Type.TEXT, 0, Column.Role.DESCRIPTION, i));
      }
    }
    for (int i = 0; i < measures.size(); i++) {
      all.add(Column.of(measures.get(i), i));
    }
    return all;
  }

  /**
   * Describes this statistic except for the code of its filters, dimensions and measures. Two
   * statistics with the same description may still differ in that code.
   */
  @Override
  public String toString() {
    return "%s by %s%s measuring %s%s%s%s"
        .formatted(
            name,
            dimensions.stream().map(Dimension::description).toList(),
            window == null ? " up to " + maxGroups + " groups" : " over " + window,
            measures,
            filter == null ? "" : " where " + filtered(filter),
            emission == Emission.ON_CLOSE ? " on close" : "",
            viewRetention == null ? "" : VIEW);
  }

  private String filtered(CallFilter by) {
    return by.description().isEmpty()
        ? new TreeSet<>(filterFields).toString()
        : "(" + by.description() + ")";
  }

  /** Builds a {@link Statistic}. Not thread-safe. */
  public static final class Builder {
    private final String name;
    private @Nullable CallFilter filter;
    private Set<Field<?>> filterFields = Set.of();
    private final List<Dimension> dimensions = new ArrayList<>();
    private @Nullable Window window;
    private final List<Measure> measures = new ArrayList<>();
    private Emission emission = Emission.ON_UPDATE;
    private int maxGroups = DEFAULT_MAX_GROUPS;
    private @Nullable Duration viewRetention;
    private @Nullable Baseline baseline;

    private Builder(String name) {
      if (!NAME.matcher(name).matches()) {
        throw new IllegalArgumentException(
            ("'%s' is not a valid name of a statistic; use lower-case letters, digits and hyphens,"
                    + " at most 100 characters, not starting with a hyphen")
                .formatted(name));
      }
      this.name = name;
    }

    /**
     * Counts only calls that a filter accepts. The filter may read every field, so all fields are
     * parsed.
     *
     * @throws IllegalArgumentException if the statistic already has a filter
     */
    public Builder where(CallFilter filter) {
      return where(Fields.ALL, filter);
    }

    /**
     * Counts only calls that a filter accepts.
     *
     * @param fields the fields that {@code filter} reads, except for the event time; it must not
     *     read fields that nothing in the pipeline declares
     * @throws IllegalArgumentException if the statistic already has a filter
     */
    public Builder where(Set<Field<?>> fields, CallFilter filter) {
      if (this.filter != null) {
        throw new IllegalArgumentException(
            "'%s' already has a filter; give one that makes both comparisons".formatted(name));
      }
      this.filterFields = Set.copyOf(fields);
      this.filter = filter;
      return this;
    }

    /** Adds dimensions. Defaults to none. */
    public Builder by(Dimension... dimensions) {
      this.dimensions.addAll(List.of(dimensions));
      return this;
    }

    /** Groups results by window. Defaults to no window. */
    public Builder over(Window window) {
      this.window = window;
      return this;
    }

    /** Adds measures. Without this method, the measure is the count. */
    public Builder measuring(Measure... measures) {
      this.measures.addAll(List.of(measures));
      return this;
    }

    /**
     * Emits only the groups with unusually many calls, with the measures of the {@link Baseline},
     * and when their window closes. The results of a running pipeline also have the groups of open
     * windows that are unusual already. A correction can remove such a group.
     */
    public Builder comparedWith(Baseline baseline) {
      this.baseline = baseline;
      return emitting(Emission.ON_CLOSE);
    }

    /** Sets when results are emitted. Defaults to {@link Emission#ON_UPDATE}. */
    public Builder emitting(Emission emission) {
      this.emission = emission;
      return this;
    }

    /**
     * Sets the maximum number of groups of a statistic without a window. See {@link
     * Statistic#maxGroups()}.
     *
     * @throws IllegalArgumentException if {@code groups} is less than 1
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
     * Makes the statistic a view: {@link io.callstream.engine.RunningPipeline#results} and the
     * dashboard have its results, and sinks do not receive them. A run may continue a checkpoint
     * with other views, which count from there. A view that is added again has no earlier results.
     *
     * @param retention for how long results of closed windows are kept, in event time; at least 0.
     *     The retention of the pipeline applies if it is shorter
     * @throws IllegalArgumentException if {@code retention} is negative
     */
    public Builder forViews(Duration retention) {
      if (retention.isNegative()) {
        throw new IllegalArgumentException(
            "The retention of '%s' is %s; it must be at least 0".formatted(name, retention));
      }
      this.viewRetention = retention;
      return this;
    }

    /**
     * Returns the statistic.
     *
     * @throws IllegalArgumentException if two columns have the same name, if the emission is {@link
     *     Emission#ON_CLOSE} without a window, if a view has no window, if a statistic with
     *     sessions has another emission or a share, or if a statistic with a baseline has another
     *     emission, a share, or windows that do not divide a week
     */
    public Statistic build() {
      if (baseline != null) {
        requireComparable();
      }
      if (emission == Emission.ON_CLOSE && window == null) {
        throw new IllegalArgumentException(
            ("'%s' emits when its windows close, but has no window; call over(...), or emit"
                    + " ON_UPDATE")
                .formatted(name));
      }
      if (viewRetention != null && window == null) {
        throw new IllegalArgumentException(
            ("'%s' is a view without a window, so its retention has no effect; call over(...), or"
                    + " omit forViews()")
                .formatted(name));
      }
      if (window instanceof Window.Session) {
        requireSessions();
      }
      Statistic statistic = new Statistic(this);
      Set<String> seen = new HashSet<>();
      for (String column : statistic.columns()) {
        if (!seen.add(column)) {
          throw new IllegalArgumentException(
              "'" + name + "' has the column '" + column + "' twice; rename one of them");
        }
      }
      return statistic;
    }

    private void requireComparable() {
      boolean dividesWeek =
          window instanceof Window.Tumbling tumbling
              ? WEEK.toMillis() % tumbling.size().toMillis() == 0
              : window instanceof Window.Calendar calendar
                  && calendar.unit() != Window.Calendar.Unit.MONTH;
      if (!dividesWeek) {
        String found = window == null ? "has no window" : "has the windows " + window;
        throw new IllegalArgumentException(
            ("'%s' is compared with a baseline, but %s. Use hours, days or weeks of a zone, or"
                    + " tumbling windows whose size divides a week.")
                .formatted(name, found));
      }
      if (emission != Emission.ON_CLOSE) {
        throw new IllegalArgumentException(
            ("'%s' is compared with a baseline and emits ON_UPDATE, but only a closed window has its"
                    + " final count. Omit emitting(...).")
                .formatted(name));
      }
      for (Measure measure : measures) {
        if (measure instanceof Measure.Share) {
          throw new IllegalArgumentException(
              ("'%s' is compared with a baseline and measures the share '%s', but its results do not"
                      + " have all groups of a window. Remove the share.")
                  .formatted(name, measure.name()));
        }
      }
    }

    private void requireSessions() {
      if (emission != Emission.ON_CLOSE) {
        throw new IllegalArgumentException(
            ("'%s' has sessions and emits ON_UPDATE, but sinks cannot take back an open session that"
                    + " becomes part of another one. Call emitting(Emission.ON_CLOSE).")
                .formatted(name));
      }
      for (Measure measure : measures) {
        if (measure instanceof Measure.Share) {
          throw new IllegalArgumentException(
              ("'%s' has sessions and measures the share '%s', but each group has separate sessions,"
                      + " so there is no common total. Remove the share, or use other windows.")
                  .formatted(name, measure.name()));
        }
      }
    }
  }
}
