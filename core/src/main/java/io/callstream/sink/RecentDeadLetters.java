package io.callstream.sink;

import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.DeadLetterSink;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Counts the dead letters since the start of this process by reason, and keeps the latest ones of
 * each reason in memory. The page {@code /operations} of the dashboard shows them: add an instance
 * to a pipeline only if those who can open the page may see its records. Thread-safe.
 */
public final class RecentDeadLetters implements DeadLetterSink {
  /** The maximum number of reasons. Further reasons count as {@value #OTHER}. */
  public static final int MAX_REASONS = 20;

  /** The maximum number of dead letters of a reason. */
  public static final int MAX_LETTERS = 3;

  /** The number of bytes of a record that are kept. The others are cut off. */
  public static final int MAX_BYTES = 400;

  private static final String OTHER = "other reasons";

  private Map<String, Counted> reasons = new LinkedHashMap<>();
  private String lineage = "";
  private long lastBatch = -1;

  /** Creates an instance without dead letters. */
  public RecentDeadLetters() {}

  /**
   * The dead letters of a reason.
   *
   * @param text the reason, such as {@code rejected: unreadable-time in call_date_time}
   * @param count the number of dead letters
   * @param latest the latest dead letters, newest first, with the start of their records
   */
  public record Reason(String text, long count, List<DeadLetter> latest) {}

  private static final class Counted {
    private long count;
    private final Deque<DeadLetter> latest;

    Counted(long count, Collection<DeadLetter> latest) {
      this.count = count;
      this.latest = new ArrayDeque<>(latest);
    }
  }

  /** Forgets the dead letters of another lineage of runs. */
  @Override
  public synchronized void open(BatchResults restored, Map<Integer, Long> nextOffsets) {
    if (!restored.lineage().equals(lineage)) {
      lineage = restored.lineage();
      reasons.clear();
      lastBatch = -1;
    }
  }

  @Override
  public synchronized void write(BatchResults batch, Iterable<DeadLetter> letters) {
    if (batch.number() == lastBatch) {
      return; // The batch is repeated after a failure.
    }
    // If reading a letter fails, nothing is counted until the batch is repeated.
    Map<String, Counted> next = new LinkedHashMap<>();
    reasons.forEach((text, known) -> next.put(text, new Counted(known.count, known.latest)));
    for (DeadLetter letter : letters) {
      String reason = reason(letter);
      boolean isOver = !next.containsKey(reason) && next.size() >= MAX_REASONS - 1;
      Counted counted =
          next.computeIfAbsent(isOver ? OTHER : reason, r -> new Counted(0, List.of()));
      counted.count++;
      counted.latest.addFirst(shortened(letter));
      if (counted.latest.size() > MAX_LETTERS) {
        counted.latest.removeLast();
      }
    }
    reasons = next;
    lastBatch = batch.number();
  }

  private static String reason(DeadLetter letter) {
    if (letter instanceof Rejected rejected) {
      return "rejected: "
          + rejected.reason().code()
          + (rejected.field() == null ? "" : " in " + rejected.field());
    }
    return ((Late) letter)
        .missed().stream()
            .map(MissedWindow::statistic)
            .distinct()
            .collect(Collectors.joining(", ", "late: ", ""));
  }

  private static DeadLetter shortened(DeadLetter letter) {
    byte[] value = start(letter.value());
    if (letter instanceof Late late) {
      return new Late(late.origin(), value, late.call(), List.of(late.missed().get(0)));
    }
    Rejected rejected = (Rejected) letter;
    return new Rejected(
        rejected.origin(), value, rejected.reason(), rejected.field(), rejected.detail());
  }

  private static byte @Nullable [] start(byte @Nullable [] value) {
    return value == null || value.length <= MAX_BYTES ? value : Arrays.copyOf(value, MAX_BYTES);
  }

  /** Returns the reasons so far, those with the most dead letters first. */
  public synchronized List<Reason> reasons() {
    List<Reason> all = new ArrayList<>();
    reasons.forEach(
        (text, counted) -> all.add(new Reason(text, counted.count, List.copyOf(counted.latest))));
    all.sort(Comparator.comparingLong(Reason::count).reversed());
    return all;
  }

  /** Returns the name of the class. */
  @Override
  public String toString() {
    return "RecentDeadLetters";
  }
}
