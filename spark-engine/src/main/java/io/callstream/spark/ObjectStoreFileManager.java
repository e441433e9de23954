package io.callstream.spark;

import io.callstream.internal.threads.DaemonThreads;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CommonPathCapabilities;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.PathFilter;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores checkpoint files in an object store whose streams can be aborted. An object appears, with
 * all of its content, when its stream is closed. It does not appear if the stream is aborted or the
 * process is killed. Therefore this class never renames, which object stores do by copying and
 * deleting.
 *
 * <p>An object store such as S3A of Hadoop 3.3.4 cannot create an object only if it does not exist.
 * This class looks for the object before it uploads. The {@link Fence} keeps other runs from
 * creating it in between.
 *
 * <p>This class is public because Spark creates it by name. Thread-safe.
 */
public final class ObjectStoreFileManager implements CheckpointFileManager {
  private static final Logger LOG = LoggerFactory.getLogger(ObjectStoreFileManager.class);

  private final FileSystem store;
  private final Path directory;

  /** Creates the manager of a directory. Spark calls this constructor. */
  public ObjectStoreFileManager(Path directory, Configuration configuration) {
    this.directory = directory;
    try {
      store = directory.getFileSystem(configuration);
    } catch (IOException e) {
      throw ChecksummedFileManager.sneaky(e);
    }
  }

  /** Returns whether the streams of a directory's file system can be aborted. */
  static boolean supports(Path directory, Configuration configuration) throws IOException {
    return directory
        .getFileSystem(configuration)
        .hasPathCapability(directory, CommonPathCapabilities.ABORTABLE_STREAM);
  }

  @Override
  public CancellableFSDataOutputStream createAtomic(Path path, boolean overwriteIfPossible) {
    try {
      if (!overwriteIfPossible) {
        requireAbsent(path);
      }
      return new Upload(store.create(path, true), path, overwriteIfPossible);
    } catch (IOException e) {
      throw ChecksummedFileManager.sneaky(e);
    }
  }

  private void requireAbsent(Path path) throws IOException {
    if (store.exists(path)) {
      throw new FileAlreadyExistsException(path + " exists already");
    }
  }

  @Override
  public FSDataInputStream open(Path path) {
    try {
      return store.open(path);
    } catch (IOException e) {
      throw ChecksummedFileManager.sneaky(e);
    }
  }

  @Override
  public FileStatus[] list(Path path, PathFilter filter) {
    try {
      return store.listStatus(path, filter);
    } catch (IOException e) {
      throw ChecksummedFileManager.sneaky(e);
    }
  }

  @Override
  public void mkdirs(Path path) {
    try {
      store.mkdirs(path);
    } catch (IOException e) {
      throw ChecksummedFileManager.sneaky(e);
    }
  }

  @Override
  public boolean exists(Path path) {
    try {
      return store.exists(path);
    } catch (IOException e) {
      throw ChecksummedFileManager.sneaky(e);
    }
  }

  @Override
  public void delete(Path path) {
    try {
      store.delete(path, true);
    } catch (FileNotFoundException e) {
      LOG.debug("{} is deleted already", path, e);
    } catch (IOException e) {
      throw ChecksummedFileManager.sneaky(e);
    }
  }

  @Override
  public boolean isLocal() {
    return false;
  }

  @Override
  public Path createCheckpointDirectory() {
    Path qualified = store.makeQualified(directory);
    mkdirs(qualified);
    return qualified;
  }

  /** An object that appears when the stream is closed, or not at all. */
  private final class Upload extends CancellableFSDataOutputStream {
    private final FSDataOutputStream object;
    private final Path path;
    private final boolean overwrites;
    private boolean closed;

    Upload(FSDataOutputStream object, Path path, boolean overwrites) {
      super(object);
      this.object = object;
      this.path = path;
      this.overwrites = overwrites;
    }

    @Override
    public void close() throws IOException {
      if (closed) {
        return;
      }
      if (!overwrites) {
        requireAbsent(path);
      }
      closed = true;
      complete();
    }

    /**
     * Uploads in a separate thread, which nobody interrupts. S3A returns from an interrupted {@code
     * close} without an exception, and continues to upload. Then the object could be missing, or
     * appear when another run works.
     */
    private void complete() throws IOException {
      FutureTask<Void> upload =
          new FutureTask<>(
              () -> {
                object.close();
                return null;
              });
      DaemonThreads.start("callstream-upload", upload);
      boolean interrupted = false;
      try {
        while (true) {
          try {
            upload.get();
            return;
          } catch (InterruptedException e) {
            interrupted = true;
          }
        }
      } catch (ExecutionException e) {
        throw new IOException(path + " can't be uploaded: " + e.getCause(), e.getCause());
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }

    @Override
    public void cancel() {
      if (!closed) {
        closed = true;
        object.abort();
      }
    }
  }
}
