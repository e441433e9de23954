package io.callstream.internal.runtime;

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
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * The files of a ledger in a local directory. Not thread-safe.
 *
 * <p>A batch is an entry that is appended to a log, so that it costs one write and one force to the
 * disk. An entry has the number of its batch, its length, a checksum of these two, a checksum of
 * its content, and the content. Each other file ends with a {@link Checksum}.
 *
 * <p>There is one log at a time. Its name has the number of its first batch: {@code log-0}, and
 * after {@code snapshot-N} the log {@code log-(N+1)}, which is created before the snapshot. So the
 * names of the files show which log must exist, and a deleted log or snapshot is detected.
 *
 * <p>A process that is killed leaves at most an incomplete entry at the end of the log. A power
 * failure can leave sectors of zeros in the last entry. Such an entry was never confirmed, and the
 * next entry overwrites it. Both can also leave a partial log after a snapshot that was not
 * written. This log has only copies, and is deleted. Any other content that is not an entry is
 * damage.
 */
public final class AppendedFiles implements LedgerFiles, AutoCloseable {
  private static final String LOG = "log-";
  private static final String DRAFT = ".draft";
  private static final int HEADER = Long.BYTES + 3 * Integer.BYTES;

  /** Disks write this number of bytes, or a multiple of it, atomically. */
  private static final int SECTOR = 512;

  private final Path directory;

  /** The number of the first batch of the log, which is part of its name. */
  private long first;

  private Log entries = new Log(new TreeMap<>(), 0);
  private @Nullable FileChannel channel;

  /** The entries of a log by their batches, and the position of the next entry. */
  private record Log(TreeMap<Long, Entry> batches, long end) {}

  /** The position and length of the content of a batch. */
  private record Entry(long position, int length) {}

  private AppendedFiles(Path directory) {
    this.directory = directory;
  }

  /**
   * Opens an existing directory. No other run may write to it.
   *
   * @throws DamagedFileException if a log is damaged, or a log or a snapshot is missing
   * @throws IOException if the directory cannot be read
   */
  public static AppendedFiles in(Path directory) throws IOException {
    AppendedFiles files = new AppendedFiles(directory);
    TreeSet<Long> logs = new TreeSet<>();
    for (Path file : files.paths()) {
      String name = file.getFileName().toString();
      if (name.endsWith(DRAFT)) {
        Files.delete(file);
      } else if (isLog(name)) {
        logs.add(Long.valueOf(name.substring(LOG.length())));
      }
    }
    files.first = files.lastSnapshot() + 1;
    if (logs.contains(files.first)) {
      files.entries = files.scan(files.first);
    }
    for (long later : logs.tailSet(files.first, false)) {
      // A run that ended while it wrote a snapshot leaves a complete or partial log of copies.
      if (!logs.contains(files.first) || Files.size(files.path(later)) > files.sizeFrom(later)) {
        throw missing(SNAPSHOT + (later - 1));
      }
    }
    if (!logs.contains(files.first) && (files.first > 0 || !logs.isEmpty())) {
      throw missing(LOG + files.first);
    }
    return files;
  }

  /** Returns the number of bytes in a log of the entries of a batch and all later batches. */
  private long sizeFrom(long batch) {
    return entries.batches.tailMap(batch, true).values().stream()
        .mapToLong(entry -> HEADER + (long) entry.length)
        .sum();
  }

  private static boolean isLog(String name) {
    return name.matches(LOG + "\\d{1,18}");
  }

  private static DamagedFileException damaged(long log, long position) {
    return new DamagedFileException(LOG + log + " is damaged at byte " + position);
  }

  private static DamagedFileException missing(String name) {
    return new DamagedFileException(name + " is missing");
  }

  /** Creates the first log of a new directory, unless it exists. */
  public void begin() throws IOException {
    if (!hasLog()) {
      FileChannel.open(path(first), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)
          .close();
      forceDirectory(directory);
    }
  }

  /** Returns whether a log exists, even if it has no entries. */
  public boolean hasLog() {
    return Files.exists(path(first));
  }

