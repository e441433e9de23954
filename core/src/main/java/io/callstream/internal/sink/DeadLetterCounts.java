package io.callstream.internal.sink;

import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.progress.Accounting;
import java.util.Map;
import java.util.TreeMap;

/**
 * The numbers of dead letters, in the same terms as the accounting: the number of rejected records,
 * and for each statistic the number of windows that do not count a late call. The dead letters and
 * the accounting of the same batches have equal counts. Mutable and not thread-safe.
 */
public final class DeadLetterCounts {
  private long rejected;
  private final Map<String, Long> late = new TreeMap<>();

  public DeadLetterCounts() {}

  public static DeadLetterCounts of(Accounting accounting) {
    DeadLetterCounts counts = new DeadLetterCounts();
    counts.addRejected(accounting.rejected());
    accounting.statistics().forEach((name, calls) -> counts.addLate(name, calls.late()));
    return counts;
  }

  public void add(DeadLetter letter) {
    if (letter instanceof Rejected) {
      rejected++;
    } else if (letter instanceof Late call) {
      for (MissedWindow missed : call.missed()) {
        addLate(missed.statistic(), 1);
      }
    }
  }

  public void add(DeadLetterCounts more) {
    addRejected(more.rejected);
    more.late.forEach(this::addLate);
  }

  /** Adds a number of rejected records, which may be negative. */
  public void addRejected(long records) {
    rejected += records;
  }

  /** Adds a number, which may be negative, of windows that do not count a late call. */
  public void addLate(String statistic, long windows) {
    long sum = late.getOrDefault(statistic, 0L) + windows;
    if (sum == 0) {
      late.remove(statistic);
    } else {
      late.put(statistic, sum);
    }
  }

  public long rejected() {
    return rejected;
  }

  /** Returns the number of windows that do not count a late call, by statistic, without zeros. */
  public Map<String, Long> late() {
    return Map.copyOf(late);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DeadLetterCounts that
        && rejected == that.rejected
        && late.equals(that.late);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(rejected) * 31 + late.hashCode();
  }

  /** Returns the counts as text for a message, such as {@code 3 rejected, late {hourly=2}}. */
  @Override
  public String toString() {
    return rejected + " rejected" + (late.isEmpty() ? "" : ", late " + late);
  }
}
