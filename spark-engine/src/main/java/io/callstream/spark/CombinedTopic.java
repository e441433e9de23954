package io.callstream.spark;

import io.callstream.engine.RunOptions;
import io.callstream.internal.kafka.ClientSettings;
import io.callstream.pipeline.KafkaTopic;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.streaming.StreamingRelationV2;
import org.apache.spark.sql.catalyst.types.DataTypeUtils;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.connector.read.streaming.Offset;
import org.apache.spark.sql.connector.read.streaming.ReadLimit;
import org.apache.spark.sql.connector.read.streaming.ReportsSourceMetrics;
import org.apache.spark.sql.connector.read.streaming.SupportsTriggerAvailableNow;
import org.apache.spark.sql.kafka010.KafkaMicroBatchStream;
import org.apache.spark.sql.kafka010.KafkaSourceProvider;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import org.jspecify.annotations.Nullable;
import scala.Option;
import scala.collection.Seq;

/*
 * A streaming source that combines the records of a topic while it reads them. Spark's own Kafka
 * source converts each record to a row, encodes it, and decodes it again for a typed function. That
 * costs as much as all processing in callstream. This class wraps Spark's source and uses it for
 * everything that concerns offsets: start and end, limits of a batch, lost data, new partitions,
 * and the offset log. It replaces only the reading of a range of offsets: a ReadTask converts a
 * range to a few rows.
 *
 * Spark usually finds sources by name and configures them by options, which are strings. This
 * source requires a plan. Therefore it enters the query as the same relation that
 * DataStreamReader.load() would create.
 */
final class CombinedTopic implements SupportsRead, Scan {
  /** The columns of the rows: the bytes of a {@link RowKey}, and the content. */
  static final StructType ROWS =
      new StructType()
          .add("_1", DataTypes.BinaryType, false)
          .add("_2", DataTypes.BinaryType, false);

  /*
   * Kafka's client waits for a leader that has ended as long as these settings allow. A repeated
   * request finds the new leader. Spark's defaults are three requests of a minute each.
   */
  private static final Set<String> OFFSET_TIMEOUTS =
      Set.of(
          CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG,
          CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG);

  private static final String OFFSET_TIMEOUT_MS = "10000";
  private static final String OFFSET_ATTEMPTS = "15";

  private final KafkaSourceProvider kafka = new KafkaSourceProvider();
  private final CaseInsensitiveStringMap options;
  private final Supplier<ReadTask.Factory> tasks;
  private final Runnable beforeBatch;
  private final Runnable afterOffsets;

  private CombinedTopic(
      CaseInsensitiveStringMap options,
      Supplier<ReadTask.Factory> tasks,
      Runnable beforeBatch,
      Runnable afterOffsets) {
    this.options = options;
    this.tasks = tasks;
    this.beforeBatch = beforeBatch;
    this.afterOffsets = afterOffsets;
  }

  /**
   * Returns the rows of a topic: a {@link RowKey} and its content, as bytes.
   *
   * @param tasks returns the tasks of the next batch
   * @param beforeBatch called before Spark decides whether there is a next batch
   * @param afterOffsets called when the records of the next batch are known to exist
   */
  static Dataset<Row> read(
      SparkSession session,
      KafkaTopic topic,
      RunOptions run,
      SparkSettings settings,
      Supplier<ReadTask.Factory> tasks,
      Runnable beforeBatch,
      Runnable afterOffsets) {
    CaseInsensitiveStringMap options = new CaseInsensitiveStringMap(options(topic, run, settings));
    CombinedTopic table = new CombinedTopic(options, tasks, beforeBatch, afterOffsets);
    return Dataset.ofRows(
        session,
        new StreamingRelationV2(
            Option.empty(),
            "callstream",
            table,
            options,
            attributes(),
            Option.empty(),
            Option.empty(),
            Option.empty()));
  }

  /** Converts the type, which only Scala's compiler knows. */
  @SuppressWarnings("unchecked")
  private static Seq<Attribute> attributes() {
    return (Seq<Attribute>) (Seq<?>) DataTypeUtils.toAttributes(ROWS);
  }

