package io.callstream.spark;

import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.ledger.Ledger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.jspecify.annotations.Nullable;

/**
 * The data that the driver determines at the start of a batch and passes to the batch's tasks. The
 * data is sent as a local property of the batch's only job. Therefore all tasks of the batch see
 * the same values, also when the batch is repeated.
 *
 * @param number the number of the batch
 * @param watermark the current watermark
 * @param closing the starts of the windows that close, by the slot of the statistic; none if the
 *     driver merges
 * @param shards the numbers of shards of windows
 */
record BatchContext(
    long number, long watermark, Map<Integer, List<Long>> closing, ShardCounts shards) {
  private static final String PROPERTY = "callstream.batch";

  /** The context that a task decoded last. The tasks of a batch ask for the same one many times. */
  private static volatile @Nullable Decoded latest;

  private record Decoded(String text, BatchContext context) {}

  /** Returns the context of the next batch if the driver merges its results. */
  static BatchContext of(Ledger ledger, int partitions) {
    ShardCounts whole = new ShardCounts(partitions, Map.of());
    return new BatchContext(ledger.lastBatch() + 1, ledger.nextWatermark(), Map.of(), whole);
  }

  /** Returns the context of the next batch if tasks merge its results. */
  static BatchContext of(Ledger ledger, ShardCounts shards) {
    Map<Integer, List<Long>> closing = new TreeMap<>();
    List<List<Long>> byStatistic = ledger.closing();
    for (int i = 0; i < byStatistic.size(); i++) {
      closing.put(ledger.starts().get(i).slot(), byStatistic.get(i));
    }
    return new BatchContext(ledger.lastBatch() + 1, ledger.nextWatermark(), closing, shards);
  }

  /** Passes these values to the jobs that the current thread starts. */
  void publish(SparkContext context) {
    context.setLocalProperty(PROPERTY, Base64.getEncoder().encodeToString(toBytes()));
  }

  /** Returns the context of the task that the current thread runs. */
  static BatchContext ofTask() {
    String text = TaskContext.get().getLocalProperty(PROPERTY);
    Decoded last = latest;
    if (last == null || !last.text().equals(text)) {
      last = new Decoded(text, of(Base64.getDecoder().decode(text)));
      latest = last;
    }
    return last.context();
  }

  byte[] toBytes() {
    int windows = closing.values().stream().mapToInt(List::size).sum();
    ByteBuffer out =
        ByteBuffer.allocate(
            Long.BYTES * (2 + windows)
                + Integer.BYTES * (1 + 2 * closing.size())
                + shards.length());
    out.putLong(number).putLong(watermark).putInt(closing.size());
    closing.forEach(
        (slot, starts) -> {
          out.putInt(slot).putInt(starts.size());
          starts.forEach(out::putLong);
        });
    shards.write(out);
    return out.array();
  }

  static BatchContext of(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    long number = in.getLong();
    long watermark = in.getLong();
    Map<Integer, List<Long>> closing = new TreeMap<>();
    for (int statistics = in.getInt(); statistics > 0; statistics--) {
      int slot = in.getInt();
      List<Long> starts = new ArrayList<>();
      for (int windows = in.getInt(); windows > 0; windows--) {
        starts.add(in.getLong());
      }
      closing.put(slot, starts);
    }
    return new BatchContext(number, watermark, closing, ShardCounts.read(in));
  }

  @Override
  public String toString() {
    return watermark == StatisticCombiner.NO_WATERMARK ? "no watermark" : "watermark " + watermark;
  }
}
