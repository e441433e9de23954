package io.callstream.dashboard;

import static io.callstream.dashboard.Json.object;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.engine.RunDetails;
import io.callstream.engine.RunDetails.PartitionTime;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.Supervisor;
import io.callstream.pipeline.CountedSince;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.progress.StabilityMonitor;
import io.callstream.progress.StabilityVerdict;
import io.callstream.sink.RecentDeadLetters;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the page {@code /operations} shows, as JSON. The state is computed on demand, at most once a
 * second for all pages together. Pages get it once, and then only what changed. Thread-safe.
 */
final class Operations {
  /** The minimum time between two states. */
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /** The period that the dashboard's monitor observes if the pipeline has none. */
  private static final Duration MONITOR_PERIOD = Duration.ofMinutes(5);

  /** The number of batches in the charts. */
  private static final int MAX_SAMPLES = 300;

  /** The maximum number of partitions in a state, so that its size has a bound. */
  static final int MAX_PARTITIONS = 32;

  private final Instant run = Instant.now();
  private final RunningPipeline running;
  private final Supplier<String> label;
  private final String source;
  private final StabilityMonitor monitor;
  private final boolean hasOwnMonitor;
  private final Deque<Sample> history = new ArrayDeque<>();
  private long lastBatch = -1;
  private @Nullable Update last;
  private long createdNanos;

  /** The figures of a batch. */
  record Sample(long batch, List<@Nullable Object> figures) {
    static Sample of(Progress batch) {
      return new Sample(
          batch.batch(),
          Json.array(
              batch.timestamp().toEpochMilli() / 1e3,
              rate(batch.inputRowsPerSecond()),
              rate(batch.processedRowsPerSecond()),
              rate(batch.outputRowsPerSecond()),
              batch.lag(),
              batch.latency().map(latency -> latency.mean().toMillis()),
              batch.batchDuration().toMillis()));
    }
  }

  /**
   * A state, numbered from 0.
   *
   * @param state the state without the history, as a tree
   * @param history the latest batches, oldest first
   */
  record Update(long number, Map<String, @Nullable Object> state, List<Sample> history) {
    /** Returns the whole state with its history as JSON. */
    String full() {
      return json(state, history);
    }

    /**
     * Returns how this state differs from an earlier one, as a JSON merge patch (RFC 7396). In
     * contrast to one, the elements of {@code history} are added to those that the page has.
     */
    String changesSince(Update earlier) {
      int known = earlier.history.size();
      long seen = known == 0 ? -1 : earlier.history.get(known - 1).batch();
      return json(
          Json.patch(earlier.state, state),
          history.stream().filter(sample -> sample.batch() > seen).toList());
    }

    private static String json(Map<String, @Nullable Object> state, List<Sample> history) {
      Map<String, @Nullable Object> all = new LinkedHashMap<>(state);
      if (!history.isEmpty()) {
        all.put("history", history.stream().map(Sample::figures).toList());
      }
      return new String(Json.bytes(all), UTF_8);
    }
  }

  Operations(RunningPipeline running) {
    this(running, () -> "", running.pipeline().source().description());
  }

  /**
   * Creates the page of a pipeline.
   *
   * @param label returns what all data are, or an empty text
   * @param source where the calls come from
   */
  Operations(RunningPipeline running, Supplier<String> label, String source) {
    this.running = running;
    this.label = label;
    this.source = source;
    Optional<StabilityMonitor> listener = SnapshotFactory.monitor(running);
    this.monitor =
        listener.orElseGet(() -> StabilityMonitor.ofThisJvm(MONITOR_PERIOD, Duration.ZERO));
    this.hasOwnMonitor = listener.isEmpty();
  }

  /** Records the last batch if it is new. This is cheap. */
  synchronized void observe() {
    Optional<Progress> progress = running.progress();
    if (progress.isEmpty() || progress.get().batch() == lastBatch) {
      return;
    }
    Progress report = progress.get();
    lastBatch = report.batch();
    history.addLast(Sample.of(report));
    if (history.size() > MAX_SAMPLES) {
      history.removeFirst();
    }
    if (hasOwnMonitor) {
      monitor.onProgress(report);
    }
  }

  /** Returns a state that is at most one second old. */
  synchronized Update current() {
    return current(INTERVAL);
  }

