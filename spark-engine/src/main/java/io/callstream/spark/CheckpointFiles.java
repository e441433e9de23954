package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.internal.files.DamagedFileException;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.threads.DaemonThreads;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager;

/**
 * The files that Spark keeps in a checkpoint directory.
 *
 * <p>Spark creates {@code metadata}, then {@code sources/0/0} with the offsets at which reading
 * starts. For each batch it then creates {@code offsets/N}, the files of the state, and {@code
 * commits/N} when the batch is complete. callstream writes its own files in between: {@code
 * pipeline.txt} and {@code lineage} before all others, and {@code batch-N} after {@code offsets/N}.
 */
record CheckpointFiles(Path root, CheckpointFileManager files) {
  private static final String METADATA = "metadata";
  private static final String FIRST_OFFSETS = "sources/0/0";
  private static final String OFFSETS = "offsets";
  private static final String COMMITS = "commits";

  /** The maximum number of archives that are read at the same time. */
  private static final int READERS = 8;

  /** Returns whether a query has ever started in the directory. */
  boolean isUsed() {
    return exists(METADATA) || newest(OFFSETS) != Ledger.NO_BATCH;
  }

  /** Returns whether callstream wrote the query's metadata, with a checksum. */
  boolean hasChecksums() {
    try {
      return read(METADATA).length > 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** Returns the last batch that Spark committed, or {@link Ledger#NO_BATCH}. */
  long committed() {
    return newest(COMMITS);
  }

  /**
   * Verifies the files that Spark reads when it starts. If some of them are missing, Spark would
   * start from the beginning; for others, its error messages give little information.
   *
   * @param logged the last batch in the ledger, or {@link Ledger#NO_BATCH}
   * @throws DamagedFileException if a file is damaged or missing
   */
  void requireWhole(long logged) throws IOException {
    long committed = newest(COMMITS);
    long planned = newest(OFFSETS);
    long last = Math.max(logged, committed);
    if (planned < last) {
      throw missing(OFFSETS + "/" + last);
    }
    if (planned == Ledger.NO_BATCH) {
      if (exists(METADATA)) {
        read(METADATA);
      }
      return;
    }
    read(METADATA);
    read(FIRST_OFFSETS);
    read(OFFSETS + "/" + planned);
    if (planned > 0) {
      read(OFFSETS + "/" + (planned - 1));
    }
    if (committed < planned - 1) {
      throw missing(COMMITS + "/" + (planned - 1));
    }
    if (committed != Ledger.NO_BATCH) {
      read(COMMITS + "/" + committed);
    }
    verifyArchives();
  }

  /** Verifies RocksDB's archives of small files, which Spark opens without this file manager. */
  private void verifyArchives() throws IOException {
    List<Path> archives = new ArrayList<>();
    findArchives(new Path(root, "state"), archives);
    if (archives.isEmpty()) {
      return;
    }
    ExecutorService readers =
        Executors.newFixedThreadPool(
            Math.min(READERS, archives.size()),
            DaemonThreads.named("callstream-checkpoint-reader"));
    try {
      List<Future<?>> verified = new ArrayList<>();
      for (Path archive : archives) {
        verified.add(
            readers.submit(
                () -> {
                  files.open(archive).close();
                  return null;
                }));
      }
      for (Future<?> one : verified) {
        Object ignored = one.get();
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the files of the state were verified");
    } finally {
      readers.shutdownNow();
    }
  }

  private void findArchives(Path directory, List<Path> archives) {
    if (!files.exists(directory)) {
      return;
    }
    for (FileStatus file : files.list(directory)) {
      if (file.isDirectory()) {
        findArchives(file.getPath(), archives);
      } else if (file.getPath().getName().endsWith(".zip")) {
        archives.add(file.getPath());
      }
    }
  }

  /** Compares Spark's offsets with those of the ledger. */
  void requireConsistent(Ledger ledger) throws IOException {
    if (ledger.lastBatch() == Ledger.NO_BATCH) {
      return;
    }
    Map<Integer, Long> logged = ledger.nextOffsets();
    requireBefore(firstOffsets(), FIRST_OFFSETS, logged, "the log of results");
    String end = OFFSETS + "/" + ledger.lastBatch();
    Map<Integer, Long> ended = offsets(end);
    requireBefore(logged, "the log of results", ended, end);
    String planned = OFFSETS + "/" + newest(OFFSETS);
    requireBefore(ended, end, offsets(planned), planned);
  }

  private static void requireBefore(
      Map<Integer, Long> earlier, String earlierName, Map<Integer, Long> later, String laterName)
      throws DamagedFileException {
    for (Map.Entry<Integer, Long> offset : earlier.entrySet()) {
      Long after = later.get(offset.getKey());
      if (after != null && after < offset.getValue()) {
        throw new DamagedFileException(
            String.format(
                "%s has offset %d of partition %d, and %s has %d",
                laterName, after, offset.getKey(), earlierName, offset.getValue()));
      }
    }
  }

  /** Returns the offsets at which Spark began to read; empty if it has not started yet. */
  Map<Integer, Long> firstOffsets() throws IOException {
    return exists(FIRST_OFFSETS) ? offsets(FIRST_OFFSETS) : Map.of();
  }

  /** Reads the last line of a file, which contains the offsets. */
  private Map<Integer, Long> offsets(String file) throws IOException {
    List<String> lines = new String(read(file), UTF_8).lines().toList();
    String last = lines.get(lines.size() - 1);
    return ProgressReader.parse(last.substring(last.indexOf('{')));
  }

  private byte[] read(String file) throws IOException {
    if (!exists(file)) {
      throw missing(file);
    }
    try (var in = files.open(new Path(root, file))) {
      return in.readAllBytes();
    }
  }

  private boolean exists(String file) {
    return files.exists(new Path(root, file));
  }

  private static DamagedFileException missing(String file) {
    return new DamagedFileException(file + " is missing");
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
}
