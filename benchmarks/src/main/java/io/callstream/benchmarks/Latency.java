package io.callstream.benchmarks;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.callstream.benchmarks.load.LatencyResult;
import io.callstream.benchmarks.load.Load;
import io.callstream.benchmarks.load.SteadyRun;
import io.callstream.benchmarks.load.Traffic;
import java.io.PrintStream;
import java.time.Duration;

/**
 * Measures the latency of calls at a steady rate, and prints a line of JSON. Latency is the time
 * from the moment when a call is due, by a schedule fixed in advance, until a sink receives it
 * counted.
 *
 * <p>A separate process sends the calls. The first {@code uncounted} seconds are not measured. With
 * {@code topic=}, another program sends the calls and measures, see {@link EmissionLog}.
 *
 * <p>Arguments: {@code rate=20000 seconds=60 uncounted=10}; {@code bootstrap=} (the brokers; by
 * default the sender's process starts one), {@code partitions=2} of the topic, {@code name=}, and
 * those of {@link EngineArguments}.
 */
public final class Latency {
  private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(60);

  private Latency() {}

  /** Measures the latency. */
  public static void main(String[] args) throws Exception {
    Arguments arguments = new Arguments(args, 0);
    EngineArguments engine = EngineArguments.of(arguments);
    String bootstrap = arguments.get("bootstrap", "");
    int partitions = arguments.get("partitions", 2);
    String topic = arguments.get("topic", "");
    if (!topic.isEmpty()) {
      new EmissionLog(bootstrap, engine).run(topic, arguments);
      return;
    }
    Load load =
        new Load(
            arguments.get("rate", 20_000),
            Duration.ofSeconds(arguments.get("seconds", 60L)),
            Duration.ofSeconds(arguments.get("uncounted", 10L)),
            DRAIN_TIMEOUT);
    String name = arguments.get("name", engine.name());
    arguments.requireAllRead();
    try (Traffic traffic = Traffic.to(bootstrap)) {
      LatencyResult outcome =
          new SteadyRun(traffic, partitions, engine::configure, () -> false, progress -> {})
              .measure(load, engine.engine(), engine.continuous());
      print(name, arguments, outcome, System.out);
      if (outcome.senderTooLate()) {
        throw new IllegalStateException(
            "The run ended early because the sender was "
                + outcome.senderDelayMicros() / 1_000
                + " ms late");
      }
      if (outcome.missing() > 0) {
        throw new IllegalStateException(outcome.missing() + " calls were not counted");
      }
    }
  }

  private static void print(
      String name, Arguments arguments, LatencyResult outcome, PrintStream out) {
    ObjectNode line = JsonNodeFactory.instance.objectNode();
    line.put("name", name);
    line.put("arguments", arguments.toString());
    line.put("rate", outcome.load().rate());
    line.put("seconds", outcome.load().length().toSeconds());
    line.put("p50_ms", ProcessUsage.rounded(outcome.millis(50)));
    line.put("p95_ms", ProcessUsage.rounded(outcome.millis(95)));
    line.put("p99_ms", ProcessUsage.rounded(outcome.millis(99)));
    line.put("max_ms", ProcessUsage.rounded(outcome.millis(100)));
    line.put("counted", outcome.latencies().getTotalCount());
    line.put("missing", outcome.missing());
    line.put("sender_late_ms", ProcessUsage.rounded(outcome.senderDelayMicros() / 1e3));
    line.put("lag_per_second", ProcessUsage.rounded(outcome.lagPerSecond()));
    line.put("verdict", verdict(outcome));
    out.println(line);
  }

  private static String verdict(LatencyResult outcome) {
    if (outcome.verdict().isEmpty()) {
      return "too few batches";
    }
    return outcome.findings().isEmpty() ? "stable" : outcome.findings();
  }
}
