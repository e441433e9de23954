package io.callstream.internal.sink;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A table of aligned cells that fits a width. If it is too wide, headers are wrapped at
 * underscores, then optional columns are dropped, then texts are truncated, those of the last
 * columns first. Measures that still do not fit follow in further tables of the same rows. Numbers
 * are always complete. Not thread-safe.
 */
final class AlignedTable {
  private static final String GAP = "  ";
  private static final int MAX_TEXT = 46;

  /** Texts have at least this width, if it is enough for the table. */
  private static final int MIN_TEXT = 8;

  private static final int MIN = 4;

  /** The alignment of a column, and whether its cells can be truncated. */
  enum Align {
    /** Right-aligned and complete. */
    NUMBER,
    /** Left-aligned and complete. */
    NAME,
    /** Left-aligned and truncated if it is too long. */
    TEXT
  }

  record Column(String header, Align align, boolean optional) {
    Column(String header, Align align) {
      this(header, align, false);
    }
  }

  private record Line(List<String> cells, boolean isSum) {}

  private final int keys;
  private final List<Column> columns;
  private final List<Line> lines = new ArrayList<>();
  private final int[] widths;

  /** The minimum width of the first column of a key, which holds the labels of sums. */
  private int widestLabel;

  /**
   * Creates a table without rows.
   *
   * @param keys the columns that each table of the same rows repeats; the first one is the rank
   */
  AlignedTable(List<Column> keys, List<Column> measures) {
    this.keys = keys.size();
    this.columns = Stream.concat(keys.stream(), measures.stream()).toList();
    this.widths = new int[columns.size()];
  }

  /** Returns the number of rows and sums. */
  int size() {
    return lines.size();
  }

  void addRow(List<String> cells) {
    lines.add(
        new Line(cells.stream().map(cell -> TerminalText.cut(cell, MAX_TEXT)).toList(), false));
  }

  /** Adds a row without a rank, whose label is in the second column. */
  void addSum(String label, List<String> measures) {
    List<String> cells = new ArrayList<>(List.of("", label));
    cells.addAll(Collections.nCopies(keys - 2, ""));
    cells.addAll(measures);
    lines.add(new Line(cells, true));
    widestLabel = Math.max(widestLabel, TerminalText.columns(label));
  }

  String text(int width, TerminalStyle style) {
    List<Integer> all = range(0, columns.size());
    all.forEach(c -> widths[c] = Math.max(columns.get(c).header().length(), widestCell(c)));
    if (sum(all) > width) {
      all.forEach(c -> widths[c] = Math.max(longestWord(c), widestCell(c)));
      for (int c = columns.size() - 1; c >= keys && sum(all) > width; c--) {
        if (columns.get(c).optional()) {
          all.remove(c);
        }
      }
      narrow(all, width);
    }
    if (sum(all) <= width) {
      return block(all, style);
    }
    List<Integer> block = range(0, keys);
    all.forEach(c -> widths[c] = Math.max(longestWord(c), widestCell(c)));
    narrow(block, width / 2);
    int room = width - sum(block);
    List<Integer> measures = all.subList(keys, all.size());
    measures.forEach(c -> narrow(List.of(c), room));
    StringBuilder blocks = new StringBuilder();
    for (List<Integer> part : parts(measures, room)) {
      if (block.size() > keys && sum(block) + sum(part) > width) {
        blocks.append(block(block, style)).append('\n');
        block = range(0, keys);
      }
      block.addAll(part);
    }
    return blocks.append(block(block, style)).toString();
  }

  /** Returns the measures, of which those of a kind are together if a width is enough for them. */
  private List<List<Integer>> parts(List<Integer> measures, int width) {
    List<List<Integer>> kinds = new ArrayList<>();
    String last = "";
    for (int c : measures) {
      String header = columns.get(c).header();
      String kind = header.substring(0, Math.max(0, header.lastIndexOf('_')));
      if (kind.isEmpty() || !kind.equals(last)) {
        kinds.add(new ArrayList<>());
      }
      kinds.get(kinds.size() - 1).add(c);
      last = kind;
    }
    return kinds.stream()
        .flatMap(kind -> sum(kind) <= width ? Stream.of(kind) : kind.stream().map(List::of))
        .toList();
  }

  private static List<Integer> range(int from, int to) {
    return new ArrayList<>(IntStream.range(from, to).boxed().toList());
  }

  private int sum(List<Integer> shown) {
    return shown.stream().mapToInt(c -> GAP.length() + widths[c]).sum();
  }

  private int widestCell(int c) {
    return lines.stream()
        .mapToInt(line -> TerminalText.columns(line.cells().get(c)))
        .max()
        .orElse(0);
  }

  private String[] words(int c) {
    return columns.get(c).header().split("_");
  }

  private int longestWord(int c) {
    return Stream.of(words(c)).mapToInt(String::length).max().orElse(0);
  }

  private void narrow(List<Integer> shown, int width) {
    for (int least : new int[] {MIN_TEXT, MIN}) {
      for (int i = shown.size() - 1; i >= 0; i--) {
        int c = shown.get(i);
        if (columns.get(c).align() == Align.TEXT) {
          int minimum = c == 1 ? Math.max(least, widestLabel) : least;
          int target = widths[c] - Math.max(0, sum(shown) - width);
          widths[c] = Math.min(widths[c], Math.max(minimum, target));
        }
      }
    }
  }

  private String block(List<Integer> shown, TerminalStyle style) {
    StringBuilder block = new StringBuilder();
    List<List<String>> headers = shown.stream().map(this::header).toList();
    int height = headers.stream().mapToInt(List::size).max().orElse(0);
    for (int h = 0; h < height; h++) {
      List<String> line = new ArrayList<>();
      for (List<String> header : headers) {
        int first = height - header.size();
        line.add(h < first ? "" : header.get(h - first));
      }
      block.append(aligned(shown, line, false)).append('\n');
    }
    List<String> rule = shown.stream().map(c -> "-".repeat(widths[c])).toList();
    block.append(style.dim(aligned(shown, rule, false))).append('\n');
    for (Line line : lines) {
      List<String> cells = shown.stream().map(line.cells()::get).toList();
      boolean isEmpty = cells.subList(keys, cells.size()).stream().allMatch(String::isEmpty);
      if (!line.isSum() || !isEmpty) {
        block.append(aligned(shown, cells, line.isSum())).append('\n');
      }
    }
    return block.toString();
  }

  /** Returns the lines of a header. */
  private List<String> header(int c) {
    String header = columns.get(c).header();
    if (header.length() <= widths[c]) {
      return List.of(header);
    }
    List<String> lines = new ArrayList<>();
    for (String word : words(c)) {
      int last = lines.size() - 1;
      if (last >= 0 && lines.get(last).length() + 1 + word.length() <= widths[c]) {
        lines.set(last, lines.get(last) + " " + word);
      } else {
        lines.add(word);
      }
    }
    return lines;
  }

  private String aligned(List<Integer> shown, List<String> cells, boolean isSum) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < shown.size(); i++) {
      int c = shown.get(i);
      String cell = TerminalText.cut(cells.get(i), widths[c]);
      String padding = " ".repeat(widths[c] - TerminalText.columns(cell));
      boolean left = columns.get(c).align() != Align.NUMBER || (isSum && c == 1);
      line.append(GAP).append(left ? cell + padding : padding + cell);
    }
    return line.toString().stripTrailing();
  }
}
