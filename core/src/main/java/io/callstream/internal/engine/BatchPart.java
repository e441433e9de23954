package io.callstream.internal.engine;

import io.callstream.call.Call;
import io.callstream.internal.source.InputRecord;
import io.callstream.internal.task.CallCounter;
import io.callstream.internal.task.CallReader;
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
 * pipeline excludes duplicates, it keeps calls that may be duplicates instead. Used by one thread
 * at a time.
 */
public final class BatchPart implements AutoCloseable {
  public static final String LETTER_FILES = "letters-";

  private final boolean isDistinct;
  private final CallReader calls;
  private final CallCounter counter;
  private final List<Map<Long, byte[]>> blocks = new ArrayList<>();
  private final Map<Integer, DeadLetterBuffer> letters = new TreeMap<>();
  private final List<PossibleDuplicate> candidates = new ArrayList<>();
  private final @Nullable Path letterDirectory;

  /** Creates a part. The directory for dead letters is null for that of temporary files. */
  public BatchPart(TaskPlan plan, BatchStart start, @Nullable Path letterDirectory) {
    this.letterDirectory = letterDirectory;
    isDistinct = plan.distinctHorizonMillis().isPresent();
    calls = new CallReader(plan, start.time(), this::addLetter);
    counter = new CallCounter(plan, start.watermark(), this::addLetter);
    plan.statistics().forEach(statistic -> blocks.add(new TreeMap<>()));
  }

  private void addLetter(DeadLetter letter) {
    letters
        .computeIfAbsent(letter.origin().partition(), p -> new DeadLetterBuffer(letterDirectory))
        .add(letter);
  }

  /** Adds a record, which existed when the batch started. Those of a partition are in order. */
  public void add(InputRecord record) {
    Call call = calls.read(record);
    if (call != null && isDistinct) {
      candidates.add(
          new PossibleDuplicate(call, counter.mayMiss(call) ? record : record.withoutValue()));
    } else if (call != null) {
      counter.count(call, record);
    }
  }

  void count(PossibleDuplicate first) {
    counter.count(first.call(), first.record());
  }

  /** Lets a caller add everything, and creates the partial results. Closes the part on failure. */
  public BatchPart filledBy(Consumer<BatchPart> caller) {
    try {
      caller.accept(this);
      counter.forEachPartial(
          (statistic, window, block) -> blocks.get(statistic).put(window, block));
      letters.values().forEach(DeadLetterBuffer::finish);
      return this;
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  TaskReport report() {
    return calls.report().plus(new TaskReport(counter.accounting(), List.of()));
  }

  Map<Long, byte[]> blocks(int statistic) {
    return blocks.get(statistic);
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
