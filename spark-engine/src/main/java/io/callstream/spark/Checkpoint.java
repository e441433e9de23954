package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.Pipeline;
import io.callstream.runtime.Fingerprint;
import io.callstream.runtime.Ledger;
import io.callstream.runtime.LedgerFiles;
import io.callstream.runtime.RunLock;
import io.callstream.runtime.Surroundings;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager;
import org.apache.spark.util.ShutdownHookManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoint directory of one pipeline: Spark's own, and in {@code callstream} beside it the
 * fingerprint and the log of results.
 */
final class Checkpoint implements LedgerFiles, AutoCloseable {
  static final String FILE_MANAGER = "spark.sql.streaming.checkpointFileManagerClass";
  private static final String OURS = "callstream";
  private static final String SHUFFLE_PARTITIONS = "shuffle partitions";
  private static final String STATE_STORE = "state store";

  private static final JsonFactory JSON = new JsonFactory();
  private static final String LETTERS = "letters";
  private static final Logger LOG = LoggerFactory.getLogger(Checkpoint.class);

  private final Path root;
  private final Path directory;
  private final boolean temporary;
  private final CheckpointFileManager files;
  private final Configuration configuration;
  private @Nullable RunLock lock;

  private Checkpoint(
      Path root, boolean temporary, CheckpointFileManager files, Configuration configuration) {
    this.root = root;
    this.directory = new Path(root, OURS);
    this.temporary = temporary;
    this.files = files;
    this.configuration = configuration;
  }

  /**
   * Opens a directory for a run, which is the only one in it until it is closed.
   *
   * @param location a path or URI; null for a temporary directory that is deleted in the end
   */
  static Checkpoint open(@Nullable String location, SparkSession session) {
    try {
      Path root =
          location == null ? new Path(temporaryDirectory().toURI()) : qualified(location, session);
      boolean local = "file".equals(root.toUri().getScheme());
      if (local) {
        session.conf().set(FILE_MANAGER, LocalCheckpointFileManager.class.getName());
      }
      Configuration configuration = session.sessionState().newHadoopConf();
      Checkpoint checkpoint =
          new Checkpoint(
              root,
              location == null,
              CheckpointFileManager.create(root, configuration),
              configuration);
      checkpoint.files.mkdirs(checkpoint.directory);
      try {
        if (local) {
          checkpoint.lock =
              RunLock.of(LocalCheckpointFileManager.local(checkpoint.directory), root.toString());
          LocalCheckpointFileManager.deleteDrafts(root);
        }
        checkpoint.files.delete(new Path(checkpoint.directory, LETTERS));
      } catch (IOException | RuntimeException e) {
        checkpoint.close();
        throw e;
      }
      return checkpoint;
    } catch (IOException | UncheckedIOException e) {
      throw failed(String.valueOf(location), e);
    }
  }

  /** Makes a directory that goes with the JVM, should nobody close the checkpoint before. */
  private static File temporaryDirectory() throws IOException {
    File directory = Files.createTempDirectory("callstream-checkpoint-").toFile();
    // Spark deletes its own ones so: behind the end of its context, when no task writes any more.
    ShutdownHookManager.registerShutdownDeleteDir(directory);
    return directory;
  }

  private static Path qualified(String location, SparkSession session) throws IOException {
    Path path = new Path(location);
    if (path.toUri().getScheme() == null
        && FileSystem.get(session.sessionState().newHadoopConf())
            .getUri()
            .getScheme()
            .equals("file")) {
      return new Path(Surroundings.path(location).toAbsolutePath().normalize().toUri());
    }
    return path.getFileSystem(session.sessionState().newHadoopConf()).makeQualified(path);
  }

  @Override
  public String location() {
    return root.toString();
  }

  /**
   * Holds a pipeline and its fixed settings against what the directory was made for, or makes it
   * theirs.
   *
   * @param topicId the id of the topic that is to be read
   * @param settings what the caller wants; shuffle partitions that are not set are taken over
   * @param cores how many shuffle partitions a new directory gets if nothing is said
   * @return how many shuffle partitions there are
   */
  int claim(Pipeline pipeline, String topicId, SparkSettings settings, int cores) {
    try {
      Path file = new Path(directory, Fingerprint.FILE);
      if (!files.exists(file)) {
        requireNew();
        int partitions = settings.shufflePartitions().orElse(cores);
        Fingerprint made = fingerprint(pipeline, topicId, settings, partitions);
        write(Fingerprint.FILE, made.toString().getBytes(UTF_8));
        return partitions;
      }
      Fingerprint found =
          Fingerprint.parse(new String(read(Fingerprint.FILE), UTF_8))
              .orElseThrow(() -> damaged(file, null));
      requireWhole();
      int before = found.line(SHUFFLE_PARTITIONS).map(Integer::parseInt).orElse(cores);
      int partitions = settings.shufflePartitions().orElse(before);
      found.requireSame(fingerprint(pipeline, topicId, settings, partitions), location());
      return partitions;
    } catch (IOException e) {
      throw failed(location(), e);
    }
  }

