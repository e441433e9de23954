package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.DamagedFileException;
import io.callstream.internal.files.FileFailures;
import io.callstream.internal.files.RunLock;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.Results;
import io.callstream.sink.BatchMark;
import io.callstream.sink.Columns;
import io.callstream.statistic.Statistic;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/*
 * DIR/<statistic>/batch-<number>     the rows that a batch changed
 * DIR/<statistic>/snapshot-<number>  the latest version of the rows of all batches up to this one
 * DIR/_callstream/progress-<number>  the mark of the last complete batch; the greatest number counts
 * DIR/_callstream/run-<number>       the run that opened the directory last; the greatest number counts
 * DIR/_callstream/.lock              locked by a run, if the directory is on this machine
 * DIR/_callstream/staging            files that are being written
 *
 * Spark writes into staging, and a rename turns the result into a batch. So a reader finds a batch
 * completely or not at all. A repeated batch replaces its directory. A mark is never replaced: the
 * sink creates the next mark before it deletes the last one, because S3A replaces a file by
 * deleting it first. Every row contains the number of the batch that changed it last. So the
 * current value of a key is the row with the greatest _batch, no matter which directories a reader
 * finds.
 *
 * The sink folds a fixed number of batches into a snapshot. It folds only batches before the one
 * that is being written: these are committed and are not repeated. The directories that a snapshot
 * replaces are deleted with the next snapshot. Until then, readers that have listed the files can
 * still read them.
 *
 * Spark runs in a separate thread of the sink, with a separate session and a separate job group.
 * Therefore the sink's jobs do not use anything from the query's thread, and an interrupt of the
 * caller cancels the jobs.
 */
/**
 * Keeps a directory of Parquet files for each statistic. Spark writes the files, to any file system
 * that Hadoop supports. Each batch adds a directory, which readers find completely or not at all.
 * From time to time, the sink combines these directories into a snapshot. The current value of a
 * key is the row with the greatest {@code _batch}:
 *
 * <pre>{@code
 * spark.read().parquet("out/calls-by-type/*")
 *     .groupBy("crime_type").agg(max_by(col("count"), col("_batch")))
 * }</pre>
 *
 * <p>The columns are those of {@link Columns}. Moments are timestamps in UTC with microsecond
 * precision, numbers and durations (in milliseconds) are 64-bit integers, and shares are doubles.
 * The sink keeps the rows of windows that the pipeline has forgotten. Not thread-safe.
 */
public final class ParquetSink implements ResultSink {
  private static final int DEFAULT_FOLD = 20;
  private static final int CHUNK_ROWS = 50_000;
  private static final int CHUNK_CHARS = 64 << 20;
  private static final String OURS = "_callstream";
  private static final String BATCH = "batch-";
  private static final String SNAPSHOT = "snapshot-";
  private static final String BATCH_COLUMN = "_batch";
  private static final int CLOSE_SECONDS = 10;

  private final String location;
  private final @Nullable SparkSession host;
  private final boolean startsOver;
  private final int fold;
  private @Nullable Work work;

  private ParquetSink(Builder builder) {
    location = builder.location;
    host = builder.host;
    startsOver = builder.startsOver;
    fold = builder.fold;
  }

  /**
   * Starts to build a sink.
   *
   * @param directory a path or URI; created if it is missing. No other pipeline may use it.
   */
  public static Builder to(String directory) {
    return new Builder(directory);
  }

  /** Builds a {@link ParquetSink}. Not thread-safe. */
  public static final class Builder {
    private final String location;
    private @Nullable SparkSession host;
    private boolean startsOver;
    private int fold = DEFAULT_FOLD;

    private Builder(String location) {
      if (location.isBlank()) {
        throw new IllegalArgumentException("No directory for Parquet files is given; name one");
      }
      this.location = location;
    }

    /** Uses the context of a session. Defaults to the context of the process's default session. */
    public Builder on(SparkSession session) {
      this.host = session;
      return this;
    }

    /**
     * Lets a run take over a directory that contains the results of another run. The sink deletes
     * the directory's files when it opens. Without this, the sink rejects such a directory.
     */
    public Builder startingOver() {
      this.startsOver = true;
      return this;
    }

    /** Sets how many batches the sink combines into a snapshot. */
    Builder foldingEvery(int batches) {
      this.fold = batches;
      return this;
    }

