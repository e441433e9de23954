package io.callstream.internal.task;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.CallRecord;
import io.callstream.call.Field;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The second half of a task: passes calls to all statistics, passes late calls to the dead letters,
 * and keeps the accounting of both. Not thread-safe.
 */
public final class CallCounter {
  private final TaskPlan plan;
  private final List<StatisticCombiner> combiners;

  /** The combiners of the statistics that count in this batch. */
  private final List<StatisticCombiner> counting;

  private final JoinTable[] checked;
  private final Field<?>[] joined;
  private final long[] unknown;
  private final Consumer<DeadLetter> letters;
  private final List<MissedWindow> missed = new ArrayList<>();
  private final StatisticCombiner.MissedWindows onMissed = this::missed;
  private long calls;
  private long corrections;
  private long ambiguousTimes;

  /** Receives the partial results of one statistic in one window. */
  @FunctionalInterface
  public interface Partials {
    /** Receives a block of the statistic with an index in the plan. */
    void partial(int statistic, long windowStart, byte[] block);
  }

  /**
   * Creates a counter that has not counted any calls.
   *
   * @param batch the number of the batch
   * @param tables the tables of the batch; those of lookups whose fields calls have are not used
   */
  public CallCounter(
      TaskPlan plan,
      long batch,
      LookupTables tables,
      long watermark,
      Consumer<DeadLetter> letters) {
    this.plan = plan;
    this.letters = letters;
    checked = tables.of(plan.joins(), join -> !join.isRead());
    joined = plan.joins().stream().filter(Join::isRead).map(Join::first).toArray(Field<?>[]::new);
    unknown = new long[checked.length + joined.length];
    combiners = plan.statistics().stream().map(s -> new StatisticCombiner(s, watermark)).toList();
    counting =
        IntStream.range(0, combiners.size())
            .filter(i -> plan.starts().get(i).firstBatch() <= batch)
            .mapToObj(combiners::get)
            .toList();
  }

  /** Counts a call that may replace an earlier version. */
  public void take(PossibleDuplicate next, KnownCalls.@Nullable Earlier earlier) {
    count(next.call(), next.record(), next.index(), earlier);
  }

  public void count(Call call, CallRecord record, int index) {
    count(call, record, index, null);
  }

  private void count(
      Call call, CallRecord record, int index, KnownCalls.@Nullable Earlier earlier) {
    if (call.ambiguousTime()) {
      ambiguousTimes++;
    }
    for (int i = 0; i < checked.length; i++) {
      if (checked[i].row(call) == null) {
        unknown[i]++;
      }
    }
    for (int i = 0; i < joined.length; i++) {
      if (!call.isPresent(joined[i])) {
        unknown[checked.length + i]++;
      }
    }
    calls++;
    try {
      if (earlier != null) {
        retract(earlier);
      }
      for (StatisticCombiner combiner : counting) {
        combiner.add(call, onMissed);
      }
    } catch (CallstreamException e) {
      if (e.code() != ErrorCode.STATISTIC_FAILED) {
        throw e;
      }
      throw new CallstreamException(
          ErrorCode.STATISTIC_FAILED,
          "%s Its record has the offset %s in partition %s of %s."
              .formatted(e.getMessage(), record.offset(), record.partition(), plan.topic()),
          Objects.requireNonNullElse(e.getCause(), e));
    }
    if (!missed.isEmpty()) {
      letters.accept(
          new DeadLetter.Late(
              CallReader.origin(plan, record),
              CallReader.valueOf(record),
              index,
              List.copyOf(missed)));
      missed.clear();
    }
  }

  private void retract(KnownCalls.Earlier earlier) {
    corrections++;
    for (int i = 0; i < combiners.size(); i++) {
      if (plan.starts().get(i).firstBatch() <= earlier.batch()) {
        combiners.get(i).retract(earlier.call());
      }
    }
  }

  /** Sinks, and so dead letters, do not know views. */
  private void missed(Statistic statistic, long start, long end) {
    if (statistic.viewRetention().isPresent()) {
      return;
    }
    missed.add(
        new MissedWindow(
            statistic.name(),
            new WindowBounds(Instant.ofEpochMilli(start), Instant.ofEpochMilli(end))));
  }

  public boolean mayMiss(Call call) {
    for (StatisticCombiner combiner : counting) {
      if (combiner.misses(call)) {
        return true;
      }
    }
    return false;
  }

  public void forEachPartial(Partials partials) {
    for (int i = 0; i < combiners.size(); i++) {
      int statistic = i;
      combiners
          .get(i)
          .forEachPartial((window, block) -> partials.partial(statistic, window, block));
    }
  }

  public Accounting accounting() {
    Map<String, Contributions> contributions = new LinkedHashMap<>();
    for (int i = 0; i < combiners.size(); i++) {
      StatisticCombiner combiner = combiners.get(i);
      Statistic statistic = plan.statistics().get(i);
      long earlier = counting.contains(combiner) ? 0 : calls * statistic.contributionsPerCall();
      contributions.put(
          statistic.name(),
          new Contributions(
              combiner.counted(),
              combiner.late(),
              combiner.filtered(),
              combiner.retracted(),
              earlier));
    }
    return new Accounting(0, 0, 0, 0, corrections, ambiguousTimes, 0, unknown(), contributions);
  }

  private Map<String, Long> unknown() {
    Map<String, Long> byName = new LinkedHashMap<>();
    int ofChecked = 0;
    int ofJoined = checked.length;
    for (Join join : plan.joins()) {
      byName.put(join.name(), unknown[join.isRead() ? ofJoined++ : ofChecked++]);
    }
    return byName;
  }
}