  private List<Path> paths() throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.toList();
    }
  }

  private Path path(long number) {
    return directory.resolve(LOG + number);
  }

  private Log scan(long number) throws IOException {
    byte[] all = Files.readAllBytes(path(number));
    TreeMap<Long, Entry> found = new TreeMap<>();
    int from = 0;
    while (from < all.length && !isTorn(all, from)) {
      ByteBuffer header = ByteBuffer.wrap(all, from, HEADER);
      long batch = header.getLong();
      int length = header.getInt();
      long last = found.isEmpty() ? number - 1 : found.lastKey();
      // A batch that was not confirmed when a run ended is repeated.
      boolean follows = batch == last + 1 || (batch == last && !found.isEmpty());
      if (!hasHeader(all, from) || !hasContent(all, from, length) || !follows) {
        throw damaged(number, from);
      }
      found.put(batch, new Entry(from + HEADER, length));
      from += HEADER + length;
    }
    return new Log(found, from);
  }

  /** Returns whether the entry at a position is the last one and was not written completely. */
  private static boolean isTorn(byte[] all, int from) {
    if (all.length - from < HEADER) {
      return true;
    }
    if (!hasHeader(all, from)) {
      return isZero(all, from, all.length)
          || (lacksSectorOfHeader(all, from) && !hasEntryAfter(all, from));
    }
    int length = ByteBuffer.wrap(all, from + Long.BYTES, Integer.BYTES).getInt();
    boolean whole = length >= 0 && length <= all.length - from - HEADER;
    return !whole
        || (from + HEADER + length == all.length
            && !hasContent(all, from, length)
            && lacksSector(all, from));
  }

  private static boolean hasHeader(byte[] all, int from) {
    int checked = Long.BYTES + Integer.BYTES;
    return ByteBuffer.wrap(all, from + checked, Integer.BYTES).getInt() == crc(all, from, checked);
  }

  private static boolean hasContent(byte[] all, int from, int length) {
    int checksum = ByteBuffer.wrap(all, from + HEADER - Integer.BYTES, Integer.BYTES).getInt();
    return checksum == crc(all, from + HEADER, length);
  }

  /**
   * Returns whether a header spans two sectors, and the part in one of them has only zeros from the
   * position on. A flipped bit cannot cause that: a content does not start with zeros, and the part
   * in the first sector must have both the number of a batch and a length.
   */
  private static boolean lacksSectorOfHeader(byte[] all, int from) {
    int next = (from / SECTOR + 1) * SECTOR;
    return next < from + HEADER
        && (isZero(all, next, Math.min(next + SECTOR, all.length))
            || (next - from >= Long.BYTES + Integer.BYTES && isZero(all, from, next)));
  }

  /** Returns whether an entry follows, which shows that the entry before it was confirmed. */
  private static boolean hasEntryAfter(byte[] all, int from) {
    for (int i = from + 1; i <= all.length - HEADER; i++) {
      if (hasHeader(all, i)) {
        return true;
      }
    }
    return false;
  }

  /** Returns whether a sector that starts after this position has only zeros. */
  private static boolean lacksSector(byte[] all, int from) {
    for (int sector = (from / SECTOR + 1) * SECTOR; sector < all.length; sector += SECTOR) {
      if (isZero(all, sector, Math.min(sector + SECTOR, all.length))) {
        return true;
      }
    }
    return false;
  }

  private static boolean isZero(byte[] all, int from, int to) {
    for (int i = from; i < to; i++) {
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

  @Override
  public void write(String name, byte[] content) throws IOException {
    if (name.startsWith(BATCH)) {
      append(Long.parseLong(name.substring(BATCH.length())), content);
    } else if (name.startsWith(SNAPSHOT)) {
      writeSnapshot(Long.parseLong(name.substring(SNAPSHOT.length())), content);
    } else {
      replace(name, content);
    }
  }

  private void append(long batch, byte[] content) throws IOException {
    FileChannel log = channel == null ? openLog() : channel;
    ByteBuffer header = header(batch, content);
    ByteBuffer[] parts = {header, ByteBuffer.wrap(content)};
    try {
      while (header.hasRemaining() || parts[1].hasRemaining()) {
        log.write(parts);
      }
      log.force(false);
    } catch (IOException e) {
      closeLog(); // The entry may be incomplete. The next entry overwrites it.
      throw e;
    }
    entries = with(batch, content, entries);
  }

  private static ByteBuffer header(long batch, byte[] content) {
    ByteBuffer header = ByteBuffer.allocate(HEADER).putLong(batch).putInt(content.length);
    header.putInt(crc(header.array(), 0, Long.BYTES + Integer.BYTES));
    return header.putInt(crc(content, 0, content.length)).flip();
  }

  private static Log with(long batch, byte[] content, Log before) {
    before.batches.put(batch, new Entry(before.end + HEADER, content.length));
    return new Log(before.batches, before.end + HEADER + content.length);
  }

  /** Opens the log after its last entry. A log that was deleted is not created again. */
  private FileChannel openLog() throws IOException {
    for (Path file : paths()) {
      String name = file.getFileName().toString();
      if (isLog(name) && !name.equals(LOG + first)) {
        Files.delete(file); // A run that was killed while it wrote a snapshot left this log.
      }
    }
    FileChannel log = FileChannel.open(path(first), StandardOpenOption.WRITE);
    try {
      log.truncate(entries.end).position(entries.end);
    } catch (IOException e) {
      log.close();
      throw e;
    }
    channel = log;
    return log;
  }

  private void closeLog() throws IOException {
    FileChannel open = channel;
    channel = null;
    if (open != null) {
      open.close();
    }
  }

  /** Writes a snapshot, and starts the log after it with the entries of later batches. */
  private void writeSnapshot(long batch, byte[] content) throws IOException {
    long before = first;
    if (batch + 1 == before) {
      replace(SNAPSHOT + batch, content);
      return;
    }
    Log later = new Log(new TreeMap<>(), 0);
    try (FileChannel log =
        FileChannel.open(
            path(batch + 1),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      for (long number : entries.batches.tailMap(batch, false).keySet()) {
        byte[] copy = read(BATCH + number);
        write(log, header(number, copy));
        write(log, ByteBuffer.wrap(copy));
        later = with(number, copy, later);
      }
      log.force(true);
    }
    forceDirectory(directory); // A snapshot without its log must not survive a power failure.
    replace(SNAPSHOT + batch, content);
    closeLog();
    first = batch + 1;
    entries = later;
    Files.deleteIfExists(path(before));
  }

  private void replace(String name, byte[] content) throws IOException {
    Path draft = directory.resolve(name + DRAFT);
    try (FileChannel file =
        FileChannel.open(
            draft,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      write(file, ByteBuffer.wrap(Checksum.append(name, content)));
      file.force(true);
    }
    Files.move(draft, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    forceDirectory(directory);
  }

  private static void write(FileChannel file, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      file.write(bytes);
    }
  }

  /** Makes a rename durable. File systems that cannot force a directory do not need it. */
  private static void forceDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (AccessDeniedException e) {
      // Windows does not open directories; its renames are durable without this.
    }
  }

  @Override
  public byte[] read(String name) throws IOException {
    if (!name.startsWith(BATCH)) {
      try {
        return Checksum.verify(name, Files.readAllBytes(directory.resolve(name)));
      } catch (NoSuchFileException e) {
        throw missing(name);
      }
    }
    Entry entry = entries.batches.get(Long.valueOf(name.substring(BATCH.length())));
    if (entry == null) {
      throw new DamagedFileException(name + " is not in " + LOG + first);
    }
    byte[] stored = new byte[HEADER + entry.length];
    ByteBuffer rest = ByteBuffer.wrap(stored);
    long position = entry.position - HEADER;
    try (FileChannel log = FileChannel.open(path(first), StandardOpenOption.READ)) {
      while (rest.hasRemaining()) {
        if (log.read(rest, position + rest.position()) < 0) {
          throw new DamagedFileException(LOG + first + " is shorter than it was");
        }
      }
    }
    // The entry was valid when it was scanned or written. A snapshot must not contain an entry that
    // has changed since then.
    if (!hasHeader(stored, 0) || !hasContent(stored, 0, entry.length)) {
      throw damaged(first, position);
    }
    return Arrays.copyOfRange(stored, HEADER, stored.length);
  }

  @Override
  public List<String> list() throws IOException {
    List<String> names = new ArrayList<>();
    entries.batches.keySet().forEach(batch -> names.add(BATCH + batch));
    for (Path file : paths()) {
      String name = file.getFileName().toString();
      if (!isLog(name)) {
        names.add(name);
      }
    }
    return names;
  }

  /** Deletes a file. The entry of a batch is removed when a snapshot starts a new log. */
  @Override
  public void delete(String name) throws IOException {
    if (!name.startsWith(BATCH)) {
      Files.deleteIfExists(directory.resolve(name));
    }
  }

  /** A log may have any number of entries. */
  @Override
  public int mostBatches() {
    return Integer.MAX_VALUE;
  }

  /** Batches are small and numerous, and this number of bytes is read in a moment. */
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
