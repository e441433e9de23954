package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.Checksum;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.BlockManagerId;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;
import scala.Tuple3;
import scala.collection.JavaConverters;
import scala.collection.Seq;
import scala.reflect.ClassTag$;

/** Checks whether the executors of a cluster can read a file that the driver wrote. */
final class SharedStorage {
  private static final Logger LOG = LoggerFactory.getLogger(SharedStorage.class);

  /** Executors that register in the meantime are checked too, but not indefinitely. */
  private static final int ROUNDS = 3;

  /** How long to wait for executors: until the first warning, and until the check fails. */
  record Patience(Duration warning, Duration limit) {
    static final Patience DEFAULT = new Patience(Duration.ofSeconds(10), Duration.ofMinutes(10));
  }

  private SharedStorage() {}

  /** Requires that all registered executors can read a file with a content, or fails in time. */
  static void require(
      SparkContext context,
      Path file,
      String content,
      Broadcast<SerializableConfiguration> hadoop,
      @Nullable String directory,
      Patience patience) {
    String name = file.toString();
    Function<String, Tuple3<String, String, String>> look = asked -> look(name, content, hadoop);
    Map<String, Tuple3<String, String, String>> answers = new HashMap<>();
    List<Tuple2<String, Seq<String>>> questions = List.of(question("any"));
    for (int round = 0; round < ROUNDS && !questions.isEmpty(); round++) {
      for (Tuple3<String, String, String> answer : ask(context, questions, look, patience)) {
        answers.put(answer._1(), answer);
      }
      questions = new ArrayList<>();
      for (BlockManagerId id :
          JavaConverters.asJavaCollection(
              SparkEnv.get().blockManager().master().getMemoryStatus().keySet())) {
        if (!id.isDriver() && !answers.containsKey(id.executorId())) {
          // With this location preference, Spark runs the task in this executor, unless it stays
          // busy.
          questions.add(question(id.executorId(), "executor_" + id.host() + "_" + id.executorId()));
        }
      }
    }
    String blind =
        answers.values().stream()
            .filter(answer -> !answer._3().isEmpty())
            .map(a -> "executor %s on host %s: %s".formatted(a._1(), a._2(), a._3()))
            .sorted()
            .collect(Collectors.joining("; "));
    if (!blind.isEmpty()) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          (directory == null
                  ? "No checkpoint directory is given, and the executors of "
                  : "The checkpoint directory " + directory + " can't be used: the executors of ")
              + context.master()
              + " do not all see what the driver writes in "
              + file.getParent()
              + " ("
              + blind
              + "). Name a checkpoint directory that the driver and all executors reach: on HDFS,"
              + " in an object store, or on a disk that is mounted at the same path on all"
              + " machines.");
    }
  }

  private static Tuple2<String, Seq<String>> question(String executor, String... places) {
    return new Tuple2<>(executor, JavaConverters.asScalaBuffer(List.of(places)).toList());
  }

  private static List<Tuple3<String, String, String>> ask(
      SparkContext context,
      List<Tuple2<String, Seq<String>>> questions,
      Function<String, Tuple3<String, String, String>> look,
      Patience patience) {
    JavaFutureAction<List<Tuple3<String, String, String>>> answers =
        context
            .makeRDD(
                JavaConverters.asScalaBuffer(questions).toList(),
                ClassTag$.MODULE$.<String>apply(String.class))
            .toJavaRDD()
            .map(look)
            .collectAsync();
    long start = System.nanoTime();
    Duration wait = patience.warning();
    try {
      while (true) {
        try {
          return answers.get(wait.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
          long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
          if (seconds >= patience.limit().toSeconds()) {
            answers.cancel(true);
            throw new CallstreamException(
                ErrorCode.ENVIRONMENT,
                "No executor of "
                    + context.master()
                    + " has answered within "
                    + patience.limit().toSeconds()
                    + " s whether it sees the checkpoint directory. Add workers, or free cores and"
                    + " memory: the page of the master shows them. Then start again.",
                e);
          }
          LOG.warn(
              "No executor of {} has answered yet whether it sees the checkpoint directory, after {}"
                  + " s of at most {} s. Add workers, or free cores and memory: the page of the"
                  + " master shows them.",
              context.master(),
              seconds,
              patience.limit().toSeconds());
          wait = patience.limit().dividedBy(10);
        }
      }
    } catch (InterruptedException e) {
      answers.cancel(true);
      Thread.currentThread().interrupt();
      throw new CallstreamException(
          ErrorCode.ENGINE_FAILED,
          "The thread of the run was interrupted before an executor of "
              + context.master()
              + " had answered whether it sees the checkpoint directory. Start again when the cluster"
              + " has free cores and memory.",
          e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause() == null ? e : e.getCause());
    }
  }

  /** Returns the executor, its host, and its problem, which is empty if it found none. */
  private static Tuple3<String, String, String> look(
      String name, String content, Broadcast<SerializableConfiguration> hadoop) {
    String problem = "";
    Path file = new Path(name);
    try (var in = file.getFileSystem(hadoop.value().value()).open(file)) {
      byte[] bytes = in.readAllBytes();
      long length =
          Checksum.verify(
              name, ChecksummedFileManager.place(file), new ByteArrayInputStream(bytes));
      if (!new String(bytes, 0, (int) length, UTF_8).equals(content)) {
        problem = "it sees another file";
      }
    } catch (FileNotFoundException e) {
      problem = "it does not see the file";
    } catch (IOException | IllegalArgumentException e) {
      problem = e.toString();
    }
    SparkEnv here = SparkEnv.get();
    return new Tuple3<>(here.executorId(), here.blockManager().blockManagerId().host(), problem);
  }
}
