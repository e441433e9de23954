package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager.CancellableFSDataOutputStream;

/**
 * Tries whether a shared file system has what a checkpoint needs from it: files that appear as a
 * whole or not at all, and listings that show each change at once. A success is no proof: a store
 * may delay only some listings, and a rename may be a copy.
 */
final class FileGuarantees {
  private final CheckpointFileManager files;
  private final Path file;
  private final String location;

  private FileGuarantees(CheckpointFileManager files, Path file, String location) {
    this.files = files;
    this.file = file;
    this.location = location;
  }

  /**
   * Requires the guarantees.
   *
   * @param file a file that does not exist, in an existing directory
   * @param renames whether files appear by a rename, which Hadoop's file systems refuse if the file
   *     exists. Spark would log each trial of this as a warning
   * @param location the checkpoint, for the message
   */
  static void require(CheckpointFileManager files, Path file, boolean renames, String location)
      throws IOException {
    FileGuarantees tried = new FileGuarantees(files, file, location);
    try {
      tried.requireNoPartOfAFile();
      tried.requireWrittenFile();
      if (!renames) {
        tried.requireCreationOnce();
      }
    } finally {
      files.delete(file);
    }
    tried.require(!tried.isListed(), "still lists a file after it was deleted");
  }

  private CancellableFSDataOutputStream started() throws IOException {
    CancellableFSDataOutputStream out = files.createAtomic(file, false);
    ((OutputStream) out).write(file.getName().getBytes(UTF_8));
    return out;
  }

  private void requireNoPartOfAFile() throws IOException {
    CancellableFSDataOutputStream out = started();
    try {
      require(!files.exists(file), "shows a file before it is complete");
    } finally {
      out.cancel();
    }
    require(!files.exists(file), "keeps a file whose writing was canceled");
  }

  private void requireWrittenFile() throws IOException {
    started().close();
    require(isListed(), "does not list a file that was just written");
    try {
      files.open(file).close(); // Verifies the checksum.
    } catch (FileNotFoundException e) {
      require(false, "does not show a file that was just written");
    }
  }

  private void requireCreationOnce() throws IOException {
    boolean created = true;
    try {
      started().close();
    } catch (FileAlreadyExistsException e) {
      created = false;
    }
    require(!created, "replaces a file that exists instead of rejecting another one");
  }

  private boolean isListed() {
    return Arrays.stream(files.list(file.getParent()))
        .anyMatch(status -> status.getPath().getName().equals(file.getName()));
  }

  private void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          ("The checkpoint directory %s can't be used: its file system %s. Name a directory on HDFS,"
                  + " on S3 (s3a), or on another file system that shows only whole files and lists"
                  + " each change at once.")
              .formatted(location, otherwise));
    }
  }
}
