package io.callstream.runtime;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * The files of a ledger in a directory of this machine. Not thread-safe.
 *
 * <p>A batch is not a file of its own here but an entry that is appended to a log, so that it costs
 * one write and one force to the disk, and no file is made. When a snapshot is written the next
 * batch begins another log; one whose batches are all deleted goes. An entry is its batch's number,
 * its length, a checksum of these two and one of its content, which follows.
 *
 * <p>A killed process leaves the beginning of an entry behind at most, and a machine that lost its
 * power an entry that is not whole, or zeros: such an end was never confirmed, and is cut off.
 * Anything else that is not an entry is damage, and told; so is a header of which a loss of power
 * left one part.
 */
public final class AppendedFiles implements LedgerFiles, AutoCloseable {
  private static final String LOG = "log-";
  private static final String DRAFT = ".draft";
  private static final int HEADER = Long.BYTES + 3 * Integer.BYTES;

  private final Path directory;
  private final Map<String, Entry> entries = new HashMap<>();
  private final TreeMap<Long, Integer> live = new TreeMap<>();
  private @Nullable FileChannel log;
  private long current = -1;

  /** Where the content of a batch is. */
  private record Entry(long log, long position, int length) {}

  private AppendedFiles(Path directory) {
    this.directory = directory;
  }

  /**
   * Opens a directory, which is there; nobody else may be writing in it.
   *
   * @throws IOException if it can't be read, or is damaged
   */
  public static AppendedFiles in(Path directory) throws IOException {
    AppendedFiles files = new AppendedFiles(directory);
    List<Long> logs = new ArrayList<>();
    for (Path file : files.paths()) {
      String name = file.getFileName().toString();
      if (name.endsWith(DRAFT)) {
        Files.delete(file);
      } else if (name.matches(LOG + "\\d{1,18}")) {
        logs.add(Long.valueOf(name.substring(LOG.length())));
      }
    }
    logs.sort(null);
    for (int i = 0; i < logs.size(); i++) {
      files.scan(logs.get(i), i == logs.size() - 1);
    }
    for (Map.Entry<Long, Integer> log : List.copyOf(files.live.entrySet())) {
      if (log.getValue() == 0) {
        files.live.remove(log.getKey());
        Files.delete(files.path(log.getKey()));
      }
    }
    return files;
  }

