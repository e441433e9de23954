package io.callstream.benchmarks;

import com.sun.management.GarbageCollectionNotificationInfo;
import io.callstream.benchmarks.EndToEnd.JsonLine;
import io.callstream.benchmarks.load.Scratch;
import io.callstream.benchmarks.load.Traffic;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import java.io.PrintStream;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import javax.management.ListenerNotFoundException;
import javax.management.Notification;
import javax.management.NotificationEmitter;
import javax.management.NotificationListener;
import javax.management.openmbean.CompositeData;

/**
 * Shows what a backlog costs in memory: counts one of N calls, and one of ten times as many, and
 * prints a line of JSON for each with the peak of the heap, before and after collections, and the
 * state beside the windows that are open. After every so many batches the whole heap can be
 * collected, which tells what lives from what only waits for a collection of the old generation.
 *
 * <p>The calls of both come as densely in event time, so that as many windows are open at a time.
 * Results of closed windows are retained for a week of event time. All four standard statistics are
 * counted.
 *
 * <p>Arguments: {@code calls=2000000 factor=10 distinct=false collect=0} (after how many batches to
 * collect, 0 for never), and those of {@link EngineArguments}.
 */
public final class MemoryUse {
  private static final Duration RETENTION = Duration.ofDays(7);

  private MemoryUse() {}

  /** Measures. */
  public static void main(String[] args) throws Exception {
    PrintStream out = System.out;
    KeyValues given = new KeyValues(args);
    EngineArguments engine = EngineArguments.take(given);
    long calls = given.take("calls", 2_000_000L);
    long factor = given.take("factor", 10L);
    long collect = given.take("collect", 0L);
    boolean distinct = Boolean.parseBoolean(given.take("distinct", "false"));
    given.requireAllTaken();
    try (Traffic traffic = engine.traffic()) {
      for (long records : new long[] {calls, calls * factor}) {
        String topic = "callstream-memory-" + records;
        traffic.create(topic, engine.partitions());
        traffic.fill(topic, records, calls * factor);
        JsonLine line = new JsonLine();
        line.put("name", "CALLSTREAM-" + engine.engine().name());
        line.put("arguments", given.toString());
        measure(traffic, topic, records, distinct, collect, engine, line);
        out.println(line);
        traffic.delete(topic);
      }
    }
  }

  private static void measure(
      Traffic traffic,
      String topic,
      long records,
      boolean distinct,
      long collect,
      EngineArguments engine,
      JsonLine line)
      throws Exception {
    SanFranciscoCalls format = SanFranciscoCalls.json();
    StatePeaks peaks = new StatePeaks(collect);
    try (Scratch scratch = Scratch.create()) {
      Pipeline.Builder pipeline =
          Pipeline.builder(
                  engine.reading().apply(KafkaTopic.of(topic).at(traffic.bootstrapServers())),
                  format)
              .statistics(
                  StandardStatistics.all(format.zone(), StandardStatistics.DEFAULT_LATENESS))
              .retainingResults(RETENTION)
              .results(Sinks.callback(batch -> {}))
              .deadLetters(Sinks.deadLetterFiles(scratch.directory().resolve("dead-letters")))
              .listener(peaks::take);
      if (distinct) {
        pipeline.distinct();
      }
      RunOptions options =
          engine.limited(
              RunOptions.bounded()
                  .checkpointingTo(scratch.directory().resolve("checkpoint").toString()));
      System.gc();
      long start = System.nanoTime();
      try (HeapPeaks heap = HeapPeaks.watch();
          RunningPipeline running = engine.engine().start(pipeline.build(), options)) {
        running.awaitTermination();
        double seconds = (System.nanoTime() - start) / 1e9;
        line.put("calls", records);
        line.put("received", running.accounting().received());
        line.put("seconds", seconds);
        line.put("peak_heap_mb", heap.before.get() / 1e6);
        line.put("peak_heap_after_young_collection_mb", heap.afterYoung.get() / 1e6);
        line.put("peak_heap_alive_mb", heap.alive.get() / 1e6);
        System.gc();
        line.put("heap_at_end_mb", used() / 1e6);
        line.put("batches", peaks.batches);
        line.put("peak_state_rows", peaks.rows);
        line.put("peak_state_mb", peaks.bytes / 1e6);
        line.put("state_rows_at_end", peaks.lastRows);
        line.put("windows_retained", running.results(Answer.HOURLY).windows().size());
      }
    }
  }

  private static long used() {
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  /** What the engine kept between batches, at most and in the end. */
  private static final class StatePeaks {
    private final long collect;
    private long batches;
    private long rows;
    private long bytes;
    private long lastRows;

    StatePeaks(long collect) {
      this.collect = collect;
    }

    void take(Progress progress) {
      batches++;
      lastRows = progress.state().rows();
      if (collect > 0 && batches % collect == 0) {
        System.gc();
      }
      rows = Math.max(rows, lastRows);
      bytes = Math.max(bytes, progress.state().memoryBytes());
    }
  }

  /**
   * The heap in use before each collection, after one, and after one of the whole heap, at most.
   */
  private static final class HeapPeaks implements AutoCloseable, NotificationListener {
    private static final Set<String> HEAP_POOLS =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .map(MemoryPoolMXBean::getName)
            .collect(Collectors.toSet());

    private final AtomicLong before = new AtomicLong();
    private final AtomicLong afterYoung = new AtomicLong();
    private final AtomicLong alive = new AtomicLong();

    static HeapPeaks watch() {
      HeapPeaks peaks = new HeapPeaks();
      for (GarbageCollectorMXBean bean : ManagementFactory.getGarbageCollectorMXBeans()) {
        ((NotificationEmitter) bean).addNotificationListener(peaks, null, null);
      }
      return peaks;
    }

    @Override
    public void handleNotification(Notification notification, Object handback) {
      if (notification
          .getType()
          .equals(GarbageCollectionNotificationInfo.GARBAGE_COLLECTION_NOTIFICATION)) {
        GarbageCollectionNotificationInfo info =
            GarbageCollectionNotificationInfo.from((CompositeData) notification.getUserData());
        before.accumulateAndGet(sum(info.getGcInfo().getMemoryUsageBeforeGc()), Math::max);
        boolean whole = info.getGcAction().contains("major");
        (whole ? alive : afterYoung)
            .accumulateAndGet(sum(info.getGcInfo().getMemoryUsageAfterGc()), Math::max);
      }
    }

    private static long sum(Map<String, MemoryUsage> pools) {
      return pools.entrySet().stream()
          .filter(pool -> HEAP_POOLS.contains(pool.getKey()))
          .mapToLong(pool -> pool.getValue().getUsed())
          .sum();
    }

    @Override
    public void close() throws ListenerNotFoundException {
      for (GarbageCollectorMXBean bean : ManagementFactory.getGarbageCollectorMXBeans()) {
        ((NotificationEmitter) bean).removeNotificationListener(this);
      }
    }
  }
}