    /** Returns the sink. */
    public ParquetSink build() {
      return new ParquetSink(this);
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws CallstreamException with {@link ErrorCode#ENVIRONMENT} if no SparkSession exists; with
   *     {@link ErrorCode#SINK_FAILED} if the directory cannot be written or contains the results of
   *     another run
   */
  @Override
  public void open(BatchResults restored) {
    Work fresh = new Work(session());
    work = fresh;
    fresh.run(() -> fresh.open(restored));
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
    session.conf().set("spark.sql.parquet.datetimeRebaseModeInRead", "CORRECTED");
    session.conf().set("spark.sql.shuffle.partitions", "8");
    session.conf().set("spark.sql.adaptive.enabled", "true");
    session.conf().set("spark.sql.adaptive.coalescePartitions.enabled", "true");
    return session;
  }

  @Override
  public void write(BatchResults batch) {
    Work open = work;
    if (open == null) {
      throw new IllegalStateException("the Parquet sink is not open");
    }
    open.run(() -> open.write(batch));
  }

  @Override
  public void close() {
    Work open = work;
    work = null;
    if (open != null) {
      open.close();
    }
  }

  @Override
  public String toString() {
    return "Parquet files in " + shown();
  }

  private String shown() {
    return location.replaceAll("://[^/@]*@", "://");
  }

  private CallstreamException failed(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    String message = root.getMessage();
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        "The Parquet files in "
            + shown()
            + " can't be written or read: "
            + root.getClass().getName()
            + (message == null ? "" : ": " + message.lines().findFirst().orElse(""))
            + ". "
            + (root instanceof DamagedFileException
                ? "Restore the directory from a copy, or name another directory."
                : FileFailures.advice(failure)
                    + " Nothing is lost: the batch comes again when the pipeline is started"
                    + " again."),
        failure);
  }

  /** A step that may fail in Spark or in a file system. */
  private interface Step {
    void take() throws IOException;
  }

  /**
   * The resources of an open sink. All methods except {@link #run} and {@link #close} run in the
   * sink's thread.
   */
  private final class Work {
    private final SparkSession session;
    private final String group = "callstream-parquet-" + UUID.randomUUID();
    private final ExecutorService thread =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread worker = new Thread(task, "callstream-parquet");
              worker.setDaemon(true);
              return worker;
            });
    private final String run = UUID.randomUUID().toString();
    private @Nullable FileSystem fileSystem;
    private @Nullable Path root;
    private @Nullable RunLock lock;

    Work(SparkSession session) {
      this.session = session;
    }

    /** Runs a step in the sink's thread, and cancels it if the caller's thread is interrupted. */
    void run(Step step) {
      Callable<Void> task =
          () -> {
            session.sparkContext().setLocalProperty("spark.sql.execution.id", null);
            session.sparkContext().setJobGroup(group, ParquetSink.this.toString(), true);
            step.take();
            return null;
          };
      Future<Void> running = thread.submit(task);
      try {
        Void ignored = running.get();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof CallstreamException known) {
          throw known;
        }
        throw failed(e.getCause() == null ? e : e.getCause());
      } catch (InterruptedException e) {
        running.cancel(true);
        session.sparkContext().cancelJobGroup(group);
        Thread.currentThread().interrupt();
        throw new CallstreamException(
            ErrorCode.SINK_FAILED,
            "Writing Parquet files in "
                + shown()
                + " was interrupted. Nothing is lost: the batch comes again when the pipeline is"
                + " started again.",
            e);
      }
    }

