package io.callstream.pipeline;

import io.callstream.call.CallField;
import io.callstream.call.CallFormat;
import io.callstream.progress.ProgressListener;
import io.callstream.statistic.Lookup;
import io.callstream.statistic.RadioCodes;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The definition of a pipeline: a source, a format, statistics, sinks and listeners. It does not
 * depend on an engine. Immutable.
 */
public final class Pipeline {
  /** The default of {@link Builder#maxFutureSkew}: one day. */
  public static final Duration DEFAULT_MAX_FUTURE_SKEW = Duration.ofDays(1);

  /** The default of {@link Builder#maxEventTimeJump}: one hour. */
  public static final Duration DEFAULT_MAX_EVENT_TIME_JUMP = Duration.ofHours(1);

  /** The default horizon of {@link Builder#distinct()}: one day. */
  public static final Duration DEFAULT_DISTINCT_HORIZON = Duration.ofDays(1);

  private final Source source;
  private final CallFormat format;
  private final List<Statistic> statistics;
  private final List<ResultSink> resultSinks;
  private final List<DeadLetterSink> deadLetterSinks;
  private final List<ProgressListener> listeners;
  private final @Nullable Duration distinctHorizon;
  private final Duration maxFutureSkew;
  private final @Nullable Duration maxEventTimeJump;
  private final @Nullable Duration retention;
  private final Lookup dispositionCodes;

  private Pipeline(Builder builder) {
    source = builder.source;
    format = builder.format;
    statistics = List.copyOf(builder.statistics);
    resultSinks = List.copyOf(builder.resultSinks);
    deadLetterSinks = List.copyOf(builder.deadLetterSinks);
    listeners = List.copyOf(builder.listeners);
    distinctHorizon = builder.distinctHorizon;
    maxFutureSkew = builder.maxFutureSkew;
    maxEventTimeJump = builder.maxEventTimeJump;
    retention = builder.retention;
    dispositionCodes = builder.dispositionCodes;
  }

  /** Returns a builder for a pipeline with the required parts. */
  public static Builder builder(Source source, CallFormat format) {
    return new Builder(source, format);
  }

  /** Returns the source of the records. */
  public Source source() {
    return source;
  }

  /** Returns the format of the records. */
  public CallFormat format() {
    return format;
  }

