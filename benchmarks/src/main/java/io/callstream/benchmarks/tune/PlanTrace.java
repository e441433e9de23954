package io.callstream.benchmarks.tune;

import io.callstream.progress.Progress;
import io.callstream.progress.ProgressListener;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerEvent;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart;

/**
 * Records how Spark executes batches: the operators, the tasks and the number of records. A setting
 * without an effect changes none of these. Thread-safe.
 */
final class PlanTrace extends SparkListener implements ProgressListener {
  private static final int MAX_PLAN_LINES = 200;

  private final AtomicLong tasks = new AtomicLong();
  private volatile String plan = "";
  private long batches;
  private long largest;

  @Override
  public synchronized void onProgress(Progress progress) {
    if (progress.inputRows() > 0) {
      batches++;
      largest = Math.max(largest, progress.inputRows());
    }
  }

  @Override
  public void onTaskEnd(SparkListenerTaskEnd end) {
    tasks.incrementAndGet();
  }

  @Override
  public void onOtherEvent(SparkListenerEvent event) {
    // Spark sends one event per batch, and another one for the sink, which runs in the first.
    if (event instanceof SparkListenerSQLExecutionStart start
        && start.rootExecutionId().contains(start.executionId())) {
      plan = operators(start.physicalPlanDescription());
    }
  }

  /** Returns the tree of operators, without numbers that differ between runs. */
  private static String operators(String description) {
    return description
        .lines()
        .limit(MAX_PLAN_LINES)
        .dropWhile(line -> line.isBlank() || line.startsWith("=="))
        .takeWhile(line -> !line.isBlank())
        .map(line -> line.replaceAll("\\s*\\(\\d+\\)", "").replaceAll("#\\d+L?", ""))
        .collect(Collectors.joining("\n"));
  }

  synchronized StudyRun.Trace trace() {
    return new StudyRun.Trace(
        plan, batches, batches == 0 ? 0 : (double) tasks.get() / batches, largest);
  }
}
