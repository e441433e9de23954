package io.callstream.internal.aggregate;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.AbsentValueException;
import io.callstream.call.Call;
import io.callstream.call.UndeclaredFieldException;
import io.callstream.statistic.CallFilter;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Combines the calls of one task for one statistic, and separates late calls from those that count.
 * Not thread-safe.
 */
public final class StatisticCombiner {
  /** The watermark before any is known. No call is late. */
  public static final long NO_WATERMARK = Long.MIN_VALUE;

  public static final long NO_WINDOW = Long.MIN_VALUE;

  private final Statistic statistic;
  private final long watermark;
  private final @Nullable CallFilter filter;
  private final @Nullable WindowAssigner windows;
  private final List<Function<Call, String>> extractors;
  private final String[] values;
  private final TaskGroups groups;
  private final int contributionsPerCall;
  private long counted;
  private long late;
  private long filtered;
  private long retracted;

  /** Receives the windows that a late call misses. */
  @FunctionalInterface
  public interface MissedWindows {
    /** Receives one window. Times are in milliseconds since the epoch. */
    void missed(Statistic statistic, long windowStart, long windowEnd);
  }

  /** Receives the partial results of one window, or of the sessions in one bucket. */
  @FunctionalInterface
  public interface Partials {
    /**
     * Receives a block.
     *
     * @param key the start of the window; {@link #NO_WINDOW} for a statistic without windows; the
     *     key of the bucket for sessions
     */
    void partial(long key, byte[] block);
  }

  /** Returns a watermark in milliseconds as a moment; empty if none is known. */
  public static Optional<Instant> moment(long watermark) {
    return watermark == NO_WATERMARK
        ? Optional.empty()
        : Optional.of(Instant.ofEpochMilli(watermark));
  }

  public StatisticCombiner(Statistic statistic, long watermark) {
    this.statistic = statistic;
    this.watermark = watermark;
    filter = statistic.filter().orElse(null);
    windows = statistic.window().map(WindowAssigner::new).orElse(null);
    extractors = statistic.dimensions().stream().map(Dimension::extractor).toList();
    values = new String[extractors.size()];
    groups = groups(statistic);
    contributionsPerCall = statistic.contributionsPerCall();
  }

  private static TaskGroups groups(Statistic statistic) {
    List<Measure.Aggregate> aggregates = BlockMerger.aggregates(statistic);
    return statistic.window().orElse(null) instanceof Window.Session session
        ? new SessionTable(statistic.name(), aggregates, session.gap().toMillis())
        : new GroupTable(statistic.name(), statistic.dimensions().size(), aggregates);
  }

  /** Counts a call in its open windows, and reports its closed windows. */
  public void add(Call call, MissedWindows missed) {
    int at = -1; // -1 is the filter. Indexes after the last dimension are the measures.
    try {
      if (filter != null && !filter.accepts(call)) {
        filtered += contributionsPerCall;
        return;
      }
      for (at = 0; at < values.length; at++) {
        values[at] = extractors.get(at).apply(call);
      }
      if (windows == null) {
        counted++;
        groups.add(NO_WINDOW, values, call);
        return;
      }
      long first =
          windows.lastStart(call.epochMillis()) - (contributionsPerCall - 1) * windows.slide();
      for (int i = 0; i < contributionsPerCall; i++) {
        long start = first + i * windows.slide();
        if (windows.closesAt(start) <= watermark) {
          late++;
          missed.missed(statistic, start, windows.end(start));
        } else {
          counted++;
          groups.add(start, values, call);
        }
      }
    } catch (CallstreamException e) {
      throw e;
    } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
      throw failure(e, at, call);
    }
  }

  /**
   * Removes a counted call from its open windows. A window that is open now was open when the call
   * was counted, because the watermark never decreases.
   */
  public void retract(Call call) {
    int at = -1;
    try {
      if (filter != null && !filter.accepts(call)) {
        return;
      }
      for (at = 0; at < values.length; at++) {
        values[at] = extractors.get(at).apply(call);
      }
      if (windows == null) {
        retracted++;
        groups.retract(NO_WINDOW, values, call);
        return;
      }
      long start = windows.lastStart(call.epochMillis());
      for (int i = 0; i < contributionsPerCall && windows.closesAt(start) > watermark; i++) {
        retracted++;
        groups.retract(start, values, call);
        start -= windows.slide();
      }
    } catch (CallstreamException e) {
      throw e;
    } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
      throw failure(e, at, call);
    }
  }

  /** Returns whether {@link #add} would report the call as late for at least one window. */
  public boolean misses(Call call) {
    if (windows == null || watermark == NO_WATERMARK) {
      return false;
    }
    long first =
        windows.lastStart(call.epochMillis()) - (contributionsPerCall - 1) * windows.slide();
    return windows.closesAt(first) <= watermark;
  }

  private CallstreamException failure(Throwable e, int at, Call call) {
    int none = at == values.length ? Arrays.asList(values).indexOf(null) : -1;
    if (none >= 0) {
      return new CallstreamException(
          ErrorCode.STATISTIC_FAILED,
          ("The %s of the statistic '%s' gave null for a call. Let it give the empty text where a"
                  + " call has no value, and start again: the call is not lost.")
              .formatted(dimension(none), statistic.name()),
          e);
    }
    String part = part(at, call);
    if (e instanceof UndeclaredFieldException undeclared) {
      return new CallstreamException(
          ErrorCode.STATISTIC_FAILED,
          ("The %s of the statistic '%s' reads the field %s, which it does not declare,"
                  + " or which the format does not have. Add it to the fields"
                  + " that it says it reads, and start again: the call is not lost.")
              .formatted(part, statistic.name(), undeclared.field()),
          e);
    }
    if (e instanceof AbsentValueException absent) {
      return new CallstreamException(
          ErrorCode.STATISTIC_FAILED,
          ("The %s of the statistic '%s' reads the field %s of a call that has no value of it. Let it"
                  + " ask Call.isPresent first, and start again: the call is not lost.")
              .formatted(part, statistic.name(), absent.field()),
          e);
    }
    return new CallstreamException(
        ErrorCode.STATISTIC_FAILED,
        ("The %s of the statistic '%s' threw %s on a call. Filters, dimensions and measures must"
                + " take every call; make this one do so, and start again: the call is not lost.")
            .formatted(part, statistic.name(), e.getClass().getName()),
        e);
  }

  private String part(int at, Call call) {
    return at < 0 ? "filter" : at < values.length ? dimension(at) : failingMeasure(call);
  }

  private String dimension(int number) {
    return "dimension '" + statistic.dimensions().get(number).name() + "'";
  }

  /** Evaluates the measures again to find the one that failed. */
  private String failingMeasure(Call call) {
    for (Measure.Aggregate measure : BlockMerger.aggregates(statistic)) {
      try {
        Measure.Accumulator state = measure.empty();
        state.add(call);
        if (measure.canRetract()) {
          state.retract(call);
        }
      } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
        return "measure '" + measure.name() + "'";
      }
    }
    return "code";
  }

  public long counted() {
    return counted;
  }

  public long late() {
    return late;
  }

  public long filtered() {
    return filtered;
  }

  public long retracted() {
    return retracted;
  }

  /** Passes on the partial results, in ascending order of their keys. */
  public void forEachPartial(Partials partials) {
    groups.forEachBlock(partials);
  }
}