    void close() {
      thread.shutdownNow();
      boolean interrupted = false;
      try {
        if (!thread.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
          session.sparkContext().cancelJobGroup(group);
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      RunLock held = lock;
      if (held != null) {
        try {
          held.close();
        } catch (IOException e) {
          throw failed(e);
        }
      }
    }

    // ---- opening

    void open(BatchResults restored) throws IOException {
      Path given = new Path(location);
      FileSystem files = given.getFileSystem(session.sessionState().newHadoopConf());
      Path directory = files.makeQualified(given);
      fileSystem = files;
      root = directory;
      boolean local = "file".equals(directory.toUri().getScheme());
      ChecksummedFileManager.use(session, local ? LocalCheckpointFileManager.class : null);
      files.mkdirs(ours("staging"));
      if (local) {
        lock =
            RunLock.ofOutput(LocalCheckpointFileManager.local(new Path(directory, OURS)), shown());
      }
      BatchMark mark = readMark();
      boolean foreign = mark != null && mark.isOfAnotherRunThan(restored);
      if (mark != null && foreign && !startsOver) {
        throw mark.refused("The directory " + shown(), restored);
      }
      // Other file systems have no locks. There, a run stops if it finds the name of another run
      // here.
      writeMark("run", run);
      deleteAll(ours("staging"));
      boolean fills = mark == null || foreign || mark.isBehind(restored);
      for (Statistic statistic : restored.pipeline().statistics()) {
        List<Part> parts = mark == null || foreign ? parts(statistic) : List.of();
        if (!parts.isEmpty() && !startsOver) {
          throw BatchMark.missing("The directory " + shown());
        }
        for (Part part : parts) {
          deleteAll(part.path());
        }
      }
      if (mark == null || foreign) {
        // A run that is killed while it fills the directory finds its own mark and fills the
        // directory again.
        writeMark(new BatchMark(-1, restored.lineage()));
      }
      if (fills) {
        for (Statistic statistic : restored.pipeline().statistics()) {
          if (restored.number() >= 0) {
            publish(statistic, restored.results(statistic.name()), restored.number());
          }
        }
        writeMark(BatchMark.of(restored));
      }
    }

    private FileSystem files() {
      FileSystem open = fileSystem;
      if (open == null) {
        throw new IllegalStateException("not open");
      }
      return open;
    }

    private Path directory() {
      Path open = root;
      if (open == null) {
        throw new IllegalStateException("not open");
      }
      return open;
    }

    private Path ours(String name) {
      return new Path(new Path(directory(), OURS), name);
    }

    private @Nullable BatchMark readMark() throws IOException {
      String text = readOurs("progress");
      if (text == null) {
        return null;
      }
      String[] words = text.split(" ", -1);
      return new BatchMark(Long.parseLong(words[0]), words[1]);
    }

    private CheckpointFileManager atomicFiles(String name) {
      return CheckpointFileManager.create(ours(name), session.sessionState().newHadoopConf());
    }

    private void writeMark(BatchMark mark) throws IOException {
      requireOwned();
      writeMark("progress", mark.batch() + " " + mark.lineage());
    }

    private void requireOwned() throws IOException {
      if (!run.equals(readOurs("run"))) {
        throw new CallstreamException(
            ErrorCode.SINK_FAILED,
            "The directory "
                + shown()
                + " was taken over by another run while this one was writing. Let one run write it,"
                + " and give others another directory.");
      }
    }

    private @Nullable String readOurs(String name) throws IOException {
      CheckpointFileManager files = atomicFiles(name);
      Path last = null;
      while (true) {
        NavigableMap<Long, Path> marks = marks(files, name);
        if (marks.isEmpty()) {
          return null;
        }
        Path before = last;
        last = marks.lastEntry().getValue();
        try (var in = files.open(last)) {
          return new String(in.readAllBytes(), UTF_8).strip();
        } catch (FileNotFoundException e) {
          if (last.equals(before)) {
            throw e;
          }
          // Another run has replaced the mark since it was listed.
        }
      }
    }

    private void writeMark(String name, String line) throws IOException {
      CheckpointFileManager files = atomicFiles(name);
      NavigableMap<Long, Path> before = marks(files, name);
      long number = before.isEmpty() ? 0 : before.lastKey() + 1;
      CheckpointFileManager.CancellableFSDataOutputStream out =
          files.createAtomic(ours(name + "-" + number), false);
      try {
        ((OutputStream) out).write((line + "\n").getBytes(UTF_8));
        out.close();
      } catch (IOException | RuntimeException e) {
        out.cancel();
        throw e;
      }
      before.values().forEach(files::delete);
    }

    /** Returns the marks with a name, by their numbers. */
    private NavigableMap<Long, Path> marks(CheckpointFileManager files, String name) {
      NavigableMap<Long, Path> marks = new TreeMap<>();
      for (FileStatus status : files.list(ours(name).getParent())) {
        String found = status.getPath().getName();
        if (found.matches(name + "-\\d{1,18}")) {
          marks.put(Long.parseLong(found.substring(name.length() + 1)), status.getPath());
        }
      }
      return marks;
    }

    // ---- batches

    void write(BatchResults batch) throws IOException {
      requireOwned();
      for (Statistic statistic : batch.pipeline().statistics()) {
        fold(statistic, batch.number());
        Results updates = batch.updates().get(statistic.name());
        publish(
            statistic, updates == null ? batch.results(statistic.name()) : updates, batch.number());
      }
      writeMark(BatchMark.of(batch));
    }

    /** Replaces all existing rows of a batch by these rows. */
    private void publish(Statistic statistic, Results results, long batch) throws IOException {
      Path target = path(statistic, BATCH, batch);
      if (results.isEmpty()) {
        deleteAll(target);
        return;
      }
      Columns columns = Columns.of(statistic);
      StructType schema = schema(columns);
      Path staging = ours("staging/" + UUID.randomUUID());
      List<Row> rows = new ArrayList<>();
      long chars = 0;
      for (Iterator<ResultRow> all = results.stream().iterator(); all.hasNext(); ) {
        List<@Nullable Object> values = columns.values(all.next());
        for (Object value : values) {
          chars += value instanceof String text ? text.length() : 0;
        }
        values.add(batch);
        rows.add(RowFactory.create(values.toArray()));
        if (rows.size() == CHUNK_ROWS || chars >= CHUNK_CHARS) {
          append(session.createDataFrame(rows, schema).coalesce(1), staging);
          rows = new ArrayList<>();
          chars = 0;
        }
      }
      if (!rows.isEmpty()) {
        append(session.createDataFrame(rows, schema).coalesce(1), staging);
      }
      replace(target, staging);
    }

    private void append(Dataset<Row> rows, Path staging) {
      rows.write()
          .mode(SaveMode.Append)
          .option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
          .parquet(staging.toString());
    }

    private void replace(Path target, Path staging) throws IOException {
      if (Thread.interrupted()) {
        throw new IOException("interrupted");
      }
      files().mkdirs(target.getParent());
      deleteAll(target);
      if (!files().rename(staging, target)) {
        throw new IOException(staging + " can't be renamed to " + target);
      }
    }

    // ---- snapshots

    /** A directory of rows. */
    private record Part(Path path, boolean isSnapshot, long number) {}

    private List<Part> parts(Statistic statistic) throws IOException {
      List<Part> parts = new ArrayList<>();
      try {
        for (FileStatus status : files().listStatus(new Path(directory(), statistic.name()))) {
          String name = status.getPath().getName();
          for (String kind : List.of(BATCH, SNAPSHOT)) {
            if (name.startsWith(kind) && name.substring(kind.length()).matches("\\d{1,18}")) {
              parts.add(
                  new Part(
                      status.getPath(),
                      kind.equals(SNAPSHOT),
                      Long.parseLong(name.substring(kind.length()))));
            }
          }
        }
      } catch (FileNotFoundException e) {
        // No batch has changed it yet.
      }
      return parts;
    }

    private void fold(Statistic statistic, long before) throws IOException {
      List<Part> parts = parts(statistic);
      long last = parts.stream().filter(Part::isSnapshot).mapToLong(Part::number).max().orElse(-1);
      List<Part> since =
          parts.stream()
              .filter(p -> !p.isSnapshot() && p.number() > last && p.number() < before)
              .toList();
      if (since.size() < fold) {
        return;
      }
      List<String> paths = new ArrayList<>();
      since.forEach(part -> paths.add(part.path().toString()));
      if (last >= 0) {
        paths.add(path(statistic, SNAPSHOT, last).toString());
      }
      Columns columns = Columns.of(statistic);
      Path staging = ours("staging/" + UUID.randomUUID());
      append(latest(columns, paths), staging);
      long number = since.stream().mapToLong(Part::number).max().orElse(before - 1);
      replace(path(statistic, SNAPSHOT, number), staging);
      for (Part part : parts) {
        if (part.isSnapshot() ? part.number() < last : part.number() <= last) {
          deleteAll(part.path());
        }
      }
    }

    /** Returns the row of each key that was changed last. */
    private Dataset<Row> latest(Columns columns, List<String> paths) {
      Column[] all =
          Arrays.stream(schema(columns).fieldNames()).map(functions::col).toArray(Column[]::new);
      Column[] keys =
          columns.list().stream()
              .filter(c -> c.role() == Columns.Role.DIMENSION || c.name().equals("window_start"))
              .map(c -> functions.col(c.name()))
              .toArray(Column[]::new);
      return session
          .read()
          .schema(schema(columns))
          .parquet(paths.toArray(String[]::new))
          .groupBy(keys)
          .agg(functions.max_by(functions.struct(all), functions.col(BATCH_COLUMN)).as("_row"))
          .select("_row.*");
    }

    private Path path(Statistic statistic, String kind, long number) {
      return new Path(
          new Path(directory(), statistic.name()), kind + String.format("%012d", number));
    }

    private void deleteAll(Path path) throws IOException {
      if (files().exists(path) && !files().delete(path, true) && files().exists(path)) {
        throw new IOException(path + " can't be deleted");
      }
    }
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
          };
      fields.add(DataTypes.createStructField(column.name(), type, true));
    }
    fields.add(DataTypes.createStructField(BATCH_COLUMN, DataTypes.LongType, true));
    return DataTypes.createStructType(fields);
  }
}
