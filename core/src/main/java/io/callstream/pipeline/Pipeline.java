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
 * What to compute from where, and where to take it: one source, one format, any number of
 * statistics, sinks and listeners. Immutable; it knows nothing of any engine.
 */
public final class Pipeline {
  /** How far past its record's timestamp an event may be if nothing else is said: one day. */
  public static final Duration DEFAULT_MAX_FUTURE_SKEW = Duration.ofDays(1);

  /** How far a call may be ahead of its partition and count for the watermark at once: one hour. */
  public static final Duration DEFAULT_MAX_EVENT_TIME_JUMP = Duration.ofHours(1);

  /** For how long a call's id is remembered if nothing else is said: one day. */
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

  /** Starts a pipeline from what every pipeline has. */
  public static Builder builder(Source source, CallFormat format) {
    return new Builder(source, format);
  }

  /** Returns where records come from. */
  public Source source() {
    return source;
  }

  /** Returns how records spell calls. */
  public CallFormat format() {
    return format;
  }

  /** Returns the statistics in the order in which they were added; at least one. */
  public List<Statistic> statistics() {
    return statistics;
  }

  /**
   * Returns the statistic of a name.
   *
   * @throws IllegalArgumentException if there is none
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
        "There is no statistic '" + name + "', but " + new TreeSet<>(known));
  }

  /** Returns where results go. */
  public List<ResultSink> resultSinks() {
    return resultSinks;
  }

  /** Returns where rejected records and late calls go. */
  public List<DeadLetterSink> deadLetterSinks() {
    return deadLetterSinks;
  }

  /** Returns who hears of progress. */
  public List<ProgressListener> listeners() {
    return listeners;
  }

  /** Returns for how long a call's id is remembered; empty if duplicates count. */
  public Optional<Duration> distinctHorizon() {
    return Optional.ofNullable(distinctHorizon);
  }

  /** Returns how far past its record's timestamp an event may be before it is rejected. */
  public Duration maxFutureSkew() {
    return maxFutureSkew;
  }

  /**
   * Returns how far a call may be ahead of the calls that confirm the time of its partition and
   * count for the watermark at once; empty if every event time counts at once.
   */
  public Optional<Duration> maxEventTimeJump() {
    return Optional.ofNullable(maxEventTimeJump);
  }

  /** Returns for how long results of closed windows are kept; empty if for ever. */
  public Optional<Duration> retention() {
    return Optional.ofNullable(retention);
  }

  /** Returns the codes that count as known dispositions. */
  public Lookup dispositionCodes() {
    return dispositionCodes;
  }

  /** Returns the fields of a call that this pipeline reads besides the event time. */
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
   * Returns what must not change between runs that share a checkpoint, in a form that people can
   * compare: source, format, statistics and what decides about records. The code of filters,
   * dimensions and measures is not in it.
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
    return "Pipeline["
        + source.description()
        + " -> "
        + statistics.stream().map(Statistic::name).toList()
        + "]";
  }

  /** Collects the parts of a {@link Pipeline}. Not thread-safe. */
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

    /** Adds a sink for rejected records and late calls, which are counted with or without one. */
    public Builder deadLetters(DeadLetterSink sink) {
      deadLetterSinks.add(sink);
      return this;
    }

    /** Adds a listener for progress. */
    public Builder listener(ProgressListener listener) {
      listeners.add(listener);
      return this;
    }

    /** Counts calls of the same id once, if they are a day of event time or less apart. */
    public Builder distinct() {
      return distinct(DEFAULT_DISTINCT_HORIZON);
    }

    /**
     * Counts calls of the same id once. An id is remembered until the watermark reaches the event
     * time of its first call plus {@code horizon}; the first is by batch, then partition and
     * offset.
     */
    public Builder distinct(Duration horizon) {
      if (horizon.isNegative()
          || horizon.isZero()
          || horizon.compareTo(Duration.ofDays(3_660)) > 0) {
        throw new IllegalArgumentException(
            "The horizon of duplicates is " + horizon + "; it must be over 0, at most 3,660 days");
      }
      this.distinctHorizon = horizon;
      return this;
    }

    /**
     * Rejects events that are further than this past their record's timestamp. A record without a
     * timestamp is not rejected for its time; {@link #maxEventTimeJump} guards the watermark
     * against it.
     *
     * @param skew at least 0, at most 36,600 days
     * @throws IllegalArgumentException if {@code skew} is outside these bounds
     */
    public Builder maxFutureSkew(Duration skew) {
      if (skew.isNegative() || skew.compareTo(Duration.ofDays(36_600)) > 0) {
        throw new IllegalArgumentException(
            "The future skew is " + skew + "; it must be at least 0, at most 36,600 days");
      }
      this.maxFutureSkew = skew;
      return this;
    }

    /**
     * Sets how far a call may be ahead of the confirmed time of its partition and advance the
     * watermark at once: one hour by default. The confirmed time is the latest time that three
     * consecutive calls of the partition reached. A call that is further ahead is counted in its
     * own window, but advances the watermark only if one of the next two calls confirms it.
     * Otherwise it counts as one of {@link io.callstream.progress.Accounting#unconfirmedTimes()}.
     *
     * <p>The first two calls of a partition are not confirmed by anything, so a partition has no
     * time before its third call. Part of the {@link #fingerprint()}.
     *
     * @param jump at least 0, at most 36,600 days, to the millisecond
     * @throws IllegalArgumentException if {@code jump} is outside these bounds
     */
    public Builder maxEventTimeJump(Duration jump) {
      if (jump.isNegative() || jump.compareTo(Duration.ofDays(36_600)) > 0) {
        throw new IllegalArgumentException(
            "The event-time jump is " + jump + "; it must be at least 0, at most 36,600 days");
      }
      this.maxEventTimeJump = jump;
      return this;
    }

    /**
     * Lets every call advance the watermark at once, however far it is ahead. The time of a
     * partition is then the greatest event time of its calls, and one call with a wrong time can
     * make all later calls late. Use it for tests that feed a few calls.
     */
    public Builder believingEveryEventTime() {
      this.maxEventTimeJump = null;
      return this;
    }

    /**
     * Forgets results of windows that closed longer ago than this, by the watermark, a batch later
     * at the earliest; without it they are kept for ever, and take memory and a line of the CSV
     * files each. Sinks that keep results elsewhere keep them. May change between runs that share a
     * checkpoint; what is forgotten does not come back.
     *
     * @param time in event time, at least 0; 0 keeps a window until the batch after it closed
     */
    public Builder retainingResults(Duration time) {
      if (time.isNegative() || time.compareTo(Duration.ofDays(36_600)) > 0) {
        throw new IllegalArgumentException(
            "The retention of results is " + time + "; it must be at least 0, at most 36,600 days");
      }
      this.retention = time;
      return this;
    }

    /** Sets the codes that count as known dispositions; San Francisco's if nothing is said. */
    public Builder dispositionCodes(Lookup codes) {
      this.dispositionCodes = codes;
      return this;
    }

    /**
     * Returns the pipeline.
     *
     * @throws IllegalArgumentException if there is no statistic, or two of the same name
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
              "Two statistics are named '" + statistic.name() + "'; name one of them otherwise");
        }
      }
      return new Pipeline(this);
    }
  }
}
