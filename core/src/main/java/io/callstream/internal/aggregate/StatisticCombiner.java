package io.callstream.internal.aggregate;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.UndeclaredFieldException;
import io.callstream.statistic.CallFilter;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Combines the calls of one task for one statistic, and tells late ones from those that count. Not
 * thread-safe.
 */
public final class StatisticCombiner {
  /** The watermark before any is known: nothing is late. */
  public static final long NO_WATERMARK = Long.MIN_VALUE;

  /** The window of a statistic without one. */
  public static final long NO_WINDOW = Long.MIN_VALUE;

  private final Statistic statistic;
  private final long watermark;
  private final @Nullable CallFilter filter;
  private final @Nullable WindowAssigner windows;
  private final List<Function<Call, String>> extractors;
  private final String[] values;
  private final GroupTable groups;
  private final int contributionsPerCall;
  private long counted;
  private long late;
  private long filtered;

  /** Hears of the windows that a late call misses. */
  @FunctionalInterface
  public interface MissedWindows {
    /** Takes one window, in milliseconds since the epoch. */
    void missed(Statistic statistic, long windowStart, long windowEnd);
  }

  /** Takes the partial results of one window. */
  @FunctionalInterface
  public interface Partials {
    /** Takes a block; {@code windowStart} is {@link #NO_WINDOW} for a statistic without one. */
    void partial(long windowStart, byte[] block);
  }

  /**
   * Creates a combiner without calls.
   *
   * @param watermark the watermark in force, in milliseconds since the epoch
   */
  public StatisticCombiner(Statistic statistic, long watermark) {
    this.statistic = statistic;
    this.watermark = watermark;
    filter = statistic.filter().orElse(null);
    windows = statistic.window().map(WindowAssigner::new).orElse(null);
    extractors = statistic.dimensions().stream().map(Dimension::extractor).toList();
    values = new String[extractors.size()];
    groups = new GroupTable(statistic.name(), values.length, BlockMerger.aggregates(statistic));
    contributionsPerCall = statistic.contributionsPerCall();
  }

  /**
   * Counts a call in the windows that still take calls in, and names the others.
   *
   * @throws CallstreamException if the statistic's own code throws
   */
  public void add(Call call, MissedWindows missed) {
    int at = -1; // Before the first dimension is the filter, behind the last are the measures.
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

  /** Returns whether {@link #add} would find the call late in some window. */
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
          "The "
              + dimension(none)
              + " of the statistic '"
              + statistic.name()
              + "' gave null for a call. Let it give the empty text where a call tells nothing, and"
              + " start again: the call is not lost.",
          e);
    }
    String part = part(at, call);
    if (e instanceof UndeclaredFieldException undeclared) {
      return new CallstreamException(
          ErrorCode.STATISTIC_FAILED,
          "The "
              + part
              + " of the statistic '"
              + statistic.name()
              + "' reads "
              + undeclared.field()
              + ", which it does not declare. Add it to the fields that it says it reads, and start"
              + " again: the call is not lost.",
          e);
    }
    return new CallstreamException(
        ErrorCode.STATISTIC_FAILED,
        "The "
            + part
            + " of the statistic '"
            + statistic.name()
            + "' threw "
            + e.getClass().getName()
            + " on a call. Filters, dimensions and measures must take every call; make this one do"
            + " so, and start again: the call is not lost.",
        e);
  }

  private String part(int at, Call call) {
    return at < 0 ? "filter" : at < values.length ? dimension(at) : failingMeasure(call);
  }

  private String dimension(int number) {
    return "dimension '" + statistic.dimensions().get(number).name() + "'";
  }

  /** Asks the measures once more: which one it was is not taken down with each call. */
  private String failingMeasure(Call call) {
    for (Measure.Aggregate measure : BlockMerger.aggregates(statistic)) {
      try {
        measure.empty().add(call);
      } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
        return "measure '" + measure.name() + "'";
      }
    }
    return "code";
  }

  /** Returns how many contributions were counted. */
  public long counted() {
    return counted;
  }

  /** Returns how many contributions were late. */
  public long late() {
    return late;
  }

  /** Returns how many contributions the filter left out. */
  public long filtered() {
    return filtered;
  }

  /** Hands out the partial results, in ascending order of windows. */
  public void forEachPartial(Partials partials) {
    groups.forEachWindow(partials);
  }
}
