package io.callstream.engine.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.engine.BatchPart;
import io.callstream.internal.files.Checksum;
import io.callstream.internal.files.DamagedFileException;
import io.callstream.internal.files.FileFailures;
import io.callstream.internal.files.RunLock;
import io.callstream.internal.ledger.Fingerprint;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.ledger.LedgerFiles;
import io.callstream.internal.ledger.LocalLedgerFiles;
import io.callstream.internal.notation.CheckpointLocation;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoint directory of one pipeline on the local engine. All files are in the directory
 * {@code callstream}: the lock, the fingerprint, the ledger, the offsets at which reading started,
 * and {@code committed}, the last batch that was known to be complete.
 *
 * <p>A batch is written to the log before the sinks receive it, and is complete when they have
 * received it. The next batch in the log shows that it is complete. If none follows, {@code
 * committed} shows it. So the last batch of a run that was killed may be incomplete, and is
 * repeated. A batch costs one force to the disk instead of two.
 *
 * <p>The files of a new directory are created in the order of {@link #ORDER}, all of them before
 * the first batch. A run that is killed meanwhile leaves the first ones, and the next run creates
 * the others. If a file is missing but a later one exists, the file was deleted, and the directory
 * is rejected.
 */
final class LocalCheckpoint implements AutoCloseable {
  static final String OURS = "callstream";

  /** The name of a setting: the part of the topic that the run reads. */
  static final String PART = "part";

  private static final String COMMITTED = "committed";
  private static final String FIRST_OFFSETS = "first-offsets";
  private static final String LOG = "log-0";
  private static final String RESULTS = "the log of results";
  private static final List<String> ORDER =
      List.of(Fingerprint.FILE, LedgerFiles.LINEAGE, LOG, FIRST_OFFSETS, COMMITTED);

  private final Path root;

  /** Null for a reader, which changes nothing. */
  private final @Nullable RunLock lock;

  private final LocalLedgerFiles files;

  /** The fingerprint in the directory. */
  private final Fingerprint recorded;

  /** Whether the directory has all its files. Only then may a run have read records with it. */
  private boolean complete;

  private LocalCheckpoint(
      Path root, @Nullable RunLock lock, LocalLedgerFiles files, Fingerprint recorded) {
    this.root = root;
    this.lock = lock;
    this.files = files;
    this.recorded = recorded;
  }

  /** Opens a directory for a run, which may have other statistics if it is evolving. */
  static LocalCheckpoint open(String location, Fingerprint run, boolean evolving) {
    Path root = path(location);
    try {
      Path directory = Files.createDirectories(root.resolve(OURS));
      RunLock lock = RunLock.of(directory, location);
      try {
        deleteLetters(directory);
        Fingerprint recorded = run;
        if (Files.exists(directory.resolve(Fingerprint.FILE))) {
          // The fingerprint is checked first, because other engines have other files.
          recorded = recorded(directory);
          recorded.requireContinuedBy(run, evolving, root.toString());
        }
        LocalCheckpoint checkpoint =
            new LocalCheckpoint(root, lock, LocalLedgerFiles.in(directory), recorded);
        checkpoint.claim();
        return checkpoint;
      } catch (IOException | RuntimeException e) {
        lock.close();
        throw e;
      }
    } catch (IOException e) {
      throw failed(root, e);
    }
  }

  /**
   * Opens a directory to read it. If a run writes to it at the same time, all methods can fail as
   * if the directory were damaged.
   *
   * @param recorded the fingerprint in the directory
   */
  static LocalCheckpoint reading(Path root, Fingerprint recorded) throws IOException {
    LocalCheckpoint checkpoint =
        new LocalCheckpoint(root, null, LocalLedgerFiles.reading(root.resolve(OURS)), recorded);
    Set<String> found = checkpoint.found();
    checkpoint.requireAll(found);
    checkpoint.complete = found.contains(COMMITTED);
    return checkpoint;
  }

  /** Returns whether the directory has all its files, so that it may have a batch. */
  boolean isComplete() {
    return complete;
  }

  /** Returns the fingerprint of a run of the local engine. */
  static Fingerprint fingerprint(
      Pipeline pipeline, Optional<KafkaTopic.Part> part, String sourceId) {
    return Fingerprint.of(
        pipeline,
        LocalEngine.NAME,
        part.map(some -> Map.of(PART, some.toString())).orElse(Map.of()),
        sourceId);
  }

  /** Returns the fingerprint in a directory with the files. */
  static Fingerprint recorded(Path directory) throws IOException {
    byte[] text =
        Checksum.verify(Fingerprint.FILE, Files.readAllBytes(directory.resolve(Fingerprint.FILE)));
    return Fingerprint.parse(new String(text, UTF_8));
  }

  private static Path path(String location) {
    Path local = CheckpointLocation.of(location).local();
    if (local == null) {
      throw new CallstreamException(
          ErrorCode.UNSUPPORTED,
          "The engine 'local' keeps its checkpoint in a directory of this machine, not in "
              + location
              + ". Name a directory, or choose the engine 'spark'.");
    }
    return local.toAbsolutePath().normalize();
  }

  /** Deletes the files of dead letters that a killed run left. */
  private static void deleteLetters(Path directory) throws IOException {
    try (DirectoryStream<Path> left =
        Files.newDirectoryStream(directory, BatchPart.LETTER_FILES + "*")) {
      for (Path file : left) {
        Files.delete(file);
      }
    }
  }

  Path letterDirectory() {
    return root.resolve(OURS);
  }

  /** Assigns a new directory to a run, and rejects a directory with a missing file. */
  private void claim() throws IOException {
    Set<String> found = found();
    requireAll(found);
    if (found.isEmpty()) {
      if (Files.exists(root.resolve("offsets"))) {
        throw new CallstreamException(
            ErrorCode.CHECKPOINT,
            ("The directory %s is the checkpoint of a query that is not callstream's. Name another"
                    + " directory.")
                .formatted(root));
      }
      files.write(Fingerprint.FILE, recorded.toString().getBytes(UTF_8));
    }
    complete = found.contains(COMMITTED);
  }

  /** Returns the existing files of {@link #ORDER}. */
  private Set<String> found() throws IOException {
    Set<String> found = new HashSet<>(files.list());
    found.retainAll(ORDER);
    if (files.hasLog()) {
      found.add(LOG);
    }
    return found;
  }

  /** Rejects a directory in which a file is missing although a later file or a batch exists. */
  private void requireAll(Set<String> found) throws IOException {
    boolean later = files.lastBatch() != Ledger.NO_BATCH;
    for (int i = ORDER.size() - 1; i >= 0; i--) {
      if (later && !found.contains(ORDER.get(i))) {
        throw new DamagedFileException(ORDER.get(i) + " is missing");
      }
      later |= found.contains(ORDER.get(i));
    }
  }

  /** Returns the ledger as it was after the last batch that is known to be complete. */
  Ledger restore(Pipeline pipeline, Fingerprint run, Instant now) {
    Ledger ledger = Ledger.restore(pipeline, files, lastDone());
    ledger.continueAs(recorded, run, firstOffsets(), now);
    return ledger;
  }

  private long lastDone() {
    try {
      long said = committed().batch();
      long written = files.lastBatch();
      if (written < said) {
        throw new DamagedFileException(
            "the log of results ends with batch " + written + ", not " + said);
      }
      return Math.max(said, files.lastCertainBatch());
    } catch (IOException e) {
      throw failed(root, e);
    }
  }

  /** Creates the remaining files of a new directory. */
  void begin(Map<Integer, Long> firsts) {
    if (complete) {
      return;
    }
    try {
      files.begin();
    } catch (IOException e) {
      throw failed(root, e);
    }
    writeFirstOffsets(firsts);
    commit(new Committed(Ledger.NO_BATCH, firsts));
    complete = true;
  }

  /**
   * The last batch that was known to be complete when this record was written.
   *
   * @param reached the offset up to which each partition was read, including offsets without
   *     records
   */
  record Committed(long batch, Map<Integer, Long> reached) {}

  /** Records that a batch is complete although none follows. */
  void commit(Committed committed) {
    write(COMMITTED, committed.batch() + "\n" + lines(committed.reached()));
  }

  Committed committed() {
    List<String> lines = text(COMMITTED);
    return lines.isEmpty()
        ? new Committed(Ledger.NO_BATCH, Map.of())
        : new Committed(Long.parseLong(lines.get(0)), offsets(lines.subList(1, lines.size())));
  }

  /** Returns the offsets at which reading started, for the partitions that were ever read. */
  Map<Integer, Long> firstOffsets() {
    return offsets(text(FIRST_OFFSETS));
  }

  private static Map<Integer, Long> offsets(List<String> lines) {
    Map<Integer, Long> offsets = new TreeMap<>();
    for (String line : lines) {
      int colon = line.indexOf(": ");
      offsets.put(
          Integer.valueOf(line.substring(0, colon)), Long.valueOf(line.substring(colon + 2)));
    }
    return offsets;
  }

  void writeFirstOffsets(Map<Integer, Long> firsts) {
    write(FIRST_OFFSETS, lines(firsts));
  }

  private static String lines(Map<Integer, Long> offsets) {
    return offsets.entrySet().stream()
        .map(offset -> offset.getKey() + ": " + offset.getValue() + "\n")
        .collect(Collectors.joining());
  }

  private void write(String name, String content) {
    try {
      files.write(name, content.getBytes(UTF_8));
    } catch (IOException e) {
      throw failed(root, e);
    }
  }

  /** Returns the lines of a file. Empty if a new directory does not have it yet. */
  private List<String> text(String name) {
    try {
      return complete || files.list().contains(name)
          ? new String(files.read(name), UTF_8).lines().toList()
          : List.of();
    } catch (IOException e) {
      throw failed(root, e);
    }
  }

  /** Rejects a directory whose offsets contradict each other or the topic. */
  void requireConsistent(Ledger ledger, Map<Integer, Long> ends) {
    Map<Integer, Long> firsts = firstOffsets();
    Committed committed = committed();
    Map<Integer, Long> logged = ledger.nextOffsets();
    requireBefore(firsts, FIRST_OFFSETS, logged, RESULTS);
    requireBefore(firsts, FIRST_OFFSETS, committed.reached(), COMMITTED);
    if (committed.batch() == ledger.lastBatch()) {
      Map<Integer, Long> reached = new TreeMap<>(committed.reached());
      reached.keySet().retainAll(logged.keySet());
      logged.keySet().forEach(partition -> reached.putIfAbsent(partition, -1L));
      requireBefore(logged, RESULTS, reached, COMMITTED);
    }
    requireInTopic(ends, logged);
    requireInTopic(ends, committed.reached());
    requireInTopic(ends, ledger.endsOfNext());
  }

  private void requireInTopic(Map<Integer, Long> ends, Map<Integer, Long> offsets) {
    offsets.forEach(
        (partition, offset) -> {
          Long end = ends.get(partition);
          if (end != null && end < offset) {
            throw new CallstreamException(
                ErrorCode.CHECKPOINT,
                ("The topic has fewer records than the checkpoint directory %s has read: partition"
                        + " %s was read up to offset %s, and ends at %s. Restore the topic and the"
                        + " checkpoint to states that fit each other, or start with a new"
                        + " directory, which counts the topic from its start.")
                    .formatted(root, partition, offset, end));
          }
        });
  }

  private void requireBefore(
      Map<Integer, Long> earlier, String earlierName, Map<Integer, Long> later, String laterName) {
    later.forEach(
        (partition, offset) -> {
          Long first = earlier.get(partition);
          if (first == null || first > offset) {
            throw new DamagedFileException(
                    "%s has offset %s of partition %s, and %s has %s"
                        .formatted(
                            laterName,
                            offset,
                            partition,
                            earlierName,
                            first == null ? "none" : first))
                .in(root.toString());
          }
        });
  }

  @Override
  public void close() {
    try (lock) {
      files.close();
    } catch (IOException e) {
      throw failed(root, e);
    }
  }

  static CallstreamException failed(Path root, IOException e) {
    if (e instanceof DamagedFileException damaged) {
      return damaged.in(root.toString());
    }
    return FileFailures.ofCheckpoint(root.toString(), e, FileFailures.advice(root, e));
  }
}
