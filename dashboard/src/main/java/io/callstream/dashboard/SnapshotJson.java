package io.callstream.dashboard;

import static io.callstream.dashboard.Json.array;
import static io.callstream.dashboard.Json.object;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.dashboard.Snapshot.Ranking;
import io.callstream.dashboard.Snapshot.Sample;
import io.callstream.dashboard.Snapshot.Spikes;
import io.callstream.dashboard.Snapshot.Table;
import io.callstream.dashboard.Snapshot.Timeline;
import io.callstream.pipeline.CountedSince;
import io.callstream.progress.Progress;
import io.callstream.progress.StabilityVerdict;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Converts snapshots to JSON. Times in charts are seconds since the epoch. */
final class SnapshotJson {
  private SnapshotJson() {}

  /** Returns the whole content of the page. */
  static String of(Snapshot snapshot) {
    Map<String, @Nullable Object> page = run(snapshot);
    snapshot.types().ifPresent(types -> page.put("types", ranking(types)));
    snapshot.calls().ifPresent(calls -> page.put("calls", timeline(calls, snapshot.zone())));
    snapshot.week().ifPresent(week -> page.put("week", week.counts()));
    snapshot.dispositions().ifPresent(codes -> page.put("dispositions", ranking(codes)));
    snapshot.locations().ifPresent(addresses -> page.put("locations", ranking(addresses)));
    snapshot.spikes().ifPresent(spikes -> page.put("spikes", spikes(spikes)));
    if (!snapshot.since().isEmpty()) {
      Map<String, @Nullable Object> starts = new LinkedHashMap<>();
      snapshot.since().forEach((name, since) -> starts.put(name, since(since)));
      page.put("countedSince", starts);
    }
    page.put("others", array(snapshot.others(), SnapshotJson::table));
    page.put("history", array(snapshot.history(), SnapshotJson::sample));
    return new String(Json.bytes(page), UTF_8);
  }

  /** Returns the fields of {@code /api/progress}. */
  static Map<String, @Nullable Object> run(Snapshot snapshot) {
    return object(
        "run", snapshot.run(),
        "time", snapshot.time(),
        "state", snapshot.state(),
        "failure", snapshot.failure(),
        "source", snapshot.source(),
        "zone", snapshot.zone(),
        "progress", snapshot.progress().map(Progress::toJson).map(Json::raw),
        "accounting", Json.raw(snapshot.accounting().toJson()),
        "stability", snapshot.verdict().map(SnapshotJson::verdict));
  }

  /** Returns from where a statistic counts. */
  static Object since(CountedSince since) {
    return object("batch", since.batch(), "time", since.time(), "offsets", since.offsets());
  }

  private static Object verdict(StabilityVerdict verdict) {
    List<Object> findings =
        array(
            verdict.findings(),
            finding ->
                object(
                    "symptom", finding.symptom(),
                    "evidence", finding.evidence(),
                    "advice", finding.advice()));
    return object("stable", verdict.stable(), "findings", findings);
  }

  private static Object ranking(Ranking ranking) {
    List<Object> entries =
        array(
            ranking.entries(),
            entry ->
                object(
                    "name", entry.name(),
                    "description", entry.description(),
                    "count", entry.count(),
                    "share", ranking.share(entry)));
    return object(
        "groups", ranking.groups(),
        "total", ranking.total(),
        "rest", ranking.rest(),
        "entries", entries);
  }

  private static Object timeline(Timeline calls, ZoneId zone) {
    return object(
        "hours",
        array(calls.hours(), hour -> List.of(hour.start().getEpochSecond(), hour.count())),
        "days",
        array(calls.days(), day -> List.of(LocalDate.ofInstant(day.start(), zone), day.count())));
  }

  private static Object spikes(Spikes spikes) {
    List<Object> entries =
        array(
            spikes.spikes(),
            spike ->
                object(
                    "start", spike.window().start(),
                    "end", spike.window().end(),
                    "name", spike.name(),
                    "count", spike.count(),
                    "expected", spike.expected(),
                    "score", spike.score()));
    return object("statistic", spikes.statistic(), "entries", entries);
  }

  private static Object table(Table table) {
    return object(
        "name", table.name(),
        "rows", table.rows(),
        "numbersFrom", table.numbersFrom(),
        "columns", table.columns(),
        "cells", table.cells());
  }

  private static Object sample(Sample sample) {
    return object(
        "time", sample.time().toEpochMilli() / 1e3,
        "arrived", sample.arrived(),
        "processed", sample.processed(),
        "emitted", sample.emitted(),
        "lag", sample.lag(),
        "latencyMs", sample.latency().map(latency -> latency.mean().toMillis()));
  }
}
