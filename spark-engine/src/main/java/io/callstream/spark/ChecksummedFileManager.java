package io.callstream.spark;

import io.callstream.internal.files.Checksum;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.PathFilter;
import org.apache.hadoop.fs.PositionedReadable;
import org.apache.hadoop.fs.Seekable;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager;
import org.jspecify.annotations.Nullable;

/**
 * Adds a {@link Checksum} to the checkpoint files that another manager stores. It verifies a whole
 * file before it returns any of its bytes.
 *
 * <p>This class is public because Spark creates it by name. Thread-safe if the other manager is.
 */
public final class ChecksummedFileManager implements CheckpointFileManager {
  private static final String MANAGER = "spark.sql.streaming.checkpointFileManagerClass";
  private static final String WRAPPED = "spark.callstream.checkpointFileManagerClass";

  /** Smaller files are read once and kept in memory; larger files are read twice. */
  private static final int LEAST_STREAMED_BYTES = 8 << 20;

  private final CheckpointFileManager files;

  /** Creates the manager of a directory. Spark calls this constructor. */
  public ChecksummedFileManager(Path directory, Configuration configuration) {
    Configuration inner = new Configuration(configuration);
    String wrapped = configuration.get(WRAPPED);
    if (wrapped == null) {
      inner.unset(MANAGER);
    } else {
      inner.set(MANAGER, wrapped);
    }
    files = CheckpointFileManager.create(directory, inner);
  }

  /**
   * Configures a session to use this class.
   *
   * @param wrapped the manager that stores the files; null for the manager of the session
   */
  static void use(SparkSession session, @Nullable Class<? extends CheckpointFileManager> wrapped) {
    String before = session.conf().contains(MANAGER) ? session.conf().get(MANAGER) : null;
    String stores = wrapped == null ? before : wrapped.getName();
    if (stores != null && !stores.equals(ChecksummedFileManager.class.getName())) {
      session.conf().set(WRAPPED, stores);
    }
    session.conf().set(MANAGER, ChecksummedFileManager.class.getName());
  }

  @Override
  public CancellableFSDataOutputStream createAtomic(Path path, boolean overwriteIfPossible) {
    return new Output(files.createAtomic(path, overwriteIfPossible), Checksum.of(place(path)));
  }

  @Override
  public FSDataInputStream open(Path path) {
    try (FSDataInputStream in = files.open(path)) {
      byte[] start = in.readNBytes(LEAST_STREAMED_BYTES);
      long length =
          Checksum.verify(
              path.toString(),
              place(path),
              new SequenceInputStream(new ByteArrayInputStream(start), in));
      return new FSDataInputStream(
          start.length < LEAST_STREAMED_BYTES
              ? new Input(start, (int) length)
              : new LargeInput(files.open(path), length));
    } catch (IOException e) {
      throw sneaky(e);
    }
  }

  /**
   * Returns the part of the path that the checksum covers. This is the file name. For numbered
   * files it also includes the parent directories up to the first one without a number, such as
   * {@code state/1/0/5.delta}. A checkpoint that is moved as a whole remains valid.
   */
  static String place(Path path) {
    StringBuilder place = new StringBuilder(path.getName());
    if (isNumbered(path)) {
      Path directory = path;
      do {
        directory = directory.getParent();
        place.insert(0, directory.getName() + "/");
      } while (isNumbered(directory));
    }
    return place.toString();
  }

  private static boolean isNumbered(Path path) {
    return !path.getName().isEmpty() && Character.isDigit(path.getName().charAt(0));
  }

  /** Throws a checked exception. The trait declares none, but Spark expects Hadoop's exceptions. */
  @SuppressWarnings("unchecked")
  private static <E extends Exception> RuntimeException sneaky(Exception e) throws E {
    throw (E) e;
  }

  @Override
  public FileStatus[] list(Path path, PathFilter filter) {
    return files.list(path, filter);
  }

