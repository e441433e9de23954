package io.callstream.pipeline;

import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.progress.Accounting;
import java.util.Map;
import java.util.TreeMap;

/**
 * Numbers of dead letters, in the terms of the accounting: rejected records, and for each statistic
 * the windows that late calls missed. Letters and accounting of the same batches have equal counts.
 * Mutable; not thread-safe.
 */
public final class LetterCounts {
  private long rejected;
  private final Map<String, Long> late = new TreeMap<>();

  /** Creates the counts of no letters. */
  public LetterCounts() {}

  /** Returns the counts that the dead letters of an accounting must have. */
  public static LetterCounts of(Accounting accounting) {
    LetterCounts counts = new LetterCounts();
    counts.addRejected(accounting.rejected());
    accounting.statistics().forEach((name, calls) -> counts.addLate(name, calls.late()));
    return counts;
  }

  /** Counts a letter. */
  public void add(DeadLetter letter) {
    if (letter instanceof Rejected) {
      rejected++;
    } else if (letter instanceof Late call) {
      for (MissedWindow missed : call.missed()) {
        addLate(missed.statistic(), 1);
      }
    }
  }

  /** Adds other counts to these. */
  public void add(LetterCounts more) {
    addRejected(more.rejected);
    more.late.forEach(this::addLate);
  }

  /** Adds rejected records; a negative number subtracts. */
  public void addRejected(long records) {
    rejected += records;
  }

  /** Adds windows of a statistic that late calls missed; a negative number subtracts. */
  public void addLate(String statistic, long windows) {
    long sum = late.getOrDefault(statistic, 0L) + windows;
    if (sum == 0) {
      late.remove(statistic);
    } else {
      late.put(statistic, sum);
    }
  }

  /** Returns how many rejected records there are. */
  public long rejected() {
    return rejected;
  }

  /** Returns how many windows late calls missed, by statistic; without zeros. */
  public Map<String, Long> late() {
    return Map.copyOf(late);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LetterCounts that
        && rejected == that.rejected
        && late.equals(that.late);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(rejected) * 31 + late.hashCode();
  }

  /** Returns the counts for a message, such as {@code 3 rejected, late {hourly=2}}. */
  @Override
  public String toString() {
    return rejected + " rejected" + (late.isEmpty() ? "" : ", late " + late);
  }
}
