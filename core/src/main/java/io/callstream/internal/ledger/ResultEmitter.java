package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.task.StoredTable;
import io.callstream.internal.task.TaskReport;
import io.callstream.lookup.LookupTable;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress.LookupVersion;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Selects the results that sinks receive. A statistic emits the groups that a batch changed, or
 * each window when it closes.
 */
final class ResultEmitter {
  private final Pipeline pipeline;

  /** The pipeline that sinks receive. */
  private final Pipeline withoutViews;

  private final String lineage;
  private final StatisticHistory history;
  private final boolean corrects;

  ResultEmitter(Pipeline pipeline, String lineage, StatisticHistory history) {
    this.pipeline = pipeline;
    this.withoutViews = pipeline.withoutViews();
    this.lineage = lineage;
    this.history = history;
    this.corrects = pipeline.correctionHorizon().isPresent();
  }

  ResultEmitter with(StatisticHistory other) {
    return new ResultEmitter(pipeline, lineage, other);
  }

  StatisticHistory history() {
    return history;
  }

  BatchResults batch(
      LedgerState before, LedgerState after, Accounting accounting, BatchUpdates updates) {
    Map<String, Results> emitted = new LinkedHashMap<>();
    List<StatisticBlocks> results = after.results();
    for (int i = 0; i < results.size(); i++) {
      StatisticBlocks blocks = results.get(i);
      Statistic statistic = blocks.statistic();
      if (statistic.viewRetention().isPresent()) {
        continue;
      }
      NavigableMap<Long, byte[]> changed = updates.blocks().get(i);
      NavigableMap<Long, Groups> selected =
          switch (statistic.emission()) {
            case ON_UPDATE -> hasShares(statistic) ? whole(blocks, changed) : groups(changed);
            case ON_CLOSE ->
                blocks.closedBetween(
                    before.totals().watermarkInForce(), after.totals().watermarkInForce());
          };
      emitted.put(
          statistic.name(),
          isEmittedOnClose(blocks)
              ? current(statistic, () -> selected)
              : results(statistic, () -> selected));
    }
    return current(after, emitted, accounting);
  }

  /** Returns whether an additional call in a window changes all its groups. */
  private static boolean hasShares(Statistic statistic) {
    return statistic.measures().stream().anyMatch(Measure.Share.class::isInstance);
  }

  private static NavigableMap<Long, Groups> groups(NavigableMap<Long, byte[]> changed) {
    NavigableMap<Long, Groups> groups = new TreeMap<>();
    changed.forEach((window, block) -> groups.put(window, Groups.of(block)));
    return groups;
  }

  /** Returns all groups of the windows that changed, except for groups that were removed before. */
  private NavigableMap<Long, Groups> whole(
      StatisticBlocks blocks, NavigableMap<Long, byte[]> changed) {
    NavigableMap<Long, Groups> whole = new TreeMap<>();
    changed.forEach(
        (window, block) -> {
          Groups all = blocks.windows().getOrDefault(window, Groups.NONE);
          whole.put(window, corrects ? BlockMerger.withoutEmpty(all, block) : all);
        });
    return whole;
  }

  BatchResults current(LedgerState now) {
    return current(now, select(now, blocks -> new TreeMap<>()), none());
  }

  private BatchResults current(LedgerState now, Map<String, Results> emitted, Accounting batch) {
    long watermark = now.totals().watermarkInForce();
    Map<String, Results> current =
        select(
            now, blocks -> isEmittedOnClose(blocks) ? blocks.closed(watermark) : blocks.results());
    return results(now, now.totals().batch(), emitted, current, batch);
  }

  /** Returns the open windows of statistics that emit on close, as a further batch. */
  BatchResults flush(LedgerState now) {
    long watermark = now.totals().watermarkInForce();
    Map<String, Results> open =
        select(now, blocks -> isEmittedOnClose(blocks) ? blocks.open(watermark) : new TreeMap<>());
    Map<String, Results> all = select(now, StatisticBlocks::results);
    return results(now, now.totals().batch() + 1, open, all, none());
  }

  /** Returns the results of a statistic. The spikes of open windows are computed when needed. */
  Results results(LedgerState now, String statistic) {
    Statistic found = pipeline.statistic(statistic);
    StatisticBlocks blocks = now.results().get(pipeline.statistics().indexOf(found));
    return current(found, blocks::results);
  }

  private static boolean isEmittedOnClose(StatisticBlocks blocks) {
    return blocks.statistic().emission() == Emission.ON_CLOSE;
  }

  /** Returns results without the groups that corrections removed. */
  private BlockResults current(Statistic statistic, Supplier<NavigableMap<Long, Groups>> groups) {
    BlockResults results = results(statistic, groups);
    return corrects ? results.withoutEmpty() : results;
  }

  private BlockResults results(Statistic statistic, Supplier<NavigableMap<Long, Groups>> groups) {
    return new BlockResults(statistic, groups).since(history.since(statistic.name()).orElse(null));
  }

  private Map<String, Results> select(
      LedgerState state, Function<StatisticBlocks, NavigableMap<Long, Groups>> selection) {
    Map<String, Results> selected = new LinkedHashMap<>();
    for (StatisticBlocks blocks : state.results()) {
      Statistic statistic = blocks.statistic();
      if (statistic.viewRetention().isEmpty()) {
        NavigableMap<Long, Groups> groups = selection.apply(blocks);
        selected.put(statistic.name(), current(statistic, () -> groups));
      }
    }
    return selected;
  }

  private BatchResults results(
      LedgerState now,
      long number,
      Map<String, Results> updates,
      Map<String, Results> current,
      Accounting batch) {
    return new BatchResults(
        lineage,
        number,
        withoutViews,
        StatisticCombiner.moment(now.totals().watermarkInForce()),
        updates,
        current,
        withoutViews(batch),
        withoutViews(now.totals().accounting()),
        lookups(now.totals().tables()));
  }

  /** Returns the accounting of the statistics that sinks receive. */
  private Accounting withoutViews(Accounting all) {
    Map<String, Accounting.Contributions> emitted = new LinkedHashMap<>(all.statistics());
    pipeline.statistics().stream()
        .filter(statistic -> statistic.viewRetention().isPresent())
        .forEach(view -> emitted.remove(view.name()));
    return new Accounting(
        all.received(),
        all.rejected(),
        all.additionalCalls(),
        all.duplicates(),
        all.corrections(),
        all.ambiguousTimes(),
        all.unconfirmedTimes(),
        all.unknown(),
        emitted);
  }

  private Map<String, LookupVersion> lookups(List<StoredTable> tables) {
    Map<String, LookupVersion> versions = new LinkedHashMap<>();
    for (LookupTable lookup : pipeline.lookups()) {
      tables.stream()
          .filter(table -> table.name().equals(lookup.name()))
          .forEach(
              table ->
                  versions.put(table.name(), new LookupVersion(table.version(), table.rows())));
    }
    return versions;
  }

  private Accounting none() {
    return TaskReport.none(pipeline);
  }
}
