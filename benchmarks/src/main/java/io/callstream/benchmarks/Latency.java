package io.callstream.benchmarks;

import io.callstream.benchmarks.EndToEnd.JsonLine;
import io.callstream.benchmarks.load.SteadyRun;
import io.callstream.benchmarks.load.SteadyRun.Load;
import io.callstream.benchmarks.load.SteadyRun.Outcome;
import io.callstream.benchmarks.load.Traffic;
import io.callstream.progress.StabilityVerdict;
import java.io.PrintStream;
import java.time.Duration;
import java.util.stream.Collectors;

/**
 * Measures how long a call takes from the moment when it is due, by a schedule fixed in advance, to
 * the moment when a sink sees it counted, and prints a line of JSON.
 *
 * <p>Calls come from a process of their own. Those of the first {@code uncounted} seconds do not
 * count. With {@code topic=} and {@code log=} it is the engine in a measurement that others run,
 * see {@link EmissionLog}.
 *
 * <p>Arguments: {@code rate=20000 seconds=60 uncounted=10}, and those of {@link EngineArguments}.
 */
public final class Latency {
  private Latency() {}

  /** Measures. */
  public static void main(String[] args) throws Exception {
    PrintStream out = System.out;
    KeyValues given = new KeyValues(args);
    EngineArguments engine = EngineArguments.take(given);
    String topic = given.take("topic", "");
    if (!topic.isEmpty()) {
      EmissionLog.run(topic, given, engine, out);
      return;
    }
    double rate = given.take("rate", 20_000.0);
    long seconds = given.take("seconds", 60L);
    long uncounted = given.take("uncounted", 10L);
    String name = given.take("name", "CALLSTREAM-" + engine.engine().name());
    given.requireAllTaken();
    Load load =
        new Load(
            rate,
            Duration.ofSeconds(seconds),
            Duration.ofSeconds(uncounted),
            Duration.ofSeconds(60));
    try (Traffic traffic = engine.traffic()) {
      Outcome outcome =
          new SteadyRun(traffic, engine.partitions(), engine.reading(), () -> false, progress -> {})
              .measure(load, engine.engine(), engine.continuous());
      JsonLine line = new JsonLine();
      line.put("name", name);
      line.put("arguments", given.toString());
      line.put("rate", rate);
      line.put("seconds", seconds);
      line.put("p50_ms", outcome.millis(50));
      line.put("p95_ms", outcome.millis(95));
      line.put("p99_ms", outcome.millis(99));
      line.put("max_ms", outcome.millis(100));
      line.put("counted", outcome.latencies().getTotalCount());
      line.put("missing", outcome.missing());
      line.put("sender_late_ms", outcome.lateMicros() / 1e3);
      line.put("lag_per_second", outcome.lagPerSecond());
      line.put("verdict", outcome.verdict().map(Latency::words).orElse("too few batches"));
      out.println(line);
      if (outcome.brokenOff()) {
        throw new IllegalStateException(
            "The sender was " + outcome.lateMicros() / 1_000 + " ms late, and the run was ended");
      }
      if (outcome.missing() > 0) {
        throw new IllegalStateException(outcome.missing() + " calls were not counted");
      }
    }
  }

  /** Returns a verdict in words. */
  static String words(StabilityVerdict verdict) {
    return verdict.stable()
        ? "stable"
        : verdict.findings().stream()
            .map(finding -> finding.symptom() + ": " + finding.evidence())
            .collect(Collectors.joining("; "));
  }
}
