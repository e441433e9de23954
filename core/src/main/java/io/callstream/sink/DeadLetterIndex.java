package io.callstream.sink;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.Checksum;
import io.callstream.internal.files.DurableFiles;
import io.callstream.internal.sink.DeadLetterCounts;
import io.callstream.pipeline.BatchResults;
import io.callstream.sink.DeadLetterJournal.Extent;
import io.callstream.sink.DeadLetterJournal.JournalId;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/*
 * The first entry has the lineage of the run, and the counts of the dead letters before the files
 * began. Each other entry confirms a batch. An entry is its length, its checksum and its content.
 */
/**
 * The file that confirms the batches of dead letters. It has an entry for each batch with dead
 * letters: their counts, and the confirmed extent of each journal that the batch changed. Not
 * thread-safe.
 */
final class DeadLetterIndex implements AutoCloseable {
  private static final int MAGIC = 0x63_61_6c_64; // cald

  private final DeadLetterDirectory directory;
  private final String name;
  private final FileChannel channel;
  private final DeadLetterCounts counts = new DeadLetterCounts();
  private final Map<JournalId, Extent> extents = new HashMap<>();

  /** The entries that were read, and their length in bytes. */
  private int entries;

  private long end;

  private DeadLetterIndex(DeadLetterDirectory directory, FileChannel channel) {
    this.directory = directory;
    this.name = DeadLetterDirectory.nameOf(directory.index());
    this.channel = channel;
  }

  static void create(Path file, BatchResults restored) throws IOException {
    Publisher.replace(
        file,
        channel ->
            append(
                channel,
                out -> {
                  out.writeInt(MAGIC);
                  out.writeUTF(restored.lineage());
                  write(DeadLetterCounts.of(restored.total()), out);
                }));
  }

  /** Opens an index that must match the finished batches of the pipeline. */
  static DeadLetterIndex open(DeadLetterDirectory directory, BatchResults restored)
      throws IOException {
    DeadLetterIndex index =
        new DeadLetterIndex(directory, FileChannel.open(directory.index(), READ, WRITE));
    try {
      index.read(restored);
      return index;
    } catch (IOException | RuntimeException e) {
      index.close();
      throw e;
    }
  }

  private void read(BatchResults restored) throws IOException {
    boolean unreadable;
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(directory.index())))) {
      byte[] first = next(in);
      if (first == null) {
        throw directory.damaged(name + " has no valid first entry");
      }
      readFirst(first, restored);
      long last = -1;
      byte[] entry = next(in);
      for (; entry != null; entry = next(in)) {
        DataInputStream fields = new DataInputStream(new ByteArrayInputStream(entry));
        long batch = fields.readLong();
        if (batch <= last || batch > restored.number()) {
          break;
        }
        last = batch;
        readBatch(fields);
        accept(entry);
      }
      unreadable = entry == null && end < Files.size(directory.index());
    } catch (EOFException | IndexOutOfBoundsException e) {
      throw directory.damaged(unreadable());
    }
    DeadLetterCounts accounting = DeadLetterCounts.of(restored.total());
    // Each entry has dead letters, so the accounting shows whether the entry of a finished batch is
    // missing.
    if (unreadable && !counts.equals(accounting)) {
      throw directory.damaged(
          "%s; the entries before it have %s, but the accounting up to batch %s has %s"
              .formatted(unreadable(), counts, restored.number(), accounting));
    }
    requireCounts(accounting, "up to batch " + restored.number());
  }

  private String unreadable() {
    return name + " has changed: entry " + (entries + 1) + ", at byte " + end + ", cannot be read";
  }

  private void readFirst(byte[] entry, BatchResults restored) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(entry));
    if (in.readInt() != MAGIC) {
      throw directory.damaged(name + " is not an index of dead letters");
    }
    if (!in.readUTF().equals(restored.lineage())) {
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          ("The dead-letter files in %s were written by another run: this one continues after batch"
                  + " %s of another checkpoint. Start with the checkpoint of the run that wrote"
                  + " them, or name another directory.")
              .formatted(directory.output(), restored.number()));
    }
    counts.add(readCounts(in));
    accept(entry);
  }

  private void readBatch(DataInputStream fields) throws IOException {
    counts.add(readCounts(fields));
    for (int i = fields.readInt(); i > 0; i--) {
      JournalId id = new JournalId(DeadLetterKind.values()[fields.readByte()], fields.readInt());
      extents.put(id, new Extent(fields.readLong(), fields.readInt()));
    }
  }

  private void accept(byte[] entry) {
    entries++;
    end += 2L * Integer.BYTES + entry.length;
  }

  /** Returns the confirmed extents of all journals when the index was opened. */
  Map<JournalId, Extent> extents() {
    return extents;
  }

  /** Removes the entries that were not read. Their batches are repeated. */
  void truncate() throws IOException {
    channel.truncate(end);
    channel.force(true);
    channel.position(end);
  }

  /** Confirms a batch durably. */
  void confirm(long batch, DeadLetterCounts added, Map<JournalId, Extent> changed)
      throws IOException {
    append(
        channel,
        out -> {
          out.writeLong(batch);
          write(added, out);
          out.writeInt(changed.size());
          for (Map.Entry<JournalId, Extent> journal : changed.entrySet()) {
            out.writeByte(journal.getKey().kind().ordinal());
            out.writeInt(journal.getKey().partition());
            out.writeLong(journal.getValue().length());
            out.writeInt(journal.getValue().checksum());
          }
        });
    counts.add(added);
  }

  /** Compares the number of dead letters, including earlier ones, with the accounting. */
  void requireCounts(DeadLetterCounts accounting, String when) {
    if (!counts.equals(accounting)) {
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          ("The dead-letter files in %s lack letters or have too many: they account for %s, but the"
                  + " accounting %s has %s. The files were changed, or batches were counted without"
                  + " them. Restore the directory from a copy that is not older than the"
                  + " checkpoint, or name another one, whose files begin with the next batch.")
              .formatted(directory.output(), counts, when, accounting));
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private interface Fields {
    void writeTo(DataOutputStream out) throws IOException;
  }

  private static void append(FileChannel channel, Fields fields) throws IOException {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    fields.writeTo(new DataOutputStream(content));
    byte[] bytes = content.toByteArray();
    ByteArrayOutputStream entry = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(entry);
    out.writeInt(bytes.length);
    out.writeInt(Checksum.crc(bytes, 0, bytes.length));
    out.write(bytes);
    DurableFiles.write(channel, entry.toByteArray());
    channel.force(true);
  }

  /** Returns the content of the next entry, or null if no complete entry follows. */
  private static byte @Nullable [] next(DataInputStream in) throws IOException {
    try {
      int length = in.readInt();
      int checksum = in.readInt();
      byte[] content = in.readNBytes(Math.max(0, length));
      return content.length == length && Checksum.crc(content, 0, content.length) == checksum
          ? content
          : null;
    } catch (EOFException e) {
      return null;
    }
  }

  private static void write(DeadLetterCounts counts, DataOutputStream out) throws IOException {
    Map<String, Long> late = counts.late();
    out.writeLong(counts.rejected());
    out.writeInt(late.size());
    for (Map.Entry<String, Long> statistic : late.entrySet()) {
      out.writeUTF(statistic.getKey());
      out.writeLong(statistic.getValue());
    }
  }

  private static DeadLetterCounts readCounts(DataInputStream in) throws IOException {
    DeadLetterCounts counts = new DeadLetterCounts();
    counts.addRejected(in.readLong());
    for (int i = in.readInt(); i > 0; i--) {
      counts.addLate(in.readUTF(), in.readLong());
    }
    return counts;
  }
}
