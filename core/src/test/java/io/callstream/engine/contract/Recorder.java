package io.callstream.engine.contract;

import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.progress.ProgressListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Sinks and a listener that record everything that they receive. Thread-safe. */
final class Recorder implements ResultSink, DeadLetterSink, ProgressListener {
  private final List<BatchResults> batches = new ArrayList<>();
  private final Map<Long, List<DeadLetter>> letters = new TreeMap<>();
  private final List<Progress> reports = new ArrayList<>();
  private final List<String> events = new ArrayList<>();
  private final List<BatchResults> restored = new ArrayList<>();
  private final List<Map<Integer, Long>> nextOffsets = new ArrayList<>();

  /** Registers this recorder for all sinks and listeners of a pipeline. */
  Pipeline.Builder on(Pipeline.Builder pipeline) {
    return pipeline.results(this).deadLetters(this).listener(this);
  }

  @Override
  public synchronized void open(BatchResults stand) {
    restored.add(stand);
    events.add("open results");
  }

  @Override
  public synchronized void open(BatchResults stand, Map<Integer, Long> offsets) {
    nextOffsets.add(offsets);
    events.add("open letters");
  }

  @Override
  public synchronized void write(BatchResults batch) {
    batches.add(batch);
    events.add("batch " + batch.number());
  }

  @Override
  public synchronized void write(BatchResults batch, Iterable<DeadLetter> more) {
    List<DeadLetter> list = new ArrayList<>();
    more.forEach(list::add);
    letters.put(batch.number(), list);
    events.add("letters " + batch.number());
  }

  @Override
  public synchronized void onProgress(Progress progress) {
    reports.add(progress);
    notifyAll();
  }

  @Override
  public synchronized void close() {
    events.add("close");
  }

  synchronized List<BatchResults> batches() {
    return List.copyOf(batches);
  }

  /** Removes the dead letters of a batch that will be repeated. */
  synchronized void forgetLetters(long batch) {
    letters.remove(batch);
  }

  /** Returns the dead letters of a batch. Empty if it had none. */
  synchronized List<DeadLetter> letters(long batch) {
    return letters.getOrDefault(batch, List.of());
  }

  synchronized List<DeadLetter> letters() {
    return letters.values().stream().flatMap(List::stream).toList();
  }

  synchronized List<Progress> reports() {
    return List.copyOf(reports);
  }

  synchronized List<String> events() {
    return List.copyOf(events);
  }

  synchronized List<BatchResults> restored() {
    return List.copyOf(restored);
  }

  synchronized List<Map<Integer, Long>> nextOffsets() {
    return List.copyOf(nextOffsets);
  }

  /** Returns the number of records in the reports of finished batches. */
  synchronized long covered() {
    return reports.stream()
        .flatMap(report -> report.offsets().stream())
        .mapToLong(Recorder::records)
        .sum();
  }

  static long records(PartitionOffsets range) {
    return range.end() - range.start();
  }

  /** Waits a short time for the next report. */
  synchronized void awaitReport() throws InterruptedException {
    wait(20);
  }
}
