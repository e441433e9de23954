package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.failures.EnvironmentFailures;
import io.callstream.internal.files.DamagedFileException;
import io.callstream.internal.files.FileFailures;
import io.callstream.internal.kafka.KafkaErrors;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.FileSystemException;
import java.util.stream.Stream;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.Path;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/**
 * Converts the failures of a query to callstream's exceptions and messages.
 *
 * @param checkpoint the location of the data that a restart requires; null if nothing is kept, or
 *     if the location is not known yet
 */
record Failures(@Nullable String checkpoint) {
  /** The starts of the names of the classes that read and write files of a checkpoint. */
  private static final String[] OF_CHECKPOINT = {
    ChecksummedFileManager.class.getName(),
    "org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStore",
    "org.apache.spark.sql.execution.streaming.state.RocksDBFileManager",
    "org.apache.spark.sql.execution.streaming.state.StateStoreChangelog"
  };

  /**
   * Returns whether a failure is an interrupt. A batch that was interrupted because the run stops
   * is repeated later, and is not a failure. Subclasses of InterruptedIOException report timeouts
   * of a network, such as SocketTimeoutException.
   */
  static boolean isInterrupt(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof InterruptedException
          || cause.getClass() == InterruptedIOException.class
          || cause instanceof ClosedByInterruptException) {
        return true;
      }
    }
    return false;
  }

  /** Returns the last cause of a failure, which is the failure itself if it has no cause. */
  static Throwable root(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    return root;
  }

  CallstreamException of(Throwable failure) {
    CallstreamException environment = EnvironmentFailures.failure(failure).orElse(null);
    if (environment != null) {
      return environment;
    }
    for (Throwable e = failure; e != null; e = e.getCause()) {
      CallstreamException known = known(e, failure);
      if (known != null) {
        return known;
      }
    }
    return new CallstreamException(
        ErrorCode.ENGINE_FAILED,
        "The Spark query failed: " + words(root(failure)) + ". Correct the cause. " + nextStep(),
        failure);
  }

  private @Nullable CallstreamException known(Throwable e, Throwable failure) {
    String message = String.valueOf(e.getMessage());
    if (e instanceof CallstreamException known) {
      return known;
    }
    if (e instanceof UnknownTopicOrPartitionException) {
      return new CallstreamException(
          ErrorCode.TOPIC,
          "The topic is gone. Create it again and start with a new checkpoint.",
          failure);
    }
    if (message.contains("Multiple streaming ")) {
      return new CallstreamException(
          ErrorCode.CHECKPOINT,
          "Another run wrote to the checkpoint directory "
              + checkpoint
              + " at the same time ("
              + words(e)
              + "). End that run, and start again with the same checkpoint: nothing is lost.",
          failure);
    }
    if (e instanceof AuthenticationException) {
      return KafkaErrors.rejected(nextStep(), failure);
    }
    if (e instanceof TimeoutException) {
      return KafkaErrors.stoppedAnswering(message, nextStep(), failure);
    }
    if (e instanceof IllegalStateException && message.contains("failOnDataLoss")) {
      return KafkaErrors.lost(
          firstLine(message).replaceAll("[ .]+$", ""), KafkaErrors.AFTER_LOSS, failure);
    }
    if ((e instanceof IllegalStateException && message.contains("stopped SparkContext"))
        || message.contains("SparkContext was shut down")) {
      return new CallstreamException(
          ErrorCode.ENGINE_FAILED,
          "Spark has ended under the run: no master answers at the address that was given,"
              + " executors do not start, or somebody stopped the session. Spark's log shows the"
              + " reason (--verbose). "
              + nextStep(),
          failure);
    }
    if (message.contains("bigger than spark.driver.maxResultSize")) {
      return new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "The partial results of a batch are larger than the driver accepts from its tasks ("
              + firstLine(message)
              + "). Set spark.driver.maxResultSize to a larger size, and give the driver the memory"
              + " for it, or keep results in the executors, with a new checkpoint. "
              + nextStep(),
          failure);
    }
    if (e instanceof IOException && FileFailures.isFull(message)) {
      return new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "There is no room on the disk of the checkpoint directory "
              + checkpoint
              + ", or of Spark's temporary files in "
              + System.getProperty("java.io.tmpdir")
              + " (spark.local.dir): "
              + words(e)
              + ". Make room. "
              + nextStep(),
          failure);
    }
    if (e instanceof DamagedFileException) {
      return damaged(message, failure);
    }
    // Spark compares the length of each table of RocksDB that it copies.
    boolean isOfWrongLength = e instanceof IllegalStateException && message.startsWith("Copied ");
    if ((e instanceof EOFException || e instanceof ChecksumException || isOfWrongLength)
        && isOfState(e)) {
      return damaged("a file of the state can't be read (" + words(e) + ")", failure);
    }
    if (e.getClass().getName().equals("org.rocksdb.RocksDBException")
        && (message.contains("checksum mismatch") || message.startsWith("Corruption"))) {
      return damaged("a file of the state can't be read (" + words(e) + ")", failure);
    }
    // A run reads files of the state only when it starts; later it only writes them.
    if (e instanceof FileNotFoundException
        && checkpoint != null
        && message.contains(path(checkpoint) + "/state/")) {
      return damaged("a file of the state is missing (" + words(e) + ")", failure);
    }
    boolean isOfFile = e instanceof FileSystemException || e instanceof FileNotFoundException;
    if (checkpoint != null
        && ((isOfFile && message.contains(path(checkpoint)))
            || (e instanceof IOException && !isInterrupt(e) && isOfCheckpoint(e)))) {
      return new CallstreamException(
          ErrorCode.CHECKPOINT,
          "A file of the checkpoint directory "
              + checkpoint
              + " can't be read or written: "
              + words(e)
              + ". If the directory is there, see that this user may write in it, and start again:"
              + " nothing is lost. If it is gone, restore it from a copy, or start with a new one,"
              + " which counts the topic from its start.",
          failure);
    }
    return null;
  }

  /** Returns the failure for a checkpoint from which a run cannot resume. */
  private CallstreamException damaged(String how, Throwable failure) {
    return DamagedFileException.failure(String.valueOf(checkpoint), how, failure);
  }

  /** Returns whether a failure concerns files of the checkpoint, not those of a shuffle. */
  private static boolean isOfState(Throwable e) {
    return Stream.of(e.getStackTrace())
        .anyMatch(
            frame -> frame.getClassName().startsWith("org.apache.spark.sql.execution.streaming."));
  }

  private static boolean isOfCheckpoint(Throwable e) {
    return Stream.of(e.getStackTrace())
        .map(StackTraceElement::getClassName)
        .anyMatch(name -> Stream.of(OF_CHECKPOINT).anyMatch(name::startsWith));
  }

  private static String path(String location) {
    return new Path(location).toUri().getPath();
  }

  private String nextStep() {
    return checkpoint == null
        ? "Start again: the topic is counted from its start. With a checkpoint directory a run goes"
            + " on where it ended."
        : "Start again with the same checkpoint: nothing is lost.";
  }

  private static String words(Throwable e) {
    return e.getClass().getName()
        + (e.getMessage() == null ? "" : ": " + firstLine(e.getMessage()));
  }

  private static String firstLine(String text) {
    return text.lines().findFirst().orElse("");
  }
}
