package io.callstream.benchmarks;

import static io.callstream.statistic.Dimensions.ADDRESS;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.callstream.benchmarks.load.SparkSessions;
import io.callstream.benchmarks.load.TemporaryDirectory;
import io.callstream.benchmarks.load.Traffic;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.local.LocalEngine;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.source.CallSource;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.spark.SparkEngine;
import io.callstream.spark.SparkSettings;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;

/**
 * Measures what a batch costs, depending on the size of the state, and prints a line of JSON.
 *
 * <p>A first run fills the state with all groups, in large batches. A second run resumes from its
 * checkpoint and counts calls of random groups in batches of the measured size. After {@code warm}
 * batches, it measures {@code batches} of them. All calls of a run are in the topic before it
 * starts. Before both runs, the same is done with at most 1,000 groups, so that the JVM has
 * compiled its code regardless of the number of groups. The benchmark fails if a result is wrong.
 * On Spark, it also prints the times of the tasks that merge.
 *
 * <p>A process contains the broker. If an argument has several values, separated by commas, or with
 * {@code repeats=}, {@link ScaleSeries} measures all combinations.
 *
 * <p>Arguments: {@code engine=local|spark groups=1000 batch=100} and those of {@link Point}, or
 * {@code days=} instead of {@code hours=}; {@code rehearsal=1000} (the number of batches before the
 * first run); {@code cores=2} (the threads that read on the local engine, or those of Spark);
 * {@code master=local[2]} (instead of the cores); {@code results=driver|executors} and {@code
 * store=MEMORY} (a {@link SparkSettings.StateStore}); {@code tasks=} (the tasks of Spark that
 * merge; as many as cores); {@code conf.KEY=VALUE} (settings of Spark).
 */
public final class Scale {
  private static final int REHEARSED_GROUPS = 1_000;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Traffic traffic;
  private final Engine engine;
  private final MergeTasks mergeTasks;

  private Scale(Traffic traffic, Engine engine, MergeTasks mergeTasks) {
    this.traffic = traffic;
    this.engine = engine;
    this.mergeTasks = mergeTasks;
  }

  /**
   * What is measured.
   *
   * @param groups the number of groups of a statistic, or of each of its windows
   * @param hours the number of hourly windows that are kept; 0 for statistics without windows
   * @param statistics the number of statistics, which all have the same groups
   * @param partitions the number of partitions of the topic
   * @param fillBatch the maximum number of calls in a batch of the first run
   * @param batch the maximum number of calls in a batch of the second run
   * @param warm the number of batches of the second run before the measured ones
   * @param batches the number of measured batches
   * @param skew the fraction of the calls of the second run that are of one group
   * @param zipf the exponent of Zipf's law for the other calls of the second run; 0 if all groups
   *     have as many
   * @param disorder the fraction of the calls of the second run that are not in the last hour
   */
  record Point(
      int groups,
      int hours,
      int statistics,
      int partitions,
      long fillBatch,
      long batch,
      int warm,
      int batches,
      double skew,
      double zipf,
      double disorder) {
    Point {
      if (groups < 1 || statistics < 1 || batch < partitions || warm < 1 || batches < 1) {
        throw new IllegalArgumentException(
            ("groups=%d statistics=%d warm=%d batches=%d batch=%d partitions=%d: all must be at"
                    + " least 1, and batch at least the number of partitions")
                .formatted(groups, statistics, warm, batches, batch, partitions));
      }
    }

    static Point of(Arguments arguments) {
      return new Point(
          arguments.get("groups", 1_000),
          arguments.get("hours", 24 * arguments.get("days", 0)),
          arguments.get("statistics", 1),
          arguments.get("partitions", 2),
          arguments.get("fillBatch", 100_000L),
          arguments.get("batch", 100L),
          arguments.get("warm", 50),
          arguments.get("batches", 300),
          Double.parseDouble(arguments.get("skew", "0")),
          Double.parseDouble(arguments.get("zipf", "0")),
          Double.parseDouble(arguments.get("disorder", "0")));
    }

    Point rehearsed(int times) {
      return new Point(
          Math.min(groups, REHEARSED_GROUPS),
          Math.min(hours, 24),
          statistics,
          partitions,
          fillBatch,
          batch,
          1,
          times,
          skew,
          zipf,
          disorder);
    }

    List<Statistic> allStatistics() {
      return IntStream.range(0, statistics).mapToObj(this::statistic).toList();
    }

    private Statistic statistic(int i) {
      Statistic.Builder statistic =
          Statistic.named("by-address-" + i)
              .by(ADDRESS)
              .maxGroups(Math.max(Statistic.DEFAULT_MAX_GROUPS, 2 * groups));
      Duration lateness = Duration.ofHours(hours + 24L);
      return hours == 0
          ? statistic.build()
          : statistic
              .over(Windows.tumbling(Duration.ofHours(1)).allowingLateness(lateness))
              .build();
    }
  }

  /** Measures. */
  public static void main(String[] args) throws Exception {
    if (ScaleSeries.isRequestedBy(args)) {
      ScaleSeries.run(args, System.out);
    } else {
      System.out.println(measure(args));
    }
  }

