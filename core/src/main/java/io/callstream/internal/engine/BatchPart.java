package io.callstream.internal.engine;

import io.callstream.call.CallRecord;
import io.callstream.internal.files.Closing;
import io.callstream.internal.task.CallCounter;
import io.callstream.internal.task.CallReader;
import io.callstream.internal.task.KnownCalls;
import io.callstream.internal.task.PossibleDuplicate;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.task.TaskReport;
import io.callstream.pipeline.DeadLetter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A part of a batch, which parses its records and combines them into partial results. If the
 * pipeline excludes duplicates or applies corrections, it keeps the calls instead. Used by one
 * thread at a time.
 */
public final class BatchPart implements AutoCloseable {
  public static final String LETTER_FILES = "letters-";

  private final boolean hasKnownCalls;
  private final TaskPlan plan;
  private final BatchStart start;

  /** Reads records; null before the first record, and after the part is filled. */
  private @Nullable CallReader calls;

  /** Counts calls; null after the part is filled. */
  private @Nullable CallCounter counter;

  private TaskReport report = TaskReport.ofDuplicates(0);
  private final List<Map<Long, byte[]>> blocks = new ArrayList<>();
  private final Map<Integer, DeadLetterBuffer> letters = new TreeMap<>();
  private final List<PossibleDuplicate> candidates = new ArrayList<>();
  private final @Nullable Path letterDirectory;

  /** Creates a part. The directory for dead letters is null for that of temporary files. */
  public BatchPart(TaskPlan plan, BatchStart start, @Nullable Path letterDirectory) {
    hasKnownCalls = plan.hasKnownCalls();
    this.plan = plan;
    this.start = start;
    this.letterDirectory = letterDirectory;
    counter =
        new CallCounter(plan, start.number(), start.tables(), start.watermark(), this::addLetter);
    plan.statistics().forEach(statistic -> blocks.add(new TreeMap<>()));
  }

  private void addLetter(DeadLetter letter) {
    letters
        .computeIfAbsent(letter.origin().partition(), p -> new DeadLetterBuffer(letterDirectory))
        .add(letter);
  }

  /** Adds a record, which existed when the batch started. Those of a partition are in order. */
  public void add(CallRecord record) {
    if (calls == null) {
      CallCounter counting = counter();
      CallReader.Calls taking =
          hasKnownCalls
              ? (call, source, index) ->
                  candidates.add(PossibleDuplicate.of(call, source, index, counting.mayMiss(call)))
              : counting::count;
      calls = new CallReader(plan, start.tables(), start.time(), taking, this::addLetter);
    }
    calls.read(record);
  }

  private CallCounter counter() {
    if (counter == null) {
      throw new IllegalStateException(
          "The batch is complete, and a record was added to it. Add all records before the reader"
              + " returns.");
    }
    return counter;
  }

  void take(PossibleDuplicate call, KnownCalls.@Nullable Earlier earlier) {
    counter().take(call, earlier);
  }

  /**
   * Lets a caller add everything, creates the partial results, and releases the memory that only
   * adding needs. Closes the part on failure.
   */
  public BatchPart filledBy(Consumer<BatchPart> caller) {
    try {
      caller.accept(this);
      CallCounter counted = counter();
      counted.forEachPartial(
          (statistic, window, block) -> blocks.get(statistic).put(window, block));
      report = new TaskReport(counted.accounting(), List.of());
      if (calls != null) {
        report = calls.report().plus(report);
      }
      calls = null;
      counter = null;
      letters.values().forEach(DeadLetterBuffer::finish);
      return this;
    } catch (RuntimeException | Error e) {
      Closing.after(e, this);
      throw e;
    }
  }

  TaskReport report() {
    return report;
  }

  void addTo(PartialResults partials) {
    for (int i = 0; i < blocks.size(); i++) {
      int statistic = i;
      blocks.get(i).forEach((window, block) -> partials.add(statistic, window, block));
    }
  }

  List<PossibleDuplicate> candidates() {
    return candidates;
  }

  Iterable<DeadLetterBuffer> letters() {
    return letters.values();
  }

  @Override
  public void close() {
    letters.values().forEach(DeadLetterBuffer::close);
  }
}
