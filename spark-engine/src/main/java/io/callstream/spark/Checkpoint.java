package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.RunOptions;
import io.callstream.internal.failures.EnvironmentFailures;
import io.callstream.internal.files.DamagedFileException;
import io.callstream.internal.files.FileFailures;
import io.callstream.internal.files.RunLock;
import io.callstream.internal.ledger.Fingerprint;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.ledger.LedgerFiles;
import io.callstream.pipeline.Pipeline;
import java.io.BufferedOutputStream;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.ShutdownHookManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.reflect.ClassTag$;

/**
 * The checkpoint directory of one pipeline. It contains Spark's checkpoint and, in the subdirectory
 * {@code callstream}, the fingerprint and the log of results.
 */
final class Checkpoint implements LedgerFiles, AutoCloseable {
  private static final int BUFFER = 1 << 16;

  /** The start of the names of temporary directories. It shows which process one belongs to. */
  static final String TEMPORARY = "callstream-checkpoint-" + ProcessHandle.current().pid() + "-";

  private static final String OURS = "callstream";
  private static final String SHUFFLE_PARTITIONS = "shuffle partitions";
  private static final String STATE_STORE = "state store";
  private static final String RESULTS = "results";

  private static final String LETTERS = "letters";
  private static final String VISIBLE = "visible-";
  private static final Duration LONGEST_CHECK = Duration.ofDays(1);
  private static final Logger LOG = LoggerFactory.getLogger(Checkpoint.class);

  private final Path root;
  private final Path directory;
  private final boolean temporary;
  private final CheckpointFileManager files;
  private final CheckpointFiles sparkFiles;
  private final Configuration configuration;
  private final SparkContext context;
  private final Broadcast<SerializableConfiguration> hadoop;
  private @Nullable RunLock lock;
  private @Nullable Fence fence;
  private boolean swept;

  private Checkpoint(Path root, boolean temporary, SparkSession session) {
    this.root = root;
    this.directory = new Path(root, OURS);
    this.temporary = temporary;
    this.configuration = session.sessionState().newHadoopConf();
    this.context = session.sparkContext();
    this.files = CheckpointFileManager.create(root, configuration);
    this.sparkFiles = new CheckpointFiles(root, files);
    this.hadoop =
        context.broadcast(
            new SerializableConfiguration(configuration),
            ClassTag$.MODULE$.<SerializableConfiguration>apply(SerializableConfiguration.class));
  }

  /**
   * Opens a directory for a run. No other run can use the directory until it is closed.
   *
   * @param location a path or URI; null for a temporary directory, which is deleted when the
   *     checkpoint is closed
   */
  static Checkpoint open(@Nullable String location, SparkSession session) {
    try {
      Path root =
          location == null ? new Path(temporaryDirectory().toURI()) : qualified(location, session);
      boolean local = "file".equals(root.toUri().getScheme());
      Class<? extends CheckpointFileManager> manager = manager(root, local, session);
      ChecksummedFileManager.use(session, manager);
      Checkpoint checkpoint = new Checkpoint(root, location == null, session);
      checkpoint.files.mkdirs(checkpoint.directory);
      try {
        if (local) {
          checkpoint.lock =
              RunLock.of(LocalCheckpointFileManager.local(checkpoint.directory), root.toString());
          LocalCheckpointFileManager.deleteDrafts(root);
          checkpoint.files.delete(new Path(checkpoint.directory, LETTERS));
        }
        checkpoint.deleteOldChecks();
        if (!local) {
          Path tried = new Path(checkpoint.directory, VISIBLE + UUID.randomUUID());
          FileGuarantees.require(checkpoint.files, tried, manager == null, checkpoint.location());
        }
        if (!checkpoint.context.isLocal()) {
          checkpoint.requireShared();
        }
      } catch (IOException | RuntimeException e) {
        checkpoint.close();
        throw e;
      }
      return checkpoint;
    } catch (IOException | UncheckedIOException e) {
      throw failed(String.valueOf(location), e);
    }
  }

