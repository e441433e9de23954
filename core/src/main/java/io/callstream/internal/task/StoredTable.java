package io.callstream.internal.task;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A version of the table of a lookup, as checkpoints and executors have it. Immutable. */
public final class StoredTable implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String name;
  private final long version;
  private final int rows;

  /** The rows in the format of {@link JoinTable}. */
  private final byte[] bytes;

  StoredTable(String name, long version, int rows, byte[] bytes) {
    this.name = name;
    this.version = version;
    this.rows = rows;
    this.bytes = bytes;
  }

  /** Returns the name of the lookup. */
  public String name() {
    return name;
  }

  /** Returns the number of the version, from 1. */
  public long version() {
    return version;
  }

  public int rows() {
    return rows;
  }

  byte[] bytes() {
    return bytes;
  }

  /** Returns whether both have the same rows. */
  public boolean hasRowsOf(StoredTable that) {
    return Arrays.equals(bytes, that.bytes);
  }

  public StoredTable withVersion(long number) {
    return new StoredTable(name, number, rows, bytes);
  }

  /** Writes those of some tables that are not among others. */
  public static void writeChanged(
      List<StoredTable> tables, List<StoredTable> before, DataOutputStream out) throws IOException {
    List<StoredTable> changed = tables.stream().filter(table -> !before.contains(table)).toList();
    out.writeInt(changed.size());
    for (StoredTable table : changed) {
      out.writeUTF(table.name);
      out.writeLong(table.version);
      out.writeInt(table.rows);
      out.writeInt(table.bytes.length);
      out.write(table.bytes);
    }
  }

  /** Reads changed tables. Returns all tables, in the same order. */
  public static List<StoredTable> readChanged(List<StoredTable> before, DataInputStream in)
      throws IOException {
    List<StoredTable> tables = new ArrayList<>(before);
    for (int i = in.readInt(); i > 0; i--) {
      StoredTable table =
          new StoredTable(in.readUTF(), in.readLong(), in.readInt(), in.readNBytes(in.readInt()));
      tables.removeIf(other -> other.name.equals(table.name));
      tables.add(table);
    }
    return List.copyOf(tables);
  }

  /** Compares the names and the versions. */
  @Override
  public boolean equals(Object other) {
    return other instanceof StoredTable that && name.equals(that.name) && version == that.version;
  }

  @Override
  public int hashCode() {
    return name.hashCode() * 31 + Long.hashCode(version);
  }
}