  private List<Path> paths() throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.toList();
    }
  }

  private Path path(long number) {
    return directory.resolve(LOG + number);
  }

  private void scan(long number, boolean last) throws IOException {
    current = number;
    live.put(number, 0);
    byte[] all = Files.readAllBytes(path(number));
    int from = 0;
    while (from < all.length) {
      if (isTorn(all, from)) {
        if (!last) {
          throw damaged(number, from);
        }
        try (FileChannel channel = FileChannel.open(path(number), StandardOpenOption.WRITE)) {
          channel.truncate(from);
          channel.force(true);
        }
        return;
      }
      DataInputStream in = new DataInputStream(new ByteArrayInputStream(all, from, HEADER));
      long batch = in.readLong();
      int length = in.readInt();
      if (in.readInt() != crc(all, from, Long.BYTES + Integer.BYTES)
          || in.readInt() != crc(all, from + HEADER, length)) {
        throw damaged(number, from);
      }
      put(Ledger.BATCH + batch, new Entry(number, from + HEADER, length));
      from += HEADER + length;
    }
  }

  /** Returns whether what begins here is the last entry, and was not written to its end. */
  private static boolean isTorn(byte[] all, int from) throws IOException {
    if (all.length - from < HEADER) {
      return true;
    }
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(all, from, HEADER));
    in.readLong();
    int length = in.readInt();
    if (in.readInt() == crc(all, from, Long.BYTES + Integer.BYTES)) {
      boolean whole = length >= 0 && length <= all.length - from - HEADER;
      return !whole
          || (from + HEADER + length == all.length
              && in.readInt() != crc(all, from + HEADER, length));
    }
    return isZero(all, from);
  }

  private static boolean isZero(byte[] all, int from) {
    for (int i = from; i < all.length; i++) {
      if (all[i] != 0) {
        return false;
      }
    }
    return true;
  }

  private static int crc(byte[] bytes, int from, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  private IOException damaged(long number, long position) {
    return new IOException(path(number).getFileName() + " is damaged at byte " + position);
  }

  private void put(String name, Entry entry) throws IOException {
    forget(entries.put(name, entry));
    live.merge(entry.log, 1, Integer::sum);
  }

  private void forget(@Nullable Entry entry) throws IOException {
    if (entry != null && live.merge(entry.log, -1, Integer::sum) == 0 && entry.log != current) {
      live.remove(entry.log);
      Files.deleteIfExists(path(entry.log));
    }
  }

  @Override
  public void write(String name, byte[] content) throws IOException {
    if (name.startsWith(Ledger.BATCH)) {
      append(Long.parseLong(name.substring(Ledger.BATCH.length())), content);
    } else {
      replace(name, content);
      if (name.startsWith(Ledger.SNAPSHOT)) {
        closeLog();
      }
    }
  }

  private void append(long batch, byte[] content) throws IOException {
    FileChannel channel = log == null ? openLog() : log;
    long position = channel.size();
    ByteBuffer header = ByteBuffer.allocate(HEADER).putLong(batch).putInt(content.length);
    header.putInt(crc(header.array(), 0, Long.BYTES + Integer.BYTES));
    header.putInt(crc(content, 0, content.length)).flip();
    ByteBuffer[] parts = {header, ByteBuffer.wrap(content)};
    try {
      while (header.hasRemaining() || parts[1].hasRemaining()) {
        channel.write(parts);
      }
      channel.force(false);
    } catch (IOException e) {
      closeLog(); // Its end may be torn, and the next entry is not to stand behind that.
      throw e;
    }
    put(Ledger.BATCH + batch, new Entry(current, position + HEADER, content.length));
  }

  private FileChannel openLog() throws IOException {
    // A directory that is gone is not to be made anew: what it held is gone too.
    current = live.isEmpty() ? 0 : live.lastKey() + 1;
    FileChannel channel =
        FileChannel.open(path(current), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    log = channel;
    live.put(current, 0);
    forceDirectory(directory);
    return channel;
  }

  private void closeLog() throws IOException {
    FileChannel open = log;
    log = null;
    if (open != null) {
      open.close();
    }
  }

  private void replace(String name, byte[] content) throws IOException {
    Path draft = directory.resolve(name + DRAFT);
    try (FileChannel channel =
        FileChannel.open(
            draft,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.wrap(content);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(true);
    }
    Files.move(draft, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    forceDirectory(directory);
  }

  /** Makes a rename last; file systems that can't force a directory do not need it. */
  private static void forceDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (AccessDeniedException e) {
      // Windows does not open directories; its renames are durable by themselves.
    }
  }

  @Override
  public byte[] read(String name) throws IOException {
    Entry entry = entries.get(name);
    if (entry == null) {
      if (name.startsWith(Ledger.BATCH)) {
        throw new NoSuchFileException(name + " is not in the log");
      }
      return Files.readAllBytes(directory.resolve(name));
    }
    ByteBuffer content = ByteBuffer.allocate(entry.length);
    try (FileChannel channel = FileChannel.open(path(entry.log), StandardOpenOption.READ)) {
      while (content.hasRemaining()) {
        if (channel.read(content, entry.position + content.position()) < 0) {
          throw damaged(entry.log, entry.position);
        }
      }
    }
    return content.array();
  }

  @Override
  public List<String> list() throws IOException {
    List<String> names = new ArrayList<>(entries.keySet());
    for (Path file : paths()) {
      if (!file.getFileName().toString().startsWith(LOG)) {
        names.add(file.getFileName().toString());
      }
    }
    return names;
  }

  @Override
  public void delete(String name) throws IOException {
    Entry entry = entries.remove(name);
    if (entry == null) {
      Files.deleteIfExists(directory.resolve(name));
    } else {
      if (log == null && entry.log == current) {
        current = -1; // The next batch begins another log.
      }
      forget(entry);
    }
  }

  /** A log may have any number of entries. */
  @Override
  public int mostBatches() {
    return Integer.MAX_VALUE;
  }

  /** Batches are small and many here; to read so much again takes a moment. */
  @Override
  public long leastLogBytes() {
    return 16 << 20;
  }

  @Override
  public String location() {
    return directory.toString();
  }

  /** Closes the log. */
  @Override
  public void close() throws IOException {
    closeLog();
  }
}
