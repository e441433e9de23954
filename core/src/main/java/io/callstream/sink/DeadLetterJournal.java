package io.callstream.sink;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.callstream.internal.files.DurableFiles;
import io.callstream.pipeline.DeadLetter;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * A file with the dead letters of one kind and one partition, in the order of their offsets. It
 * consists of confirmed bytes, and then of the bytes of a batch that is not confirmed yet. Not
 * thread-safe.
 */
final class DeadLetterJournal implements Closeable {
  private static final int BUFFER_BYTES = 1 << 18;

  /** The kind and the partition of a journal. */
  record JournalId(DeadLetterKind kind, int partition) implements Comparable<JournalId> {
    private static final Comparator<JournalId> ORDER =
        Comparator.comparing(JournalId::kind).thenComparing(JournalId::partition);

    @Override
    public int compareTo(JournalId other) {
      return ORDER.compare(this, other);
    }
  }

  /** The length of a part at the start of a journal, and the checksum of its bytes. */
  record Extent(long length, int checksum) {}

  private final FileChannel channel;

  /** The checksum of all bytes that were written, confirmed or not. */
  private final CRC32 checksum;

  private Extent confirmed;
  private Extent written;

  /** The letters of the current batch that were not written yet. Null between batches. */
  private @Nullable ByteArrayOutputStream buffer;

  private DeadLetterJournal(FileChannel channel, CRC32 checksum, Extent confirmed) {
    this.channel = channel;
    this.checksum = checksum;
    this.confirmed = confirmed;
    this.written = confirmed;
  }

  /** Creates an empty journal. Replaces the file of an interrupted batch. */
  static DeadLetterJournal create(Path file) throws IOException {
    FileChannel channel = channel(file, 0);
    CRC32 checksum = new CRC32();
    return new DeadLetterJournal(channel, checksum, new Extent(0, (int) checksum.getValue()));
  }

  /** Opens a journal, and removes what is not confirmed. Fails if confirmed bytes have changed. */
  static DeadLetterJournal open(DeadLetterDirectory directory, JournalId id, Extent confirmed)
      throws IOException {
    Path file = directory.journal(id);
    String name = DeadLetterDirectory.nameOf(file);
    if (!Files.isRegularFile(file)) {
      throw directory.damaged(name + " is missing");
    }
    CRC32 checksum = new CRC32();
    try (InputStream in = Files.newInputStream(file)) {
      if (read(in, confirmed.length(), checksum) < confirmed.length()) {
        throw directory.damaged(
            name + " has " + Files.size(file) + " bytes, not " + confirmed.length());
      }
    }
    if ((int) checksum.getValue() != confirmed.checksum()) {
      throw directory.damaged(name + " has changed");
    }
    return new DeadLetterJournal(channel(file, confirmed.length()), checksum, confirmed);
  }

  /** Opens a file, creates it if it is missing, and removes what follows a length. */
  private static FileChannel channel(Path file, long length) throws IOException {
    FileChannel channel = FileChannel.open(file, CREATE, READ, WRITE);
    try {
      return channel.truncate(length).position(length);
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  /** Adds bytes to a checksum, up to a number. Returns how many there were. */
  private static long read(InputStream in, long length, CRC32 checksum) throws IOException {
    byte[] bytes = new byte[BUFFER_BYTES];
    long done = 0;
    while (done < length) {
      int count = in.read(bytes, 0, (int) Math.min(bytes.length, length - done));
      if (count < 0) {
        break;
      }
      checksum.update(bytes, 0, count);
      done += count;
    }
    return done;
  }

  void add(DeadLetter letter, DeadLetterLines lines) throws IOException {
    if (buffer == null) {
      buffer = new ByteArrayOutputStream();
    }
    lines.write(letter, buffer);
    if (buffer.size() >= BUFFER_BYTES) {
      flush(buffer);
    }
  }

  /** Makes the letters of the current batch durable. Returns the extent of all bytes. */
  Extent force() throws IOException {
    if (buffer != null) {
      flush(buffer);
      buffer = null;
    }
    channel.force(true);
    written = new Extent(channel.position(), (int) checksum.getValue());
    return written;
  }

  private void flush(ByteArrayOutputStream letters) throws IOException {
    byte[] bytes = letters.toByteArray();
    letters.reset();
    checksum.update(bytes);
    DurableFiles.write(channel, bytes);
  }

  /** Records that the index confirms the extent that {@link #force} returned. */
  void confirm() {
    confirmed = written;
  }

  long confirmedBytes() {
    return confirmed.length();
  }

  /** Appends the confirmed bytes to another file. Returns whether all of them exist. */
  boolean copyTo(FileChannel target) throws IOException {
    long length = confirmed.length();
    for (long from = 0; from < length; ) {
      long copied = channel.transferTo(from, length - from, target);
      if (copied == 0) {
        return false;
      }
      from += copied;
    }
    return true;
  }

  /** Reads as many bytes as are confirmed, and returns whether they are the confirmed bytes. */
  boolean isNextIn(InputStream in) throws IOException {
    CRC32 found = new CRC32();
    return read(in, confirmed.length(), found) == confirmed.length()
        && (int) found.getValue() == confirmed.checksum();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
