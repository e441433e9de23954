package io.callstream.internal.ledger;

import io.callstream.internal.files.Checksum;
import io.callstream.internal.files.DamagedFileException;
import io.callstream.internal.files.DurableFiles;
import io.callstream.internal.ledger.LogEntries.Entry;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * The files of a ledger in a local directory. Not thread-safe.
 *
 * <p>A batch is an entry that is appended to a log (see {@link LogEntries}), so that it costs one
 * write and one force to the disk. Each other file ends with a {@link Checksum}.
 *
 * <p>There is one log at a time. Its name has the number of its first batch: {@code log-0}, and
 * after {@code snapshot-N} the log {@code log-(N+1)}, which is created before the snapshot. So the
 * names of the files show which log must exist, and a deleted log or snapshot is detected.
 *
 * <p>A process that is killed can leave a partial log after a snapshot that was not written. This
 * log has only copies, and is deleted.
 */
public final class LocalLedgerFiles implements LedgerFiles, AutoCloseable {
  private static final int BUFFER = 1 << 16;

  private static final String LOG = "log-";
  private static final String DRAFT = ".draft";
  private final Path directory;

  /** The number of the first batch of the log, which is part of its name. */
  private long first;

  private LogEntries entries = new LogEntries();
  private @Nullable FileChannel channel;

  private LocalLedgerFiles(Path directory) {
    this.directory = directory;
  }

  /** Opens an existing directory. Throws a {@link DamagedFileException} if files are missing. */
  public static LocalLedgerFiles in(Path directory) throws IOException {
    for (Path file : paths(directory)) {
      if (file.getFileName().toString().endsWith(DRAFT)) {
        Files.delete(file);
      }
    }
    return reading(directory);
  }

  /**
   * Opens an existing directory to read the batches that it has now. If a run writes to it at the
   * same time, this method and {@link #read} can fail as if the directory were damaged.
   */
  public static LocalLedgerFiles reading(Path directory) throws IOException {
    LocalLedgerFiles files = new LocalLedgerFiles(directory);
    TreeSet<Long> logs = new TreeSet<>();
    for (Path file : paths(directory)) {
      String name = file.getFileName().toString();
      if (isLog(name)) {
        logs.add(Long.valueOf(name.substring(LOG.length())));
      }
    }
    files.first = files.lastSnapshot() + 1;
    if (logs.contains(files.first)) {
      files.entries =
          LogEntries.scan(
              LOG + files.first, files.first, Files.readAllBytes(files.path(files.first)));
    }
    for (long later : logs.tailSet(files.first, false)) {
      // A run that ended while it wrote a snapshot leaves a complete or partial log of copies.
      if (!logs.contains(files.first)
          || Files.size(files.path(later)) > files.entries.sizeFrom(later)) {
        throw missing(SNAPSHOT + (later - 1));
      }
    }
    if (!logs.contains(files.first) && (files.first > 0 || !logs.isEmpty())) {
      throw missing(LOG + files.first);
    }
    return files;
  }

  private static boolean isLog(String name) {
    return name.matches(LOG + "\\d{1,18}");
  }

  private static DamagedFileException missing(String name) {
    return new DamagedFileException(name + " is missing");
  }

  /** Creates the first log of a new directory, unless it exists. */
  public void begin() throws IOException {
    if (!hasLog()) {
      FileChannel.open(path(first), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)
          .close();
      DurableFiles.forceDirectory(directory);
    }
  }

  public boolean hasLog() {
    return Files.exists(path(first));
  }

  private static List<Path> paths(Path directory) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.toList();
    }
  }

  private Path path(long number) {
    return directory.resolve(LOG + number);
  }

  @Override
  public void write(String name, byte[] content) throws IOException {
    if (name.startsWith(BATCH)) {
      append(Long.parseLong(name.substring(BATCH.length())), content);
    } else if (name.startsWith(SNAPSHOT)) {
      write(name, (Content) out -> out.write(content));
    } else {
      replace(name, out -> out.write(content));
    }
  }

  @Override
  public void write(String name, Content content) throws IOException {
    if (name.startsWith(SNAPSHOT)) {
      writeSnapshot(Long.parseLong(name.substring(SNAPSHOT.length())), content);
    } else {
      LedgerFiles.super.write(name, content);
    }
  }

  private void append(long batch, byte[] content) throws IOException {
    FileChannel log = channel == null ? openLog() : channel;
    ByteBuffer header = LogEntries.header(batch, content);
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
    entries.add(batch, content.length);
  }

  /** Opens the log after its last entry. A log that was deleted is not created again. */
  private FileChannel openLog() throws IOException {
    for (Path file : paths(directory)) {
      String name = file.getFileName().toString();
      if (isLog(name) && !name.equals(LOG + first)) {
        Files.delete(file); // A run that was killed while it wrote a snapshot left this log.
      }
    }
    FileChannel log = FileChannel.open(path(first), StandardOpenOption.WRITE);
    try {
      log.truncate(entries.end()).position(entries.end());
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
  private void writeSnapshot(long batch, Content content) throws IOException {
    long before = first;
    if (batch + 1 == before) {
      replace(SNAPSHOT + batch, content);
      return;
    }
    LogEntries later = new LogEntries();
    try (FileChannel log =
        FileChannel.open(
            path(batch + 1),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      for (long number : entries.batchesAfter(batch)) {
        byte[] copy = read(BATCH + number);
        DurableFiles.write(log, LogEntries.header(number, copy).array());
        DurableFiles.write(log, copy);
        later.add(number, copy.length);
      }
      log.force(true);
    }
    DurableFiles.forceDirectory(
        directory); // A snapshot without its log must not survive a power failure.
    replace(SNAPSHOT + batch, content);
    closeLog();
    first = batch + 1;
    entries = later;
    Files.deleteIfExists(path(before));
  }

  private void replace(String name, Content content) throws IOException {
    Path draft = directory.resolve(name + DRAFT);
    try (FileChannel file =
        FileChannel.open(
            draft,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      CRC32 checksum = Checksum.of(name);
      OutputStream out = new BufferedOutputStream(Channels.newOutputStream(file), BUFFER);
      content.writeTo(new CheckedOutputStream(out, checksum));
      out.write(Checksum.line(checksum));
      out.flush();
      file.force(true);
    }
    Files.move(draft, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    DurableFiles.forceDirectory(directory);
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
    Entry entry = entries.get(Long.parseLong(name.substring(BATCH.length())));
    if (entry == null) {
      throw new DamagedFileException(name + " is not in " + LOG + first);
    }
    byte[] stored = new byte[entry.length()];
    ByteBuffer rest = ByteBuffer.wrap(stored);
    try (FileChannel log = FileChannel.open(path(first), StandardOpenOption.READ)) {
      while (rest.hasRemaining()) {
        if (log.read(rest, entry.position() + rest.position()) < 0) {
          throw new DamagedFileException(LOG + first + " is shorter than it was");
        }
      }
    }
    // The entry was valid when it was scanned or written. A snapshot must not contain an entry that
    // has changed since then.
    if (!LogEntries.isValid(stored)) {
      throw LogEntries.damaged(LOG + first, entry.position());
    }
    return LogEntries.content(stored);
  }

  @Override
  public List<String> list() throws IOException {
    List<String> names = new ArrayList<>();
    entries.batches().forEach(batch -> names.add(BATCH + batch));
    for (Path file : paths(directory)) {
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

  @Override
  public void close() throws IOException {
    closeLog();
  }
}
