package io.callstream.benchmarks;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.apache.spark.executor.TaskMetrics;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;

/** Observes the tasks that merge the state of Spark, each stage of which is a batch. */
final class MergeTasks extends SparkListener {
  private final TreeMap<Integer, List<TaskMetrics>> stages = new TreeMap<>();

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
    if (end.taskType().equals("ResultTask")
        && end.taskMetrics().shuffleReadMetrics().totalBlocksFetched() > 0) {
      stages.computeIfAbsent(end.stageId(), id -> new ArrayList<>()).add(end.taskMetrics());
    }
  }

  /**
   * Writes the medians of the last batches: the times and the bytes of the slowest task, the second
   * slowest, and so on.
   */
  synchronized void writeTo(ObjectNode line, int batches) {
    List<List<TaskMetrics>> last =
        stages.descendingMap().values().stream()
            .limit(batches)
            .peek(
                tasks ->
                    tasks.sort(Comparator.comparingLong(TaskMetrics::executorRunTime).reversed()))
            .toList();
    ArrayNode ranks = line.putArray("merge_tasks");
    int most = last.stream().mapToInt(List::size).max().orElse(0);
    for (int rank = 0; rank < most; rank++) {
      int r = rank;
      List<TaskMetrics> tasks =
          last.stream().filter(stage -> stage.size() > r).map(stage -> stage.get(r)).toList();
      ranks
          .addObject()
          .put("ms", median(tasks, TaskMetrics::executorRunTime))
          .put("cpu_ms", median(tasks, t -> t.executorCpuTime() / 1e6))
          .put("kb", median(tasks, t -> t.shuffleReadMetrics().totalBytesRead() / 1e3));
    }
  }

  private static double median(List<TaskMetrics> tasks, ToDoubleFunction<TaskMetrics> figure) {
    double[] sorted = tasks.stream().mapToDouble(figure).sorted().toArray();
    return ProcessUsage.rounded(sorted[(sorted.length - 1) / 2]);
  }
}