  /** Returns the class that stores the files; null for the one that Spark chooses. */
  private static @Nullable Class<? extends CheckpointFileManager> manager(
      Path root, boolean local, SparkSession session) throws IOException {
    if (local) {
      return LocalCheckpointFileManager.class;
    }
    return ObjectStoreFileManager.supports(root, session.sessionState().newHadoopConf())
        ? ObjectStoreFileManager.class
        : null;
  }

  /** Creates a directory that is deleted when the JVM exits, unless it was closed before. */
  private static File temporaryDirectory() throws IOException {
    File directory = Files.createTempDirectory(TEMPORARY).toFile();
    // Spark deletes its own temporary directories in the same way: after the context has ended,
    // when no task writes any more.
    ShutdownHookManager.registerShutdownDeleteDir(directory);
    return directory;
  }

  private static Path qualified(String location, SparkSession session) throws IOException {
    Path path = path(location);
    Configuration hadoop = session.sessionState().newHadoopConf();
    try {
      if (path.toUri().getScheme() == null
          && FileSystem.get(hadoop).getUri().getScheme().equals("file")) {
        return new Path(EnvironmentFailures.path(location).toAbsolutePath().normalize().toUri());
      }
      return path.getFileSystem(hadoop).makeQualified(path);
    } catch (IllegalArgumentException e) {
      if (e.getCause() instanceof UnknownHostException unknown) {
        throw unknown;
      }
      throw e;
    } catch (RuntimeException e) {
      if (e.getCause() instanceof ClassNotFoundException missing) {
        throw new CallstreamException(
            ErrorCode.ENVIRONMENT,
            "The file system of the checkpoint directory "
                + location
                + " is not on the class path ("
                + missing.getMessage()
                + "). Add its library to the driver and the executors. For s3a it is"
                + " org.apache.hadoop:hadoop-aws in the version of Spark's Hadoop client: start with"
                + " spark-submit --packages org.apache.hadoop:hadoop-aws:3.3.4.",
            e);
      }
      throw e;
    }
  }

