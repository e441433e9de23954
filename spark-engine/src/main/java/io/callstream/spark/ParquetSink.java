package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.FileFailures;
import io.callstream.internal.files.RunLock;
import io.callstream.internal.sink.BatchMark;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.TaskSink;
import io.callstream.pipeline.TaskWriter;
import io.callstream.statistic.Statistic;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;

/**
 * Writes each batch into the directory {@code _callstream/staging-RUN}: the driver writes one file
 * per statistic, or each task does. If no other run has taken the directory over until then, a
 * rename publishes the files of a statistic. See {@link SparkSinks#parquet} and {@link
 * ParquetMarks}. Not thread-safe.
 */
final class ParquetSink implements TaskSink {
  private static final String BATCH = "_batch=";

  private final String location;
  private final @Nullable SparkSession host;
  private final boolean startsOver;
  private @Nullable Opened opened;
  private @Nullable RunLock lock;

  /** The place of the files, and how they are compressed. */
  private record Opened(
      Configuration hadoop, String codec, FileSystem files, Path directory, ParquetMarks marks) {
    Path staging() {
      return new Path(new Path(directory, "_callstream"), "staging-" + marks.run());
    }

    /** Returns the directory for the files that are published next, by statistic. */
    Path next() {
      return new Path(staging(), "next");
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
    run(() -> open(session, restored));
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
    return base;
  }

  private void open(SparkSession session, BatchResults restored) throws IOException {
    Path given = new Path(location);
    Configuration hadoop = session.sessionState().newHadoopConf();
    FileSystem files = given.getFileSystem(hadoop);
    Path directory = files.makeQualified(given);
    Path ours = new Path(directory, "_callstream");
    files.mkdirs(ours);
    if ("file".equals(directory.toUri().getScheme())) {
      lock = RunLock.ofOutput(java.nio.file.Path.of(ours.toUri().getPath()), shown());
    }
    ParquetMarks marks = new ParquetMarks(files, ours, shown());
    opened = new Opened(hadoop, ParquetFile.codecOf(session), files, directory, marks);
    BatchMark mark = marks.last();
    boolean isOurs = mark != null && !mark.isOfAnotherRunThan(restored);
    if (mark != null) {
      if (!isOurs && !startsOver) {
        throw mark.refused("The directory " + shown(), restored);
      }
    }
    boolean fills = restored.number() >= 0 && (mark == null || !isOurs || mark.isBehind(restored));
    if (fills) {
      BatchMark.requireReadable(restored);
    }
    if (mark != null) {
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
    if (fills) {
      // With a retention, the state lacks old windows, so files of earlier batches are kept.
      boolean replacesAll = restored.pipeline().retention().isEmpty();
      Set<String> staged = new HashSet<>();
      for (Statistic statistic : restored.pipeline().statistics()) {
        Results results = restored.results(statistic.name());
        stage(replacesAll ? results : results.withRemoved(), staged);
      }
      publish(restored, staged);
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
    run(
        () -> {
          requireOpen().marks().requireNewest();
          Set<String> staged = new HashSet<>();
          for (Statistic statistic : batch.pipeline().statistics()) {
            Results updates = batch.updates().get(statistic.name());
            stage(updates == null ? batch.results(statistic.name()) : updates, staged);
          }
          publish(batch, staged);
          requireOpen().marks().write(BatchMark.of(batch));
        });
  }

  @Override
  public TaskWriter.Factory writers() {
    Opened open = requireOpen();
    return new ParquetTaskWriter.Tasks(
        new SerializableConfiguration(open.hadoop()), open.staging().toString(), open.codec());
  }

  @Override
  public void finish(BatchResults batch, List<byte[]> messages) {
    run(
        () -> {
          Opened open = requireOpen();
          open.marks().requireNewest();
          Path written = ParquetTaskWriter.directory(open.staging(), batch.number());
          Set<String> staged = new HashSet<>();
          for (byte[] message : messages) {
            for (ParquetTaskWriter.Written file : ParquetTaskWriter.Written.of(message)) {
              Path target = file.in(open.next());
              if (staged.add(file.statistic())) {
                open.files().mkdirs(target.getParent());
              }
              // A task that was stopped may still write to the directory in which the file is.
              rename(open.files(), file.in(written), target);
            }
          }
          publish(batch, staged);
          open.marks().write(BatchMark.of(batch));
        });
  }

  /** Writes a file with rows of a statistic, if there are any, and adds its name to a set. */
  private void stage(Results results, Set<String> staged) throws IOException {
    Opened open = requireOpen();
    String statistic = results.statistic().name();
    Path path =
        new Path(new Path(open.next(), statistic), "part-" + UUID.randomUUID() + ".parquet");
    try (ParquetFile file =
        new ParquetFile(path, open.hadoop(), open.codec(), results.statistic())) {
      file.write(results);
      if (file.exists()) {
        staged.add(statistic);
      }
    }
  }

  private Opened requireOpen() {
    Opened open = opened;
    if (open == null) {
      throw new IllegalStateException("The Parquet sink is not open; call open() before write()");
    }
    return open;
  }

  /**
   * Replaces the files of a batch by those that are staged, unless another run has taken the
   * directory over.
   */
  private void publish(BatchResults batch, Set<String> staged) throws IOException {
    Opened open = requireOpen();
    FileSystem files = open.files();
    open.marks().requireNewest();
    for (Statistic each : batch.pipeline().statistics()) {
      Path statistic = statistic(open.directory(), each);
      Path target = new Path(statistic, BATCH + batch.number());
      delete(files, target);
      if (staged.contains(each.name())) {
        files.mkdirs(statistic);
        rename(files, new Path(open.next(), each.name()), target);
      }
    }
    delete(files, open.staging());
  }

  private static void rename(FileSystem files, Path from, Path to) throws IOException {
    if (!files.rename(from, to)) {
      throw new IOException(from + " can't be renamed to " + to);
    }
  }

  /** A step that may fail in Spark or in a file system. */
  private interface Step {
    void take() throws IOException;
  }

  private void run(Step step) {
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
      Thread.currentThread().interrupt();
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          "Writing Parquet files in "
              + shown()
              + " was interrupted. Nothing is lost: the batch is repeated when the pipeline is"
              + " started again.",
          e);
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
