package io.callstream.dashboard;

import java.util.List;
import java.util.regex.Pattern;

/**
 * Writes an HTML page with panels, notes and tables. Escapes all texts and attribute values. Not
 * thread-safe.
 */
final class HtmlWriter {
  /** A word that a cell may break. Shorter ones, such as the names of districts, stay whole. */
  private static final Pattern LONG_WORD = Pattern.compile("\\S{15}");

  private static final Pattern ATTRIBUTE = Pattern.compile("=(\\S+)");

  /** Control characters, which HTML must not contain. */
  private static final Pattern CONTROL = Pattern.compile("[\\p{Cntrl}&&[^\t\n\r]]");

  private final StringBuilder html = new StringBuilder(1 << 16);
  private int panels;

  /**
   * Opens an element.
   *
   * @param tag the name and constant attributes, such as {@code th scope=col class=number}
   * @param attributes pairs of a name and a value
   */
  HtmlWriter open(String tag, String... attributes) {
    html.append('<').append(ATTRIBUTE.matcher(tag).replaceAll("=\"$1\""));
    for (int i = 0; i < attributes.length; i += 2) {
      html.append(' ')
          .append(attributes[i])
          .append("=\"")
          .append(escaped(attributes[i + 1]))
          .append('"');
    }
    html.append('>');
    return this;
  }

  /** Closes an element. */
  HtmlWriter close(String tag) {
    html.append("</").append(tag).append('>');
    return this;
  }

  /** Writes an element that contains only text. */
  HtmlWriter element(String tag, String text, String... attributes) {
    return open(tag, attributes).text(text).close(tag.split(" ", 2)[0]);
  }

  /** Writes a text. */
  HtmlWriter text(String text) {
    html.append(escaped(text));
    return this;
  }

  /** Writes trusted HTML or SVG without escaping it. */
  HtmlWriter markup(String trusted) {
    html.append(trusted);
    return this;
  }

  /** Ends a line of the file. */
  HtmlWriter line() {
    html.append('\n');
    return this;
  }

  /** Opens a section with a heading. */
  void openPanel(String className, String title) {
    String id = "title-" + ++panels;
    open("section", "class", className, "aria-labelledby", id).line();
    element("h2", title, "id", id).line();
  }

  void chart(String className, String svg) {
    open("div", "class", className).markup(svg).close("div").line();
  }

  /** Writes a short text below a heading. */
  void note(String text) {
    element("p class=note", text).line();
  }

  /** Writes a table whose first column names the rows, with numbers from a column on. */
  void table(List<String> columns, List<List<String>> rows, int numbersFrom) {
    open("table").open("thead").open("tr");
    for (int i = 0; i < columns.size(); i++) {
      element(
          "th scope=col" + (i < numbersFrom ? kind(columns.get(i)) : " class=number"),
          columns.get(i));
    }
    close("tr").close("thead").line().open("tbody").line();
    for (List<String> row : rows) {
      open("tr");
      for (int i = 0; i < row.size(); i++) {
        String text = i == 0 && row.get(i).isEmpty() ? "(none)" : row.get(i);
        String kind = i < numbersFrom ? " dir=auto" + kind(text) : " class=number";
        element((i == 0 ? "th scope=row" : "td") + kind, text);
      }
      close("tr").line();
    }
    close("tbody").close("table").line();
  }

  private static String kind(String text) {
    return LONG_WORD.matcher(text).find() ? " class=long" : "";
  }

  /** Opens a part of the page that scrolls; its label is for screen readers. */
  HtmlWriter openScrolling(String layout, String label) {
    return open("div", "class", layout, "tabindex", "0", "role", "region", "aria-label", label);
  }

  /** Writes a table that the reader can open; its label is for screen readers. */
  void collapsedTable(
      String summary,
      String note,
      String label,
      String layout,
      List<String> columns,
      List<List<String>> rows) {
    open("details").element("summary", summary).line();
    if (!note.isEmpty()) {
      note(note);
    }
    openScrolling(layout, label).line();
    table(columns, rows, 1);
    close("div").close("details").line();
  }

  /** Returns the HTML written so far. */
  @Override
  public String toString() {
    return html.toString();
  }

  /**
   * Returns a text for use between tags and in quoted attribute values. Control characters appear
   * as U+FFFD.
   */
  static String escaped(String text) {
    return CONTROL
        .matcher(text)
        .replaceAll("\ufffd")
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