  /** Returns an up-to-date state. */
  synchronized Update latest() {
    return current(Duration.ZERO);
  }

  private Update current(Duration interval) {
    observe();
    Update before = last;
    if (before != null && System.nanoTime() - createdNanos < interval.toNanos()) {
      return before;
    }
    createdNanos = System.nanoTime();
    Map<String, @Nullable Object> state = Json.tree(state());
    if (before != null && state.equals(before.state())) {
      return before;
    }
    Update update =
        new Update(before == null ? 0 : before.number() + 1, state, List.copyOf(history));
    last = update;
    return update;
  }

  /** Returns the fields of {@code /api/progress}. */
  Map<String, @Nullable Object> progress() {
    observe();
    Map<String, @Nullable Object> all = run(running.details());
    all.put("time", Instant.now());
    all.put("progress", running.progress().map(Progress::toJson).map(Json::raw));
    all.put("accounting", Json.raw(running.accounting().toJson()));
    return all;
  }

  private Map<String, @Nullable Object> run(RunDetails details) {
    Map<String, @Nullable Object> all = object("run", run);
    all.putAll(header(details));
    all.put("stability", monitor.verdict().map(Operations::verdict));
    return all;
  }

  /**
   * Returns what the header of each page shows: where the calls come from, what they are, which
   * time they cover, and whether the run works.
   */
  Map<String, @Nullable Object> header(RunDetails details) {
    // Read the state first: after the end of the run, the figures that are read later are final.
    State state = running.state();
    return object(
        "state", state,
        "health", health(state, monitor.verdict()),
        "failure", running.failure().map(CallstreamException::getMessage),
        "source", source,
        "label", label.get(),
        "zone", running.pipeline().format().zone(),
        "from", ExploreIndex.firstHour(running, details.watermark()),
        "newest", newest(details));
  }

  /** Returns the time of the latest call whose time is confirmed. */
  private static Optional<Instant> newest(RunDetails details) {
    return details.clocks().stream()
        .flatMap(clock -> clock.time().stream())
        .max(Comparator.naturalOrder());
  }

  /** Returns the level of the health light, {@code good}, {@code warning} or {@code bad}. */
  private Object health(State state, Optional<StabilityVerdict> verdict) {
    if (state == State.FAILED) {
      return light("bad", "Failed");
    }
    if (state == State.FINISHED) {
      return light("good", "Finished");
    }
    if (running instanceof Supervisor supervisor && supervisor.current().state() != State.RUNNING) {
      return supervisor.lastFailure().isEmpty()
          ? light("good", "Starting")
          : light("bad", "Waiting for a restart");
    }
    if (running.progress().isEmpty()) {
      return light("good", "Running, no batch yet");
    }
    return verdict.isPresent() && !verdict.get().stable()
        ? light("warning", "Running, falls behind")
        : light("good", "Running");
  }

  private static Object light(String level, String text) {
    return object("level", level, "text", text);
  }

  private static Object verdict(StabilityVerdict verdict) {
    return object(
        "stable",
        verdict.stable(),
        "findings",
        Json.array(
            verdict.findings(),
            finding ->
                object(
                    "symptom", finding.symptom(),
                    "evidence", finding.evidence(),
                    "advice", finding.advice())));
  }

  // ---- the page

  private Map<String, @Nullable Object> state() {
    RunDetails details = running.details();
    Map<String, @Nullable Object> page = run(details);
    Optional<Progress> progress = running.progress();
    Map<Integer, PartitionOffsets> offsets = new TreeMap<>();
    progress.ifPresent(p -> p.offsets().forEach(each -> offsets.put(each.partition(), each)));
    page.put("progress", progress.map(Operations::figures));
    page.put("accounting", Json.parse(running.accounting().toJson()));
    page.put("countedSince", countedSince());
    page.put("partitions", partitions(offsets, details.clocks()));
    page.put("partitionCount", offsets.size());
    page.put(
        "watermark",
        object(
            "next",
            details.watermark(),
            "why",
            WatermarkText.of(details, offsets, running.state() == State.RUNNING)));
    page.put("letters", letters());
    page.put(
        "restarts",
        Json.array(
            details.restarts(),
            restart ->
                object(
                    "time", restart.time(),
                    "code", restart.code(),
                    "message", restart.message(),
                    "delayMs", restart.delay().toMillis(),
                    "attempt", restart.attempt())));
    page.put("restartCount", running instanceof Supervisor s ? s.restarts() : null);
    page.put("settings", details.settings());
    return page;
  }