  /** Returns the statistics in the order in which they were added. There is at least one. */
  public List<Statistic> statistics() {
    return statistics;
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

  static IllegalArgumentException unknownStatistic(String name, Collection<String> known) {
    return new IllegalArgumentException(
        "There is no statistic '" + name + "'; the pipeline has " + new TreeSet<>(known));
  }

  /** Returns the sinks for results. */
  public List<ResultSink> resultSinks() {
    return resultSinks;
  }

  /** Returns the sinks for rejected records and late calls. */
  public List<DeadLetterSink> deadLetterSinks() {
    return deadLetterSinks;
  }

  /** Returns the progress listeners. */
  public List<ProgressListener> listeners() {
    return listeners;
  }

  /**
   * Returns for how long the pipeline remembers the id of a call, or empty if it counts duplicates.
   */
  public Optional<Duration> distinctHorizon() {
    return Optional.ofNullable(distinctHorizon);
  }

  /**
   * Returns the maximum time by which an event time may exceed the record's timestamp. A record
   * over this limit is rejected.
   */
  public Duration maxFutureSkew() {
    return maxFutureSkew;
  }

  /**
   * Returns the maximum time by which a call may be ahead of the confirmed time of its partition
   * and still advance the watermark at once. Empty if there is no limit.
   */
  public Optional<Duration> maxEventTimeJump() {
    return Optional.ofNullable(maxEventTimeJump);
  }

  /** Returns for how long results of closed windows are kept, or empty if indefinitely. */
  public Optional<Duration> retention() {
    return Optional.ofNullable(retention);
  }

  /** Returns the codes that count as known dispositions. */
  public Lookup dispositionCodes() {
    return dispositionCodes;
  }

  /** Returns the fields of a call that this pipeline reads, except for the event time. */
  public Set<CallField> fields() {
    EnumSet<CallField> fields = EnumSet.of(CallField.DISPOSITION);
    if (distinctHorizon != null) {
      fields.add(CallField.ID);
    }
    statistics.forEach(statistic -> fields.addAll(statistic.fields()));
    fields.remove(CallField.TIME);
    return fields;
  }

  /**
   * Returns the parts of the definition that must not change between runs that share a checkpoint:
   * source, format, statistics, and the settings that decide which records are counted. The text is
   * readable. It does not include the code of filters, dimensions and measures.
   */
  public String fingerprint() {
    List<String> lines = new ArrayList<>();
    lines.add(
        "source: " + (source instanceof KafkaTopic topic ? topic.name() : source.description()));
    if (source instanceof KafkaTopic topic) {
      lines.add("isolation level: " + topic.isolation().value());
    }
    lines.add("format: " + format.name() + " in " + format.zone());
    statistics.forEach(statistic -> lines.add("statistic: " + statistic));
    lines.add("distinct: " + (distinctHorizon == null ? "no" : distinctHorizon));
    lines.add("future skew: " + maxFutureSkew);
    lines.add("event time jump: " + (maxEventTimeJump == null ? "unlimited" : maxEventTimeJump));
    lines.add("disposition codes: " + new TreeSet<>(dispositionCodes.descriptions().keySet()));
    return String.join("\n", lines) + "\n";
  }

  @Override
  public String toString() {
    return "Pipeline[%s -> %s]"
        .formatted(source.description(), statistics.stream().map(Statistic::name).toList());
  }

  /** Builds a {@link Pipeline}. Not thread-safe. */
  public static final class Builder {
    private final Source source;
    private final CallFormat format;
    private final List<Statistic> statistics = new ArrayList<>();
    private final List<ResultSink> resultSinks = new ArrayList<>();
    private final List<DeadLetterSink> deadLetterSinks = new ArrayList<>();
    private final List<ProgressListener> listeners = new ArrayList<>();
    private @Nullable Duration distinctHorizon;
    private Duration maxFutureSkew = DEFAULT_MAX_FUTURE_SKEW;
    private @Nullable Duration maxEventTimeJump = DEFAULT_MAX_EVENT_TIME_JUMP;
    private @Nullable Duration retention;
    private Lookup dispositionCodes = RadioCodes.sanFrancisco();

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
     * @throws IllegalArgumentException if {@code horizon} is outside these bounds
     */
    public Builder distinct(Duration horizon) {
      if (horizon.isNegative()
          || horizon.isZero()
          || horizon.compareTo(Duration.ofDays(3_660)) > 0) {
        throw new IllegalArgumentException(
            "The horizon of duplicates is %s; it must be greater than 0 and at most 3,660 days"
                .formatted(horizon));
      }
      this.distinctHorizon = horizon;
      return this;
    }

    /**
     * Sets the maximum time by which an event time may exceed the record's timestamp. Records over
     * this limit are rejected. The limit does not apply to a record without a timestamp; {@link
     * #maxEventTimeJump} protects the watermark from it. Defaults to one day.
     *
     * @param skew at least 0, at most 36,600 days
     * @throws IllegalArgumentException if {@code skew} is outside these bounds
     */
    public Builder maxFutureSkew(Duration skew) {
      if (skew.isNegative() || skew.compareTo(Duration.ofDays(36_600)) > 0) {
        throw new IllegalArgumentException(
            "The future skew is " + skew + "; it must be from 0 to 36,600 days");
      }
      this.maxFutureSkew = skew;
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
     * @throws IllegalArgumentException if {@code jump} is outside these bounds
     */
    public Builder maxEventTimeJump(Duration jump) {
      if (jump.isNegative() || jump.compareTo(Duration.ofDays(36_600)) > 0) {
        throw new IllegalArgumentException(
            "The event-time jump is " + jump + "; it must be from 0 to 36,600 days");
      }
      this.maxEventTimeJump = jump;
      return this;
    }

    /**
     * Removes the limit {@link #maxEventTimeJump}, so that every call advances the watermark at
     * once. The time of a partition is then the maximum event time of its calls. A single call with
     * a wrong time can make all later calls late. Use this method for tests with only a few calls.
     */
    public Builder withoutMaxEventTimeJump() {
      this.maxEventTimeJump = null;
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
     * @throws IllegalArgumentException if {@code time} is outside these bounds
     */
    public Builder retainingResults(Duration time) {
      if (time.isNegative() || time.compareTo(Duration.ofDays(36_600)) > 0) {
        throw new IllegalArgumentException(
            "The retention of results is " + time + "; it must be from 0 to 36,600 days");
      }
      this.retention = time;
      return this;
    }

    /** Sets the codes that count as known dispositions. Defaults to San Francisco's radio codes. */
    public Builder dispositionCodes(Lookup codes) {
      this.dispositionCodes = codes;
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
      Set<String> names = new HashSet<>();
      for (Statistic statistic : statistics) {
        if (!names.add(statistic.name())) {
          throw new IllegalArgumentException(
              "Two statistics are named '" + statistic.name() + "'; rename one of them");
        }
      }
      return new Pipeline(this);
    }
  }
}
