package io.callstream.sink;

import io.callstream.internal.sink.Plural;
import io.callstream.internal.sink.RowFormatter;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** A row of a statistic with a baseline. */
record Spike(Statistic statistic, ResultRow row) {
  /** Returns the spikes among the results of a pipeline. */
  static Stream<Spike> in(Pipeline pipeline, Map<String, Results> results) {
    return pipeline.statistics().stream()
        .filter(statistic -> statistic.baseline().isPresent())
        .flatMap(
            statistic ->
                Objects.requireNonNull(results.get(statistic.name())).stream()
                    .map(row -> new Spike(statistic, row)));
  }

  WindowBounds window() {
    return row.window().orElseThrow();
  }

  /** Returns the watermark at which the spike is emitted. */
  Instant emitted() {
    return window().end().plus(statistic.window().orElseThrow().allowedLateness());
  }

  /** Returns a text that no other spike of the pipeline has, and that a repetition has again. */
  String key() {
    return statistic.name() + "/" + window().start() + "/" + RowFormatter.key(row);
  }

  /** Returns a sentence for people. */
  String text(ZoneId zone) {
    String group = String.join(", ", row.dimensions());
    return "%s: %s%s from %s, usually %s"
        .formatted(
            statistic.name(),
            group.isEmpty() ? "" : group + ", ",
            Plural.of(row.count(), "call"),
            RowFormatter.times(zone).format(window().start()),
            RowFormatter.rounded((double) row.value("expected").orElseThrow(), 1));
  }
}
