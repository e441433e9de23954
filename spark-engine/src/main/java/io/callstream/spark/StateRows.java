package io.callstream.spark;

import io.callstream.internal.aggregate.RowStore;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.catalyst.expressions.codegen.UnsafeRowWriter;
import org.apache.spark.sql.execution.streaming.state.ReadStateStore;
import org.apache.spark.sql.execution.streaming.state.StateStore;
import org.apache.spark.sql.execution.streaming.state.StateStoreConf;
import org.apache.spark.sql.execution.streaming.state.StateStoreCustomMetric;
import org.apache.spark.sql.execution.streaming.state.StateStoreCustomSumMetric;
import org.apache.spark.sql.execution.streaming.state.StateStoreId;
import org.apache.spark.sql.execution.streaming.state.StateStoreMetrics;
import org.apache.spark.sql.execution.streaming.state.StateStoreProvider;
import org.apache.spark.sql.execution.streaming.state.StateStoreProvider$;
import org.apache.spark.sql.execution.streaming.state.UnsafeRowPair;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/**
 * The rows of the state store of an operator, for the operator's own function. Spark gives a
 * function only the one row of its group, so that each change writes all state of the group. With
 * this class, the function keeps the state of a group in several rows and writes only those that
 * change. Spark commits, restores and deletes them like its own.
 *
 * <p>Keys must differ from those of groups. Used in the thread of a task.
 */
/*
 * Spark creates a provider of stores by name. The providers here delegate to Spark's, and their
 * stores record who uses them: flatMapGroupsWithState reads the row of a group directly before it
 * calls the function for the group, in the same thread.
 */
final class StateRows {
  /** The store from which the current thread read the row of a group last. */
  private static final ThreadLocal<@Nullable Store> CURRENT = new ThreadLocal<>();

  /** The name of the number of rows that functions wrote, in Spark's reports. */
  static final String WRITTEN = "rowsWrittenByFunctions";

  private static final StateStoreCustomMetric METRIC =
      new StateStoreCustomSumMetric(WRITTEN, "rows that functions wrote");

  private final StateStore store;
  private long written;
  private final UnsafeRowWriter keys = new UnsafeRowWriter(1);
  private final UnsafeRowWriter values = new UnsafeRowWriter(1);
  private final UnsafeRowWriter states = new UnsafeRowWriter(values, 1);

  private StateRows(StateStore store) {
    this.store = store;
  }

  /** Returns the rows of the operator whose function the current thread has just entered. */
  static StateRows ofFunction() {
    Store current = CURRENT.get();
    if (current == null) {
      throw new IllegalStateException("The query does not use a provider of this class");
    }
    return current.rows;
  }

  /** Returns the rows of a group. Their keys are that of the group with the number of the row. */
  RowStore of(byte[] group) {
    return new GroupStore(this, group);
  }

  private record GroupStore(StateRows rows, byte[] group) implements RowStore {
    private byte[] key(int row) {
      return ByteBuffer.allocate(group.length + Integer.BYTES).put(group).putInt(row).array();
    }

    @Override
    public byte @Nullable [] get(int row) {
      return rows.get(key(row));
    }

    @Override
    public void put(int row, byte[] block) {
      rows.put(key(row), block);
    }

    @Override
    public void remove(int row) {
      rows.remove(key(row));
    }
  }

  byte @Nullable [] get(byte[] key) {
    UnsafeRow value = store.get(key(key));
    return value == null ? null : value.getStruct(0, 1).getBinary(0);
  }

  void put(byte[] key, byte[] value) {
    written++;
    store.put(key(key), value(value));
  }

  void remove(byte[] key) {
    store.remove(key(key));
  }

  private UnsafeRow key(byte[] bytes) {
    keys.reset();
    keys.zeroOutNullBytes();
    keys.write(0, bytes);
    return keys.getRow();
  }

  /** Returns a row as Spark writes the state of a group: a structure with the bytes. */
  private UnsafeRow value(byte[] bytes) {
    values.reset();
    values.zeroOutNullBytes();
    int start = values.cursor();
    states.resetRowWriter();
    states.write(0, bytes);
    values.setOffsetAndSizeFromPreviousCursor(0, start);
    return values.getRow();
  }

  /** Stores in memory. This class is public because Spark creates it by name. */
  public static final class InMemory extends Provider {
    public InMemory() {
      super("org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider");
    }
  }

  /** Stores in RocksDB. This class is public because Spark creates it by name. */
  public static final class InRocksDb extends Provider {
    public InRocksDb() {
      super("org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider");
    }
  }

  private abstract static class Provider implements StateStoreProvider {
    private final StateStoreProvider stores;

    Provider(String wrapped) {
      stores = StateStoreProvider$.MODULE$.create(wrapped);
    }

    @Override
    public void init(
        StateStoreId id,
        StructType keySchema,
        StructType valueSchema,
        int prefixColumns,
        StateStoreConf conf,
        Configuration hadoop) {
      stores.init(id, keySchema, valueSchema, prefixColumns, conf, hadoop);
    }

    @Override
    public StateStoreId stateStoreId() {
      return stores.stateStoreId();
    }

    @Override
    public StateStore getStore(long version) {
      return new Store(stores.getStore(version));
    }

    @Override
    public ReadStateStore getReadStore(long version) {
      return stores.getReadStore(version);
    }

    @Override
    public void doMaintenance() {
      stores.doMaintenance();
    }

    @Override
    public Seq<StateStoreCustomMetric> supportedCustomMetrics() {
      List<StateStoreCustomMetric> all =
          new ArrayList<>(JavaConverters.seqAsJavaList(stores.supportedCustomMetrics()));
      all.add(METRIC);
      return JavaConverters.asScalaBuffer(all).toList();
    }

    @Override
    public void close() {
      stores.close();
    }

    @Override
    public String toString() {
      return stores.toString();
    }
  }

  private static final class Store implements StateStore {
    private final StateStore store;
    private final StateRows rows;

    Store(StateStore store) {
      this.store = store;
      rows = new StateRows(store);
    }

    @Override
    public UnsafeRow get(UnsafeRow key) {
      CURRENT.set(this);
      return store.get(key);
    }

    @Override
    public long commit() {
      release();
      return store.commit();
    }

    @Override
    public void abort() {
      release();
      store.abort();
    }

    private void release() {
      if (CURRENT.get() == this) {
        CURRENT.remove();
      }
    }

    @Override
    public StateStoreId id() {
      return store.id();
    }

    @Override
    public long version() {
      return store.version();
    }

    @Override
    public Iterator<UnsafeRowPair> prefixScan(UnsafeRow prefix) {
      return store.prefixScan(prefix);
    }

    @Override
    public Iterator<UnsafeRowPair> iterator() {
      return store.iterator();
    }

    @Override
    public void put(UnsafeRow key, UnsafeRow value) {
      store.put(key, value);
    }

    @Override
    public void remove(UnsafeRow key) {
      store.remove(key);
    }

    @Override
    public StateStoreMetrics metrics() {
      StateStoreMetrics metrics = store.metrics();
      return new StateStoreMetrics(
          metrics.numKeys(),
          metrics.memoryUsedBytes(),
          metrics.customMetrics().updated(METRIC, rows.written));
    }

    @Override
    public boolean hasCommitted() {
      return store.hasCommitted();
    }

    @Override
    public String toString() {
      return store.toString();
    }
  }
}
