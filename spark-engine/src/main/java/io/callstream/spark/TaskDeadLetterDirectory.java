package io.callstream.spark;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.UUID;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskFailureListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory in which tasks keep files of dead letters until the batch is finished. The driver
 * sends it to executors together with the session's Hadoop configuration. The executors do not have
 * this configuration: they do not know the settings of {@code spark.hadoop.*} and of the session.
 */
record TaskDeadLetterDirectory(String location, Broadcast<SerializableConfiguration> hadoop)
    implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(TaskDeadLetterDirectory.class);

  /** A file that a task writes. */
  record LetterFile(String name, DataOutputStream out, FSDataOutputStream file) {
    static LetterFile create(FileSystem fileSystem, Path path) throws IOException {
      FSDataOutputStream file = fileSystem.create(path);
      return new LetterFile(
          path.toString(), new DataOutputStream(new BufferedOutputStream(file, 1 << 16)), file);
    }

    /** Ends the file of an attempt that failed. An object store does not upload it. */
    void discard() throws IOException {
      if (file.hasCapability(StreamCapabilities.ABORTABLE_STREAM)) {
        file.abort();
      } else {
        out.close();
      }
    }
  }

  /** Creates a file for the current attempt of a task. The file is deleted if the attempt fails. */
  LetterFile create(int task) throws IOException {
    Path file = new Path(location, task + "-" + UUID.randomUUID());
    FileSystem fileSystem = file.getFileSystem(hadoop.value().value());
    TaskContext.get()
        .addTaskFailureListener(
            (TaskFailureListener) (context, failure) -> delete(fileSystem, file));
    return LetterFile.create(fileSystem, file);
  }

  /**
   * Deletes a file while the interrupt of the thread is cleared. A killed attempt is interrupted,
   * and some file systems refuse to work in an interrupted thread.
   */
  private static void delete(FileSystem fileSystem, Path file) {
    boolean interrupted = Thread.interrupted();
    try {
      fileSystem.delete(file, false);
    } catch (IOException | UncheckedIOException e) {
      LOG.debug("{} stays until the batch is finished", file, e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
