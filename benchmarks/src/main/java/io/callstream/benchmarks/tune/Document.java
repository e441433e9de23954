package io.callstream.benchmarks.tune;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A text with headings, tables and charts that can be read as HTML, in one file, and as Markdown,
 * with the charts beside it. Within texts {@code **bold**} and {@code `code`} stand for themselves
 * in Markdown. Not thread-safe.
 */
final class Document {
  private static final String STYLE =
      """
      body{font:16px/1.5 system-ui,sans-serif;color:#1d2733;max-width:60rem;margin:2rem auto;padding:0 1rem}
      h1{font-size:1.8rem;line-height:1.2}h2{margin-top:2.5rem;border-bottom:1px solid #d5dce4;padding-bottom:.2rem}
      table{border-collapse:collapse;margin:1rem 0;font-size:.87rem;display:block;overflow-x:auto}
      th,td{padding:.3rem .6rem;border-bottom:1px solid #e3e8ee;text-align:left;vertical-align:top}
      th{background:#f3f6f9}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
      code{background:#f3f6f9;padding:.1rem .25rem;border-radius:3px;font-size:.9em}
      pre{background:#f3f6f9;padding:.8rem 1rem;border-radius:6px;overflow-x:auto}pre code{padding:0}
      svg{max-width:100%;height:auto}figure{margin:1rem 0}figcaption{color:#5a6877;font-size:.87rem}
      """;

  private final String title;
  private final StringBuilder html = new StringBuilder();
  private final StringBuilder markdown = new StringBuilder();
  private final Map<String, String> charts = new LinkedHashMap<>();

  Document(String title) {
    this.title = title;
    html.append("<h1>").append(inline(title)).append("</h1>\n");
    markdown.append("# ").append(title).append("\n\n");
  }

  void heading(String text) {
    html.append("<h2>").append(inline(text)).append("</h2>\n");
    markdown.append("## ").append(text).append("\n\n");
  }

  void paragraph(String text) {
    html.append("<p>").append(inline(text)).append("</p>\n");
    markdown.append(text).append("\n\n");
  }

  void bullets(List<String> texts) {
    html.append("<ul>\n");
    for (String text : texts) {
      html.append("<li>").append(inline(text)).append("</li>\n");
      markdown.append("- ").append(text).append('\n');
    }
    html.append("</ul>\n");
    markdown.append('\n');
  }

  void code(List<String> lines) {
    String text = String.join("\n", lines);
    html.append("<pre><code>").append(escaped(text)).append("</code></pre>\n");
    markdown.append("```\n").append(text).append("\n```\n\n");
  }

  /** Adds a drawing, which in Markdown is a file {@code name.svg}. */
  void chart(String name, String svg, String caption) {
    charts.put(name + ".svg", svg);
    html.append("<figure>").append(svg).append("<figcaption>").append(inline(caption));
    html.append("</figcaption></figure>\n");
    markdown.append("![").append(caption).append("](").append(name).append(".svg)\n\n");
    markdown.append(caption).append("\n\n");
  }

  /** Adds a table; a column is of numbers where its header begins with a {@code >}. */
  void table(List<String> header, List<List<String>> rows) {
    List<Boolean> numbers = header.stream().map(cell -> cell.startsWith(">")).toList();
    List<String> names = header.stream().map(cell -> cell.replaceFirst("^>", "")).toList();
    html.append("<table>\n");
    htmlRow("th", names, numbers);
    markdownRow(names);
    markdownRow(numbers.stream().map(number -> number ? "--:" : "---").toList());
    for (List<String> row : rows) {
      htmlRow("td", row, numbers);
      markdownRow(row);
    }
    html.append("</table>\n");
    markdown.append('\n');
  }

  private void htmlRow(String tag, List<String> cells, List<Boolean> numbers) {
    html.append("<tr>");
    for (int i = 0; i < cells.size(); i++) {
      html.append('<').append(tag).append(numbers.get(i) ? " class=\"n\">" : ">");
      html.append(inline(cells.get(i))).append("</").append(tag).append('>');
    }
    html.append("</tr>\n");
  }

  private void markdownRow(List<String> cells) {
    markdown.append(
        cells.stream()
            .map(cell -> cell.replace("|", "\\|"))
            .collect(Collectors.joining(" | ", "| ", " |\n")));
  }

  private static String inline(String text) {
    return escaped(text)
        .replaceAll("\\*\\*(.+?)\\*\\*", "<strong>$1</strong>")
        .replaceAll("`(.+?)`", "<code>$1</code>");
  }

  static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  String html() {
    return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"
        + escaped(title)
        + "</title>\n<style>\n"
        + STYLE
        + "</style></head><body>\n"
        + html
        + "</body></html>\n";
  }

  String markdown() {
    return markdown.toString().stripTrailing() + "\n";
  }

  /** Returns the drawings by the names of their files. */
  Map<String, String> charts() {
    return charts;
  }
}