  private static Map<String, String> options(
      KafkaTopic topic, RunOptions run, SparkSettings settings) {
    Map<String, String> options = new HashMap<>();
    settings.minPartitions().ifPresent(n -> options.put("minPartitions", Integer.toString(n)));
    ClientSettings.CONSUMER_DEFAULTS.forEach((key, value) -> options.put("kafka." + key, value));
    if (Collections.disjoint(topic.properties().keySet(), OFFSET_TIMEOUTS)) {
      OFFSET_TIMEOUTS.forEach(key -> options.put("kafka." + key, OFFSET_TIMEOUT_MS));
      options.put("fetchOffset.numRetries", OFFSET_ATTEMPTS);
    }
    topic.properties().forEach((key, value) -> options.put("kafka." + key, value));
    options.put("kafka.bootstrap.servers", topic.bootstrapServers());
    options.put("subscribe", topic.name());
    options.put("startingOffsets", topic.startingOffsets().name().toLowerCase(Locale.ROOT));
    options.put("failOnDataLoss", "true");
    options.put(
        "maxOffsetsPerTrigger",
        Long.toString(run.maxRecordsPerBatch().orElse(QueryPlan.DEFAULT_MAX_RECORDS)));
    return options;
  }

  @Override
  public String name() {
    return "callstream";
  }

  @Override
  @SuppressWarnings("deprecation") // Spark 3.5 does not use its successor everywhere.
  public StructType schema() {
    return ROWS;
  }

  @Override
  public Set<TableCapability> capabilities() {
    return Set.of(TableCapability.MICRO_BATCH_READ);
  }

  @Override
  public ScanBuilder newScanBuilder(CaseInsensitiveStringMap unused) {
    return () -> this;
  }

  @Override
  public StructType readSchema() {
    return ROWS;
  }

  @Override
  public MicroBatchStream toMicroBatchStream(String checkpointLocation) {
    SupportsRead table = (SupportsRead) kafka.getTable(options);
    return new Stream(
        (KafkaMicroBatchStream)
            table.newScanBuilder(options).build().toMicroBatchStream(checkpointLocation),
        tasks,
        beforeBatch,
        afterOffsets);
  }

  /** Spark's stream of the topic, with a different reader for the ranges of offsets. */
  private static final class Stream
      implements SupportsTriggerAvailableNow, ReportsSourceMetrics, MicroBatchStream {
    private final KafkaMicroBatchStream kafka;
    private final Supplier<ReadTask.Factory> tasks;
    private final Runnable beforeBatch;
    private final Runnable afterOffsets;
    private @Nullable Ranges planned;

    /** The ranges of a batch. */
    private record Ranges(Offset start, Offset end, List<InputPartition> partitions) {}

    Stream(
        KafkaMicroBatchStream kafka,
        Supplier<ReadTask.Factory> tasks,
        Runnable beforeBatch,
        Runnable afterOffsets) {
      this.kafka = kafka;
      this.tasks = tasks;
      this.beforeBatch = beforeBatch;
      this.afterOffsets = afterOffsets;
    }

    @Override
    public PartitionReaderFactory createReaderFactory() {
      return tasks.get();
    }

    /**
     * Returns the ranges of a batch. Spark plans each batch three times, once to run it and twice
     * to describe it. Spark's source may ask the brokers each time.
     */
    @Override
    public InputPartition[] planInputPartitions(Offset start, Offset end) {
      Ranges ranges = planned;
      if (ranges == null || !ranges.start().equals(start) || !ranges.end().equals(end)) {
        ranges = new Ranges(start, end, List.of(kafka.planInputPartitions(start, end)));
        planned = ranges;
      }
      return ranges.partitions().toArray(InputPartition[]::new);
    }

    @Override
    public Offset initialOffset() {
      return kafka.initialOffset();
    }

    @Override
    public ReadLimit getDefaultReadLimit() {
      return kafka.getDefaultReadLimit();
    }

    @Override
    public @Nullable Offset reportLatestOffset() {
      return kafka.reportLatestOffset();
    }

    @Override
    public Offset latestOffset() {
      return kafka.latestOffset();
    }

    @Override
    public Offset latestOffset(Offset start, ReadLimit limit) {
      beforeBatch.run();
      Offset latest = kafka.latestOffset(start, limit);
      afterOffsets.run();
      return latest;
    }

    @Override
    public void prepareForTriggerAvailableNow() {
      kafka.prepareForTriggerAvailableNow();
    }

    @Override
    public Map<String, String> metrics(Optional<Offset> latestConsumed) {
      return kafka.metrics(latestConsumed);
    }

    @Override
    public Offset deserializeOffset(String json) {
      return kafka.deserializeOffset(json);
    }

    @Override
    public void commit(Offset end) {
      kafka.commit(end);
    }

    @Override
    public void stop() {
      kafka.stop();
    }

    @Override
    public String toString() {
      return kafka.toString();
    }
  }
}
