package io.callstream.benchmarks;

import io.callstream.benchmarks.EndToEnd.JsonLine;
import io.callstream.benchmarks.load.RateSearch;
import io.callstream.benchmarks.load.SteadyRun;
import io.callstream.benchmarks.load.SteadyRun.Answer;
import io.callstream.benchmarks.load.SteadyRun.Load;
import io.callstream.benchmarks.load.SteadyRun.Outcome;
import io.callstream.benchmarks.load.Traffic;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/**
 * Searches the highest rate at which lag does not grow, and prints a line of JSON; each rate that
 * was tried, and the result in words, is told on standard error.
 *
 * <p>A rate is kept up with if all its calls are counted in the end, the calls that are due and not
 * yet counted do not grow in number, and core's stability monitor does not say otherwise. Broker
 * and sender are on the same machine, and take their part of it. Where the sender is behind its own
 * schedule, the engine is not to blame: what was found is then a lower bound, and said to be one
 * ({@code "limit":"sender"}).
 *
 * <p>Arguments: {@code start=20000 most=1000000 precision=1.1}, {@code seconds=20} each, of which
 * {@code uncounted=5} do not count, {@code warm=20} seconds at the first rate before, and those of
 * {@link EngineArguments}.
 */
public final class SustainableRate {
  private static final double LEAST = 100;
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private SustainableRate() {}

  /** Searches. */
  public static void main(String[] args) throws Exception {
    PrintStream out = System.out;
    KeyValues given = new KeyValues(args);
    EngineArguments engine = EngineArguments.take(given);
    double start = given.take("start", 20_000.0);
    double most = given.take("most", 1e6);
    double precision = given.take("precision", 1.1);
    Duration length = Duration.ofSeconds(given.take("seconds", 20L));
    Duration uncounted = Duration.ofSeconds(given.take("uncounted", 5L));
    Duration warm = Duration.ofSeconds(given.take("warm", 20L));
    String name = given.take("name", "CALLSTREAM-" + engine.engine().name());
    given.requireAllTaken();
    try (Traffic traffic = engine.traffic()) {
      SteadyRun run =
          new SteadyRun(
              traffic, engine.partitions(), engine.reading(), () -> false, progress -> {});
      if (!warm.isZero()) {
        // Nothing counts, and so a late sender does not end it.
        run.measure(new Load(start, warm, warm, PATIENCE), engine.engine(), engine.continuous());
      }
      RateSearch.Found found =
          RateSearch.search(
              start,
              LEAST,
              most,
              precision,
              rate -> {
                Outcome outcome =
                    run.measure(
                        new Load(rate, length, uncounted, PATIENCE),
                        engine.engine(),
                        engine.continuous());
                Answer answer = outcome.answer();
                System.err.printf(
                    "%.0f calls/s: %s; lag grew by %.0f a second, p99 %.0f ms, sender %.0f ms late;"
                        + " %s%n",
                    rate,
                    answer.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                    outcome.lagPerSecond(),
                    outcome.millis(99),
                    outcome.lateMicros() / 1e3,
                    outcome.verdict().map(Latency::words).orElse("too few batches"));
                return answer;
              });
      System.err.println(found.words());
      JsonLine line = new JsonLine();
      line.put("name", name);
      line.put("arguments", given.toString());
      line.put("sustainable_rate", found.rate());
      line.put("limit", found.limit().name().toLowerCase(Locale.ROOT));
      line.put("tried", found.tried().toString());
      out.println(line);
    }
  }
}