  private static Fingerprint fingerprint(
      Pipeline pipeline, String topicId, SparkSettings settings, int shufflePartitions) {
    Map<String, String> fixed = new LinkedHashMap<>();
    fixed.put(SHUFFLE_PARTITIONS, Integer.toString(shufflePartitions));
    fixed.put(STATE_STORE, settings.stateStore().toString());
    return Fingerprint.of(pipeline, SparkEngine.NAME, fixed, topicId);
  }

  /** Looks at the files that Spark starts from: where one is cut off it says little, and late. */
  private void requireWhole() throws IOException {
    requireJson(new Path(root, "metadata"), 0);
    for (String log : List.of("offsets", "commits")) {
      long newest = newest(log);
      if (newest != Ledger.NO_BATCH) {
        requireJson(new Path(new Path(root, log), Long.toString(newest)), 1);
      }
    }
  }

  private void requireJson(Path file, int headerLines) throws IOException {
    if (!files.exists(file)) {
      return;
    }
    try (var in = files.open(file)) {
      List<String> lines = new String(in.readAllBytes(), UTF_8).lines().toList();
      if (lines.size() <= headerLines) {
        throw damaged(file, null);
      }
      for (String line : lines.subList(headerLines, lines.size())) {
        try (JsonParser parser = JSON.createParser(line)) {
          while (parser.nextToken() != null) {}
        }
      }
    } catch (JsonProcessingException e) {
      throw damaged(file, e);
    }
  }

  private CallstreamException damaged(Path file, @Nullable Throwable cause) {
    return new Failures(location()).damaged(file + " is not whole", cause);
  }

  private void requireNew() {
    if (files.exists(new Path(root, "offsets"))) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          "The directory "
              + root
              + " is the checkpoint of a query that is not callstream's. Name another directory.");
    }
  }

  /** Returns the last batch that Spark committed, or {@link Ledger#NO_BATCH}. */
  long committed() {
    return newest("commits");
  }

  private long newest(String log) {
    Path directory = new Path(root, log);
    long last = Ledger.NO_BATCH;
    if (files.exists(directory)) {
      for (FileStatus status : files.list(directory)) {
        String name = status.getPath().getName();
        if (name.chars().allMatch(Character::isDigit)) {
          last = Math.max(last, Long.parseLong(name));
        }
      }
    }
    return last;
  }

  /** Returns the offsets at which Spark began to read the topic; of none if it has not yet. */
  Map<Integer, Long> firstOffsets() {
    Path file = new Path(root, "sources/0/0");
    if (!files.exists(file)) {
      return Map.of();
    }
    try (var in = files.open(file)) {
      String text = new String(in.readAllBytes(), UTF_8);
      return ProgressReader.parse(text.substring(text.indexOf('{')));
    } catch (IOException e) {
      throw failed(location(), e);
    }
  }

  @Override
  public void write(String name, byte[] content) throws IOException {
    CheckpointFileManager.CancellableFSDataOutputStream out =
        files.createAtomic(new Path(directory, name), true);
    try {
      ((OutputStream) out).write(content);
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

  /** Returns where tasks may leave files of dead letters, until the batch is finished. */
  String letterDirectory() {
    return new Path(directory, LETTERS).toString();
  }

  InputStream openLetters(String file) throws IOException {
    Path path = new Path(file);
    return path.getFileSystem(configuration).open(path);
  }

  /** Deletes a file that was read; one that can't be goes with the next run. */
  void deleteLetters(String file) {
    Path path = new Path(file);
    try {
      path.getFileSystem(configuration).delete(path, false);
    } catch (IOException e) {
      LOG.debug("{} stays until the next run", file, e);
    }
  }

  /** Lets the directory go; a temporary one is deleted. */
  @Override
  public void close() {
    try {
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
    return new CallstreamException(
        ErrorCode.CHECKPOINT,
        "The checkpoint directory "
            + location
            + " can't be read or written: "
            + (e instanceof FileNotFoundException ? e.getMessage() : e)
            + ". Name a directory in which this user may write, and that has room.",
        e);
  }
}
