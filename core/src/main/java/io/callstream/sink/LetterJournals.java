package io.callstream.sink;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.LetterCounts;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 *   .dead-letters/index               the index, with an entry for each batch with dead letters
 *   .dead-letters/0-rejected.ndjson   a journal: the lines of a partition, in the order of offsets
 *
 * A batch is written to the journals, forced to the disk, and then confirmed by an entry in the
 * index. The entry has the counts of its dead letters. For each journal that the batch changed, it
 * has the confirmed length, and the checksum of everything up to that length. Bytes after the last
 * confirmed length were never confirmed: the batch was interrupted, and is repeated.
 *
 * A run that continues keeps the entries up to the last finished batch. Their counts must match the
 * accounting, and the journals must have the confirmed lengths and checksums. So any file that is
 * missing, truncated or changed is detected. Later bytes are removed, because their batches are
 * repeated. An entry that cannot be read is incomplete if the accounting does not need it, and
 * damaged if it does.
 */
/**
 * The dead letters of a pipeline in a hidden directory, durable and with checksums. Not
 * thread-safe.
 */
final class LetterJournals implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LetterJournals.class);
  private static final String DIRECTORY = ".dead-letters";
  private static final String INDEX = "index";
  private static final int MAGIC = 0x63_61_6c_64; // cald
  private static final int BUFFER_BYTES = 1 << 18;

  /** The two published files. */
  enum Kind {
    REJECTED("rejected.ndjson"),
    LATE("late.ndjson");

    final String file;

    Kind(String file) {
      this.file = file;
    }

    static Kind of(DeadLetter letter) {
      return letter instanceof Rejected ? REJECTED : LATE;
    }
  }

  /** Appends the line of a dead letter to bytes, without a line end. */
  @FunctionalInterface
  interface LineWriter {
    void write(DeadLetter letter, ByteArrayOutputStream out) throws IOException;
  }

  /** The confirmed length of a journal, and the checksum of the confirmed bytes. */
  private record Extent(long length, int checksum) {
    static final Extent NONE = new Extent(0, (int) new CRC32().getValue());
  }

  /** An open journal. Its checksum includes bytes that are not confirmed yet. */
  private static final class Journal {
    final FileChannel channel;
    final CRC32 checksum;
    Extent confirmed;

    Journal(FileChannel channel, CRC32 checksum, Extent confirmed) {
      this.channel = channel;
      this.checksum = checksum;
      this.confirmed = confirmed;
    }

    void write(ByteArrayOutputStream buffer) throws IOException {
      byte[] bytes = buffer.toByteArray();
      buffer.reset();
      checksum.update(bytes);
      writeAll(channel, bytes);
    }
  }

  private record Key(Kind kind, int partition) {}

  private static final Comparator<Key> ORDER =
      Comparator.comparing(Key::kind).thenComparing(Key::partition);

  private final Path output;
  private final Path directory;
  private final FileChannel index;
  private final Map<Key, Journal> journals = new TreeMap<>(ORDER);
  private final LetterCounts counts = new LetterCounts();

  private LetterJournals(Path output, FileChannel index) {
    this.output = output;
    this.directory = output.resolve(DIRECTORY);
    this.index = index;
  }

  private List<Journal> journals(Kind kind) {
    return journals.entrySet().stream()
        .filter(journal -> journal.getKey().kind() == kind)
        .map(Map.Entry::getValue)
        .toList();
  }

  /** Returns the size of the journal files in bytes; 0 if there are none. */
  static long storedBytes(Path output) throws IOException {
    Path directory = output.resolve(DIRECTORY);
    if (!Files.isDirectory(directory)) {
      return 0;
    }
    long bytes = 0;
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }

  /** Returns the total number of confirmed bytes in all journals. */
  long confirmedBytes() {
    return journals.values().stream().mapToLong(journal -> journal.confirmed.length()).sum();
  }

  // ---- opening

  /**
   * Opens the journals of an output directory, which exists and is locked.
   *
   * @param restored the state from which the pipeline continues; a pipeline that starts from the
   *     beginning replaces all journals
   * @throws CallstreamException if the journals do not match the finished batches of the pipeline
   */
  static LetterJournals open(Path output, BatchResults restored) throws IOException {
    Path directory = output.resolve(DIRECTORY);
    delete(output.resolve(DIRECTORY + ".new"));
    delete(output.resolve(DIRECTORY + ".old"));
    if (restored.number() < 0) {
      warnOfEarlierLetters(output);
      remove(directory, output);
    }
    if (!Files.exists(directory)) {
      create(directory, output, restored);
    }
    Path index = directory.resolve(INDEX);
    if (!Files.isRegularFile(index)) {
      throw damaged(output, DIRECTORY + "/" + INDEX + " is missing");
    }
    LetterJournals opened = new LetterJournals(output, FileChannel.open(index, READ, WRITE));
    try {
      opened.restore(index, restored);
      return opened;
    } catch (IOException | RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private static void warnOfEarlierLetters(Path output) throws IOException {
    for (Kind kind : Kind.values()) {
      Path published = output.resolve(kind.file);
      if (Files.exists(published) && Files.size(published) > 0) {
        LOG.warn(
            "The file {} has dead letters of an earlier run. This run has no checkpoint, or a new"
                + " one: it counts from the start and replaces them. To continue the dead letters"
                + " of a run, start with its checkpoint. To keep them, name another directory for"
                + " the new run.",
            published);
      }
    }
  }

  /** Removes all journals atomically, so that no run finds only some of them. */
  private static void remove(Path directory, Path output) throws IOException {
    if (Files.exists(directory)) {
      Path old = output.resolve(DIRECTORY + ".old");
      Files.move(directory, old, StandardCopyOption.ATOMIC_MOVE);
      delete(old);
    }
  }

  private static void delete(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      try (Stream<Path> files = Files.list(directory)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
    }
    Files.deleteIfExists(directory);
  }

  private static void create(Path directory, Path output, BatchResults restored)
      throws IOException {
    LetterCounts before = LetterCounts.of(restored.total());
    if (restored.number() >= 0) {
      for (Kind kind : Kind.values()) {
        Path published = output.resolve(kind.file);
        if (Files.exists(published) && Files.size(published) > 0) {
          throw damaged(
              output, DIRECTORY + " is missing, and only it shows which run wrote " + kind.file);
        }
      }
      if (!before.equals(new LetterCounts())) {
        LOG.warn(
            "The dead-letter files in {} begin after batch {}: the dead letters of earlier batches"
                + " ({}) are not in them",
            output,
            restored.number(),
            before);
      }
    }
    Path draft = Files.createDirectories(output.resolve(DIRECTORY + ".new"));
    try (FileChannel channel = FileChannel.open(draft.resolve(INDEX), CREATE_NEW, WRITE)) {
      writeEntry(
          channel,
          out -> {
            out.writeInt(MAGIC);
            out.writeUTF(restored.lineage());
            write(before, out);
          });
    }
    Publisher.forceDirectory(draft);
    Files.move(draft, directory, StandardCopyOption.ATOMIC_MOVE);
    Publisher.forceDirectory(output);
  }

  private void restore(Path file, BatchResults restored) throws IOException {
    Map<Key, Extent> extents = new HashMap<>();
    long end = 0;
    int entries = 0;
    boolean unreadable;
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      byte[] head = readEntry(in);
      if (head == null) {
        throw damaged(output, DIRECTORY + "/" + INDEX + " has no valid first entry");
      }
      readHead(head, restored);
      end += entrySize(head);
      entries++;
      long last = -1;
      byte[] entry = readEntry(in);
      for (; entry != null; entry = readEntry(in)) {
        DataInputStream fields = new DataInputStream(new ByteArrayInputStream(entry));
        long batch = fields.readLong();
        if (batch <= last || batch > restored.number()) {
          break;
        }
        last = batch;
        counts.add(readCounts(fields));
        for (int i = fields.readInt(); i > 0; i--) {
          Key key = new Key(Kind.values()[fields.readByte()], fields.readInt());
          extents.put(key, new Extent(fields.readLong(), fields.readInt()));
        }
        end += entrySize(entry);
        entries++;
      }
      unreadable = entry == null && end < Files.size(file);
    } catch (EOFException | IndexOutOfBoundsException e) {
      throw damaged(output, unreadable(entries, end));
    }
    LetterCounts accounting = LetterCounts.of(restored.total());
    // Each entry has dead letters, so the accounting shows whether the entry of a finished batch is
    // missing.
    if (unreadable && !counts.equals(accounting)) {
      throw damaged(
          output,
          unreadable(entries, end)
              + "; the entries before it have "
              + counts
              + ", but the accounting up to batch "
              + restored.number()
              + " has "
              + accounting);
    }
    requireCounts(accounting, "up to batch " + restored.number());
    for (Map.Entry<Key, Extent> extent : extents.entrySet()) {
      open(extent.getKey(), extent.getValue());
    }
    index.truncate(end);
    index.force(true);
    index.position(end);
  }

  private static String unreadable(int entriesBefore, long position) {
    return DIRECTORY
        + "/"
        + INDEX
        + " has changed: entry "
        + (entriesBefore + 1)
        + ", at byte "
        + position
        + ", cannot be read";
  }

  private void readHead(byte[] head, BatchResults restored) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(head));
    if (in.readInt() != MAGIC) {
      throw damaged(output, DIRECTORY + "/" + INDEX + " is not an index of dead letters");
    }
    if (!in.readUTF().equals(restored.lineage())) {
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          "The dead-letter files in "
              + output
              + " were written by another run: this one continues after batch "
              + restored.number()
              + " of another checkpoint. Start with the checkpoint of the run that wrote them, or"
              + " name another directory.");
    }
    counts.add(readCounts(in));
  }

  private void open(Key key, Extent confirmed) throws IOException {
    Path file = journal(key);
    String name = DIRECTORY + "/" + file.getFileName();
    if (!Files.isRegularFile(file)) {
      throw damaged(output, name + " is missing");
    }
    CRC32 checksum = new CRC32();
    try (InputStream in = Files.newInputStream(file)) {
      if (read(in, confirmed.length(), checksum) < confirmed.length()) {
        throw damaged(
            output, name + " has " + Files.size(file) + " bytes, not " + confirmed.length());
      }
    }
    if ((int) checksum.getValue() != confirmed.checksum()) {
      throw damaged(output, name + " has changed");
    }
    FileChannel channel = FileChannel.open(file, READ, WRITE);
    journals.put(key, new Journal(channel, checksum, confirmed));
    channel.truncate(confirmed.length());
    channel.position(confirmed.length());
  }

  /**
   * Adds bytes to a checksum, up to a number or the end of the stream. Returns the number of bytes.
   */
  private static long read(InputStream in, long length, CRC32 checksum) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    long done = 0;
    while (done < length) {
      int count = in.read(buffer, 0, (int) Math.min(buffer.length, length - done));
      if (count < 0) {
        break;
      }
      checksum.update(buffer, 0, count);
      done += count;
    }
    return done;
  }

  private Path journal(Key key) {
    return directory.resolve(key.partition() + "-" + key.kind().file);
  }

  // ---- batches

  /** Appends the dead letters of a batch durably. A batch that fails is not recorded. */
  void append(long batch, Iterable<DeadLetter> letters, LineWriter lines) throws IOException {
    LetterCounts added = new LetterCounts();
    Map<Key, Journal> changed = new TreeMap<>(ORDER);
    Map<Journal, ByteArrayOutputStream> buffers = new HashMap<>();
    boolean created = false;
    for (DeadLetter letter : letters) {
      Key key = new Key(Kind.of(letter), letter.origin().partition());
      Journal journal = journals.get(key);
      if (journal == null) {
        // The file is truncated, because an interrupted batch may have left one that was never
        // confirmed.
        FileChannel channel = FileChannel.open(journal(key), CREATE, READ, WRITE);
        channel.truncate(0);
        journal = new Journal(channel, new CRC32(), Extent.NONE);
        journals.put(key, journal);
        created = true;
      }
      changed.put(key, journal);
      ByteArrayOutputStream buffer =
          buffers.computeIfAbsent(journal, j -> new ByteArrayOutputStream());
      lines.write(letter, buffer);
      buffer.write('\n');
      added.add(letter);
      if (buffer.size() >= BUFFER_BYTES) {
        journal.write(buffer);
      }
    }
    for (Map.Entry<Journal, ByteArrayOutputStream> entry : buffers.entrySet()) {
      entry.getKey().write(entry.getValue());
      entry.getKey().channel.force(true);
    }
    if (created) {
      Publisher.forceDirectory(directory);
    }
    confirm(batch, added, changed);
  }

  private void confirm(long batch, LetterCounts added, Map<Key, Journal> changed)
      throws IOException {
    Map<Journal, Extent> extents = new HashMap<>();
    for (Journal journal : changed.values()) {
      extents.put(
          journal, new Extent(journal.channel.position(), (int) journal.checksum.getValue()));
    }
    writeEntry(
        index,
        out -> {
          out.writeLong(batch);
          write(added, out);
          out.writeInt(changed.size());
          for (Map.Entry<Key, Journal> entry : changed.entrySet()) {
            Extent extent = extents.getOrDefault(entry.getValue(), Extent.NONE);
            out.writeByte(entry.getKey().kind().ordinal());
            out.writeInt(entry.getKey().partition());
            out.writeLong(extent.length());
            out.writeInt(extent.checksum());
          }
        });
    extents.forEach((journal, extent) -> journal.confirmed = extent);
    counts.add(added);
  }

  // ---- the published files

  /** Writes the confirmed lines of all partitions, one partition after the other. */
  void copyTo(Kind kind, FileChannel target) throws IOException {
    for (Journal journal : journals(kind)) {
      long length = journal.confirmed.length();
      for (long from = 0; from < length; ) {
        long copied = journal.channel.transferTo(from, length - from, target);
        if (copied == 0) {
          throw damaged(output, "a journal of " + kind.file + " became shorter during the run");
        }
        from += copied;
      }
    }
  }

  /** Compares a published file with the checksums of the lines that all runs wrote. */
  void requirePublished(Kind kind) throws IOException {
    Path published = output.resolve(kind.file);
    try (InputStream in = Files.newInputStream(published)) {
      for (Journal journal : journals(kind)) {
        CRC32 checksum = new CRC32();
        long length = read(in, journal.confirmed.length(), checksum);
        if (length < journal.confirmed.length()
            || (int) checksum.getValue() != journal.confirmed.checksum()) {
          throw damaged(output, kind.file + " is not what was written during the run");
        }
      }
      if (in.read() >= 0) {
        throw damaged(output, kind.file + " has more than what was written during the run");
      }
    }
  }

  /**
   * Compares the number of dead letters, including those of an earlier directory, with the
   * accounting.
   *
   * @param when the point in time, for the message
   */
  void requireCounts(LetterCounts accounting, String when) {
    if (!counts.equals(accounting)) {
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          "The dead-letter files in "
              + output
              + " lack letters or have too many: they account for "
              + counts
              + ", but the accounting "
              + when
              + " has "
              + accounting
              + ". The files were changed, or batches were counted without them. Restore the"
              + " directory from a copy that is not older than the checkpoint, or name another one,"
              + " whose files begin with the next batch.");
    }
  }

  private static CallstreamException damaged(Path output, String how) {
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        "The dead-letter files in "
            + output
            + " are damaged: "
            + how
            + ". Restore the directory from a copy that is not older than the checkpoint, or name"
            + " another one, whose files begin with the next batch.");
  }

  @Override
  public void close() throws IOException {
    try (index) {
      for (Journal journal : journals.values()) {
        journal.channel.close();
      }
      journals.clear();
    }
  }

  // ---- entries of the index: length, checksum, content

  private interface Fields {
    void writeTo(DataOutputStream out) throws IOException;
  }

  private static void writeEntry(FileChannel channel, Fields fields) throws IOException {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    fields.writeTo(new DataOutputStream(content));
    byte[] bytes = content.toByteArray();
    ByteArrayOutputStream entry = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(entry);
    out.writeInt(bytes.length);
    out.writeInt(checksum(bytes));
    out.write(bytes);
    writeAll(channel, entry.toByteArray());
    channel.force(true);
  }

  /** Returns the content of the next entry, or null if no complete entry follows. */
  private static byte @Nullable [] readEntry(DataInputStream in) throws IOException {
    try {
      int length = in.readInt();
      int checksum = in.readInt();
      byte[] content = in.readNBytes(Math.max(0, length));
      return content.length == length && checksum(content) == checksum ? content : null;
    } catch (EOFException e) {
      return null;
    }
  }

  private static long entrySize(byte[] content) {
    return 2L * Integer.BYTES + content.length;
  }

  private static int checksum(byte[] bytes) {
    CRC32 checksum = new CRC32();
    checksum.update(bytes);
    return (int) checksum.getValue();
  }

  private static void write(LetterCounts counts, DataOutputStream out) throws IOException {
    Map<String, Long> late = counts.late();
    out.writeLong(counts.rejected());
    out.writeInt(late.size());
    for (Map.Entry<String, Long> statistic : late.entrySet()) {
      out.writeUTF(statistic.getKey());
      out.writeLong(statistic.getValue());
    }
  }

  private static LetterCounts readCounts(DataInputStream in) throws IOException {
    LetterCounts counts = new LetterCounts();
    counts.addRejected(in.readLong());
    for (int i = in.readInt(); i > 0; i--) {
      counts.addLate(in.readUTF(), in.readLong());
    }
    return counts;
  }

  private static void writeAll(FileChannel channel, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }
}
