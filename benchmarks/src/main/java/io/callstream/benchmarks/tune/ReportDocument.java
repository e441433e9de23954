package io.callstream.benchmarks.tune;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A text with headings, tables and charts, which is written both as one HTML file and as Markdown
 * with charts in separate files. Texts may contain {@code **bold**} and {@code `code`}. Not
 * thread-safe.
 */
final class ReportDocument {
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

  ReportDocument(String title) {
    this.title = title;
    add("<h1>" + inline(title) + "</h1>", "# " + title + "\n");
  }

  private void add(String htmlBlock, String markdownBlock) {
    html.append(htmlBlock).append('\n');
    markdown.append(markdownBlock).append('\n');
  }

  void heading(String text) {
    add("<h2>" + inline(text) + "</h2>", "## " + text + "\n");
  }

  void paragraph(String text) {
    add("<p>" + inline(text) + "</p>", text + "\n");
  }

  void bullets(List<String> texts) {
    add(
        texts.stream()
            .map(text -> "<li>" + inline(text) + "</li>")
            .collect(Collectors.joining("\n", "<ul>\n", "\n</ul>")),
        texts.stream().map(text -> "- " + text + "\n").collect(Collectors.joining()));
  }

  void code(List<String> lines) {
    String text = String.join("\n", lines);
    add("<pre><code>" + escape(text) + "</code></pre>", "```\n" + text + "\n```\n");
  }

  /** Adds a chart, which in Markdown is the file {@code name.svg}. */
  void chart(String name, String svg, String caption) {
    charts.put(name + ".svg", svg);
    add(
        "<figure>" + svg + "<figcaption>" + inline(caption) + "</figcaption></figure>",
        "![" + caption + "](" + name + ".svg)\n\n" + caption + "\n");
  }

  /** Adds a table. A header that starts with {@code >} marks a column of numbers. */
  void table(List<String> header, List<List<String>> rows) {
    List<Boolean> numbers = header.stream().map(cell -> cell.startsWith(">")).toList();
    List<String> names = header.stream().map(cell -> cell.replaceFirst("^>", "")).toList();
    StringBuilder htmlRows = new StringBuilder(htmlRow("th", names, numbers));
    StringBuilder markdownRows = new StringBuilder(markdownRow(names));
    markdownRows.append(markdownRow(numbers.stream().map(n -> n ? "--:" : "---").toList()));
    for (List<String> row : rows) {
      htmlRows.append(htmlRow("td", row, numbers));
      markdownRows.append(markdownRow(row));
    }
    add("<table>\n" + htmlRows + "</table>", markdownRows.toString());
  }

  private static String htmlRow(String tag, List<String> cells, List<Boolean> numbers) {
    StringBuilder row = new StringBuilder("<tr>");
    for (int i = 0; i < cells.size(); i++) {
      row.append('<').append(tag).append(numbers.get(i) ? " class=\"n\">" : ">");
      row.append(inline(cells.get(i))).append("</").append(tag).append('>');
    }
    return row.append("</tr>\n").toString();
  }

  private static String markdownRow(List<String> cells) {
    return cells.stream()
        .map(cell -> cell.replace("|", "\\|"))
        .collect(Collectors.joining(" | ", "| ", " |\n"));
  }

  private static String inline(String text) {
    return escape(text)
        .replaceAll("\\*\\*(.+?)\\*\\*", "<strong>$1</strong>")
        .replaceAll("`(.+?)`", "<code>$1</code>");
  }

  /** Escapes text for HTML and SVG. */
  static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  String html() {
    return """
           <!DOCTYPE html>
           <html lang="en"><head><meta charset="utf-8">
           <meta name="viewport" content="width=device-width, initial-scale=1">
           <title>%s</title>
           <style>
           %s</style></head><body>
           %s</body></html>
           """
        .formatted(escape(title), STYLE, html);
  }

  String markdown() {
    return markdown.toString().stripTrailing() + "\n";
  }

  /** Returns the charts by file name. */
  Map<String, String> charts() {
    return charts;
  }
}
