package io.callstream.spark;

import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Abortable;
import org.apache.hadoop.fs.CommonPathCapabilities;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * An object store in this JVM whose streams can be aborted. It cannot rename. A host name in the
 * URI of a directory selects a fault. This class is public because Hadoop creates it by name.
 */
public final class MemoryStore extends FileSystem {
  static final String SETTING = "fs.memory.impl";

  /** The objects by their URI, in the order of their names. */
  private static final NavigableMap<String, byte[]> OBJECTS = new ConcurrentSkipListMap<>();

  /** Called by the thread that uploads, with the name of the object. */
  static volatile Consumer<String> beforeUpload = name -> {};

  private URI uri;

  /** Returns the names of the objects of a directory and its directories, with their content. */
  static Map<String, byte[]> objects(String directory) {
    String prefix = directory + "/";
    Map<String, byte[]> found = new TreeMap<>();
    OBJECTS
        .subMap(prefix, prefix + Character.MAX_VALUE)
        .forEach((name, content) -> found.put(name.substring(prefix.length()), content));
    return found;
  }

  @Override
  public void initialize(URI name, Configuration configuration) throws IOException {
    super.initialize(name, configuration);
    setConf(configuration);
    uri = URI.create(name.getScheme() + "://" + name.getAuthority());
  }

  private boolean has(String fault) {
    return fault.equals(uri.getHost());
  }

  @Override
  public String getScheme() {
    return "memory";
  }

  @Override
  public URI getUri() {
    return uri;
  }

  @Override
  public boolean hasPathCapability(Path path, String capability) throws IOException {
    return capability.equals(CommonPathCapabilities.ABORTABLE_STREAM)
        || super.hasPathCapability(path, capability);
  }

  private String name(Path path) {
    return makeQualified(path).toString();
  }

  @Override
  public FSDataInputStream open(Path path, int bufferSize) throws IOException {
    byte[] content = OBJECTS.get(name(path));
    if (content == null) {
      throw new FileNotFoundException(path + " does not exist");
    }
    return new FSDataInputStream(new Input(content));
  }

  @Override
  public FSDataOutputStream create(
      Path path,
      FsPermission permission,
      boolean overwrite,
      int bufferSize,
      short replication,
      long blockSize,
      Progressable progress)
      throws IOException {
    if (!overwrite && exists(path)) {
      throw new IOException(path + " exists");
    }
    return new FSDataOutputStream(new Upload(name(path)), null);
  }

  @Override
  public FSDataOutputStream append(Path path, int bufferSize, Progressable progress) {
    throw new UnsupportedOperationException("append");
  }

  @Override
  public boolean rename(Path from, Path to) {
    throw new UnsupportedOperationException("rename of " + from);
  }

  @Override
  public boolean delete(Path path, boolean recursive) {
    if (has("lists-deleted")) {
      return true;
    }
    String name = name(path);
    OBJECTS.subMap(name + "/", name + "/" + Character.MAX_VALUE).clear();
    return OBJECTS.remove(name) != null;
  }

  @Override
  public FileStatus[] listStatus(Path path) throws IOException {
    String prefix = name(path) + "/";
    TreeSet<String> children = new TreeSet<>();
    for (String name : OBJECTS.subMap(prefix, prefix + Character.MAX_VALUE).keySet()) {
      children.add(name.substring(prefix.length()).split("/")[0]);
    }
    if (children.isEmpty() && !exists(path)) {
      throw new FileNotFoundException(path + " does not exist");
    }
    children.remove("");
    FileStatus[] found = new FileStatus[has("lists-late") ? 0 : children.size()];
    for (int i = 0; i < found.length; i++) {
      found[i] = status(new Path(path, children.pollFirst()));
    }
    return found;
  }

  @Override
  public void setWorkingDirectory(Path path) {}

  @Override
  public Path getWorkingDirectory() {
    return new Path(uri + "/");
  }

  @Override
  public boolean mkdirs(Path path, FsPermission permission) {
    OBJECTS.put(name(path) + "/", new byte[0]);
    return true;
  }

  @Override
  public FileStatus getFileStatus(Path path) throws IOException {
    if (has("forgets") && OBJECTS.containsKey(name(path))) {
      throw new FileNotFoundException(path + " is forgotten");
    }
    return status(path);
  }

  private FileStatus status(Path path) throws FileNotFoundException {
    String name = name(path);
    byte[] content = OBJECTS.get(name);
    if (content != null) {
      return new FileStatus(content.length, false, 1, 1, 0, makeQualified(path));
    }
    if (OBJECTS.subMap(name + "/", name + "/" + Character.MAX_VALUE).isEmpty()) {
      throw new FileNotFoundException(path + " does not exist");
    }
    return new FileStatus(0, true, 1, 1, 0, makeQualified(path));
  }

  /** Is visible when it is closed, and not if it is aborted, unless the store has a fault. */
  private final class Upload extends OutputStream implements Abortable, StreamCapabilities {
    private final String name;
    private final ByteArrayOutputStream content = new ByteArrayOutputStream();
    private boolean closed;

    Upload(String name) {
      this.name = name;
    }

    @Override
    public void write(int one) {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
      content.write(bytes, from, length);
      if (has("shows-parts")) {
        OBJECTS.put(name, content.toByteArray());
      }
    }

    /** As S3A, continues after an interrupt, and does not report it. */
    @Override
    public void close() throws IOException {
      if (!closed) {
        closed = true;
        beforeUpload.accept(name);
        if (!Thread.currentThread().isInterrupted()) {
          OBJECTS.put(name, content.toByteArray());
        }
      }
    }

    @Override
    public AbortableResult abort() {
      boolean before = closed;
      closed = true;
      if (has("keeps-canceled")) {
        OBJECTS.put(name, content.toByteArray());
      }
      return new AbortableResult() {
        @Override
        public boolean alreadyClosed() {
          return before;
        }

        @Override
        public IOException anyCleanupException() {
          return null;
        }
      };
    }

    @Override
    public boolean hasCapability(String capability) {
      return capability.equals(StreamCapabilities.ABORTABLE_STREAM);
    }
  }

  private static final class Input extends FSInputStream {
    private final byte[] content;
    private int position;

    Input(byte[] content) {
      this.content = content;
    }

    @Override
    public int read() {
      return position < content.length ? content[position++] & 0xff : -1;
    }

    @Override
    public void seek(long target) {
      position = (int) target;
    }

    @Override
    public long getPos() {
      return position;
    }

    @Override
    public boolean seekToNewSource(long target) {
      return false;
    }
  }
}