  @Override
  public void mkdirs(Path path) {
    files.mkdirs(path);
  }

  @Override
  public boolean exists(Path path) {
    return files.exists(path);
  }

  @Override
  public void delete(Path path) {
    files.delete(path);
  }

  @Override
  public boolean isLocal() {
    return files.isLocal();
  }

  @Override
  public Path createCheckpointDirectory() {
    return files.createCheckpointDirectory();
  }

  /** Writes the checksum when the file is closed. */
  private static final class Output extends CancellableFSDataOutputStream {
    private final CancellableFSDataOutputStream file;
    private final CRC32 crc;
    private boolean closed;

    Output(CancellableFSDataOutputStream file, CRC32 crc) {
      super(new CheckedOutputStream(file, crc));
      this.file = file;
      this.crc = crc;
    }

    @Override
    public void close() throws IOException {
      if (!closed) {
        closed = true;
        ((OutputStream) file).write(Checksum.line(crc));
        file.close();
      }
    }

    @Override
    public void cancel() {
      closed = true;
      file.cancel();
    }
  }

  private static final class Input extends ByteArrayInputStream
      implements Seekable, PositionedReadable {
    Input(byte[] file, int length) {
      super(file, 0, length);
    }

    @Override
    public synchronized void seek(long position) throws IOException {
      if (position < 0 || position > count) {
        throw new EOFException("no byte " + position + " in a file of " + count);
      }
      pos = (int) position;
    }

    @Override
    public synchronized long getPos() {
      return pos;
    }

    @Override
    public boolean seekToNewSource(long position) {
      return false;
    }

    @Override
    public int read(long position, byte[] bytes, int from, int length) {
      int read = (int) Math.min(length, Math.max(0, count - position));
      if (read == 0 && length > 0) {
        return -1;
      }
      System.arraycopy(buf, (int) position, bytes, from, read);
      return read;
    }

    @Override
    public void readFully(long position, byte[] bytes, int from, int length) throws IOException {
      if (read(position, bytes, from, length) < length) {
        throw new EOFException("no " + length + " bytes at " + position);
      }
    }

    @Override
    public void readFully(long position, byte[] bytes) throws IOException {
      readFully(position, bytes, 0, bytes.length);
    }
  }

  /** The content of a verified file, without its checksum. */
  private static final class LargeInput extends InputStream
      implements Seekable, PositionedReadable {
    private final FSDataInputStream file;
    private final long length;

    LargeInput(FSDataInputStream file, long length) {
      this.file = file;
      this.length = length;
    }

    @Override
    public int read() throws IOException {
      return getPos() < length ? file.read() : -1;
    }

    @Override
    public int read(byte[] bytes, int from, int most) throws IOException {
      int possible = (int) Math.min(most, length - getPos());
      return possible == 0 && most > 0 ? -1 : file.read(bytes, from, possible);
    }

    @Override
    public void seek(long position) throws IOException {
      requireInside(position, 0);
      file.seek(position);
    }

    @Override
    public long getPos() throws IOException {
      return file.getPos();
    }

    @Override
    public boolean seekToNewSource(long position) throws IOException {
      return file.seekToNewSource(position);
    }

    @Override
    public int read(long position, byte[] bytes, int from, int most) throws IOException {
      int possible = (int) Math.min(most, Math.max(0, length - position));
      return possible == 0 && most > 0 ? -1 : file.read(position, bytes, from, possible);
    }

    @Override
    public void readFully(long position, byte[] bytes, int from, int count) throws IOException {
      requireInside(position, count);
      file.readFully(position, bytes, from, count);
    }

    @Override
    public void readFully(long position, byte[] bytes) throws IOException {
      readFully(position, bytes, 0, bytes.length);
    }

    private void requireInside(long position, int count) throws EOFException {
      if (position < 0 || count > length - position) {
        throw new EOFException("no " + count + " bytes at " + position + " in a file of " + length);
      }
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
