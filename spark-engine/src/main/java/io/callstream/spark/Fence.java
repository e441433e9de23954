package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.DamagedFileException;
import io.callstream.internal.threads.DaemonThreads;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * A file lock does not reach beyond one machine. Therefore each run writes a token when it starts.
 * A token is a file whose name consists of an epoch, which is one more than the latest epoch that
 * the run found, and a random id. The run whose token has the greatest name owns the checkpoint.
 * Every other run finds a greater name when it lists the directory, and ends. No two tokens have
 * the same name, and no file is replaced. So the protocol requires neither an atomic "create unless
 * it exists" nor an atomic replacement from the file system. It requires a listing that shows every
 * file that was completed before, which HDFS and current object stores guarantee.
 *
 * A run that was just superseded may still complete an operation that it started before. It checks
 * once a second, in a separate thread, for a greater token. When it finds one, it writes the mark
 * "ending". When it writes nothing any more, it writes "ended". A new run waits for these marks
 * before it reads the checkpoint: some seconds if there is no mark (the other run crashed), and
 * half a minute if there is "ending". So a long write, of the ledger or of a sink, delays the new
 * run, and the new run does not overtake it. A run acts only if its last check is at most FRESH
 * ago. It checks again after each write, before the next step relies on the write.
 *
 * One case remains: the whole process of a run pauses between its check and its write until the new
 * run has stopped waiting, or its write takes longer than that. Then Spark's own logs stop the run,
 * because they create the file of each batch only once.
 */
/** The right of one run to use a checkpoint directory that several machines can reach. */
final class Fence {
  /** The directory that contains the tokens. */
  static final String DIRECTORY = "runs";

  private static final Logger LOG = LoggerFactory.getLogger(Fence.class);
  private static final Duration FRESH = Duration.ofMillis(200);
  private static final Duration WATCH = Duration.ofSeconds(1);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final int TOKEN_LENGTH = 10 + 1 + 36;
  private static final Pattern FILE = Pattern.compile("\\d{10}-[0-9a-f-]{36}(-ending|-ended)?");
  private static final String ENDING = "-ending";
  private static final String ENDED = "-ended";

  private final CheckpointFileManager files;
  private final Path directory;
  private final String location;
  private final CountDownLatch ended = new CountDownLatch(1);
  private String token = "";
  private long checked;

  /** Completes when another run has taken over. */
  private final CompletableFuture<CallstreamException> lost = new CompletableFuture<>();

  /** How long a new run waits for a sign of life of the previous run, and then for its end. */
  record Patience(Duration answer, Duration end) {
    static final Patience DEFAULT = new Patience(Duration.ofSeconds(5), Duration.ofSeconds(30));
  }

  private Fence(CheckpointFileManager files, Path directory, String location) {
    this.files = files;
    this.directory = directory;
    this.location = location;
  }

  /** Takes a checkpoint over from the run that owns it, and waits until that run has ended. */
  static Fence claim(
      CheckpointFileManager files,
      Path parent,
      String location,
      String application,
      Patience patience)
      throws IOException {
    String owner =
        "on host %s, process %d, Spark application %s, started at %s"
            .formatted(
                host(),
                ProcessHandle.current().pid(),
                application,
                Instant.now().truncatedTo(ChronoUnit.SECONDS));
    Fence fence = new Fence(files, new Path(parent, DIRECTORY), location);
    files.mkdirs(fence.directory);
    Optional<String> newest = fence.newest();
    do {
      long epoch = newest.map(name -> Long.parseLong(name.substring(0, 10)) + 1).orElse(1L);
      if (!fence.token.isEmpty()) {
        fence.delete(fence.token);
      }
      fence.token = String.format(Locale.ROOT, "%010d-%s", epoch, UUID.randomUUID());
      fence.write(fence.token, owner);
      newest = fence.newest();
    } while (!newest.equals(Optional.of(fence.token)));
    try {
      fence.awaitEndOfOlder(patience);
      // From now on a newer run sees that this one works, also while it opens its sinks.
      fence.startWatching();
    } catch (IOException | RuntimeException | Error e) {
      fence.end();
      throw e;
    }
    return fence;
  }

