package io.callstream.progress;

import io.callstream.progress.StabilityVerdict.Finding;
import io.callstream.progress.StabilityVerdict.Symptom;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;

/**
 * Decides whether a pipeline keeps up with its input, from the batches of a span of time. Add it to
 * a pipeline as a listener. Thread-safe.
 *
 * <p>Rates are compared over the whole span. A value such as the lag grows if its mean over the
 * last third of the span exceeds that over the middle third by more than 10 %, and the middle third
 * exceeds the first third in the same way. A backlog that shrinks again therefore does not count.
 * There is no verdict with fewer than {@value #MIN_BATCHES} batches.
 */
public final class StabilityMonitor implements ProgressListener {
  /** The minimum number of batches with records for a verdict. */
  public static final int MIN_BATCHES = 6;

  private static final double TOLERANCE = 1.1;

  private final Duration span;
  private final long triggerMillis;
  private final LongSupplier heapBytes;
  private final Deque<Sample> samples = new ArrayDeque<>();

  /** A batch and the heap in use after it, in bytes. */
  private record Sample(Progress progress, long heapBytes) {}

  /**
   * Creates a monitor.
   *
   * @param span the length of the span; greater than 0
   * @param trigger the trigger interval; zero if batches follow each other without a pause
   * @param heapBytes returns the number of bytes of heap in use after the last garbage collection
   * @throws IllegalArgumentException if {@code span} is not greater than 0
   */
  public StabilityMonitor(Duration span, Duration trigger, LongSupplier heapBytes) {
    if (span.isNegative() || span.isZero()) {
      throw new IllegalArgumentException("The span is " + span + "; it must be greater than 0");
    }
    this.span = span;
    this.triggerMillis = TimeUnit.MILLISECONDS.convert(trigger);
    this.heapBytes = heapBytes;
  }

  /**
   * Returns a monitor of the heap of this JVM, as measured after its last garbage collections.
   *
   * @param span the length of the span; greater than 0
   * @param trigger the trigger interval; zero if batches follow each other without a pause
   * @throws IllegalArgumentException if {@code span} is not greater than 0
   */
  public static StabilityMonitor ofThisJvm(Duration span, Duration trigger) {
    return new StabilityMonitor(span, trigger, StabilityMonitor::heapAfterCollection);
  }

  private static long heapAfterCollection() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getType() == MemoryType.HEAP)
        .map(MemoryPoolMXBean::getCollectionUsage)
        .filter(Objects::nonNull)
        .mapToLong(MemoryUsage::getUsed)
        .sum();
  }

  @Override
  public synchronized void onProgress(Progress progress) {
    if (progress.inputRows() == 0) {
      return;
    }
    samples.addLast(new Sample(progress, heapBytes.getAsLong()));
    while (Duration.between(samples.getFirst().progress().timestamp(), progress.timestamp())
            .compareTo(span)
        > 0) {
      samples.removeFirst();
    }
  }

  /**
   * Returns the verdict on the span that ends with the last batch, or empty if there are too few
   * batches.
   */
  public synchronized Optional<StabilityVerdict> verdict() {
    if (samples.size() < MIN_BATCHES) {
      return Optional.empty();
    }
    List<Finding> findings = new ArrayList<>();
    checkDuration(findings);
    checkRates(findings);
    if (grows(sample -> sample.progress().lag())) {
      findings.add(
          new Finding(
              Symptom.GROWING_LAG,
              "lag grew from %s to %s offsets"
                  .formatted(
                      samples.getFirst().progress().lag(), samples.getLast().progress().lag()),
              "Raise the limit of records per batch if you set one; otherwise add partitions and"
                  + " cores."));
    }
    if (grows(Sample::heapBytes)) {
      findings.add(
          new Finding(
              Symptom.GROWING_HEAP,
              "heap in use grew from %s to %s MiB"
                  .formatted(mebibytes(samples.getFirst()), mebibytes(samples.getLast())),
              "See the number of state rows: shorten the allowed lateness, limit the groups, or"
                  + " give more heap."));
    }
    return Optional.of(new StabilityVerdict(findings));
  }

  private static long mebibytes(Sample sample) {
    return sample.heapBytes() >> 20;
  }

  private void checkDuration(List<Finding> findings) {
    double mean =
        samples.stream()
            .mapToLong(sample -> sample.progress().batchDuration().toMillis())
            .average()
            .orElse(0);
    if (triggerMillis > 0 && mean > triggerMillis) {
      findings.add(
          new Finding(
              Symptom.SLOW_BATCHES,
              String.format(
                  Locale.ROOT,
                  "batches took %.0f ms on average, the trigger interval is %d ms",
                  mean,
                  triggerMillis),
              "Lengthen the trigger interval, or give the pipeline more cores and partitions."));
    }
  }

  private void checkRates(List<Finding> findings) {
    double rows = samples.stream().mapToLong(s -> s.progress().inputRows()).sum();
    double busySeconds =
        samples.stream().mapToLong(s -> s.progress().batchDuration().toMillis()).sum() / 1_000.0;
    double arrived =
        samples.stream()
            .mapToDouble(s -> s.progress().inputRowsPerSecond())
            .filter(Double::isFinite)
            .average()
            .orElse(0);
    double processed = busySeconds == 0 ? Double.POSITIVE_INFINITY : rows / busySeconds;
    if (arrived > processed * TOLERANCE) {
      findings.add(
          new Finding(
              Symptom.INPUT_OUTRUNS_PROCESSING,
              String.format(
                  Locale.ROOT,
                  "%.0f records arrived per second, %.0f were processed",
                  arrived,
                  processed),
              "Give the pipeline more cores, and the topic at least as many partitions."));
    }
  }

  private boolean grows(ToDoubleFunction<Sample> figure) {
    List<Sample> all = List.copyOf(samples);
    int third = all.size() / 3;
    double first = mean(all.subList(0, third), figure);
    double middle = mean(all.subList(third, all.size() - third), figure);
    double last = mean(all.subList(all.size() - third, all.size()), figure);
    return last > middle * TOLERANCE && middle > first * TOLERANCE;
  }

  private static double mean(List<Sample> samples, ToDoubleFunction<Sample> figure) {
    return samples.stream().mapToDouble(figure).average().orElse(0);
  }
}
