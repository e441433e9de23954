package io.callstream.engine.local;

import io.callstream.call.Call;
import io.callstream.internal.source.SpanReader;
import io.callstream.internal.source.SpanReader.Span;
import io.callstream.internal.task.CallCounter;
import io.callstream.internal.task.CallReader;
import io.callstream.internal.task.PossibleDuplicate;
import io.callstream.internal.task.SeenCalls;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.task.TaskReport;
import io.callstream.pipeline.DeadLetter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The result of one reader for its spans of a batch: partial results, dead letters and a report. If
 * the pipeline excludes duplicates, it contains calls that may be duplicates instead of partial
 * results.
 */
final class ReadPart implements AutoCloseable {
  private final List<Map<Long, byte[]>> blocks = new ArrayList<>();
  private final Map<Integer, DeadLetterBuffer> letters = new TreeMap<>();
  private final List<PossibleDuplicate> candidates = new ArrayList<>();
  private final @Nullable Path letterDirectory;
  private TaskReport report;

  private ReadPart(TaskPlan plan, @Nullable Path letterDirectory) {
    this.letterDirectory = letterDirectory;
    plan.statistics().forEach(statistic -> blocks.add(new TreeMap<>()));
    report = TaskReport.ofDuplicates(0);
  }

  /**
   * Reads spans to their ends.
   *
   * @param begin the start time of the batch, at which the records of the spans already existed
   */
  static ReadPart of(
      TaskPlan plan,
      SpanReader reader,
      List<Span> spans,
      Instant begin,
      long watermark,
      @Nullable Path letterDirectory) {
    ReadPart part = new ReadPart(plan, letterDirectory);
    try {
      CallReader calls = new CallReader(plan, begin, part::add);
      CallCounter counter = new CallCounter(plan, watermark, part::add);
      boolean distinct = plan.distinctHorizonMillis().isPresent();
      reader.read(
          spans,
          record -> {
            Call call = calls.read(record);
            if (call != null && distinct) {
              part.candidates.add(
                  new PossibleDuplicate(
                      call, counter.mayMiss(call) ? record : record.withoutValue()));
            } else if (call != null) {
              counter.count(call, record);
            }
          });
      part.finish(calls.report(), counter);
      return part;
    } catch (RuntimeException | Error e) {
      part.close();
      throw e;
    }
  }

  /** Counts the calls of a batch that are not duplicates, and remembers their ids. */
  static ReadPart ofFirsts(
      TaskPlan plan,
      SeenCalls seen,
      List<PossibleDuplicate> candidates,
      long watermark,
      @Nullable Path letterDirectory) {
    ReadPart part = new ReadPart(plan, letterDirectory);
    try {
      CallCounter counter = new CallCounter(plan, watermark, part::add);
      long duplicates =
          seen.sift(candidates, watermark, first -> counter.count(first.call(), first.record()));
      part.finish(TaskReport.ofDuplicates(duplicates), counter);
      return part;
    } catch (RuntimeException | Error e) {
      part.close();
      throw e;
    }
  }

  private void add(DeadLetter letter) {
    letters
        .computeIfAbsent(letter.origin().partition(), p -> new DeadLetterBuffer(letterDirectory))
        .add(letter);
  }

  private void finish(TaskReport read, CallCounter counter) {
    counter.forEachPartial((statistic, window, block) -> blocks.get(statistic).put(window, block));
    report = read.plus(new TaskReport(counter.accounting(), List.of()));
    letters.values().forEach(DeadLetterBuffer::finish);
  }

  TaskReport report() {
    return report;
  }

  /** Passes on all partial results. */
  void forEachBlock(CallCounter.Partials partials) {
    for (int i = 0; i < blocks.size(); i++) {
      int statistic = i;
      blocks.get(i).forEach((window, block) -> partials.partial(statistic, window, block));
    }
  }

  List<PossibleDuplicate> candidates() {
    return candidates;
  }

  Iterable<DeadLetterBuffer> letters() {
    return letters.values();
  }

  /** Deletes the dead letters. */
  @Override
  public void close() {
    letters.values().forEach(DeadLetterBuffer::close);
  }
}
