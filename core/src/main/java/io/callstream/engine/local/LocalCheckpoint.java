package io.callstream.engine.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.Pipeline;
import io.callstream.runtime.AppendedFiles;
import io.callstream.runtime.Fingerprint;
import io.callstream.runtime.Ledger;
import io.callstream.runtime.RunLock;
import io.callstream.runtime.Surroundings;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The checkpoint directory of one pipeline on the local engine. All is in {@code callstream}: the
 * lock, the fingerprint, the ledger, where reading began, and which batch was the last when the run
 * ended or had nothing to do.
 *
 * <p>A batch is written down before the sinks get it, and is done when they have it. That it is
 * done is said by the next one that is written down, or, where none follows, by {@code committed}.
 * So the last batch of a run that was killed is in doubt, and comes again; and a batch costs one
 * force to the disk, not two.
 */
final class LocalCheckpoint implements AutoCloseable {
  private static final String OURS = "callstream";
  private static final String COMMITTED = "committed";
  private static final String FIRST_OFFSETS = "first-offsets";
  private static final String END = "end\n";
  private static final Pattern URI = Pattern.compile("(\\p{Alpha}[\\p{Alnum}+.-]+):/.*");
  private static final Pattern FILE_URI = Pattern.compile("file:(?://[^/]*)?(?=/)");

  private final Path root;
  private final RunLock lock;
  private final AppendedFiles files;

  private LocalCheckpoint(Path root, RunLock lock, AppendedFiles files) {
    this.root = root;
    this.lock = lock;
    this.files = files;
  }

  /**
   * Opens a directory for a run, which is the only one in it until it is closed.
   *
   * @param location a path, or a URI of a file
   */
  static LocalCheckpoint open(String location) {
    Path root = path(location);
    try {
      Path directory = Files.createDirectories(root.resolve(OURS));
      RunLock lock = RunLock.of(directory, location);
      try {
        deleteLetters(directory);
        return new LocalCheckpoint(root, lock, AppendedFiles.in(directory));
      } catch (IOException | RuntimeException e) {
        lock.close();
        throw e;
      }
    } catch (IOException e) {
      throw failed(root, e);
    }
  }

  private static Path path(String location) {
    Matcher uri = URI.matcher(location);
    if (!uri.matches()) {
      return Surroundings.path(location).toAbsolutePath().normalize();
    }
    Matcher file = FILE_URI.matcher(location);
    if (!file.lookingAt()) {
      throw new CallstreamException(
          ErrorCode.UNSUPPORTED,
          "The engine 'local' keeps its checkpoint in a directory of this machine, not in "
              + location
              + ". Name a directory, or choose the engine 'spark'.");
    }
    return Surroundings.path(file.replaceFirst(""));
  }

  /** Deletes the files of letters that a killed run left. */
  private static void deleteLetters(Path directory) throws IOException {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, LetterBox.PREFIX + "*")) {
      for (Path file : left) {
        Files.delete(file);
      }
    }
  }

  /** Returns where files of letters may be. */
  Path letterDirectory() {
    return root.resolve(OURS);
  }

  /** Holds a run against what the directory was made for, or makes it its own. */
  void claim(Fingerprint run) {
    try {
      if (!files.list().contains(Fingerprint.FILE)) {
        if (Files.exists(root.resolve("offsets"))) {
          throw new CallstreamException(
              ErrorCode.CHECKPOINT,
              "The directory "
                  + root
                  + " is the checkpoint of a query that is not callstream's. Name another"
                  + " directory.");
        }
        files.write(Fingerprint.FILE, run.toString().getBytes(UTF_8));
        return;
      }
      Optional<Fingerprint> found =
          Fingerprint.parse(new String(files.read(Fingerprint.FILE), UTF_8));
      found
          .orElseThrow(() -> damaged(Fingerprint.FILE + " is not whole"))
          .requireSame(run, root.toString());
    } catch (IOException e) {
      throw failed(root, e);
    }
  }

  /** Returns the ledger as it was after the last batch that is known to be done. */
  Ledger restore(Pipeline pipeline) {
    return Ledger.restore(pipeline, files, committed());
  }

  private long committed() {
    try {
      long said =
          text(COMMITTED).isEmpty() ? Ledger.NO_BATCH : Long.parseLong(text(COMMITTED).get(0));
      long written = Ledger.lastBatch(files);
      if (written < said) {
        throw damaged("the log of results ends with batch " + written + ", not " + said);
      }
      return Math.max(said, Ledger.lastCertainBatch(files));
    } catch (IOException e) {
      throw failed(root, e);
    } catch (NumberFormatException e) {
      throw damaged(COMMITTED + " is not whole");
    }
  }

  /**
   * Writes down that a batch is done though none follows.
   *
   * @param reached where each partition was read to, also where no records were
   */
  void commit(long batch, Map<Integer, Long> reached) {
    write(COMMITTED, batch + "\n" + lines(reached) + END);
  }

  /** Returns to where partitions were read when that was last written down. */
  Map<Integer, Long> reached() {
    return offsets(COMMITTED, 1);
  }

  /** Returns where reading began in the partitions that were ever read. */
  Map<Integer, Long> firstOffsets() {
    return offsets(FIRST_OFFSETS, 0);
  }

  private Map<Integer, Long> offsets(String file, int skipped) {
    try {
      Map<Integer, Long> offsets = new TreeMap<>();
      text(file).stream()
          .skip(skipped)
          .forEach(
              line -> {
                int colon = line.indexOf(": ");
                offsets.put(
                    Integer.valueOf(line.substring(0, colon)),
                    Long.valueOf(line.substring(colon + 2)));
              });
      return offsets;
    } catch (IOException e) {
      throw failed(root, e);
    } catch (IndexOutOfBoundsException | NumberFormatException e) {
      throw damaged(file + " is not whole");
    }
  }

  void writeFirstOffsets(Map<Integer, Long> firsts) {
    write(FIRST_OFFSETS, lines(firsts) + END);
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

  /** Returns the lines of a file but the last, which shows that it is whole. */
  private List<String> text(String name) throws IOException {
    if (!files.list().contains(name)) {
      return List.of();
    }
    String text = new String(files.read(name), UTF_8);
    if (!text.endsWith(END)) {
      throw damaged(name + " is not whole");
    }
    return text.substring(0, text.length() - END.length()).lines().toList();
  }

  private CallstreamException damaged(String how) {
    return new CallstreamException(
        ErrorCode.CHECKPOINT,
        "The checkpoint directory "
            + root
            + " is damaged: "
            + how
            + ". Restore it from a copy, or start with a new one, which counts the topic from its"
            + " start.");
  }

  /** Lets the directory go. */
  @Override
  public void close() {
    try (lock) {
      files.close();
    } catch (IOException e) {
      throw failed(root, e);
    }
  }

  private static CallstreamException failed(Path root, IOException e) {
    return new CallstreamException(
        ErrorCode.CHECKPOINT,
        "The checkpoint directory "
            + root
            + " can't be read or written: "
            + e
            + ". Name a directory in which this user may write, and that has room.",
        e);
  }
}
