package io.callstream.spark;

import io.callstream.internal.files.Closing;
import io.callstream.internal.files.DurableFiles;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FsConstants;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.spark.sql.execution.streaming.FileSystemBasedCheckpointFileManager;

/**
 * Stores checkpoint files on a local disk. Hadoop's local file system starts a {@code chmod}
 * process for each file that it creates, which is most of the fixed cost of a small batch. This
 * class starts no process. It forces a file to the disk before it gives the file its final name.
 *
 * <p>This class is public because Spark creates it by name. Thread-safe.
 */
public final class LocalCheckpointFileManager extends FileSystemBasedCheckpointFileManager {
  /** The names that Spark gives to temporary files. */
  private static final Pattern DRAFT = Pattern.compile("[.].+[.][0-9a-f-]{36}[.]tmp");

  private static final FileSystem RAW = raw();

  /** Creates the manager of a directory. Spark calls this constructor. */
  public LocalCheckpointFileManager(Path directory, Configuration configuration) {
    super(directory, configuration);
  }

  private static FileSystem raw() {
    FileSystem raw = new RawLocalFileSystem();
    try {
      raw.initialize(FsConstants.LOCAL_FS_URI, new Configuration());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return raw;
  }

  /** Returns the local file system without Hadoop's checksums. */
  @Override
  public FileSystem fs() {
    return RAW;
  }

  static java.nio.file.Path local(Path path) {
    return java.nio.file.Path.of(path.toUri().getPath());
  }

  /** Deletes the files that a killed run did not complete. No other run may be writing there. */
  static void deleteDrafts(Path directory) throws IOException {
    List<java.nio.file.Path> drafts;
    try (Stream<java.nio.file.Path> all = Files.walk(local(directory))) {
      drafts = all.filter(file -> DRAFT.matcher(file.getFileName().toString()).matches()).toList();
    }
    for (java.nio.file.Path draft : drafts) {
      Files.deleteIfExists(draft);
    }
  }

  @Override
  public void mkdirs(Path path) {
    try {
      Files.createDirectories(local(path));
    } catch (IOException e) {
      throw ChecksummedFileManager.sneaky(e);
    }
  }

  @Override
  public FSDataOutputStream createTempFile(Path path) {
    try {
      return new FSDataOutputStream(new Draft(local(path)), null);
    } catch (IOException e) {
      throw ChecksummedFileManager.sneaky(e);
    }
  }

  @Override
  public void renameTempFile(Path draft, Path target, boolean overwriteIfPossible) {
    try {
      if (!overwriteIfPossible && exists(target)) {
        throw new FileAlreadyExistsException(target + " exists already");
      }
      Files.move(local(draft), local(target), StandardCopyOption.ATOMIC_MOVE);
      DurableFiles.forceDirectory(local(target.getParent()));
    } catch (IOException e) {
      Closing.after(e, () -> Files.deleteIfExists(local(draft)));
      throw ChecksummedFileManager.sneaky(e);
    }
  }

  /** A file that is on the disk when it is closed, or deleted. */
  private static final class Draft extends BufferedOutputStream {
    private final java.nio.file.Path file;
    private final FileChannel channel;
    private boolean closed;

    Draft(java.nio.file.Path file) throws IOException {
      this(file, FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    private Draft(java.nio.file.Path file, FileChannel channel) {
      super(Channels.newOutputStream(channel), 1 << 16);
      this.file = file;
      this.channel = channel;
    }

    @Override
    public void close() throws IOException {
      if (closed) {
        return;
      }
      closed = true;
      try (channel) {
        flush();
        channel.force(true);
      } catch (IOException e) {
        Closing.after(e, () -> Files.deleteIfExists(file));
        throw e;
      }
    }
  }
}
