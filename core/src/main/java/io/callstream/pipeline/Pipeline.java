package io.callstream.pipeline;

import io.callstream.call.CallFormat;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.lookup.LookupTable;
import io.callstream.progress.ProgressListener;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The definition of a pipeline: a source, a format, statistics, sinks and listeners. It does not
 * depend on an engine. Immutable. Use {@link #builder}, which documents each part.
 *
 * @param source the source of the records
 * @param format the format of the records
 * @param statistics the statistics in the order in which they were added; at least one
 * @param resultSinks the sinks for results
 * @param deadLetterSinks the sinks for rejected records and late calls
 * @param listeners the progress listeners
 * @param distinctHorizon for how long the pipeline remembers the id of a call; empty if it counts
 *     duplicates
 * @param correctionHorizon for how long the pipeline remembers the last version of a call, so that
 *     a later version replaces it; empty if it does not apply corrections
 * @param maxFutureSkew the maximum time by which an event time may exceed the record's timestamp
 * @param maxEventTimeJump the maximum time by which a call may be ahead of the confirmed time of
 *     its partition and still advance the watermark at once; empty if there is no limit
 * @param retention for how long results of closed windows are kept; empty if indefinitely
 * @param lookups the lookups, whose fields calls have in addition to those of the format
 */
public record Pipeline(
    Source source,
    CallFormat format,
    List<Statistic> statistics,
    List<ResultSink> resultSinks,
    List<DeadLetterSink> deadLetterSinks,
    List<ProgressListener> listeners,
    Optional<Duration> distinctHorizon,
    Optional<Duration> correctionHorizon,
    Duration maxFutureSkew,
    Optional<Duration> maxEventTimeJump,
    Optional<Duration> retention,
    List<LookupTable> lookups) {
  /** The default of {@link Builder#maxFutureSkew}: one day. */
  public static final Duration DEFAULT_MAX_FUTURE_SKEW = Duration.ofDays(1);

  /** The default of {@link Builder#maxEventTimeJump}: one hour. */
  public static final Duration DEFAULT_MAX_EVENT_TIME_JUMP = Duration.ofHours(1);

  /** The default horizon of {@link Builder#distinct()}: one day. */
  public static final Duration DEFAULT_DISTINCT_HORIZON = Duration.ofDays(1);

  /** The default horizon of {@link Builder#corrections()}: three days. */
  public static final Duration DEFAULT_CORRECTION_HORIZON = Duration.ofDays(3);

  /**
   * Checks the bounds and copies the lists.
   *
   * @throws IllegalArgumentException if two statistics have the same name, if one reads a field
   *     that neither the format nor a lookup has, if a lookup does not fit the format or another
   *     lookup, if a duration is out of bounds, if the pipeline applies corrections and a statistic
   *     does not support them, or if it reads a part of a topic and removes duplicates, applies
   *     corrections or has sessions
   */
  public Pipeline {
    Set<Field<?>> joined = joinedFields(format, lookups);
    Set<String> names = new HashSet<>();
    for (Statistic statistic : statistics) {
      if (!names.add(statistic.name())) {
        throw new IllegalArgumentException(
            "Two statistics are named '" + statistic.name() + "'; rename one of them");
      }
      statistic.fields().stream()
          .filter(field -> field != Fields.TIME && field != Fields.ID)
          .filter(field -> !Fields.ALL.contains(field))
          .filter(field -> !Fields.has(format, field) && !joined.contains(field))
          .findFirst()
          .ifPresent(field -> refuse(statistic, field, format, joined));
    }
    distinctHorizon.ifPresent(horizon -> requireHorizon("duplicates", horizon));
    if (distinctHorizon.isPresent() && !Fields.has(format, Fields.ID)) {
      throw new IllegalArgumentException(
          "The format '%s' has no ids, so duplicates cannot be removed; declare the id, or omit distinct()"
              .formatted(format.name()));
    }
    if (correctionHorizon.isPresent()) {
      requireHorizon("corrections", correctionHorizon.get());
      requireCorrectable(format, statistics, distinctHorizon.isPresent());
    }
    if (source instanceof KafkaTopic topic && topic.part().isPresent()) {
      requireMergeable(
          topic.part().get(),
          statistics,
          distinctHorizon.isPresent() || correctionHorizon.isPresent());
    }
    requireBounded("future skew", maxFutureSkew);
    maxEventTimeJump.ifPresent(jump -> requireBounded("event-time jump", jump));
    retention.ifPresent(time -> requireBounded("retention of results", time));
    statistics = List.copyOf(statistics);
    resultSinks = List.copyOf(resultSinks);
    deadLetterSinks = List.copyOf(deadLetterSinks);
    listeners = List.copyOf(listeners);
    lookups = List.copyOf(lookups);
  }

  /** Returns the fields of lookups, after checking that they fit the format and each other. */
  private static Set<Field<?>> joinedFields(CallFormat format, List<LookupTable> lookups) {
    Set<String> names = new HashSet<>();
    Set<Field<?>> joined = new HashSet<>();
    Set<String> taken = new HashSet<>(Set.of(Fields.TIME.name()));
    format.fields().forEach(field -> taken.add(field.name()));
    for (LookupTable lookup : lookups) {
      if (!names.add(lookup.name())) {
        throw new IllegalArgumentException(
            "Two lookups are named '" + lookup.name() + "'; rename one of them");
      }
      if (!Fields.has(format, lookup.key())) {
        throw new IllegalArgumentException(
            "The lookup '%s' uses the key %s, which the format '%s' does not have. Use a text field of the format."
                .formatted(lookup.name(), lookup.key(), format.name()));
      }
      for (Field<?> field : lookup.fields()) {
        if (!taken.add(field.name())) {
          throw new IllegalArgumentException(
              "The lookup '%s' gives the field %s, which the format '%s' or another lookup has. Give it a field with another name."
                  .formatted(lookup.name(), field, format.name()));
        }
        joined.add(field);
      }
    }
    return joined;
  }

  private static void refuse(
      Statistic statistic, Field<?> field, CallFormat format, Set<Field<?>> joined) {
    Set<Field<?>> all = new HashSet<>(format.fields());
    all.addAll(joined);
    boolean otherType = all.stream().anyMatch(f -> f.name().equals(field.name()));
    Function<Field<?>, String> text =
        f ->
            otherType
                ? f + " (" + f.type() + (f.scale() > 0 ? " " + f.scale() : "") + ")"
                : f.name();
    String has = all.stream().sorted().map(text).collect(Collectors.joining(", "));
    throw new IllegalArgumentException(
        ("The statistic '%s' reads the field %s, which the format '%s' does not have. The format has"
                + " %s. Read one of them, or use a format with that field.")
            .formatted(
                statistic.name(),
                text.apply(field),
                format.name(),
                has.isEmpty() ? "the event time only" : has));
  }

  private static void requireCorrectable(
      CallFormat format, List<Statistic> statistics, boolean isDistinct) {
    if (isDistinct) {
      throw new IllegalArgumentException(
          "The pipeline has distinct() and corrections(), which also removes duplicates; omit"
              + " distinct()");
    }
    if (!Fields.has(format, Fields.ID)) {
      throw new IllegalArgumentException(
          "The format '%s' has no ids, so corrections cannot be applied; declare the id, or omit corrections()"
              .formatted(format.name()));
    }
    for (Statistic statistic : statistics) {
      if (statistic.window().orElse(null) instanceof Window.Session) {
        throw new IllegalArgumentException(
            ("'%s' has sessions, which a corrected call cannot leave; use other windows, or omit"
                    + " corrections()")
                .formatted(statistic.name()));
      }
      for (Measure measure : statistic.measures()) {
        if (measure instanceof Measure.Aggregate aggregate && !aggregate.canRetract()) {
          throw new IllegalArgumentException(
              ("The measure '%s' of '%s' cannot retract a call, which corrections() requires; use a"
                      + " count, share, sum, mean, ratio or quantile, or omit corrections()")
                  .formatted(measure.name(), statistic.name()));
        }
      }
    }
  }

  /** Rejects what needs calls of several partitions together. */
  private static void requireMergeable(
      KafkaTopic.Part part, List<Statistic> statistics, boolean comparesIds) {
    if (comparesIds) {
      throw new IllegalArgumentException(
          ("The pipeline reads part %s of a topic and has distinct() or corrections(), which would"
                  + " miss calls of the same id in other parts; omit them, or read the whole topic")
              .formatted(part));
    }
    for (Statistic statistic : statistics) {
      if (statistic.window().orElse(null) instanceof Window.Session) {
        throw new IllegalArgumentException(
            ("'%s' has sessions, whose calls can be in several parts of the topic, and the pipeline"
                    + " reads part %s; use other windows, or read the whole topic")
                .formatted(statistic.name(), part));
      }
      if (statistic.baseline().isPresent()) {
        throw new IllegalArgumentException(
            ("'%s' is compared with a baseline, which needs the calls of all partitions, and the"
                    + " pipeline reads part %s; omit the statistic, or read the whole topic")
                .formatted(statistic.name(), part));
      }
    }
  }

  private static Duration requireHorizon(String what, Duration horizon) {
    if (horizon.isNegative() || horizon.isZero() || horizon.compareTo(Duration.ofDays(3_660)) > 0) {
      throw new IllegalArgumentException(
          "The horizon of %s is %s; it must be greater than 0 and at most 3,660 days"
              .formatted(what, horizon));
    }
    return horizon;
  }

  private static Duration requireBounded(String what, Duration value) {
    if (value.isNegative() || value.compareTo(Duration.ofDays(36_600)) > 0) {
      throw new IllegalArgumentException(
          "The " + what + " is " + value + "; it must be from 0 to 36,600 days");
    }
    return value;
  }

  /** Returns a builder for a pipeline with the required parts. */
  public static Builder builder(Source source, CallFormat format) {
    return new Builder(source, format);
  }

  /**
   * Returns the statistic with a name.
   *
   * @throws IllegalArgumentException if the pipeline has no such statistic
   */
  public Statistic statistic(String name) {
    return statistics.stream()
        .filter(statistic -> statistic.name().equals(name))
        .findFirst()
        .orElseThrow(
            () -> unknownStatistic(name, statistics.stream().map(Statistic::name).toList()));
  }

  /**
   * Returns this pipeline without {@linkplain Statistic.Builder#forViews views}, as sinks receive
   * it. It may have no statistics.
   */
  public Pipeline withoutViews() {
    return new Pipeline(
        source,
        format,
        statistics.stream().filter(statistic -> statistic.viewRetention().isEmpty()).toList(),
        resultSinks,
        deadLetterSinks,
        listeners,
        distinctHorizon,
        correctionHorizon,
        maxFutureSkew,
        maxEventTimeJump,
        retention,
        lookups);
  }

  static IllegalArgumentException unknownStatistic(String name, Collection<String> known) {
    return new IllegalArgumentException(
        "There is no statistic '" + name + "'; the pipeline has " + new TreeSet<>(known));
  }

  /**
   * Returns the fields of a call that this pipeline reads, except for the event time. This includes
   * fields of lookups.
   */
  public Set<Field<?>> fields() {
    Set<Field<?>> fields = new HashSet<>();
    if (distinctHorizon.isPresent() || correctionHorizon.isPresent()) {
      fields.add(Fields.ID);
    }
    statistics.forEach(statistic -> fields.addAll(statistic.fields()));
    if (fields.removeAll(Fields.ALL)) {
      fields.addAll(format.fields());
      fields.add(Fields.ID); // A format without ids gets generated ones.
      lookups.forEach(lookup -> fields.addAll(lookup.fields()));
    }
    for (LookupTable lookup : lookups) {
      fields.add(lookup.key());
      // The first field shows whether a call has a row, also after duplicates were removed.
      if (distinctHorizon.isPresent()
          || correctionHorizon.isPresent()
          || lookup.fields().stream().anyMatch(fields::contains)) {
        fields.add(lookup.fields().get(0));
      }
    }
    fields.remove(Fields.TIME);
    return Set.copyOf(fields);
  }

  /**
   * Returns the parts of the definition that must not change between runs that share a checkpoint:
   * source, format, statistics, and the settings that decide which records are counted. {@link
   * io.callstream.engine.RunOptions#evolving()} allows some changes. The text is readable. It does
   * not include the code of filters, dimensions and measures.
   */
  public String fingerprint() {
    List<String> lines = new ArrayList<>();
    lines.add(
        "source: " + (source instanceof KafkaTopic topic ? topic.name() : source.description()));
    if (source instanceof KafkaTopic topic) {
      lines.add("isolation level: " + topic.isolation().value());
    }
    lines.add("format: " + format.definition());
    statistics.forEach(statistic -> lines.add("statistic: " + inOneLine(statistic)));
    lines.add("distinct: " + distinctHorizon.map(Duration::toString).orElse("no"));
    lines.add("corrections: " + correctionHorizon.map(Duration::toString).orElse("no"));
    lines.add("future skew: " + maxFutureSkew);
    lines.add("event time jump: " + maxEventTimeJump.map(Duration::toString).orElse("unlimited"));
    lookups.forEach(lookup -> lines.add("lookup: " + lookup));
    return String.join("\n", lines) + "\n";
  }

  /** Returns a description without line breaks, because each statistic is a line. */
  private static String inOneLine(Statistic statistic) {
    return statistic.toString().replace("\r", "\\r").replace("\n", "\\n");
  }

  @Override
  public String toString() {
    return "Pipeline[%s -> %s]"
        .formatted(source.description(), statistics.stream().map(Statistic::name).toList());
  }

  /**
   * Builds a {@link Pipeline}. A method throws an {@link IllegalArgumentException} if its argument
   * is outside the bounds that it states. Not thread-safe.
   */
  public static final class Builder {
    private final Source source;
    private final CallFormat format;
    private final List<Statistic> statistics = new ArrayList<>();
    private final List<ResultSink> resultSinks = new ArrayList<>();
    private final List<DeadLetterSink> deadLetterSinks = new ArrayList<>();
    private final List<ProgressListener> listeners = new ArrayList<>();
    private Optional<Duration> distinctHorizon = Optional.empty();
    private Optional<Duration> correctionHorizon = Optional.empty();
    private Duration maxFutureSkew = DEFAULT_MAX_FUTURE_SKEW;
    private Optional<Duration> maxEventTimeJump = Optional.of(DEFAULT_MAX_EVENT_TIME_JUMP);
    private Optional<Duration> retention = Optional.empty();
    private final List<LookupTable> lookups = new ArrayList<>();

    private Builder(Source source, CallFormat format) {
      this.source = source;
      this.format = format;
    }

    /** Adds a statistic. */
    public Builder statistic(Statistic statistic) {
      statistics.add(statistic);
      return this;
    }

    /** Adds statistics. */
    public Builder statistics(Collection<Statistic> more) {
      statistics.addAll(more);
      return this;
    }

    /** Adds a sink for results. */
    public Builder results(ResultSink sink) {
      resultSinks.add(sink);
      return this;
    }

    /** Adds a sink for rejected records and late calls. They are counted even without a sink. */
    public Builder deadLetters(DeadLetterSink sink) {
      deadLetterSinks.add(sink);
      return this;
    }

    /** Adds a progress listener. */
    public Builder listener(ProgressListener listener) {
      listeners.add(listener);
      return this;
    }

    /** Counts calls with the same id once if their event times differ by at most one day. */
    public Builder distinct() {
      return distinct(DEFAULT_DISTINCT_HORIZON);
    }

    /**
     * Counts calls with the same id once. The first call is the first by batch, then by partition
     * and offset. The pipeline remembers an id until the watermark reaches the event time of the
     * first call plus {@code horizon}.
     *
     * @param horizon greater than 0, at most 3,660 days
     */
    public Builder distinct(Duration horizon) {
      this.distinctHorizon = Optional.of(requireHorizon("duplicates", horizon));
      return this;
    }

    /**
     * Applies corrections of calls whose event time is at most three days before the watermark. See
     * {@link #corrections(Duration)}.
     */
    public Builder corrections() {
      return corrections(DEFAULT_CORRECTION_HORIZON);
    }

    /**
     * Counts the last version of each call. Versions have the same id; their order is that of
     * batches, then of partitions and offsets. A version that equals the previous one in its event
     * time and in all fields that the pipeline reads is a duplicate. Any other version is a
     * correction: the previous version leaves the groups and windows that counted it, and the new
     * one is counted.
     *
     * <p>Windows that are closed do not change, so they show their calls as they were known at that
     * time. The pipeline remembers a version until the watermark reaches its event time plus {@code
     * horizon}. The next version is then a new call, also in a window that is still open. So the
     * horizon should be at least the length of a window plus its allowed lateness.
     *
     * <p>All measures must be able to retract a call ({@link
     * io.callstream.statistic.Measure.Aggregate#canRetract}), and sessions are not possible. Do not
     * combine this method with {@link #distinct}.
     *
     * @param horizon greater than 0, at most 3,660 days
     */
    public Builder corrections(Duration horizon) {
      this.correctionHorizon = Optional.of(requireHorizon("corrections", horizon));
      return this;
    }

    /**
     * Sets the maximum time by which an event time may exceed the record's timestamp. Records over
     * this limit are rejected. The limit does not apply to a record without a timestamp; {@link
     * #maxEventTimeJump} protects the watermark from it. Defaults to one day.
     *
     * @param skew at least 0, at most 36,600 days
     */
    public Builder maxFutureSkew(Duration skew) {
      this.maxFutureSkew = requireBounded("future skew", skew);
      return this;
    }

    /**
     * Sets the maximum time by which a call may be ahead of the confirmed time of its partition and
     * still advance the watermark at once. Defaults to one hour.
     *
     * <p>The confirmed time is the latest time that three consecutive calls of the partition
     * reached. A call that is further ahead is counted in its window, but advances the watermark
     * only if one of the next two calls confirms it. Otherwise it counts as one of {@link
     * io.callstream.progress.Accounting#unconfirmedTimes()}.
     *
     * <p>Nothing confirms the first two calls of a partition, so a partition has no time before its
     * third call. This setting is part of the {@link #fingerprint()}.
     *
     * @param jump at least 0, at most 36,600 days, in whole milliseconds
     */
    public Builder maxEventTimeJump(Duration jump) {
      this.maxEventTimeJump = Optional.of(requireBounded("event-time jump", jump));
      return this;
    }

    /**
     * Removes the limit {@link #maxEventTimeJump}, so that every call advances the watermark at
     * once. The time of a partition is then the maximum event time of its calls. A single call with
     * a wrong time can make all later calls late. Use this method for tests with only a few calls.
     */
    public Builder withoutMaxEventTimeJump() {
      this.maxEventTimeJump = Optional.empty();
      return this;
    }

    /**
     * Sets for how long results of closed windows are kept, according to the watermark. Defaults to
     * indefinitely, which takes memory and a line of the CSV files for each result.
     *
     * <p>Results are removed at the earliest one batch after their window closed. Sinks that store
     * results elsewhere keep them. The setting may change between runs that share a checkpoint;
     * removed results do not return.
     *
     * @param time in event time, at least 0, at most 36,600 days; with 0, results are kept until
     *     the batch after their window closed
     */
    public Builder retainingResults(Duration time) {
      this.retention = Optional.of(requireBounded("retention of results", time));
      return this;
    }

    /**
     * Adds a lookup, whose fields statistics can read as those of the format. The accounting counts
     * the calls without a row.
     */
    public Builder lookup(LookupTable lookup) {
      lookups.add(lookup);
      return this;
    }

    /** Adds lookups. */
    public Builder lookups(Collection<LookupTable> more) {
      lookups.addAll(more);
      return this;
    }

    /**
     * Returns the pipeline.
     *
     * @throws IllegalArgumentException if there is no statistic, or if two have the same name
     */
    public Pipeline build() {
      if (statistics.isEmpty()) {
        throw new IllegalArgumentException(
            "The pipeline has no statistic; add one, such as StandardStatistics.callsByType()");
      }
      return new Pipeline(
          source,
          format,
          statistics,
          resultSinks,
          deadLetterSinks,
          listeners,
          distinctHorizon,
          correctionHorizon,
          maxFutureSkew,
          maxEventTimeJump,
          retention,
          lookups);
    }
  }
}