  /** Measures one point. */
  static ObjectNode measure(String... args) throws Exception {
    Arguments arguments = new Arguments(args, 0);
    Point point = Point.of(arguments);
    int cores = arguments.get("cores", 2);
    int rehearsal = arguments.get("rehearsal", 1_000);
    String name = arguments.get("engine", LocalEngine.NAME);
    int tasks = arguments.get("tasks", cores);
    String master = arguments.get("master", "local[" + cores + "]");
    SparkSettings settings =
        SparkSettings.defaults()
            .shufflePartitions(tasks)
            .stateStore(SparkSettings.StateStore.valueOf(arguments.get("store", "MEMORY")));
    String results = arguments.get("results", "driver");
    if (results.equals("executors")) {
      settings = settings.resultsInExecutors();
    }
    Map<String, String> conf = arguments.withPrefix("conf.");
    arguments.requireAllRead();
    ObjectNode line =
        JSON.createObjectNode()
            .put("engine", name)
            .put("cores", cores)
            .put("tasks", tasks)
            .put("results", results);
    line.setAll((ObjectNode) JSON.valueToTree(point));
    try (Traffic traffic = Traffic.to("")) {
      if (name.equals(SparkEngine.NAME)) {
        SparkSession session = SparkSessions.start(master, conf);
        MergeTasks mergeTasks = new MergeTasks();
        session.sparkContext().addSparkListener(mergeTasks);
        try {
          new Scale(traffic, SparkEngine.on(session, settings), mergeTasks)
              .measure(point, rehearsal, line);
        } finally {
          session.stop();
        }
      } else {
        new Scale(traffic, new LocalEngine().readingIn(cores), new MergeTasks())
            .measure(point, rehearsal, line);
      }
    }
    return line;
  }

  private void measure(Point point, int rehearsal, ObjectNode line) throws Exception {
    if (rehearsal > 0) {
      measure(point.rehearsed(rehearsal), JSON.createObjectNode());
    }
    measure(point, line);
  }

  private void measure(Point point, ObjectNode line) throws Exception {
    String topic = "callstream-scale-" + Long.toHexString(System.nanoTime());
    traffic.create(topic, point.partitions());
    ScaleCalls calls = new ScaleCalls(point.groups(), Math.max(1, point.hours()));
    try (TemporaryDirectory directory = TemporaryDirectory.create()) {
      send(topic, calls.all());
      long heap = liveHeap();
      heapPools().forEach(MemoryPoolMXBean::resetPeakUsage);
      long start = System.nanoTime();
      try (RunningPipeline filling =
          start(topic, point, new ScaleMeter(directory, 1, 0), point.fillBatch())) {
        filling.awaitTermination();
      }
      line.put("fill_s", seconds(start, System.nanoTime()));
      line.put("checkpoint_mb", ProcessUsage.rounded(directory.bytes() / 1e6));
      long random = point.batch() * (point.warm() + point.batches());
      send(topic, calls.random(random, point.skew(), point.zipf(), point.disorder()));
      ScaleMeter meter = new ScaleMeter(directory, point.warm(), point.batches());
      start = System.nanoTime();
      try (RunningPipeline running = start(topic, point, meter, point.batch())) {
        running.awaitTermination();
        line.put("restart_s", seconds(start, meter.firstNanos()));
        line.put("calls", calls.generated());
        meter.writeTo(line);
        mergeTasks.writeTo(line, point.batches());
        long peak = heapPools().mapToLong(pool -> pool.getPeakUsage().getUsed()).sum();
        line.put("peak_heap_mb", peak >> 20);
        line.put("live_heap_mb", (liveHeap() - heap) >> 20);
        check(running, calls);
      }
    }
  }

  private void send(String topic, CallSource calls) {
    KafkaCluster cluster = KafkaCluster.at(traffic.bootstrapServers());
    try (CallProducer producer = CallProducer.to(cluster, topic, ScaleCalls.format()).connect()) {
      producer.send(calls);
    }
  }

  private RunningPipeline start(String topic, Point point, ScaleMeter meter, long maxRecords) {
    Pipeline pipeline =
        Pipeline.builder(KafkaTopic.of(topic).at(traffic.bootstrapServers()), ScaleCalls.format())
            .statistics(point.allStatistics())
            .results(new ScaleSink(meter))
            .listener(meter::report)
            .build();
    return engine.start(
        pipeline,
        RunOptions.bounded()
            .readingAtMost(maxRecords)
            .checkpointingTo(meter.directory().checkpoint()));
  }

  private static Stream<MemoryPoolMXBean> heapPools() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getType() == MemoryType.HEAP);
  }

  private static long liveHeap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static double seconds(long fromNanos, long toNanos) {
    return ProcessUsage.rounded((toNanos - fromNanos) / 1e9);
  }

  private static void check(RunningPipeline running, ScaleCalls calls) {
    running
        .accounting()
        .statistics()
        .forEach(
            (statistic, counts) -> {
              if (counts.counted() != calls.generated()) {
                throw new IllegalStateException(
                    "'%s' counted %d calls instead of %d"
                        .formatted(statistic, counts.counted(), calls.generated()));
              }
              calls.check(running.results(statistic));
            });
  }
}
