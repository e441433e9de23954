package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.files.DamagedFileException;
import io.callstream.internal.ledger.SourceProgress.PartitionProgress;
import io.callstream.internal.task.PartitionClock;
import io.callstream.internal.task.StoredTable;
import io.callstream.internal.task.TaskReport;
import io.callstream.progress.Accounting;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The content of a file of a ledger, and its byte format.
 *
 * @param blocks the groups that the batch changed, by statistic and window; in a snapshot all
 *     groups. The statistics are those of the accounting, in its order
 */
record LedgerEntry(LedgerTotals totals, List<NavigableMap<Long, Groups>> blocks, byte[] note) {
  static final byte[] NO_NOTE = {};

  private static final int MAGIC = 0x63_61_6c_34; // cal4

  /** Returns the entry of a batch. */
  static LedgerEntry of(LedgerTotals totals, BatchUpdates updates) {
    List<NavigableMap<Long, Groups>> blocks = new ArrayList<>();
    for (NavigableMap<Long, byte[]> windows : updates.blocks()) {
      NavigableMap<Long, Groups> changed = new TreeMap<>();
      windows.forEach((window, block) -> changed.put(window, Groups.of(block)));
      blocks.add(changed);
    }
    return new LedgerEntry(totals, blocks, updates.note());
  }

  /** Returns the blocks of each statistic, by its name. */
  Map<String, NavigableMap<Long, Groups>> blocksByName() {
    Map<String, NavigableMap<Long, Groups>> byName = new LinkedHashMap<>();
    totals
        .accounting()
        .statistics()
        .keySet()
        .forEach(n -> byName.put(n, blocks.get(byName.size())));
    return byName;
  }

  /** Returns the content of a file, with the tables of lookups that are not known before it. */
  byte[] toBytes(List<StoredTable> known) {
    long groups = blocks.stream().flatMap(w -> w.values().stream()).mapToLong(Groups::bytes).sum();
    ByteArrayOutputStream bytes =
        new ByteArrayOutputStream((int) Math.min(4_096 + groups + groups / 64, 1 << 30));
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(MAGIC);
      out.writeLong(totals.batch());
      TaskReport.write(totals.accounting(), out);
      write(totals.progress(), out);
      out.writeLong(totals.watermarkInForce());
      out.writeLong(totals.nextWatermark());
      out.writeInt(blocks.size());
      for (NavigableMap<Long, Groups> windows : blocks) {
        write(windows, out);
      }
      out.writeInt(note.length);
      out.write(note);
      StoredTable.writeChanged(totals.tables(), known, out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void write(SourceProgress progress, DataOutputStream out) throws IOException {
    out.writeInt(progress.partitions().size());
    for (Map.Entry<Integer, PartitionProgress> entry : progress.partitions().entrySet()) {
      out.writeInt(entry.getKey());
      out.writeLong(entry.getValue().nextOffset());
      entry.getValue().clock().writeTo(out);
    }
  }

  private static void write(NavigableMap<Long, Groups> windows, DataOutputStream out)
      throws IOException {
    out.writeInt(windows.size());
    for (Map.Entry<Long, Groups> window : windows.entrySet()) {
      Groups groups = window.getValue();
      out.writeLong(window.getKey());
      out.writeInt(groups.count());
      for (int i = 0; i < groups.count(); i++) {
        out.writeInt(groups.page(i).length);
        out.write(groups.page(i));
      }
    }
  }

  /**
   * Reads the content of a file, which must be that of a batch.
   *
   * @param known the tables of lookups that are known before it
   */
  static LedgerEntry read(
      String name, long number, LedgerState none, List<StoredTable> known, byte[] content)
      throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(content));
    if (in.readInt() != MAGIC) {
      throw new DamagedFileException(name + " is not a file of the log of results");
    }
    long batch = in.readLong();
    if (batch != number) {
      throw new DamagedFileException(name + " is of batch " + batch);
    }
    Accounting accounting = TaskReport.readAccounting(in);
    SourceProgress progress = readProgress(none.totals().progress().maxJumpMillis(), in);
    long watermarkInForce = in.readLong();
    long nextWatermark = in.readLong();
    int count = in.readInt();
    if (count != accounting.statistics().size()) {
      throw new DamagedFileException(
          name + " has " + count + " statistics, not " + accounting.statistics().size());
    }
    List<NavigableMap<Long, Groups>> blocks = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      blocks.add(readWindows(in));
    }
    byte[] note = in.readNBytes(in.readInt());
    List<StoredTable> tables = StoredTable.readChanged(known, in);
    return new LedgerEntry(
        new LedgerTotals(batch, accounting, progress, watermarkInForce, nextWatermark, tables),
        blocks,
        note);
  }

  private static SourceProgress readProgress(long maxJumpMillis, DataInputStream in)
      throws IOException {
    Map<Integer, PartitionProgress> partitions = new TreeMap<>();
    for (int i = in.readInt(); i > 0; i--) {
      partitions.put(in.readInt(), new PartitionProgress(in.readLong(), PartitionClock.read(in)));
    }
    return new SourceProgress(maxJumpMillis, partitions);
  }

  private static NavigableMap<Long, Groups> readWindows(DataInputStream in) throws IOException {
    NavigableMap<Long, Groups> windows = new TreeMap<>();
    for (int i = in.readInt(); i > 0; i--) {
      long window = in.readLong();
      List<byte[]> pages = new ArrayList<>();
      for (int n = in.readInt(); n > 0; n--) {
        pages.add(in.readNBytes(in.readInt()));
      }
      windows.put(window, Groups.of(pages));
    }
    return windows;
  }
}
