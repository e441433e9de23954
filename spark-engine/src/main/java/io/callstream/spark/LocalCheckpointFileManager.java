package io.callstream.spark;

import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.PathFilter;
import org.apache.hadoop.fs.PositionedReadable;
import org.apache.hadoop.fs.Seekable;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager;

/**
 * Stores checkpoint files on a local disk with java.nio. Hadoop's local file system starts a {@code
 * chmod} process for each file that it creates, which is most of the fixed cost of a small batch.
 * This class starts no process. It forces a file to the disk before it gives the file its final
 * name.
 *
 * <p>This class is public because Spark creates it by name. Thread-safe.
 */
public final class LocalCheckpointFileManager implements CheckpointFileManager {
  /** The names of temporary files. Spark's purges and listings recognize this form. */
  private static final Pattern DRAFT = Pattern.compile("[.].+[.][0-9a-f-]{36}[.]tmp");

  private final Path root;

  /** Creates the manager of a directory. Spark calls this constructor. */
  public LocalCheckpointFileManager(Path root, Configuration configuration) {
    this.root = root;
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
  public CancellableFSDataOutputStream createAtomic(Path path, boolean overwriteIfPossible) {
    try {
      return new AtomicOutput(new Draft(local(path), overwriteIfPossible));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public FSDataInputStream open(Path path) {
    try {
      return new FSDataInputStream(new LocalInput(local(path)));
    } catch (NoSuchFileException e) {
      throw sneaky(new FileNotFoundException(path + " does not exist"));
    } catch (IOException e) {
      throw sneaky(e);
    }
  }

  @Override
  public FileStatus[] list(Path path, PathFilter filter) {
    List<FileStatus> statuses = new ArrayList<>();
    try (Stream<java.nio.file.Path> files = Files.list(local(path))) {
      for (java.nio.file.Path file : files.toList()) {
        Path child = new Path(path, file.getFileName().toString());
        if (filter.accept(child)) {
          status(file, child).ifPresent(statuses::add);
        }
      }
    } catch (NoSuchFileException e) {
      throw sneaky(new FileNotFoundException(path + " does not exist"));
    } catch (IOException e) {
      throw sneaky(e);
    }
    return statuses.toArray(new FileStatus[0]);
  }

  /** Returns the status of a file, or empty if the file was deleted in the meantime. */
  private static Optional<FileStatus> status(java.nio.file.Path file, Path path)
      throws IOException {
    try {
      return Optional.of(
          new FileStatus(
              Files.size(file),
              Files.isDirectory(file),
              1,
              1,
              Files.getLastModifiedTime(file).toMillis(),
              path));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  @Override
  public void mkdirs(Path path) {
    try {
      Files.createDirectories(local(path));
    } catch (IOException e) {
      throw sneaky(e);
    }
  }

  @Override
  public boolean exists(Path path) {
    return Files.exists(local(path));
  }

  @Override
  public void delete(Path path) {
    java.nio.file.Path target = local(path);
    if (!Files.exists(target)) {
      return;
    }
    try (Stream<java.nio.file.Path> all = Files.walk(target)) {
      for (java.nio.file.Path file : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw sneaky(e);
    }
  }

  @Override
  public boolean isLocal() {
    return true;
  }

  @Override
  public Path createCheckpointDirectory() {
    mkdirs(root);
    return root;
  }

  /** Throws a checked exception. The trait declares none, but Spark expects Hadoop's exceptions. */
  @SuppressWarnings("unchecked")
  private static <E extends Exception> RuntimeException sneaky(Exception e) throws E {
    throw (E) e;
  }

  /** A file that gets its final name when it is complete and on the disk. */
  private static final class Draft extends OutputStream {
    private final java.nio.file.Path target;
    private final java.nio.file.Path draft;
    private final boolean overwrite;
    private final FileChannel channel;
    private final OutputStream out;
    private boolean done;

    Draft(java.nio.file.Path target, boolean overwrite) throws IOException {
      this.target = target;
      this.overwrite = overwrite;
      draft = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
      channel = FileChannel.open(draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
    }

    @Override
    public void write(int b) throws IOException {
      out.write(b);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
      out.write(bytes, from, count);
    }

    @Override
    public void flush() throws IOException {
      out.flush();
    }

    @Override
    public void close() throws IOException {
      if (done) {
        return;
      }
      done = true;
      try {
        out.flush();
        channel.force(true);
        channel.close();
        if (!overwrite && Files.exists(target)) {
          throw new FileAlreadyExistsException(target + " exists already");
        }
        Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        channel.close();
        Files.deleteIfExists(draft);
      }
      forceDirectory(draft.resolveSibling("."));
    }

    void cancel() throws IOException {
      if (!done) {
        done = true;
        channel.close();
        Files.deleteIfExists(draft);
      }
    }
  }

  /** Makes a rename durable. File systems that cannot force a directory do not need this. */
  static void forceDirectory(java.nio.file.Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (AccessDeniedException e) {
      // Windows cannot open directories; its renames are durable without this.
    }
  }

  private static final class AtomicOutput
      extends CheckpointFileManager.CancellableFSDataOutputStream {
    private final Draft draft;

    AtomicOutput(Draft draft) throws IOException {
      super(draft);
      this.draft = draft;
    }

    @Override
    public void close() throws IOException {
      draft.close();
    }

    @Override
    public void cancel() {
      try {
        draft.cancel();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static final class LocalInput extends InputStream
      implements Seekable, PositionedReadable {
    private final FileChannel channel;

    LocalInput(java.nio.file.Path file) throws IOException {
      channel = FileChannel.open(file, StandardOpenOption.READ);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int from, int count) throws IOException {
      return channel.read(ByteBuffer.wrap(bytes, from, count));
    }

    @Override
    public int available() throws IOException {
      return (int) Math.min(Integer.MAX_VALUE, channel.size() - channel.position());
    }

    @Override
    public void seek(long position) throws IOException {
      channel.position(position);
    }

    @Override
    public long getPos() throws IOException {
      return channel.position();
    }

    @Override
    public boolean seekToNewSource(long position) {
      return false;
    }

    @Override
    public int read(long position, byte[] bytes, int from, int count) throws IOException {
      return channel.read(ByteBuffer.wrap(bytes, from, count), position);
    }

    @Override
    public void readFully(long position, byte[] bytes, int from, int count) throws IOException {
      int done = 0;
      while (done < count) {
        int read = read(position + done, bytes, from + done, count - done);
        if (read < 0) {
          throw new EOFException("end of file at " + (position + done));
        }
        done += read;
      }
    }

    @Override
    public void readFully(long position, byte[] bytes) throws IOException {
      readFully(position, bytes, 0, bytes.length);
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
