package io.callstream.lookup;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the rows of a table from CSV (RFC 4180). Not thread-safe. */
final class CsvTable {
  private static final int MAX_ROW_CHARS = 1 << 20;
  private static final char BYTE_ORDER_MARK = '\ufeff';

  private final BufferedReader in;
  private int next;
  private long line = 1;

  CsvTable(BufferedReader in) throws IOException {
    this.in = in;
    next = in.read();
    if (next == BYTE_ORDER_MARK) {
      next = in.read();
    }
  }

  /** Returns the values of the columns of a lookup by the key of each row. */
  Map<String, List<String>> rows(LookupTable table) throws IOException {
    List<String> header = row();
    if (header == null) {
      throw new IOException("it is empty, and the first row must have the names of the columns");
    }
    int key = column(header, table.keyColumn());
    List<Integer> columns = new ArrayList<>();
    for (String name : table.columns()) {
      columns.add(column(header, name));
    }
    Map<String, List<String>> rows = new HashMap<>();
    long bytes = 0;
    for (long start = line; ; start = line) {
      List<String> row = row();
      if (row == null) {
        return rows;
      }
      if (row.size() == 1 && row.get(0).isEmpty()) {
        continue;
      }
      if (row.size() != header.size()) {
        throw new IOException(
            "line %s has %s columns, and the first line has %s"
                .formatted(start, row.size(), header.size()));
      }
      List<String> values = new ArrayList<>(columns.size());
      for (int column : columns) {
        values.add(row.get(column));
        bytes += row.get(column).length();
      }
      bytes += row.get(key).length();
      if (rows.put(row.get(key), List.copyOf(values)) != null) {
        throw new IOException(
            "line %s has the key '%s', which an earlier line has".formatted(start, row.get(key)));
      }
      // The limit of bytes is checked exactly when the whole table is there.
      if (rows.size() > LookupTable.MAX_ROWS || bytes > LookupTable.MAX_BYTES) {
        throw new IOException(
            "line %s exceeds the limit of %s rows or %s bytes"
                .formatted(start, LookupTable.MAX_ROWS, LookupTable.MAX_BYTES));
      }
    }
  }

  private static int column(List<String> header, String name) throws IOException {
    int index = header.indexOf(name);
    if (index < 0 || index != header.lastIndexOf(name)) {
      throw new IOException(
          "it has %s column '%s'; its columns are %s"
              .formatted(index < 0 ? "no" : "more than one", name, String.join(", ", header)));
    }
    return index;
  }

  /** Returns the next row, or null at the end. */
  private @Nullable List<String> row() throws IOException {
    if (next < 0) {
      return null;
    }
    List<String> cells = new ArrayList<>();
    int chars = 0;
    while (true) {
      String cell = next == '"' ? quoted() : plain();
      cells.add(cell);
      chars += cell.length() + 1;
      if (chars > MAX_ROW_CHARS) {
        throw tooLong();
      }
      if (next != ',') {
        break;
      }
      next = in.read();
    }
    if (next == '\r') {
      next = in.read();
    }
    if (next == '\n') {
      line++;
      next = in.read();
    } else if (next >= 0) {
      throw new IOException("line " + line + " has text after closing quotes");
    }
    return cells;
  }

  private String plain() throws IOException {
    StringBuilder cell = new StringBuilder();
    while (next >= 0 && next != ',' && next != '\n' && next != '\r') {
      append(cell);
    }
    return cell.toString();
  }

  private String quoted() throws IOException {
    StringBuilder cell = new StringBuilder();
    long start = line;
    next = in.read();
    while (true) {
      if (next < 0) {
        throw new IOException("it ends inside quotes that start in line " + start);
      }
      if (next == '"') {
        next = in.read();
        if (next != '"') {
          return cell.toString();
        }
      } else if (next == '\n') {
        line++;
      }
      append(cell);
    }
  }

  private void append(StringBuilder cell) throws IOException {
    if (cell.length() >= MAX_ROW_CHARS) {
      throw tooLong();
    }
    cell.append((char) next);
    next = in.read();
  }

  private IOException tooLong() {
    return new IOException(
        "line %s has more than %s characters, the limit of a row".formatted(line, MAX_ROW_CHARS));
  }
}