  private static Object figures(Progress batch) {
    Map<String, Object> phases = new LinkedHashMap<>();
    batch.phases().forEach((phase, duration) -> phases.put(phase, duration.toMillis()));
    return object(
        "batch", batch.batch(),
        "end", batch.timestamp().plus(batch.batchDuration()).toEpochMilli(),
        "records", batch.inputRows(),
        "in", rate(batch.inputRowsPerSecond()),
        "processing", rate(batch.processedRowsPerSecond()),
        "out", rate(batch.outputRowsPerSecond()),
        "rows", batch.outputRows(),
        "durationMs", batch.batchDuration().toMillis(),
        "latencyMs", batch.latency().map(latency -> latency.mean().toMillis()),
        "maxLatencyMs", batch.latency().map(latency -> latency.greatest().toMillis()),
        "phasesMs", phases,
        "stateRows", batch.state().rows(),
        "stateUpdated", batch.state().updatedRows(),
        "stateBytes", batch.state().memoryBytes(),
        "lag", batch.lag(),
        "watermark", batch.watermark(),
        "sink", batch.sink());
  }

  /** Returns a rate with at most one decimal; null if it is unknown. */
  private static @Nullable Object rate(double perSecond) {
    return Double.isFinite(perSecond) ? (Object) (Math.round(perSecond * 10) / 10.0) : null;
  }

  private Map<String, @Nullable Object> countedSince() {
    Map<String, @Nullable Object> starts = new LinkedHashMap<>();
    for (Statistic statistic : running.pipeline().statistics()) {
      running
          .results(statistic.name())
          .countedSince()
          .ifPresent(since -> starts.put(statistic.name(), since(since)));
    }
    return starts;
  }

  /** Returns from where a statistic counts. */
  private static Object since(CountedSince since) {
    return object("batch", since.batch(), "time", since.time(), "offsets", since.offsets());
  }

  /** Returns the partitions with the most offsets left to read, by their numbers. */
  private static Map<String, @Nullable Object> partitions(
      Map<Integer, PartitionOffsets> offsets, List<PartitionTime> clocks) {
    Map<Integer, PartitionTime> times = new TreeMap<>();
    clocks.forEach(clock -> times.put(clock.partition(), clock));
    Map<String, @Nullable Object> shown = new LinkedHashMap<>();
    offsets.values().stream()
        .sorted(Comparator.comparingLong(PartitionOffsets::lag).reversed())
        .limit(MAX_PARTITIONS)
        .sorted(Comparator.comparingInt(PartitionOffsets::partition))
        .forEach(
            range -> {
              PartitionTime clock = times.get(range.partition());
              shown.put(
                  Integer.toString(range.partition()),
                  object(
                      "end",
                      range.end(),
                      "lag",
                      range.lag(),
                      "time",
                      clock == null ? null : clock.time(),
                      "read",
                      clock != null && clock.inLastBatch(),
                      "unconfirmed",
                      clock == null ? 0 : clock.unconfirmed()));
            });
    return shown;
  }

  private @Nullable Object letters() {
    return running.pipeline().deadLetterSinks().stream()
        .filter(RecentDeadLetters.class::isInstance)
        .map(RecentDeadLetters.class::cast)
        .findFirst()
        .map(
            recent ->
                Json.array(
                    recent.reasons(),
                    reason ->
                        object(
                            "reason", reason.text(),
                            "count", reason.count(),
                            "latest", Json.array(reason.latest(), Operations::letter))))
        .orElse(null);
  }

  private static Object letter(DeadLetter letter) {
    byte[] value = letter.value();
    return object(
        "partition",
        letter.origin().partition(),
        "offset",
        letter.origin().offset(),
        "time",
        letter.origin().timestamp(),
        "detail",
        letter instanceof Rejected rejected
            ? rejected.detail()
            : window(((Late) letter).missed().get(0).window()),
        "record",
        value == null ? null : new String(value, UTF_8));
  }

  private static String window(WindowBounds missed) {
    return "window from " + missed.start() + " to " + missed.end();
  }
}
