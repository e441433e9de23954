package io.callstream.kafka.source;

import io.callstream.kafka.source.SortedRecords.Entry;
import io.callstream.kafka.source.SortedRecords.Run;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Sorted runs, one after the other in a temporary file. The file is opened with {@link
 * StandardOpenOption#DELETE_ON_CLOSE}, so it is removed when it is closed or when the process ends.
 */
final class SpillFile implements AutoCloseable {
  /** The start of the names of files. It shows which process a file belongs to. */
  static final String PREFIX = "callstream-sort-" + ProcessHandle.current().pid() + "-";

  private static final int HEADER = Long.BYTES + Integer.BYTES;
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

  /** Writes a run. */
  void append(List<Entry> entries) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(MAX_BUFFER);
    for (Entry entry : entries) {
      if (buffer.remaining() < HEADER) {
        flush(buffer);
      }
      buffer.putLong(entry.time()).putInt(entry.value().length);
      int written = 0;
      while (written < entry.value().length) {
        if (!buffer.hasRemaining()) {
          flush(buffer);
        }
        int count = Math.min(buffer.remaining(), entry.value().length - written);
        buffer.put(entry.value(), written, count);
        written += count;
      }
    }
    flush(buffer);
    ends.add(channel.position());
  }

  private void flush(ByteBuffer buffer) throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      int ignored = channel.write(buffer);
    }
    buffer.clear();
  }

  /**
   * Returns all runs. Their buffers together take {@code memory}, unless that is too little for the
   * minimum size of each.
   */
  List<DiskRun> runs(long memory) throws IOException {
    int buffer = (int) Math.max(MIN_BUFFER, Math.min(MAX_BUFFER, memory / ends.size()));
    List<DiskRun> runs = new ArrayList<>();
    long start = 0;
    for (long end : ends) {
      runs.add(new DiskRun(runs.size(), start, end, buffer));
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

  final class DiskRun implements Run {
    private final int number;
    private final long end;
    private final ByteBuffer buffer;
    private long position;
    private Entry head;

    DiskRun(int number, long start, long end, int bufferSize) throws IOException {
      this.number = number;
      this.position = start;
      this.end = end;
      this.buffer = ByteBuffer.allocate(bufferSize).flip();
      this.head = read();
    }

    @Override
    public int number() {
      return number;
    }

    @Override
    public Entry head() {
      return head;
    }

    @Override
    public boolean advance() throws IOException {
      if (position == end && !buffer.hasRemaining()) {
        return false;
      }
      head = read();
      return true;
    }

    private Entry read() throws IOException {
      while (buffer.remaining() < HEADER) {
        fill();
      }
      long time = buffer.getLong();
      byte[] value = new byte[buffer.getInt()];
      int read = 0;
      while (read < value.length) {
        if (!buffer.hasRemaining()) {
          fill();
        }
        int count = Math.min(buffer.remaining(), value.length - read);
        buffer.get(value, read, count);
        read += count;
      }
      return new Entry(time, value);
    }

    private void fill() throws IOException {
      buffer.compact();
      buffer.limit((int) Math.min(buffer.capacity(), buffer.position() + (end - position)));
      int count = channel.read(buffer, position);
      buffer.flip();
      if (count <= 0) {
        throw new IOException("the temporary file was cut off");
      }
      position += count;
    }
  }
}