  static Path path(String location) {
    try {
      return new Path(location);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "'"
              + location
              + "' is no path: "
              + e.getMessage()
              + ". Name a path, or a URI such as hdfs://host/directory.",
          e);
    }
  }

  @Override
  public String location() {
    return root.toString();
  }

  /**
   * A directory that a run may use.
   *
   * @param recorded the fingerprint of the directory
   * @param run the fingerprint that the run requires
   */
  record Claim(int shufflePartitions, Fingerprint recorded, Fingerprint run) {}

  /**
   * Compares a pipeline and its fixed settings with those that the directory was created for. If
   * the directory is new, this records them in it.
   *
   * @param cores the number of shuffle partitions of a new directory, unless the settings have one
   */
  Claim claim(
      Pipeline pipeline, String topicId, RunOptions options, SparkSettings settings, int cores) {
    return access(() -> claimed(pipeline, topicId, options, settings, cores));
  }

  private Claim claimed(
      Pipeline pipeline, String topicId, RunOptions options, SparkSettings settings, int cores)
      throws IOException {
    Path file = new Path(directory, Fingerprint.FILE);
    if (!files.exists(file)) {
      requireNew();
      takeOver();
    }
    // Before this run took over, another run may have created the directory for its own pipeline.
    if (!files.exists(file)) {
      requireOwned();
      int partitions = settings.shufflePartitions().orElse(cores);
      Fingerprint made = fingerprint(pipeline, topicId, settings, partitions);
      write(Fingerprint.FILE, made.toString().getBytes(UTF_8));
      requireOwned();
      return new Claim(partitions, made, made);
    }
    Claim claim = continued(pipeline, topicId, options, settings, cores);
    if (fence == null && lock == null) {
      takeOver();
      // Until this run took over, another run may have changed the statistics.
      claim = continued(pipeline, topicId, options, settings, cores);
    }
    if (sparkFiles.isUsed() && !list().contains(LINEAGE)) {
      throw new DamagedFileException(OURS + "/" + LINEAGE + " is missing");
    }
    sparkFiles.requireWhole(lastBatch());
    return claim;
  }

  /** Requires that a run can continue this directory. */
  private Claim continued(
      Pipeline pipeline, String topicId, RunOptions options, SparkSettings settings, int cores)
      throws IOException {
    Fingerprint found = Fingerprint.parse(new String(read(Fingerprint.FILE), UTF_8));
    int before = found.line(SHUFFLE_PARTITIONS).map(Integer::parseInt).orElse(cores);
    int partitions = settings.shufflePartitions().orElse(before);
    Fingerprint run = fingerprint(pipeline, topicId, settings, partitions);
    found.requireContinuedBy(run, options.evolves(), location());
    return new Claim(partitions, found, run);
  }

  private static Fingerprint fingerprint(
      Pipeline pipeline, String topicId, SparkSettings settings, int shufflePartitions) {
    Map<String, String> fixed = new LinkedHashMap<>();
    fixed.put(SHUFFLE_PARTITIONS, Integer.toString(shufflePartitions));
    fixed.put(STATE_STORE, settings.stateStore().toString());
    fixed.put(RESULTS, settings.hasResultsInExecutors() ? "in executors" : "in driver");
    return Fingerprint.of(pipeline, SparkEngine.NAME, fixed, topicId);
  }

  private void requireNew() throws IOException {
    if (list().contains(LINEAGE) || lastBatch() != Ledger.NO_BATCH) {
      throw new DamagedFileException(OURS + "/" + Fingerprint.FILE + " is missing");
    }
    if (sparkFiles.isUsed()) {
      if (sparkFiles.hasChecksums()) {
        throw new DamagedFileException(OURS + " is missing");
      }
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          "The directory "
              + root
              + " is the checkpoint of a query that is not callstream's. Name another directory.");
    }
  }

  /** Returns the ledger as it was after the last batch that Spark committed. */
  Ledger restore(Pipeline pipeline, Claim claim, Instant now) {
    Ledger ledger = Ledger.restore(pipeline, this, sparkFiles.committed());
    return access(
        () -> {
          sparkFiles.requireConsistent(ledger);
          ledger.continueAs(claim.recorded(), claim.run(), firstOffsets(), now);
          return ledger;
        });
  }

  /** Returns the offsets at which Spark began to read; empty if it has not started yet. */
  Map<Integer, Long> firstOffsets() {
    return access(sparkFiles::firstOffsets);
  }

  private interface Access<T> {
    T get() throws IOException;
  }

  private <T> T access(Access<T> files) {
    try {
      return files.get();
    } catch (IOException e) {
      throw failed(location(), e);
    }
  }

  @Override
  public void write(String name, byte[] content) throws IOException {
    write(name, (Content) out -> out.write(content));
  }

  @Override
  public void write(String name, Content content) throws IOException {
    CheckpointFileManager.CancellableFSDataOutputStream out =
        files.createAtomic(new Path(directory, name), true);
    try {
      OutputStream buffer = new BufferedOutputStream(out, BUFFER);
      content.writeTo(buffer);
      buffer.flush();
      out.close();
    } catch (IOException | RuntimeException e) {
      out.cancel();
      throw e;
    }
  }

  @Override
  public byte[] read(String name) throws IOException {
    try (var in = files.open(new Path(directory, name))) {
      return in.readAllBytes();
    } catch (FileNotFoundException e) {
      throw new DamagedFileException(OURS + "/" + name + " is missing");
    }
  }

  @Override
  public List<String> list() {
    List<String> names = new ArrayList<>();
    for (FileStatus status : files.list(directory)) {
      names.add(status.getPath().getName());
    }
    return names;
  }

  @Override
  public void delete(String name) {
    files.delete(new Path(directory, name));
  }

  /** Checks that the executors can read what this writes; otherwise, a restart would fail. */
  private void requireShared() throws IOException {
    String name = VISIBLE + UUID.randomUUID();
    write(name, name.getBytes(UTF_8));
    try {
      SharedStorage.require(
          context,
          new Path(directory, name),
          name,
          hadoop,
          temporary ? null : location(),
          SharedStorage.Patience.DEFAULT);
    } finally {
      delete(name);
    }
  }

  /**
   * Deletes the check files of drivers that were killed while their executors looked for a file.
   */
  private void deleteOldChecks() {
    // Without a lock, another run may be checking at the same time. A check takes much less than a
    // day.
    long before =
        lock == null ? System.currentTimeMillis() - LONGEST_CHECK.toMillis() : Long.MAX_VALUE;
    for (FileStatus status : files.list(directory)) {
      Path path = status.getPath();
      if (path.getName().startsWith(VISIBLE) && status.getModificationTime() < before) {
        files.delete(path);
      }
    }
  }

  /** Takes the directory over from the run that owns it, on file systems without locks. */
  private void takeOver() throws IOException {
    if (lock == null && fence == null) {
      fence =
          Fence.claim(
              files, directory, location(), context.applicationId(), Fence.Patience.DEFAULT);
    }
  }

  /** Passes on the failure of this run, in a separate thread, when another run has taken over. */
  void watch(Consumer<CallstreamException> superseded) {
    if (fence != null) {
      fence.watch(superseded);
    }
  }

  /** Requires that no other run has taken over. */
  void requireOwned() {
    try {
      if (fence != null) {
        fence.requireNewest();
      }
    } catch (IOException e) {
      throw failed(location(), e);
    }
  }

  /** Returns the failure of this run, with its cause, if another run has taken over. */
  Optional<CallstreamException> takenOver(@Nullable Throwable cause) {
    try {
      return fence == null ? Optional.empty() : fence.takenOver(cause);
    } catch (Exception e) { // Scala throws checked exceptions that its signatures do not declare.
      LOG.debug("Cannot find out whether another run has taken over {}", root, e);
      return Optional.empty();
    }
  }

  private Path letters() {
    Path all = new Path(directory, LETTERS);
    return fence == null ? all : new Path(all, fence.token());
  }

  /** Returns the state of the query that a session runs. */
  StateScan.Source state(SparkSession session, SparkSettings.StateStore store) {
    return new StateScan.Source(session, new Path(root, "state").toString(), hadoop, store);
  }

  TaskDeadLetterDirectory letterDirectory() {
    return new TaskDeadLetterDirectory(letters().toString(), hadoop);
  }

  InputStream openLetters(String file) throws IOException {
    Path path = new Path(file);
    return path.getFileSystem(configuration).open(path);
  }

  /**
   * Deletes the files that no batch needs any more. After the first batch, it deletes the files of
   * earlier runs. After a batch with letter files, it deletes all letter files of this run,
   * including those of attempts that were killed or not used. Files that cannot be deleted remain
   * until a later batch or run.
   *
   * @param hasLetterFiles whether the batch that was delivered to the sinks had letter files
   */
  void finished(boolean hasLetterFiles) {
    if (hasLetterFiles) {
      attempt(() -> files.delete(letters()), "the dead letters stay until a later batch");
    }
    if (fence == null || swept) {
      return;
    }
    swept = true;
    Fence own = fence;
    attempt(
        () -> {
          for (String token : own.older()) {
            files.delete(new Path(new Path(directory, LETTERS), token));
            own.delete(token);
          }
        },
        "files of earlier runs stay");
  }

  private interface Step {
    void take() throws Exception; // Scala throws checked exceptions that it does not declare.
  }

  /** Takes a step whose failure does no harm. */
  private void attempt(Step step, String otherwise) {
    try {
      step.take();
    } catch (Exception e) {
      LOG.debug("{}: {}", root, otherwise, e);
    }
  }

  /** Releases the directory. Deletes it if it is temporary. */
  @Override
  public void close() {
    try {
      if (!temporary && (lock != null || fence != null)) {
        attempt(() -> files.delete(letters()), "dead letters of this run stay");
      }
      if (fence != null) {
        attempt(fence::end, "the next run waits for a moment, as after a crash");
      }
      if (lock != null) {
        lock.close();
      }
      if (temporary && !ShutdownHookManager.inShutdown()) {
        files.delete(root);
        ShutdownHookManager.removeShutdownDeleteDir(new File(root.toUri()));
      }
    } catch (IOException e) {
      throw failed(location(), e);
    }
  }

  private static CallstreamException failed(String location, Exception e) {
    if (e instanceof DamagedFileException || e instanceof ChecksumException) {
      return DamagedFileException.failure(location, String.valueOf(e.getMessage()), e);
    }
    return FileFailures.ofCheckpoint(location, e, FileFailures.advice(e));
  }
}
