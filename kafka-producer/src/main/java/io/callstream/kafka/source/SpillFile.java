package io.callstream.kafka.source;

import io.callstream.kafka.source.EventTimeOrder.Entry;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Sorted runs, one after the other in a temporary file. The file is opened with {@link
 * StandardOpenOption#DELETE_ON_CLOSE}, so it is removed when it is closed or when the process ends.
 */
final class SpillFile implements AutoCloseable {
  /** The start of the names of files. It shows which process a file belongs to. */
  static final String PREFIX = "callstream-sort-" + ProcessHandle.current().pid() + "-";

  private static final int MIN_BUFFER = 1 << 12;
  private static final int MAX_BUFFER = 1 << 20;

  private final FileChannel channel;
  private final List<Long> ends = new ArrayList<>();

  SpillFile() throws IOException {
    Path path = Files.createTempFile(PREFIX, ".runs");
    channel =
        FileChannel.open(
            path,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE);
  }

  void append(List<Entry> entries) throws IOException {
    DataOutputStream out =
        new DataOutputStream(
            new BufferedOutputStream(Channels.newOutputStream(channel), MAX_BUFFER));
    for (Entry entry : entries) {
      out.writeLong(entry.time());
      out.writeInt(entry.value().length);
      out.write(entry.value());
    }
    out.flush();
    ends.add(channel.position());
  }

  /**
   * Returns all runs. Their buffers together take {@code memory}, unless that is too little for the
   * minimum size of each.
   */
  List<Iterator<Entry>> runs(long memory) {
    int buffer = (int) Math.max(MIN_BUFFER, Math.min(MAX_BUFFER, memory / ends.size()));
    List<Iterator<Entry>> runs = new ArrayList<>();
    long start = 0;
    for (long end : ends) {
      runs.add(new Entries(new Part(start, end), buffer));
      start = end;
    }
    return runs;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private final class Part extends InputStream {
    private final long end;
    private long position;

    Part(long start, long end) {
      this.position = start;
      this.end = end;
    }

    @Override
    public int read() {
      throw new UnsupportedOperationException("a buffer reads many bytes at once");
    }

    @Override
    public int read(byte[] b, int off, int len) throws IOException {
      if (position == end) {
        return -1;
      }
      int count =
          channel.read(ByteBuffer.wrap(b, off, (int) Math.min(len, end - position)), position);
      if (count <= 0) {
        throw new IOException("the temporary file was cut off");
      }
      position += count;
      return count;
    }
  }

  /** The entries of a run. It throws {@link UncheckedIOException} if the file cannot be read. */
  private static final class Entries implements Iterator<Entry> {
    private final DataInputStream in;
    private long left;

    Entries(Part part, int buffer) {
      in = new DataInputStream(new BufferedInputStream(part, buffer));
      left = part.end - part.position;
    }

    @Override
    public boolean hasNext() {
      return left > 0;
    }

    @Override
    public Entry next() {
      try {
        long time = in.readLong();
        byte[] value = new byte[in.readInt()];
        in.readFully(value);
        left -= Long.BYTES + Integer.BYTES + value.length;
        return new Entry(time, value);
      } catch (IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
    }
  }
}
