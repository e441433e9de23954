package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.FileFailures;
import io.callstream.internal.files.RunLock;
import io.callstream.internal.sink.BatchMark;
import io.callstream.internal.sink.Columns;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.Results;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * Writes each batch with Spark's DataFrame writer, one file per statistic and batch, into the
 * directory {@code _callstream/staging-RUN}. If no other run has taken the directory over until
 * then, a rename publishes each file. See {@link SparkSinks#parquet} and {@link ParquetMarks}. Not
 * thread-safe.
 */
final class ParquetSink implements ResultSink {
  private static final int CHUNK_ROWS = 50_000;
  private static final int CHUNK_CHARS = 64 << 20;
  private static final String BATCH = "_batch=";

  private final String location;
  private final @Nullable SparkSession host;
  private final boolean startsOver;
  private final String jobGroup = "callstream-parquet-" + UUID.randomUUID();
  private @Nullable Opened opened;
  private @Nullable RunLock lock;

  /** The session that writes the files, and the place of the files. */
  private record Opened(
      SparkSession session, FileSystem files, Path directory, ParquetMarks marks) {
    Path ours() {
      return new Path(directory, "_callstream");
    }
  }

  ParquetSink(String location, @Nullable SparkSession host, boolean startsOver) {
    this.location = location;
    this.host = host;
    this.startsOver = startsOver;
  }

  @Override
  public void open(BatchResults restored) {
    SparkSession session = session();
    run(session, () -> open(session, restored));
  }

  private SparkSession session() {
    SparkSession base = host;
    if (base == null && SparkSession.getDefaultSession().isDefined()) {
      base = SparkSession.getDefaultSession().get();
    }
    if (base == null || base.sparkContext().isStopped()) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "The Parquet sink needs a running SparkSession, and this process has none. Run the"
              + " pipeline on the engine spark, or give the sink a session with on(session).");
    }
    SparkSession session = Sessions.newSession(base);
    session.conf().set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS");
    session.conf().set("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED");
    return session;
  }

  private void open(SparkSession session, BatchResults restored) throws IOException {
    Path given = new Path(location);
    FileSystem files = given.getFileSystem(session.sessionState().newHadoopConf());
    Path directory = files.makeQualified(given);
    Path ours = new Path(directory, "_callstream");
    files.mkdirs(ours);
    if ("file".equals(directory.toUri().getScheme())) {
      lock = RunLock.ofOutput(java.nio.file.Path.of(ours.toUri().getPath()), shown());
    }
    ParquetMarks marks = new ParquetMarks(files, ours, shown());
    opened = new Opened(session, files, directory, marks);
    BatchMark mark = marks.last();
    boolean isOurs = mark != null && !mark.isOfAnotherRunThan(restored);
    if (mark != null) {
      if (!isOurs && !startsOver) {
        throw mark.refused("The directory " + shown(), restored);
      }
      marks.claim(mark); // A run that is still writing fails from now on.
    }
    if (!isOurs) {
      for (Statistic statistic : restored.pipeline().statistics()) {
        List<Path> batches = batches(files, statistic(directory, statistic));
        if (!batches.isEmpty() && !startsOver) {
          throw BatchMark.missing("The directory " + shown());
        }
        for (Path batch : batches) {
          delete(files, batch);
        }
      }
      // A run that is killed while it fills the directory finds this mark, and fills it again.
      marks.claim(new BatchMark(-1, restored.lineage()));
    }
    for (FileStatus status : files.listStatus(ours)) {
      if (status.getPath().getName().startsWith("staging-")) {
        delete(files, status.getPath());
      }
    }
    if ((mark == null || !isOurs || mark.isBehind(restored)) && restored.number() >= 0) {
      Map<Statistic, Results> all = new LinkedHashMap<>();
      // With a retention, the state lacks old windows, so files of earlier batches are kept.
      boolean replacesAll = restored.pipeline().retention().isEmpty();
      for (Statistic statistic : restored.pipeline().statistics()) {
        Results results = restored.results(statistic.name());
        all.put(statistic, replacesAll ? results : results.withRemoved());
      }
      publish(all, restored.number());
      if (replacesAll) {
        deleteBefore(restored);
      }
      marks.write(BatchMark.of(restored));
    }
  }

  /** Deletes the batches whose rows the restored state contains. */
  private void deleteBefore(BatchResults restored) throws IOException {
    Opened open = requireOpen();
    for (Statistic statistic : restored.pipeline().statistics()) {
      for (Path batch : batches(open.files(), statistic(open.directory(), statistic))) {
        if (Long.parseLong(batch.getName().substring(BATCH.length())) < restored.number()) {
          delete(open.files(), batch);
        }
      }
    }
  }

  /** Returns the directories of batches of a statistic. */
  private static List<Path> batches(FileSystem files, Path statistic) throws IOException {
    List<Path> batches = new ArrayList<>();
    try {
      for (FileStatus status : files.listStatus(statistic)) {
        if (status.isDirectory() && status.getPath().getName().matches(BATCH + "\\d{1,18}")) {
          batches.add(status.getPath());
        }
      }
    } catch (FileNotFoundException e) {
      // No batch has changed the statistic yet.
    }
    return batches;
  }

  private static Path statistic(Path directory, Statistic statistic) {
    return new Path(directory, statistic.name());
  }

  private static void delete(FileSystem files, Path path) throws IOException {
    if (files.exists(path) && !files.delete(path, true) && files.exists(path)) {
      throw new IOException(path + " can't be deleted");
    }
  }

  @Override
  public void write(BatchResults batch) {
    Opened open = requireOpen();
    run(
        open.session(),
        () -> {
          open.marks().requireNewest();
          Map<Statistic, Results> changes = new LinkedHashMap<>();
          for (Statistic statistic : batch.pipeline().statistics()) {
            Results updates = batch.updates().get(statistic.name());
            changes.put(statistic, updates == null ? batch.results(statistic.name()) : updates);
          }
          publish(changes, batch.number());
          open.marks().write(BatchMark.of(batch));
        });
  }

  private Opened requireOpen() {
    Opened open = opened;
    if (open == null) {
      throw new IllegalStateException("The Parquet sink is not open; call open() before write()");
    }
    return open;
  }

  /** Replaces the rows of a batch, unless another run has taken the directory over. */
  private void publish(Map<Statistic, Results> rows, long batch) throws IOException {
    Opened open = requireOpen();
    FileSystem files = open.files();
    Path staging = new Path(open.ours(), "staging-" + open.marks().run());
    for (Results results : rows.values()) {
      if (!results.isEmpty()) {
        rows(open.session(), results)
            .write()
            .mode(SaveMode.Overwrite)
            .option("maxRecordsPerFile", 0)
            .option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
            .parquet(statistic(staging, results.statistic()).toString());
      }
    }
    open.marks().requireNewest();
    for (Map.Entry<Statistic, Results> entry : rows.entrySet()) {
      Path statistic = statistic(open.directory(), entry.getKey());
      Path target = new Path(statistic, BATCH + batch);
      delete(files, target);
      if (!entry.getValue().isEmpty()) {
        Path written = statistic(staging, entry.getKey());
        files.mkdirs(statistic);
        if (!files.rename(written, target)) {
          throw new IOException(written + " can't be renamed to " + target);
        }
      }
    }
    delete(files, staging);
  }

  /** Returns rows in one partition, so that Spark writes one file. */
  private static Dataset<Row> rows(SparkSession session, Results results) {
    Columns columns = Columns.of(results.statistic());
    StructType schema = schema(columns);
    Dataset<Row> before = null;
    List<Row> chunk = new ArrayList<>();
    long chars = 0;
    for (Iterator<ResultRow> all = results.iterator(); all.hasNext(); ) {
      List<@Nullable Object> values = all.next().columns();
      for (Object value : values) {
        chars += value instanceof String text ? text.length() : 0;
      }
      chunk.add(RowFactory.create(values.toArray()));
      if (all.hasNext() && (chunk.size() == CHUNK_ROWS || chars >= CHUNK_CHARS)) {
        Dataset<Row> rows = session.createDataFrame(chunk, schema);
        before = before == null ? rows : before.union(rows);
        chunk = new ArrayList<>();
        chars = 0;
      }
    }
    Dataset<Row> rows = session.createDataFrame(chunk, schema);
    // Spark sends a chunk in its tasks, whose size is limited. Only a shuffle can unite chunks.
    return before == null ? rows.coalesce(1) : before.union(rows).repartition(1);
  }

  private static StructType schema(Columns columns) {
    List<StructField> fields = new ArrayList<>();
    for (Columns.Column column : columns.list()) {
      DataType type =
          switch (column.type()) {
            case TIME -> DataTypes.TimestampType;
            case TEXT -> DataTypes.StringType;
            case LONG -> DataTypes.LongType;
            case DOUBLE -> DataTypes.DoubleType;
            case DECIMAL -> DataTypes.createDecimalType(Measure.MAX_PRECISION, column.scale());
          };
      fields.add(DataTypes.createStructField(column.name(), type, true));
    }
    return DataTypes.createStructType(fields);
  }

  /** A step that may fail in Spark or in a file system. */
  private interface Step {
    void take() throws IOException;
  }

  /**
   * Runs a step. Its jobs have a separate group, which an interrupt cancels. They do not belong to
   * the query from whose thread the current thread inherited its properties.
   */
  private void run(SparkSession session, Step step) {
    SparkContext context = session.sparkContext();
    context.setLocalProperty("spark.sql.execution.id", null);
    context.setJobGroup(jobGroup, toString(), true);
    try {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      step.take();
    } catch (CallstreamException e) {
      throw e;
    } catch (Exception e) { // Scala throws checked exceptions that its signatures do not declare.
      if (!Failures.isInterrupt(e)) {
        throw failed(e);
      }
      context.cancelJobGroup(jobGroup);
      Thread.currentThread().interrupt();
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          "Writing Parquet files in "
              + shown()
              + " was interrupted. Nothing is lost: the batch is repeated when the pipeline is"
              + " started again.",
          e);
    } finally {
      context.clearJobGroup();
    }
  }

  private CallstreamException failed(Throwable failure) {
    Throwable root = Failures.root(failure);
    String message = root.getMessage();
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        "The Parquet files in "
            + shown()
            + " can't be written: "
            + root.getClass().getName()
            + (message == null ? "" : ": " + message.lines().findFirst().orElse(""))
            + ". "
            + FileFailures.advice(failure)
            + " Nothing is lost: the batch is repeated when the pipeline is started again.",
        failure);
  }

  @Override
  public void close() {
    opened = null;
    RunLock held = lock;
    lock = null;
    if (held != null) {
      try {
        held.close();
      } catch (IOException e) {
        throw failed(e);
      }
    }
  }

  @Override
  public String toString() {
    return "Parquet files in " + shown();
  }

  private String shown() {
    return location.replaceAll("://[^/@]*@", "://");
  }
}
