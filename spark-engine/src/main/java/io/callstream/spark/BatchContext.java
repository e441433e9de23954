package io.callstream.spark;

import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.ledger.Ledger;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;

/**
 * The data that the driver determines at the start of a batch and passes to the batch's tasks: the
 * current watermark and the windows that close. The data is sent as local properties of the batch's
 * only job. Therefore all tasks of the batch see the same values, also when the batch is repeated.
 */
record BatchContext(long watermark, List<List<Long>> closing) {
  private static final String WATERMARK = "callstream.watermark";
  private static final String CLOSING = "callstream.closing";

  static BatchContext of(Ledger ledger) {
    return new BatchContext(ledger.nextWatermark(), ledger.closing());
  }

  /** Passes these values to the jobs that the current thread starts. */
  void publish(SparkContext context) {
    context.setLocalProperty(WATERMARK, Long.toString(watermark));
    context.setLocalProperty(
        CLOSING,
        closing.stream()
            .map(starts -> starts.stream().map(String::valueOf).collect(Collectors.joining(",")))
            .collect(Collectors.joining(";", "", ";")));
  }

  /** Returns the context of the task that the current thread runs. */
  static BatchContext ofTask() {
    TaskContext task = TaskContext.get();
    return new BatchContext(
        Long.parseLong(task.getLocalProperty(WATERMARK)), parse(task.getLocalProperty(CLOSING)));
  }

  private static List<List<Long>> parse(String text) {
    List<List<Long>> closing = new ArrayList<>();
    int from = 0;
    for (int end = text.indexOf(';'); end >= 0; end = text.indexOf(';', from)) {
      String starts = text.substring(from, end);
      List<Long> windows = new ArrayList<>();
      if (!starts.isEmpty()) {
        for (String start : starts.split(",", -1)) {
          windows.add(Long.valueOf(start));
        }
      }
      closing.add(windows);
      from = end + 1;
    }
    return closing;
  }

  @Override
  public String toString() {
    return watermark == StatisticCombiner.NO_WATERMARK ? "no watermark" : "watermark " + watermark;
  }
}
