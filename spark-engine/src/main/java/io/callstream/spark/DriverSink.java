package io.callstream.spark;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.io.CompressionCodec;
import org.apache.spark.io.CompressionCodec$;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.PhysicalWriteInfo;
import org.apache.spark.sql.connector.write.Write;
import org.apache.spark.sql.connector.write.WriteBuilder;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.apache.spark.sql.connector.write.streaming.StreamingDataWriterFactory;
import org.apache.spark.sql.connector.write.streaming.StreamingWrite;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;

/**
 * The sink of a query. It passes the rows of each batch to the driver, in the query's thread. Each
 * task sends its rows with the message that it has finished. In contrast to {@code foreachBatch},
 * Spark does not create a second plan for the rows that the query emits.
 *
 * <p>This class is public because Spark creates it by name.
 */
public final class DriverSink implements TableProvider {
  private static final String RECEIVER = "receiver";

  /** The receivers of the queries that are starting. Options of a sink are strings. */
  private static final Map<String, Receiver> RECEIVERS = new ConcurrentHashMap<>();

  /** Receives batches, in the query's thread. */
  interface Receiver {
    /** Called before the only job of a batch starts. */
    void begin() throws InterruptedException;

    /** Returns the sinks that tasks write, after {@link #begin}; null if results are rows. */
    default @Nullable TaskSinks taskSinks() {
      return null;
    }

    /** Called with the rows of the batch when its job has ended. */
    void finish(long number, List<Tuple2<byte[], byte[]>> rows);

    /** Called after {@link #finish}, and after a job that failed. May be called twice. */
    void end();
  }

  /** Starts a query whose batches a receiver gets. */
  static StreamingQuery start(DataStreamWriter<Tuple2<byte[], byte[]>> query, Receiver receiver)
      throws TimeoutException {
    String id = UUID.randomUUID().toString();
    RECEIVERS.put(id, receiver);
    try {
      return query.format(DriverSink.class.getName()).option(RECEIVER, id).start();
    } finally {
      RECEIVERS.remove(id);
    }
  }

  @Override
  public StructType inferSchema(CaseInsensitiveStringMap options) {
    return CombinedTopic.ROWS;
  }

  @Override
  public Table getTable(StructType schema, Transform[] parts, Map<String, String> properties) {
    return new Batches(Objects.requireNonNull(RECEIVERS.get(properties.get(RECEIVER))));
  }

  private record Batches(Receiver receiver)
      implements SupportsWrite, WriteBuilder, Write, StreamingWrite {
    @Override
    public String name() {
      return "callstream";
    }

    @Override
    @SuppressWarnings("deprecation") // Spark 3.5 does not use its successor everywhere.
    public StructType schema() {
      return CombinedTopic.ROWS;
    }

    @Override
    public Set<TableCapability> capabilities() {
      return Set.of(TableCapability.STREAMING_WRITE);
    }

    @Override
    public WriteBuilder newWriteBuilder(LogicalWriteInfo info) {
      return this;
    }

    @Override
    public Write build() {
      return this;
    }

    @Override
    public StreamingWrite toStreaming() {
      return this;
    }

    /**
     * Returns whether only one attempt of a task may commit. Without sinks, each attempt writes
     * only to its own message.
     */
    @Override
    public boolean useCommitCoordinator() {
      return receiver.taskSinks() != null;
    }

    @Override
    public StreamingDataWriterFactory createStreamingWriterFactory(PhysicalWriteInfo info) {
      try {
        receiver.begin();
      } catch (InterruptedException e) {
        throw ChecksummedFileManager.sneaky(e); // Spark recognizes by it that the query stops.
      }
      return new Tasks(receiver.taskSinks());
    }

    @Override
    public void commit(long number, WriterCommitMessage[] messages) {
      List<Tuple2<byte[], byte[]>> rows = new ArrayList<>();
      for (WriterCommitMessage message : messages) {
        ((TaskOutput) message).addTo(rows);
      }
      receiver.finish(number, rows);
      receiver.end();
    }

    @Override
    public void abort(long number, WriterCommitMessage[] messages) {
      receiver.end();
    }

    @Override
    public String toString() {
      return name();
    }
  }

  private record Tasks(@Nullable TaskSinks sinks) implements StreamingDataWriterFactory {
    private static final long serialVersionUID = 1L;

    @Override
    public DataWriter<InternalRow> createWriter(int partition, long task, long batch) {
      return new RowWriter(sinks == null ? null : sinks.open(partition));
    }
  }

  /**
   * Collects the rows of a task, compressed as {@code Dataset.collect()} does. Writes results to
   * the sinks of tasks if there are any.
   */
  private static final class RowWriter implements DataWriter<InternalRow> {
    private final TaskSinks.@Nullable OpenSinks sinks;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out =
        new DataOutputStream(codec().compressedOutputStream(bytes));
    private int rows;

    RowWriter(TaskSinks.@Nullable OpenSinks sinks) {
      this.sinks = sinks;
    }

    @Override
    public void write(InternalRow row) {
      byte[] bytes = row.getBinary(0);
      if (sinks != null) {
        RowKey key = RowKey.of(bytes);
        if (key.kind() == RowKey.Kind.WINDOW) {
          sinks.write(key, row.getBinary(1));
          return;
        }
      }
      write(bytes, row.getBinary(1));
    }

    private void write(byte[] key, byte[] value) {
      rows++;
      try {
        write(key);
        write(value);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void write(byte[] column) throws IOException {
      out.writeInt(column.length);
      out.write(column);
    }

    @Override
    public WriterCommitMessage commit() throws IOException {
      if (sinks != null) {
        sinks.commit((key, value) -> write(key.toBytes(), value));
      }
      out.close();
      return new TaskOutput(rows, bytes.toByteArray());
    }

    @Override
    public void abort() {}

    /** Releases the memory of the compressor and the sinks, also after a failure. */
    @Override
    public void close() throws IOException {
      try {
        if (sinks != null) {
          sinks.close();
        }
      } finally {
        out.close();
      }
    }
  }

  /** The rows of a task. This is a class because Kryo cannot read records. */
  private static final class TaskOutput implements WriterCommitMessage {
    private static final long serialVersionUID = 1L;

    private final int rows;
    private final byte[] bytes;

    TaskOutput(int rows, byte[] bytes) {
      this.rows = rows;
      this.bytes = bytes;
    }

    void addTo(List<Tuple2<byte[], byte[]>> all) {
      try (DataInputStream in =
          new DataInputStream(codec().compressedInputStream(new ByteArrayInputStream(bytes)))) {
        for (int i = 0; i < rows; i++) {
          all.add(new Tuple2<>(readColumn(in), readColumn(in)));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static byte[] readColumn(DataInputStream in) throws IOException {
      byte[] column = new byte[in.readInt()];
      in.readFully(column);
      return column;
    }
  }

  private static CompressionCodec codec() {
    SparkConf conf = SparkEnv.get().conf();
    return CompressionCodec$.MODULE$.createCodec(conf);
  }
}
