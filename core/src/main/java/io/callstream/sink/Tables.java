package io.callstream.sink;

import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.statistic.Statistic;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Results as tables for people. */
public final class Tables {
  private static final int MAX_CELL = 46;

  private Tables() {}

  /**
   * Returns a table of the rows with the highest counts: numbers to the right, a rank in front, how
   * many rows there are in all above it.
   *
   * @param rows how many rows at most
   * @param zone the zone in which times are shown
   */
  public static String top(Results results, int rows, ZoneId zone) {
    Statistic statistic = results.statistic();
    Texts texts = new Texts(statistic, zone);
    List<List<String>> lines = new ArrayList<>();
    List<String> header = new ArrayList<>(List.of("#"));
    header.addAll(statistic.columns());
    lines.add(header);
    int rank = 1;
    for (ResultRow row : results.top(rows)) {
      List<String> line = new ArrayList<>(List.of(Integer.toString(rank++)));
      texts.cells(row).forEach(cell -> line.add(shown(cell)));
      lines.add(line);
    }
    long all = results.stream().count();
    String title =
        all > rows
            ? String.format(Locale.ROOT, "%s: top %d of %,d rows", statistic.name(), rows, all)
            : String.format(Locale.ROOT, "%s: %,d rows", statistic.name(), all);
    return title + "\n" + aligned(lines, statistic);
  }

  /** Control and format characters would break the table, or worse, the terminal. */
  private static String shown(String cell) {
    StringBuilder text = new StringBuilder();
    cell.codePoints()
        .limit(MAX_CELL)
        .map(c -> isShowable(c) ? c : '\ufffd')
        .forEach(text::appendCodePoint);
    return cell.codePointCount(0, cell.length()) > MAX_CELL
        ? text.substring(0, text.offsetByCodePoints(0, MAX_CELL - 1)) + "…"
        : text.toString();
  }

  private static boolean isShowable(int c) {
    int type = Character.getType(c);
    return type != Character.CONTROL
        && type != Character.FORMAT
        && type != Character.LINE_SEPARATOR
        && type != Character.PARAGRAPH_SEPARATOR
        && type != Character.SURROGATE
        && type != Character.UNASSIGNED;
  }

  private static String aligned(List<List<String>> lines, Statistic statistic) {
    int columns = lines.get(0).size();
    int numbersFrom = columns - statistic.measures().size();
    int[] widths = new int[columns];
    for (List<String> line : lines) {
      for (int c = 0; c < columns; c++) {
        widths[c] = Math.max(widths[c], length(line.get(c)));
      }
    }
    StringBuilder table = new StringBuilder();
    for (int l = 0; l < lines.size(); l++) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        String cell = lines.get(l).get(c);
        String padding = " ".repeat(widths[c] - length(cell));
        boolean right = c == 0 || c >= numbersFrom;
        line.append("  ").append(right ? padding + cell : cell + padding);
      }
      table.append(line.toString().stripTrailing()).append('\n');
      if (l == 0) {
        for (int width : widths) {
          table.append("  ").append("-".repeat(width));
        }
        table.append('\n');
      }
    }
    return table.toString();
  }

  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }
}
