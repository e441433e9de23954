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

  public void addRejected(long records) {
    rejected += records;
  }

  /** Adds a number of windows that do not count a late call. */
  public void addLate(String statistic, long windows) {
    if (windows != 0) {
      late.merge(statistic, windows, Long::sum);
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
