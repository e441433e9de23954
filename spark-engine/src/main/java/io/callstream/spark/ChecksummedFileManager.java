package io.callstream.spark;

import io.callstream.internal.files.Checksum;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.PathFilter;
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

  /** Configures a session to use this class over a manager, or over that of the session. */
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
          new Content(
              start.length < LEAST_STREAMED_BYTES
                  ? new ByteArrayInputStream(start)
                  : files.open(path),
              length));
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

  /** Throws a checked exception. Spark's trait declares none, but Spark expects them. */
  @SuppressWarnings("unchecked")
  static <E extends Exception> RuntimeException sneaky(Exception e) throws E {
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

  /**
   * The content of a verified file, without its checksum. It cannot seek, because Spark reads files
   * of a checkpoint from start to end.
   */
  private static final class Content extends FSInputStream {
    private final InputStream in;
    private final long length;
    private long position;

    Content(InputStream in, long length) {
      this.in = in;
      this.length = length;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int from, int most) throws IOException {
      if (position == length && most > 0) {
        return -1;
      }
      int read = in.read(bytes, from, (int) Math.min(most, length - position));
      position += Math.max(0, read);
      return read;
    }

    @Override
    public long getPos() {
      return position;
    }

    @Override
    public void seek(long target) {
      throw new UnsupportedOperationException("Files of a checkpoint are read from start to end");
    }

    @Override
    public boolean seekToNewSource(long target) {
      return false;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