  static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return Optional.ofNullable(System.getenv("HOSTNAME")).orElse("unknown");
    }
  }

  private void awaitEndOfOlder(Patience patience) throws IOException {
    long start = System.nanoTime();
    while (true) {
      Set<String> names = names();
      List<String> working =
          tokens(names)
              .filter(name -> name.compareTo(token) < 0 && !names.contains(name + ENDED))
              .toList();
      Optional<String> ending =
          working.stream().filter(name -> names.contains(name + ENDING)).findFirst();
      Duration limit = ending.isPresent() ? patience.end() : patience.answer();
      if (working.isEmpty() || System.nanoTime() - start > limit.toNanos()) {
        if (ending.isPresent()) {
          LOG.warn(
              "The run that had the checkpoint directory {} before ({}) has not ended {} s after it"
                  + " was superseded, and this run starts without waiting for it any longer. End"
                  + " that process: a batch that its sinks are still writing may replace newer"
                  + " results.",
              location,
              read(ending.get()),
              limit.toSeconds());
        }
        return;
      }
      requireNotTakenOver();
      try {
        TimeUnit.MILLISECONDS.sleep(POLL.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while the run before was given time to end", e);
      }
    }
  }

  /** Passes on the failure of this run, once, when another run has taken over. */
  void watch(Consumer<CallstreamException> superseded) {
    var ignored = lost.thenAccept(superseded);
  }

  /** Checks once a second, until this run ends, whether another run has taken over. */
  private void startWatching() {
    DaemonThreads.start(
        "callstream-fence",
        () -> {
          try {
            while (!lost.isDone() && !ended.await(WATCH.toMillis(), TimeUnit.MILLISECONDS)) {
              look();
            }
          } catch (InterruptedException e) {
            LOG.debug("Nobody watches for a newer run of {} any more", location, e);
          }
        });
  }

  private void look() {
    try {
      Optional<CallstreamException> takenOver = takenOver(null);
      if (takenOver.isPresent()) {
        try {
          write(token + ENDING, "");
        } finally {
          lost.complete(takenOver.get());
        }
      }
    } catch (Exception e) { // Scala throws checked exceptions that its signatures do not declare.
      LOG.debug("Cannot find out or announce that another run takes over {}", location, e);
    }
  }

  /** Returns a name that is unique among the runs of the checkpoint. */
  String token() {
    return token;
  }

  /** Checks that no other run has taken over, unless the last check was a moment ago. */
  synchronized void requireNewest() throws IOException {
    long now = System.nanoTime();
    if (checked != 0 && now - checked < FRESH.toNanos()) {
      return;
    }
    requireNotTakenOver();
    checked = now;
  }

  private void requireNotTakenOver() throws IOException {
    Optional<CallstreamException> takenOver = takenOver(null);
    if (takenOver.isPresent()) {
      throw takenOver.get();
    }
  }

  /** Returns the failure of this run, with its cause, if another run has taken over. */
  Optional<CallstreamException> takenOver(@Nullable Throwable cause) throws IOException {
    String newest = newest().orElse(token);
    if (newest.compareTo(token) <= 0) {
      return Optional.empty();
    }
    CallstreamException takenOver =
        new CallstreamException(
            ErrorCode.CHECKPOINT,
            "Another run has taken over the checkpoint directory "
                + location
                + " ("
                + read(newest)
                + "), so this run ended. Nothing is lost: the other run continues after the last"
                + " committed batch. Run one pipeline per checkpoint, and do not start this run"
                + " again while the other one works.");
    if (cause != null) {
      takenOver.initCause(cause);
    }
    return Optional.of(takenOver);
  }

  /** Returns the tokens of runs before this one. */
  List<String> older() throws IOException {
    return names().stream()
        .map(name -> name.substring(0, TOKEN_LENGTH))
        .distinct()
        .filter(name -> name.compareTo(token) < 0)
        .toList();
  }

  void delete(String olderToken) {
    for (String mark : List.of("", ENDING, ENDED)) {
      files.delete(new Path(directory, olderToken + mark));
    }
  }

  /** Records that this run writes nothing any more, so that the next run does not have to wait. */
  void end() throws IOException {
    ended.countDown();
    if (names().contains(token)) {
      write(token + ENDED, "");
    }
  }

  private Optional<String> newest() throws IOException {
    return tokens(names()).max(Comparator.naturalOrder());
  }

  private static Stream<String> tokens(Set<String> names) {
    return names.stream().filter(name -> name.length() == TOKEN_LENGTH);
  }

  private Set<String> names() throws IOException {
    Set<String> names = new TreeSet<>();
    for (FileStatus status : files.list(directory)) {
      String name = status.getPath().getName();
      if (FILE.matcher(name).matches()) {
        names.add(name);
      }
    }
    return names;
  }

  private String read(String name) {
    try (var in = files.open(new Path(directory, name))) {
      return new String(in.readAllBytes(), UTF_8).strip();
    } catch (FileNotFoundException e) {
      return "which has ended since";
    } catch (DamagedFileException e) {
      return "whose token is damaged"; // Only the file name is relevant.
    } catch (IOException e) {
      return "whose token cannot be read";
    }
  }

  private void write(String name, String content) throws IOException {
    var out = files.createAtomic(new Path(directory, name), false);
    try {
      ((OutputStream) out).write((content + "\n").getBytes(UTF_8));
      out.close();
    } catch (IOException | RuntimeException e) {
      out.cancel();
      throw e;
    }
  }
}
