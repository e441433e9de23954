package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.GroupRows;
import io.callstream.internal.aggregate.Groups;
import io.callstream.statistic.Statistic;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.streaming.state.ReadStateStore;
import org.apache.spark.sql.execution.streaming.state.StateStoreConf;
import org.apache.spark.sql.execution.streaming.state.StateStoreId;
import org.apache.spark.sql.execution.streaming.state.StateStoreProvider;
import org.apache.spark.sql.execution.streaming.state.UnsafeRowPair;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;

/**
 * Reads the groups of a statistic from the state after a batch. Each read is a job of one task,
 * which reads the files of one partition of the state from the checkpoint. Thread-safe.
 */
final class StateScan {
  /** Spark numbers the operators with a state from the end of a query. */
  private static final int MERGE_OPERATOR = 0;

  private final Source source;
  private final long version;
  private final int slot;
  private final ShardCounts shards;

  /** The state of a query, in all its versions. */
  record Source(
      SparkSession session,
      String directory,
      Broadcast<SerializableConfiguration> hadoop,
      SparkSettings.StateStore store) {
    StateScan after(long batch, int slot, ShardCounts shards) {
      return new StateScan(this, batch + 1, slot, shards);
    }
  }

  /** Blocks of a statistic by window. */
  record Part(Map<Long, Groups> windows) {
    static Part of(List<Tuple2<Long, byte[]>> blocks) {
      Map<Long, List<byte[]>> byWindow =
          blocks.stream()
              .collect(
                  Collectors.groupingBy(
                      Tuple2::_1,
                      TreeMap::new,
                      Collectors.mapping(Tuple2::_2, Collectors.toList())));
      Map<Long, Groups> windows = new TreeMap<>();
      byWindow.forEach((window, all) -> windows.put(window, Groups.of(BlockMerger.union(all))));
      return new Part(windows);
    }

    BlockResults results(Statistic statistic) {
      return new BlockResults(statistic, new TreeMap<>(windows));
    }
  }

  private StateScan(Source source, long version, int slot, ShardCounts shards) {
    this.source = source;
    this.version = version;
    this.slot = slot;
    this.shards = shards;
  }

  /** Returns all groups, by the partitions of the state. Reads a partition when it is needed. */
  Stream<Part> all() {
    return IntStream.range(0, shards.partitions()).mapToObj(i -> Part.of(read(i, null)));
  }

  /** Returns all groups of a window. */
  Part window(long window) {
    List<Tuple2<Long, byte[]>> blocks = new ArrayList<>();
    shards.keys(slot, window).stream()
        .map(key -> key.partition(shards.partitions()))
        .distinct()
        .forEach(partition -> blocks.addAll(read(partition, window)));
    return Part.of(blocks);
  }

  /** Returns the groups of a window among which is a group, if it is in the window. */
  Part group(long window, List<String> dimensions) {
    List<RowKey> keys = shards.keys(slot, window);
    RowKey key = keys.get(BlockMerger.part(dimensions, keys.size()));
    return Part.of(read(key.partition(shards.partitions()), window));
  }

  private List<Tuple2<Long, byte[]>> read(int partition, @Nullable Long window) {
    try {
      return JavaSparkContext.fromSparkContext(source.session().sparkContext())
          .parallelize(List.of(partition), 1)
          .flatMap(new Read(source, version, slot, window))
          .collect();
    } catch (Exception e) { // Scala throws checked exceptions that its signatures do not declare.
      if (Failures.isInterrupt(e)) {
        Thread.currentThread().interrupt();
      }
      Throwable root = Failures.root(e);
      String type = root.getClass().getName();
      String reason =
          Stream.ofNullable(root.getMessage())
              .flatMap(String::lines)
              .findFirst()
              .map(line -> line + " (" + type + ")")
              .orElse(type);
      throw new CallstreamException(
          ErrorCode.ENGINE_FAILED,
          ("The results can't be read from the state of batch %s: %s. They can be read"
                  + " while the run lasts, until some ten more batches are done. Read them before"
                  + " the run ends, such as from a listener, or read them from a sink. If a"
                  + " partition of the state exceeds spark.driver.maxResultSize, use more shuffle"
                  + " partitions.")
              .formatted(version - 1, reason),
          e);
    }
  }

  /** Reads the blocks of a partition. This is a class because Kryo cannot read records. */
  private static final class Read implements FlatMapFunction<Integer, Tuple2<Long, byte[]>> {
    private static final long serialVersionUID = 1L;
    private static final StructType KEYS = new StructType().add("value", DataTypes.BinaryType);
    private static final StructType VALUES =
        new StructType().add("groupState", new StructType().add("value", DataTypes.BinaryType));

    private final String directory;
    private final Broadcast<SerializableConfiguration> hadoop;
    private final SparkSettings.StateStore store;
    private final StateStoreConf conf;
    private final long version;
    private final int slot;
    private final @Nullable Long window;

    Read(Source source, long version, int slot, @Nullable Long window) {
      directory = source.directory();
      hadoop = source.hadoop();
      store = source.store();
      conf =
          new StateStoreConf(
              source.session().sessionState().conf(),
              scala.collection.immutable.Map$.MODULE$.empty());
      this.version = version;
      this.slot = slot;
      this.window = window;
    }

    @Override
    public Iterator<Tuple2<Long, byte[]>> call(Integer partition) throws Exception {
      StateStoreProvider provider = store.newProvider();
      provider.init(
          new StateStoreId(directory, MERGE_OPERATOR, partition, "default"),
          KEYS,
          VALUES,
          0,
          conf,
          hadoop.value().value());
      try {
        ReadStateStore rows = provider.getReadStore(version);
        try {
          return read(rows).iterator();
        } finally {
          rows.abort();
        }
      } finally {
        provider.close();
      }
    }

    private List<Tuple2<Long, byte[]>> read(ReadStateStore rows) {
      List<Tuple2<Long, byte[]>> blocks = new ArrayList<>();
      scala.collection.Iterator<UnsafeRowPair> all = rows.iterator();
      while (all.hasNext()) {
        UnsafeRowPair row = all.next();
        byte[] bytes = row.key().getBinary(0);
        RowKey key = RowKey.of(bytes);
        if (key.kind() == RowKey.Kind.WINDOW
            && key.number() == slot
            && (window == null || Objects.equals(window, key.windowStart()))) {
          byte[] value = row.value().getStruct(0, 1).getBinary(0);
          if (RowKey.isNumberedRow(bytes)) {
            blocks.add(new Tuple2<>(key.windowStart(), value));
          } else {
            GroupRows.ofHead(value)
                .ifPresent(block -> blocks.add(new Tuple2<>(key.windowStart(), block)));
          }
        }
      }
      return blocks;
    }
  }
}
