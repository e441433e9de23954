package io.callstream.spark;

import io.callstream.engine.RunOptions;
import io.callstream.pipeline.KafkaTopic;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
import org.apache.spark.sql.kafka010.KafkaSourceProvider;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import org.jspecify.annotations.Nullable;
import scala.Option;
import scala.collection.Seq;

/*
 * A topic as a stream of what its records come to. Spark's own Kafka source makes each record a row,
 * encodes it, and decodes it again for a typed function; that costs as much as all that we do with the
 * record. Here everything about offsets is Spark's own source, which this wraps (where to begin and
 * end, limits of a batch, lost data, new partitions, the offset log), and only the reading of a range
 * of offsets is ours: a ReadTask, which turns the range into a few rows.
 *
 * Sources are usually found by name and told what to do by options, which are texts. This one is given
 * a plan, and so enters the query as the relation that DataStreamReader.load() would make.
 */
final class CombinedTopic implements SupportsRead, Scan {
  private static final StructType ROWS =
      new StructType()
          .add("_1", DataTypes.StringType, false)
          .add("_2", DataTypes.BinaryType, false);

  private final KafkaSourceProvider kafka = new KafkaSourceProvider();
  private final CaseInsensitiveStringMap options;
  private final ReadTask.Factory tasks;
  private final Runnable beforeBatch;

  private CombinedTopic(
      CaseInsensitiveStringMap options, ReadTask.Factory tasks, Runnable beforeBatch) {
    this.options = options;
    this.tasks = tasks;
    this.beforeBatch = beforeBatch;
  }

  /**
   * Returns the rows of a topic: texts and bytes, see {@link RowKey}.
   *
   * @param beforeBatch runs in the driver before Spark decides what the next batch reads
   */
  static Dataset<Row> read(
      SparkSession session,
      KafkaTopic topic,
      RunOptions run,
      SparkSettings settings,
      ReadTask.Factory tasks,
      Runnable beforeBatch) {
    CaseInsensitiveStringMap options = new CaseInsensitiveStringMap(options(topic, run, settings));
    CombinedTopic table = new CombinedTopic(options, tasks, beforeBatch);
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

  /** A Seq of references is one of attributes, which only Scala's compiler knows. */
  @SuppressWarnings("unchecked")
  private static Seq<Attribute> attributes() {
    return (Seq<Attribute>) (Seq<?>) DataTypeUtils.toAttributes(ROWS);
  }

  private static Map<String, String> options(
      KafkaTopic topic, RunOptions run, SparkSettings settings) {
    Map<String, String> options = new HashMap<>();
    settings.minPartitions().ifPresent(n -> options.put("minPartitions", Integer.toString(n)));
    settings.kafkaDefaults().forEach((key, value) -> options.put("kafka." + key, value));
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
  @SuppressWarnings("deprecation") // Its successor is not what Spark 3.5 asks for everywhere.
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
    return new Stream<>(
        (SupportsTriggerAvailableNow & ReportsSourceMetrics & MicroBatchStream)
            table.newScanBuilder(options).build().toMicroBatchStream(checkpointLocation),
        tasks,
        beforeBatch);
  }

  /** Spark's stream of the topic, but for who reads a range of offsets. */
  private static final class Stream<
          K extends SupportsTriggerAvailableNow & ReportsSourceMetrics & MicroBatchStream>
      implements SupportsTriggerAvailableNow, ReportsSourceMetrics, MicroBatchStream {
    private final K kafka;
    private final ReadTask.Factory tasks;
    private final Runnable beforeBatch;

    Stream(K kafka, ReadTask.Factory tasks, Runnable beforeBatch) {
      this.kafka = kafka;
      this.tasks = tasks;
      this.beforeBatch = beforeBatch;
    }

    @Override
    public PartitionReaderFactory createReaderFactory() {
      return tasks;
    }

    @Override
    public InputPartition[] planInputPartitions(Offset start, Offset end) {
      return kafka.planInputPartitions(start, end);
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
      return kafka.latestOffset(start, limit);
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
