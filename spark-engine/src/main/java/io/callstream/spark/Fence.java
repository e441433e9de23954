package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.runtime.DamagedFileException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager;
import org.jspecify.annotations.Nullable;

/*
 * A file lock does not reach beyond one machine. Here each run writes a token when it starts: a file
 * whose name is an epoch, one more than the newest that the run found, and a random id. The token
 * with the greatest name belongs to the run that owns the checkpoint. Every other run finds a greater
 * name when it lists the directory, and ends. No two tokens have the same name, so the protocol needs
 * no "create unless it exists" of the file system: it needs a listing that shows every file that was
 * completed before, which HDFS and today's object stores give.
 *
 * A run that was just superseded may still complete what it began before. A new run therefore waits
 * for SETTLING before it reads the checkpoint, and a run acts only if it looked at most FRESH ago. A
 * run that stands still for longer than the difference, between its look and its write, is stopped by
 * Spark's own logs, which create each batch's file only once.
 */
/** The right to be the one run in a checkpoint directory that several machines reach. */
final class Fence {
  /** The directory of the tokens. */
  static final String DIRECTORY = "runs";

  private static final Duration FRESH = Duration.ofMillis(200);
  private static final Duration SETTLING = Duration.ofSeconds(1);
  private static final Pattern TOKEN = Pattern.compile("\\d{10}-[0-9a-f-]{36}");
  private static final String ENDED = "ended ";

  private final CheckpointFileManager files;
  private final Path directory;
  private final String location;
  private final String owner;
  private String token = "";
  private long checked;

  private Fence(CheckpointFileManager files, Path directory, String location, String owner) {
    this.files = files;
    this.directory = directory;
    this.location = location;
    this.owner = owner;
  }

  /**
   * Takes a checkpoint over from whichever run has it.
   *
   * @param parent the directory in which the tokens have theirs
   * @param location the name of the checkpoint in messages
   * @param application the id of the Spark application
   */
  static Fence claim(CheckpointFileManager files, Path parent, String location, String application)
      throws IOException {
    String owner =
        "on host %s, process %d, Spark application %s, started at %s"
            .formatted(
                host(),
                ProcessHandle.current().pid(),
                application,
                Instant.now().truncatedTo(ChronoUnit.SECONDS));
    Fence fence = new Fence(files, new Path(parent, DIRECTORY), location, owner);
    files.mkdirs(fence.directory);
    Optional<String> newest = fence.newest();
    do {
      long epoch = newest.map(name -> Long.parseLong(name.substring(0, 10)) + 1).orElse(1L);
      fence.token = String.format(Locale.ROOT, "%010d-%s", epoch, UUID.randomUUID());
      fence.write(owner);
      newest = fence.newest();
    } while (!newest.equals(Optional.of(fence.token)));
    for (String older : fence.older()) {
      if (!fence.read(older).startsWith(ENDED)) {
        fence.settle();
        break;
      }
    }
    return fence;
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return Optional.ofNullable(System.getenv("HOSTNAME")).orElse("unknown");
    }
  }

  private void settle() throws IOException {
    try {
      TimeUnit.MILLISECONDS.sleep(SETTLING.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the run before was given time to end", e);
    }
  }

  /** Returns a name that no other run of the checkpoint has. */
  String token() {
    return token;
  }

  /**
   * Checks that no other run has taken over, unless this was checked a moment ago.
   *
   * @throws CallstreamException if another run has
   */
  synchronized void requireNewest() throws IOException {
    long now = System.nanoTime();
    if (checked != 0 && now - checked < FRESH.toNanos()) {
      return;
    }
    Optional<CallstreamException> takenOver = takenOver(null);
    if (takenOver.isPresent()) {
      throw takenOver.get();
    }
    checked = now;
  }

  /**
   * Returns the failure of this run if another run has taken over.
   *
   * @param cause what failed because of that; null if nothing did yet
   */
  Optional<CallstreamException> takenOver(@Nullable Throwable cause) throws IOException {
    String newest = newest().orElse(token);
    if (newest.compareTo(token) <= 0) {
      return Optional.empty();
    }
    String message =
        "Another run has taken over the checkpoint directory "
            + location
            + " ("
            + read(newest)
            + "), so this run ended. Nothing is lost: the other run continues after the last"
            + " committed batch. Run one pipeline per checkpoint, and do not start this run again"
            + " while the other one works.";
    return Optional.of(
        cause == null
            ? new CallstreamException(ErrorCode.CHECKPOINT, message)
            : new CallstreamException(ErrorCode.CHECKPOINT, message, cause));
  }

  /** Returns the tokens of runs before this one. */
  List<String> older() throws IOException {
    return tokens().stream().filter(name -> name.compareTo(token) < 0).toList();
  }

  void delete(String olderToken) {
    files.delete(new Path(directory, olderToken));
  }

  /** Records that this run writes nothing any more, so that the next one need not wait. */
  void end() throws IOException {
    if (newest().equals(Optional.of(token))) {
      write(ENDED + owner);
    }
  }

  private Optional<String> newest() throws IOException {
    return tokens().stream().max(Comparator.naturalOrder());
  }

  private List<String> tokens() throws IOException {
    List<String> names = new ArrayList<>();
    for (FileStatus status : files.list(directory)) {
      String name = status.getPath().getName();
      if (TOKEN.matcher(name).matches()) {
        names.add(name);
      }
    }
    return names;
  }

  private String read(String name) throws IOException {
    try (var in = files.open(new Path(directory, name))) {
      return new String(in.readAllBytes(), UTF_8).strip();
    } catch (FileNotFoundException e) {
      return "which has ended since";
    } catch (DamagedFileException e) {
      return "whose token is damaged"; // Only its name decides.
    }
  }

  private void write(String content) throws IOException {
    var out = files.createAtomic(new Path(directory, token), true);
    try {
      ((OutputStream) out).write((content + "\n").getBytes(UTF_8));
      out.close();
    } catch (IOException | RuntimeException e) {
      out.cancel();
      throw e;
    }
  }
}
